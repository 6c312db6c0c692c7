"""What became of a run: the picture saved, what is told of it, how it may go on."""

import contextlib
import os
import platform
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import keras_nst
from keras_nst.core.events import Standing
from keras_nst.core.words import figures_in_words, loss_in_words
from keras_nst.pictures.files import save_picture
from keras_nst.runs.record import Record, write_record
from keras_nst.runs.workdir import CHECKPOINT, PICTURE, PREVIEW, release_workdir
from keras_nst.session.scene import Scene, Tell
from keras_nst.session.session import Session, enlarging, with_transparency
from keras_nst.settings.config import Resolved
from keras_nst.settings.declared import SettingError
from keras_nst.settings.text import EXACTLY, as_flags, choices, repeatable, settings_of
from keras_nst.system.memory import peak_memory_gb

if TYPE_CHECKING:
    from keras_nst.core.transfer import Painted
    from keras_nst.monitors.curves import Curves
    from keras_nst.runs.checkpoints import Checkpoints


class Started(NamedTuple):
    """A run at work in its folder."""

    workdir: Path
    output: Path
    scene: Scene
    config: Resolved
    record: Record
    resumed: Standing | None
    anew: bool  # nothing was there before
    progress: TextIO | None = None  # where progress is shown


class Done(NamedTuple):
    """What a run leaves to whoever asked for it."""

    result: "Painted"
    workdir: Path
    path: Path | None  # of the picture
    figures: dict[str, float]


class Outcome(NamedTuple):
    """What a run has come to."""

    result: "Painted"
    checkpoints: "Checkpoints"
    steps: int  # planned
    cut: bool  # time was too short for some of them
    late: bool  # and over for others, which were taken all the same
    seconds: float


def nothing_begun(run: Started, tell: Tell) -> None:
    """Tells of a run that was stopped before its first step, which leaves nothing that could be gone on with."""
    tell("Stopped before the first step: nothing was kept. The same command begins again.")
    if run.anew:
        release_workdir(run.workdir)


def finish(run: Started, outcome: Outcome, tell: Tell) -> Path:
    """Saves the picture and tells all there is to tell; returns where it is."""
    result = outcome.result
    path = save(run, result, tell)
    with contextlib.suppress(OSError):
        (run.workdir / PREVIEW).unlink(missing_ok=True)
    tell_ending(run, outcome, tell)
    of_all = f" of {outcome.steps}" * (result.steps != outcome.steps)
    tell(f"Steps: {result.steps}{of_all}, in {outcome.seconds:.0f} s, at most {peak_memory_gb():.1f} GB of memory.")
    if outcome.late:
        tell("Time was over too soon: the first size got the least number of steps for a picture all the same.")
    tell(f"Picture: {path}")
    tell(f"Curves: tensorboard --logdir {run.workdir}")
    if result.losses is not None and not outcome.cut:
        try:
            write_record(run.workdir, run.record._replace(finished=True))
        except OSError as error:  # the folder may be gone, the picture is saved
            tell(f"The run's folder does not tell that it is finished: {error.strerror or error}")
    elif not result.diverged:
        tell_how_to_go_on(run, outcome, tell)
    return path


def tell_how_to_go_on(run: Started, outcome: Outcome, tell: Tell) -> None:
    """Tells the command that resumes the run, where there is something to resume."""
    outcome.checkpoints.keep()
    if outcome.result.size is None or (run.workdir / CHECKPOINT).exists():
        unlimited, flag = (" without a limit of time", " --max_seconds=0") if outcome.cut else ("", "")
        tell(f"To go on{unlimited}: python -m keras_nst.run --resume={shlex.quote(str(run.workdir))}{flag}")


def tell_ending(run: Started, outcome: Outcome, tell: Tell) -> None:
    """Tells the losses of the finished picture, or why there are none."""
    result, size = outcome.result, run.scene.size
    if result.diverged:
        tell(f"The loss is no longer a number after step {result.steps}: the picture is saved as it stood there.")
    elif result.losses is None and result.size is None:
        tell("No time was left for a single step: the picture is the first one, without any style.")
    elif result.losses is None:
        tell("Stopped early: the picture is saved as it stood.")
    else:
        tell(f"Final loss {loss_in_words(result.losses, result.method.objective)}")
    if result.losses is not None and result.size and result.size != size:
        tell(enlarging(result.size, size, run.config))


def tell_figures(
    run: Started, session: Session, result: "Painted", curves: "Curves", in_time: bool, tell: Tell
) -> dict[str, float]:
    """Measures how good the picture is, on layers that were not optimized."""
    if not in_time:
        tell("No time was left for figures: python -m keras_nst.evaluate tells them.")
        return {}
    figures = session.figures(run.scene, run.config, result.picture)
    known = {name: value for name, value in figures._asdict().items() if value is not None}
    curves.judge(known, result.steps)
    tell("Figures: " + ", ".join(f"{name} {value:.3f}" for name, value in known.items()) + ".")
    if sentence := figures_in_words(figures, run.config.color):
        tell(sentence)
    return known


def made_by(run: Started) -> dict[str, str]:
    """Returns what a picture tells of how it was made."""
    versions = {name: sys.modules[name].__version__ for name in ("tensorflow", "keras", "numpy")}
    hashes = {f"{name}_sha256": picture.sha256 for name, picture in run.scene.named().items()}
    program = {"keras_nst": keras_nst.__version__, "python": platform.python_version()}
    resolved = settings_of(run.config)
    again = repeatable(run.record.given, resolved) | {EXACTLY: as_flags(choices(resolved))}
    return again | program | versions | hashes


def save(run: Started, result: "Painted", tell: Tell) -> Path:
    """Saves the picture where it was asked for; where that fails now, anywhere rather than lose it."""
    config, anywhere = run.config, Path(tempfile.gettempdir()) / f"{run.workdir.name}-{os.getpid()}.png"
    pixels, alpha = with_transparency(result.picture[0], run.scene, config)
    for path in dict.fromkeys((run.output, run.workdir / PICTURE, anywhere)):
        own = path.parent == run.workdir or not run.anew
        try:
            save_picture(
                path,
                pixels,
                alpha=alpha,
                bit_depth=config.bit_depth,
                settings=made_by(run),
                overwrite=config.overwrite or own,
            )
            return path
        except OSError as error:
            tell(f"The picture cannot be saved as {path}: {error.strerror or error}.")
    raise SettingError("output", str(run.output), "The picture could not be saved anywhere.")
