"""One run from files to files: the inputs are ready, TensorFlow is imported and works."""

import contextlib
import dataclasses
import os
import platform
import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras_nst
from keras_nst.config import SettingError
from keras_nst.core.events import Listener, Progress, every
from keras_nst.core.words import figures_in_words, loss_in_words
from keras_nst.engine import (
    find_weights,
    fit_into_memory,
    load_features,
    on_device,
    paced,
    render,
    start,
    with_transparency,
)
from keras_nst.inputs import Job, Tell
from keras_nst.pictures.files import save_picture
from keras_nst.record import FREE, write_record
from keras_nst.runlog import logged
from keras_nst.settings import EXACTLY, absolute, as_flags, choices, flag_file, repeatable, settings_of
from keras_nst.system.devices import Device
from keras_nst.system.memory import peak_memory_gb
from keras_nst.workdir import PICTURE, PREVIEW, SETTINGS, clear_workdir, create_workdir, release_workdir

if TYPE_CHECKING:
    import keras

    from keras_nst.core.transfer import Result
    from keras_nst.monitors.checkpoints import Resumed
    from keras_nst.monitors.curves import Curves

MOST_SHOWN = 100  # pictures in TensorBoard, so that event files stay small
EXPECTED = (SettingError, OSError, MemoryError, KeyboardInterrupt)


def perform(job: Job, stop: threading.Event, tell: Tell) -> "Result":
    """Makes the picture, or goes on with it, and writes the run's folder; `stop` ends it early, to be gone on with.

    Raises:
        Unexpected: something went wrong that should not; the folder's log tells what.
    """
    workdir, held = create_workdir(job.workdir, job.config.workdir)
    with contextlib.closing(held), logged(workdir, EXPECTED) as log:

        def say(line: str) -> None:
            log.info(line)
            tell(line)

        try:
            if job.config.overwrite:
                clear_workdir(workdir)
            weights = find_weights(job.config)
            device = start(job.config)
            say(f"Runs on {device.description}.{f' {device.warning}' if device.warning else ''}")
            job = job._replace(workdir=workdir, output=job.output if job.config.output else workdir / PICTURE)
            job, resumed = _going_on(job, device, say)
            log.info("%s\n%s", job.record.machine, flag_file(settings_of(job.config)))
            features = load_features(job.config, weights)
        except BaseException:
            if job.earlier is None:
                release_workdir(workdir)
            raise
        return _work(job, resumed, device, features, stop, say)


def _going_on(job: Job, device: Device, tell: Tell) -> tuple[Job, "Resumed | None"]:
    """Returns the run with all its settings resolved, and where it goes on, if it does."""
    config = on_device(job.config, device)
    earlier, resumed = job.earlier, _last_checkpoint(job, tell) if job.earlier else None
    if earlier is None or resumed is None:
        config = fit_into_memory(job.size, config, device, tell)
        record = job.record._replace(resolved=settings_of(absolute(config)))
        write_record(job.workdir, record)
        again = flag_file(repeatable(record.given, record.resolved), choices(record.resolved))
        (job.workdir / SETTINGS).write_text(again, encoding="utf8")
        return job._replace(config=config, record=record), None
    then = resumed.standing.config
    new = dataclasses.replace(then, **{name: getattr(config, name) for name in FREE})
    if new.memory_limit_gb != then.memory_limit_gb:  # by what is allowed now
        new = new.resolved(evaluator=config.evaluator, tile_size=config.tile_size, convolution=config.convolution)
        new = fit_into_memory(job.size, new, device, tell)
    for name, value in job.record.machine.items():
        if value != earlier.machine.get(name):
            tell(f"Goes on with another {name}, {value}: the last bits of the picture will differ.")
    record = job.record._replace(resolved=earlier.resolved)
    write_record(job.workdir, record)
    standing = resumed.standing._replace(config=new)
    return job._replace(config=new, record=record), resumed._replace(standing=standing)


def _last_checkpoint(job: Job, tell: Tell) -> "Resumed | None":
    from keras_nst.monitors.checkpoints import read_checkpoint

    try:
        resumed = read_checkpoint(job.workdir)
    except (OSError, ValueError) as error:
        tell(f"Begins anew: {error}")
        return None
    tell(f"Goes on behind step {resumed.step}." if resumed else "Begins anew: there is no checkpoint yet.")
    return resumed


def _work(
    job: Job,
    resumed: "Resumed | None",
    device: Device,
    features: "keras.Model",
    stop: threading.Event,
    tell: Tell,
) -> "Result":
    from keras_nst.core.transfer import plan
    from keras_nst.monitors.checkpoints import Checkpoints
    from keras_nst.monitors.display import beside_the_bar
    from keras_nst.monitors.preview import previews

    scales, started = plan(job.size, job.config), time.monotonic()
    count = f"{len(scales)} scale{'s' * (len(scales) > 1)} from {scales[0].size}"
    steps = scales[-1].before + scales[-1].steps
    tell(f"{job.size} pixels in {job.config.precision}, {count}, steps: {steps}.")
    arrays = {name: picture.pixels for name, picture in job.inputs.items()}
    checkpoints = Checkpoints(job.workdir, job.config.checkpoint_secs)
    with contextlib.ExitStack() as closing, out_of_memory_in_one_line(job):
        curves = _curves(job, resumed, closing)
        pace, say = paced(scales, job.config, job.begun, stop), beside_the_bar(tell)
        listeners: list[Listener] = [*_listeners(job, scales, resumed, curves, closing), checkpoints]
        if job.config.preview:
            listeners.append(previews(job.workdir / PREVIEW, job.size, say))
        standing = resumed.standing if resumed else None
        result = render(arrays, job.guidance, job.size, job.config, device, features, pace, listeners, say, standing)
        if result.losses is not None and job.config.figures and job.config.weights == "imagenet":
            _tell_figures(job, result, features, steps + 1, curves, tell)
    path = _save(job, result, tell)
    with contextlib.suppress(OSError):
        (job.workdir / PREVIEW).unlink(missing_ok=True)
    _summary(job, result, checkpoints.last, path, time.monotonic() - started, tell)
    if result.losses is not None and not pace.cut:
        try:
            write_record(job.workdir, job.record._replace(finished=True))
        except OSError as error:  # the folder may be gone, the picture is saved
            tell(f"The run's folder does not tell that it is finished: {error.strerror or error}")
    elif not result.diverged and checkpoints.keep():
        tell(f"To go on: python -m keras_nst.run --resume={shlex.quote(str(job.workdir))}")
    return result


@contextlib.contextmanager
def out_of_memory_in_one_line(job: Job) -> Iterator[None]:
    """Says what helps where TensorFlow finds no memory even for the smallest tiles."""
    from keras_nst.core.transfer import OUT_OF_MEMORY

    try:
        yield
    except OUT_OF_MEMORY:
        advice = "Not enough memory, even in small tiles. Expected a smaller size."
        raise SettingError("size", job.config.size, advice) from None


def _tell_figures(job: Job, result: "Result", features: "keras.Model", step: int, curves: "Curves", tell: Tell) -> None:
    """Measures how good the picture is, on layers that were not optimized."""
    from keras_nst.core.features import extractor, reaches
    from keras_nst.core.quality import LAYERS, figures

    weights = features if reaches(features, LAYERS) else find_weights(job.config)
    judge = extractor(job.config.network, LAYERS, weights=weights, precision=job.config.precision)
    content, style = (job.inputs[name].pixels[None] if name in job.inputs else None for name in ("content", "style"))
    told = figures(content, style, result.picture, judge)
    known = {name: value for name, value in told._asdict().items() if value is not None}
    curves.judge(known, step)
    tell("Figures: " + ", ".join(f"{name} {value:.3f}" for name, value in known.items()) + ".")
    if sentence := figures_in_words(told, job.config.color):
        tell(sentence)


def _curves(job: Job, resumed: "Resumed | None", closing: contextlib.ExitStack) -> "Curves":
    """Returns what writes the event files, which have what was written up to the checkpoint."""
    from keras_nst.monitors.curves import Curves
    from keras_nst.monitors.trimming import trim_events

    trim_events(job.workdir, resumed.step if resumed else -1)
    curves = Curves(job.workdir)
    closing.callback(curves.close)
    if not resumed:
        curves.describe(_record(job), **{name: picture.pixels for name, picture in job.inputs.items()})
    return curves


def _listeners(
    job: Job, scales: list[Any], resumed: "Resumed | None", curves: "Curves", closing: contextlib.ExitStack
) -> list[Listener]:
    from keras_nst.monitors.display import display
    from keras_nst.monitors.snapshots import snapshots

    done = resumed.step if resumed else 0
    work = sum(scale.steps * scale.size.height * scale.size.width for scale in scales)
    bar = display(work, sys.stderr)
    closing.callback(bar.close)
    period, total = job.config.snapshot_steps, scales[-1].before + scales[-1].steps
    if not period:
        return [bar, curves]
    files = snapshots(job.workdir / "snapshots", job.config.keep_snapshots)
    shown = max(period, total // MOST_SHOWN)
    return [bar, curves, every(shown, curves.show, done), every(period, files, done)]


def _record(job: Job) -> dict[str, str]:
    """Returns what a picture tells of how it was made."""
    versions = {name: sys.modules[name].__version__ for name in ("tensorflow", "keras", "numpy")}
    hashes = {f"{name}_sha256": picture.sha256 for name, picture in job.inputs.items()}
    made_by = {"keras_nst": keras_nst.__version__, "python": platform.python_version()}
    resolved = settings_of(job.config)
    again = repeatable(job.record.given, resolved) | {EXACTLY: as_flags(choices(resolved))}
    return again | made_by | versions | hashes


def _save(job: Job, result: "Result", tell: Tell) -> Path:
    """Saves the picture where it was asked for; where that fails now, anywhere rather than lose it."""
    given = job.inputs["content"].alpha if "content" in job.inputs else None
    pixels, alpha = with_transparency(result.picture[0], given, job.config)
    elsewhere = (job.workdir / PICTURE, Path(tempfile.gettempdir()) / f"{job.workdir.name}-{os.getpid()}.png")
    for path in dict.fromkeys((job.output, *elsewhere)):
        try:
            save_picture(
                path,
                pixels,
                alpha=alpha,
                bit_depth=job.config.bit_depth,
                settings=_record(job),
                overwrite=job.config.overwrite or job.earlier is not None or path.parent == job.workdir,
            )
            return path
        except OSError as error:
            tell(f"The picture cannot be saved as {path}: {error.strerror or error}.")
    raise SettingError("output", str(job.output), "The picture could not be saved anywhere.")


def _summary(job: Job, result: "Result", last: Progress | None, path: Path, seconds: float, tell: Tell) -> None:
    losses = result.losses
    if result.diverged:
        tell(f"The loss is no longer a number after step {result.steps}: the picture is saved as it stood there.")
    elif losses is None:
        when = "early" if result.steps else "before the first step"
        tell(f"Stopped {when}: the picture is saved as it stood.")
    else:
        weighted = last.standing().config if last and last.standing else job.config  # as --style_strength has chosen
        tell(f"Final loss {loss_in_words(losses, weighted)}")
    tell(f"Steps: {result.steps}, in {seconds:.0f} s, at most {peak_memory_gb():.1f} GB of memory.")
    tell(f"Picture: {path}")
    tell(f"Curves: tensorboard --logdir {job.workdir}")
