"""One run from files to files."""

import contextlib
import dataclasses
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from keras_nst.core.events import Apart, Listener, at_scale_ends, every
from keras_nst.monitors.board import show
from keras_nst.runs.job import Job
from keras_nst.runs.log import logged
from keras_nst.runs.outcome import Done, Outcome, Started, finish, made_by, nothing_begun, tell_figures
from keras_nst.runs.record import FREE, write_record
from keras_nst.runs.resuming import last_checkpoint, steps_in_all, work_left
from keras_nst.runs.workdir import PICTURE, PREVIEW, SETTINGS, clear_workdir, create_workdir, release_workdir
from keras_nst.session.machine import compiles
from keras_nst.session.scene import Scene, Tell
from keras_nst.session.session import Session, paced, scales_of
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.declared import InputError, SettingError
from keras_nst.settings.text import absolute, choices, flag_file, repeatable, settings_of
from keras_nst.settings.values import parse_span
from keras_nst.system.pace import Pace, Stop

if TYPE_CHECKING:
    from keras_nst.monitors.curves import Curves

MOST_SHOWN = 100  # pictures in TensorBoard, so that event files stay small
EXPECTED = (InputError, OSError, MemoryError, KeyboardInterrupt, Apart)


def perform(
    job: Job,
    open_session: Callable[[Config], Session],
    stop: Stop,
    tell: Tell,
    begun: float,
    progress: TextIO | None = None,
) -> Done:
    """Makes the picture, or goes on with it, and writes the run's folder.

    Args:
        open_session: gives the session, which may serve other runs as well.
        stop: ends the run early, to be resumed.
        begun: when the run's time began, by the monotonic clock.
        progress: where progress is shown; None: standard error.

    Raises:
        Unexpected: something went wrong that should not; the folder's log tells what.
    """
    workdir, held = create_workdir(job.spec.workdir, job.config.workdir)
    with contextlib.ExitStack() as closing:
        closing.enter_context(contextlib.closing(held))
        if job.config.overwrite:
            clear_workdir(workdir)
        log = closing.enter_context(logged(workdir, EXPECTED))

        def say(line: str) -> None:
            log.info(line)
            tell(line)

        try:
            session = open_session(job.config)
            run = started(job, workdir, session, say)
            note(run, log)
            session.network(run.config)
        except BaseException:
            if job.earlier is None:
                release_workdir(workdir)
            raise
        return work(run._replace(progress=progress), session, stop, say, begun)


def started(job: Job, workdir: Path, session: Session, tell: Tell) -> Started:
    """Returns the run with its settings resolved, and where it resumes, if it does."""
    device = session.device
    tell(f"Runs on {device.description}.{f' {device.warning}' if device.warning else ''}")
    scene, output = job.scene, job.output if job.config.output else workdir / PICTURE
    found = last_checkpoint(workdir, job.config, scene.size, tell) if job.earlier else None
    if job.earlier is None or found is None:
        config = session.resolve(job.config, scene.size, tell)
        record = job.record._replace(resolved=settings_of(absolute(config)))
        return Started(workdir, output, scene, config, record, None, job.earlier is None)
    config = with_what_is_free(found.config, job.config, scene, session, tell)
    for name, value in job.record.machine.items():
        if value != job.earlier.machine.get(name):
            tell(f"Resuming with another {name}, {value}: the last bits of the picture will differ.")
    record = job.record._replace(resolved=job.earlier.resolved)
    method = found.standing.method._replace(steps=config.steps)
    seeing = method.seeing._replace(evaluator=config.evaluator, tile_size=config.tile_size)
    standing = found.standing._replace(method=method._replace(seeing=seeing._replace(convolution=config.convolution)))
    return Started(workdir, output, scene, config, record, standing, False)


def note(run: Started, log: logging.Logger) -> None:
    """Writes what the folder is to tell of the run."""
    log.info("%s\n%s", run.record.machine, flag_file(settings_of(run.config)))
    write_record(run.workdir, run.record)
    if run.resumed is None:
        repeated = flag_file(repeatable(run.record.given, run.record.resolved), choices(run.record.resolved))
        (run.workdir / SETTINGS).write_text(repeated, encoding="utf8")


def with_what_is_free(then: Resolved, asked: Config, scene: Scene, session: Session, tell: Tell) -> Resolved:
    """Returns the settings of the checkpoint with those that may be given anew."""
    new = dataclasses.replace(then, **{name: getattr(asked, name) for name in FREE})
    if new.memory_limit_gb == then.memory_limit_gb:
        return new
    open_ones = {name: getattr(asked, name) for name in ("evaluator", "tile_size", "convolution")}
    return session.resolve(Config(**vars(new) | open_ones), scene.size, tell)  # by what is allowed now


def work(run: Started, session: Session, stop: Stop, tell: Tell, begun: float) -> Done:
    """Takes the steps, saves the picture and tells of it."""
    from keras_nst.monitors.display import beside_the_bar
    from keras_nst.runs.checkpoints import Checkpoints

    started_at, config, size = time.monotonic(), run.config, run.scene.size
    scales = scales_of(config, size)
    count = f"{len(scales)} scale{'s' * (len(scales) > 1)} from {scales[0].size}"
    steps = steps_in_all(scales, run.resumed)
    tell(f"{size} pixels in {config.precision}, {count}, steps: {steps}.")
    if compiles(config):
        tell("Programs that are not kept from before are compiled first, up to a minute each; a stop waits for that.")
    with contextlib.ExitStack() as closing, out_of_memory_in_one_line(config):
        curves = curves_of(run, closing)
        if config.tensorboard:
            tell(show(run.workdir))
        pace, say = paced(config, size, begun, stop), beside_the_bar(tell)
        checkpoints = Checkpoints(run.workdir, config)
        listeners = listeners_of(run, curves, closing, say) + profile_of(run, pace, closing, say) + [checkpoints]
        try:
            result = session.paint(run.scene, config, pace=pace, listeners=listeners, tell=say, resumed=run.resumed)
        except ConnectionError:  # of processes that share the picture, which stands where it stood
            checkpoints.keep()
            raise
        figures: dict[str, float] = {}
        if result.losses is not None and config.figures and config.weights == "imagenet":
            figures = tell_figures(run, session, result, curves, pace.has_time_for_figures(), tell)
    if result.size is None and stop.is_set():
        nothing_begun(run, tell)
        return Done(result, run.workdir, None, figures)
    outcome = Outcome(result, checkpoints, steps, pace.cut, pace.late, time.monotonic() - started_at)
    return Done(result, run.workdir, finish(run, outcome, tell), figures)


def listeners_of(run: Started, curves: "Curves", closing: contextlib.ExitStack, tell: Tell) -> list[Listener]:
    """Returns who shows and keeps the picture on its way."""
    from keras_nst.monitors.display import display
    from keras_nst.monitors.preview import previews
    from keras_nst.monitors.snapshots import snapshots

    scales, done = scales_of(run.config, run.scene.size), run.resumed.step if run.resumed else 0
    bar = display(work_left(scales, run.resumed), done, run.progress or sys.stderr)
    closing.callback(bar.close)
    listeners: list[Listener] = [bar, curves, at_scale_ends(curves.show)]
    if period := run.config.snapshot_steps:
        files = snapshots(run.workdir / "snapshots", run.config.keep_snapshots)
        shown = max(period, steps_in_all(scales, run.resumed) // MOST_SHOWN)
        listeners += [every(shown, curves.show, done), every(period, files, done)]
    if run.config.preview:
        listeners.append(previews(run.workdir / PREVIEW, run.scene.size, tell))
    return listeners


def profile_of(run: Started, pace: Pace, closing: contextlib.ExitStack, tell: Tell) -> list[Listener]:
    """Returns who records how steps spend their time, if that is asked for; chunks end where it begins and ends."""
    from keras_nst.monitors.profiling import Profile

    span = parse_span(run.config.profile_steps)
    if span is None:
        return []
    profile = Profile(run.workdir, span, run.resumed.step if run.resumed else 0, tell)
    closing.callback(profile.close)
    pace.most = profile.left
    return [profile]


@contextlib.contextmanager
def out_of_memory_in_one_line(config: Config) -> Iterator[None]:
    """Says what helps where TensorFlow finds no memory even for the smallest tiles."""
    from keras_nst.core.descent import OUT_OF_MEMORY

    try:
        yield
    except OUT_OF_MEMORY:
        advice = "Not enough memory, even in small tiles. Expected a smaller size."
        raise SettingError("size", config.size, advice) from None


def curves_of(run: Started, closing: contextlib.ExitStack) -> "Curves":
    """Returns what writes the event files, which have what was written up to the checkpoint."""
    from keras_nst.monitors.curves import Curves
    from keras_nst.monitors.trimming import trim_events

    resumed = run.resumed
    trim_events(run.workdir, resumed.step if resumed else -1)
    curves = Curves(run.workdir, resumed.step if resumed else 0)
    closing.callback(curves.close)
    if not resumed:
        pictures = {name: picture.pixels for name, picture in run.scene.named().items()}
        curves.describe(made_by(run), **pictures)
    return curves
