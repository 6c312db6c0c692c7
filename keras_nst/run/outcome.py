"""The end of a run: saves the picture, reports the losses and figures, and prints how to resume."""

import contextlib
import os
import platform
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from keras_nst.command.log import spared
from keras_nst.command.run_folder import CHECKPOINT, PICTURE, PREVIEW, Record, release_workdir, write_record
from keras_nst.core.judging.words import figures_in_words, loss_in_words
from keras_nst.core.plan.events import Standing
from keras_nst.core.plan.pyramid import Scale
from keras_nst.pictures.files import save_picture
from keras_nst.session.scene import Scene
from keras_nst.session.session import Session, enlarging, scales_of, with_transparency
from keras_nst.settings.config import Resolved
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import EXACTLY, as_flags, choices, repeatable, settings_of
from keras_nst.system.memory import peak_memory_gb
from keras_nst.system.signals import in_this_form
from keras_nst.system.version import __version__

if TYPE_CHECKING:
    from keras_nst.command.monitors.curves import Curves
    from keras_nst.core.descent.transfer import Painted
    from keras_nst.run.checkpoints import Checkpoints


class Started(NamedTuple):
    """A run in progress in its folder."""

    workdir: Path
    output: Path
    scene: Scene
    config: Resolved
    record: Record
    resumed: Standing | None
    anew: bool  # the folder held no earlier run
    progress: TextIO | None = None  # where the progress bar is shown

    @property
    def scales(self) -> list[Scale]:
        """The scales of the picture."""
        return scales_of(self.config, self.scene.size)


class Done(NamedTuple):
    """What a run returns to its caller."""

    result: "Painted"
    workdir: Path
    path: Path | None  # of the picture; None if none was saved
    figures: dict[str, float]


class Ending(NamedTuple):
    """The outcome of the optimization."""

    result: "Painted"
    checkpoints: "Checkpoints"
    steps: int  # planned
    cut: bool  # --max_seconds was too short for some of the steps
    late: bool  # time was over, and the minimum of steps was taken all the same
    seconds: float


def nothing_begun(run: Started, tell: Tell) -> None:
    """Reports a run that was stopped before its first step, and removes its new folder: there is nothing to resume."""
    tell("Stopped before the first step: nothing was saved. The same command starts over.")
    if run.anew:
        release_workdir(run.workdir)


def finish(run: Started, outcome: Ending, tell: Tell) -> Path:
    """Saves the picture and reports how the run ended; returns the picture's path."""
    result = outcome.result
    path = save(run, result, tell)
    with contextlib.suppress(OSError):
        (run.workdir / PREVIEW).unlink(missing_ok=True)
    tell_ending(run, outcome, tell)
    of_all = f" of {outcome.steps}" * (result.steps != outcome.steps)
    tell(f"Steps: {result.steps}{of_all}, in {outcome.seconds:.0f} s, at most {peak_memory_gb():.1f} GB of memory.")
    if outcome.late:
        tell("--max_seconds was too short: the first size still got the minimum number of steps.")
    tell(f"Picture: {path}")
    tell(f"Curves: tensorboard --logdir {run.workdir}")
    return path


def close(run: Started, outcome: Ending, tell: Tell) -> None:
    """Records in run.json that the run is finished, or prints how to resume it."""
    result = outcome.result
    if result.losses is not None and not outcome.cut:
        try:
            write_record(run.workdir, run.record._replace(finished=True))
        except OSError as error:  # the folder may be gone, the picture is saved
            tell(f"Could not mark the run as finished in run.json: {error.strerror or error}")
    elif not result.diverged:
        tell_how_to_go_on(run, outcome, tell)


def tell_how_to_go_on(run: Started, outcome: Ending, tell: Tell) -> None:
    """Prints the command that resumes the run, if there is something to resume."""
    outcome.checkpoints.keep()
    if outcome.result.size is None or (run.workdir / CHECKPOINT).exists():
        unlimited, flag = (" without a time limit", " --max_seconds=0") if outcome.cut else ("", "")
        tell(f"To resume{unlimited}: {in_this_form('run')} --resume={shlex.quote(str(run.workdir))}{flag}")


def tell_ending(run: Started, outcome: Ending, tell: Tell) -> None:
    """Reports the losses of the finished picture, or why there are none."""
    result, size = outcome.result, run.scene.size
    if result.diverged:
        tell(f"The loss is no longer a number after step {result.steps}: the picture of that step is saved.")
    elif result.losses is None and result.size is None:
        tell("--max_seconds left no time for a single step: the picture is the first one, without any style.")
    elif result.losses is None:
        tell("Stopped early: the picture so far is saved.")
    else:
        (scale,) = (scale for scale in run.scales if scale.size == result.size)
        tell(f"Final loss {loss_in_words(result.losses, result.method.at(scale).objective)}")
    if result.losses is not None and result.size and result.size != size:
        tell(enlarging(result.size, size, run.config))


def are_figures_wanted(config: Resolved) -> bool:
    """Returns whether to compute quality figures: not with random weights, whose features mean nothing."""
    return config.figures and config.weights == "imagenet"


def judged(
    run: Started, session: Session, result: "Painted", curves: "Curves", in_time: bool, tell: Tell
) -> dict[str, float]:
    """Returns the picture's quality figures, measured on layers that were not optimized; empty if there are none."""
    if result.losses is None or not are_figures_wanted(run.config):
        return {}
    if not in_time:
        tell(f"--max_seconds left no time for figures: {in_this_form('evaluate')} computes them.")
        return {}
    known: dict[str, float] = {}
    with spared("figures", tell):
        figures = session.figures(run.scene, run.config, result.picture)
        known.update((name, value) for name, value in figures._asdict().items() if value is not None)
        tell("Figures: " + ", ".join(f"{name} {value:.3f}" for name, value in known.items()) + ".")
        if sentence := figures_in_words(figures, run.config.color):
            tell(sentence)
        curves.judge(known, result.steps)
    return known


def made_by(run: Started) -> dict[str, str]:
    """Returns the metadata of a picture: the settings, versions and hashes that repeat the run."""
    versions = {name: sys.modules[name].__version__ for name in ("tensorflow", "keras", "numpy")}
    hashes = {f"{name}_sha256": picture.sha256 for name, picture in run.scene.named().items()}
    program = {"keras_nst": __version__, "python": platform.python_version()}
    resolved = settings_of(run.config)
    again = repeatable(run.record.given, resolved) | {EXACTLY: as_flags(choices(resolved))}
    return again | program | versions | hashes


def save(run: Started, result: "Painted", tell: Tell) -> Path:
    """Saves the picture at `--output`; if that fails, in the run's folder, then in the temporary folder."""
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
            tell(f"Could not save the picture as {path}: {error.strerror or error}.")
    raise OSError(
        f"--output={run.output}: Could not save the picture here, in the run's folder or in the temporary folder."
    )
