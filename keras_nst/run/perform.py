"""Performs one run: from checked inputs to the files in its folder."""

import contextlib
import dataclasses
import logging
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from keras_nst.command.board import show
from keras_nst.command.log import EXPECTED, logged, spared, sparing
from keras_nst.command.run_folder import (
    FREE,
    PICTURE,
    PREVIEW,
    SETTINGS,
    Record,
    clear_workdir,
    create_workdir,
    release_workdir,
    write_record,
)
from keras_nst.core.plan.events import Apart, Listener, at_scale_ends, every
from keras_nst.report.pages import try_report
from keras_nst.run.effort import effort
from keras_nst.run.outcome import Done, Ending, Started, close, finish, judged, made_by, nothing_begun
from keras_nst.run.prepare import Job
from keras_nst.run.resuming import last_checkpoint, steps_in_all, work_left
from keras_nst.session.machine import compiles, out_of_memory_in_one_line
from keras_nst.session.method import method_of
from keras_nst.session.remarks import remarks
from keras_nst.session.scene import Scene
from keras_nst.session.session import Session, paced
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import absolute, choices, flag_file, repeatable, settings_of
from keras_nst.settings.values import parse_span
from keras_nst.system.pace import Pace, Stop

if TYPE_CHECKING:
    from keras_nst.command.monitors.curves import Curves
    from keras_nst.core.descent.transfer import Painted
    from keras_nst.run.checkpoints import Checkpoints

MOST_SHOWN = 100  # pictures in TensorBoard, which keeps event files small
WEIGHTS = "weights"  # their key in the record's facts about the machine


def perform(
    job: Job,
    open_session: Callable[[Config], Session],
    stop: Stop,
    tell: Tell,
    begun: float,
    progress: TextIO | None = None,
) -> Done:
    """Makes the picture, or resumes it, and writes the run's folder.

    Args:
        open_session: returns the session, which may serve other runs as well.
        stop: set to end the run early; it can be resumed.
        begun: the start of the run's time, by the monotonic clock.
        progress: where the progress bar is shown; None: standard error.

    Raises:
        Unexpected: an internal error; the log in the folder has the traceback.
    """
    workdir, held = create_workdir(job.spec.workdir, job.config.workdir)
    with contextlib.ExitStack() as closing:
        closing.enter_context(contextlib.closing(held))
        if job.config.overwrite:
            clear_workdir(workdir)
        log = closing.enter_context(logged(workdir, (*EXPECTED, Apart)))

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
    """Returns the run with its settings resolved, and the state from which it resumes, if it does."""
    device = session.device
    tell(f"Runs on {device.description}.{f' {device.warning}' if device.warning else ''}")
    record = with_weights(job, session)
    scene, output = job.scene, job.output if job.config.output else workdir / PICTURE
    found = last_checkpoint(workdir, job.config, scene.size, tell) if job.earlier else None
    if job.earlier is None or found is None:
        config = session.resolve(job.config, scene.size, tell)
        record = record._replace(resolved=settings_of(absolute(config)))
        return Started(workdir, output, scene, config, record, None, job.earlier is None)
    config = with_what_is_free(found.config, job.config, scene, session, tell)
    for name, value in job.record.machine.items():
        if value != job.earlier.machine.get(name):
            tell(f"Resuming with another {name}, {value}: the picture will differ by rounding.")
    record = record._replace(resolved=job.earlier.resolved)
    method = found.standing.method._replace(steps=config.steps)
    seeing = method.seeing._replace(evaluator=config.evaluator, tile_size=config.tile_size)
    standing = found.standing._replace(method=method._replace(seeing=seeing._replace(convolution=config.convolution)))
    return Started(workdir, output, scene, config, record, standing, False)


def with_weights(job: Job, session: Session) -> Record:
    """Returns the record with the file name of the published weights: machines may have different files for a network.

    Raises:
        SettingError: the run to resume started with other weights, which define another objective.
    """
    path = session.weights_of(job.config)
    if path is None or job.config.weights != "imagenet":
        return job.record
    then = job.earlier.machine.get(WEIGHTS, path.name) if job.earlier else path.name
    if then != path.name:
        reason = f"Expected {then}, with which this folder's run began, or --overwrite. Received: {path.name}"
        raise SettingError("weights", job.config.weights, reason)
    return job.record._replace(machine=job.record.machine | {WEIGHTS: path.name})


def note(run: Started, log: logging.Logger) -> None:
    """Writes the settings and the record of the run into its folder."""
    log.info("%s\n%s", run.record.machine, flag_file(settings_of(run.config)))
    write_record(run.workdir, run.record)
    if run.resumed is None:
        repeated = flag_file(repeatable(run.record.given, run.record.resolved), choices(run.record.resolved))
        (run.workdir / SETTINGS).write_text(repeated, encoding="utf8")


def with_what_is_free(then: Resolved, asked: Config, scene: Scene, session: Session, tell: Tell) -> Resolved:
    """Returns the settings of the checkpoint, with the changeable ones taken from the request."""
    new = dataclasses.replace(then, **{name: getattr(asked, name) for name in FREE})
    if new.memory_limit_gb == then.memory_limit_gb:
        return new
    open_ones = {name: getattr(asked, name) for name in ("evaluator", "tile_size", "convolution")}
    return session.resolve(Config(**vars(new) | open_ones), scene.size, tell)  # by the new memory limit


def work(run: Started, session: Session, stop: Stop, tell: Tell, begun: float) -> Done:
    """Takes the steps, saves the picture, and only then computes its figures, so that these cannot cost the picture."""
    from keras_nst.run.checkpoints import Checkpoints

    started_at, config, size, scales = time.monotonic(), run.config, run.scene.size, run.scales
    count = f"{len(scales)} scale{'s' * (len(scales) > 1)} from {scales[0].size}"
    steps = steps_in_all(scales, run.resumed)
    tell(f"{size} pixels in {config.precision}, {count}, steps: {steps}.")
    for line in effort(size, config, steps, run.workdir) + remarks(run.scene, method_of(config)):
        tell(line)
    if compiles(config):
        tell("Programs that are not in the cache are compiled first, up to a minute each. Ctrl-C waits for that.")
    pace, checkpoints = paced(config, size, begun, stop), Checkpoints(run.workdir, config)
    with curves_of(run, tell) as curves:
        if config.tensorboard:
            tell(show(run.workdir))
        result = painted(run, session, pace, curves, checkpoints, tell)
        done = Done(result, run.workdir, None, {})
        if result.size is not None or not stop.is_set():
            outcome = Ending(result, checkpoints, steps, pace.cut, pace.late, time.monotonic() - started_at)
            path = finish(run, outcome, tell)
            figures = judged(run, session, result, curves, pace.has_time_for_figures(), tell)
            done = Done(result, run.workdir, path, figures)
            close(run, outcome, tell)
    if done.path is None:
        nothing_begun(run, tell)
    elif config.report:  # after the curves are closed
        try_report(run.workdir, done.path, tell)
    return done


def painted(
    run: Started, session: Session, pace: Pace, curves: "Curves", checkpoints: "Checkpoints", tell: Tell
) -> "Painted":
    """Runs the optimization with its listeners."""
    from keras_nst.command.monitors.display import beside_the_bar

    config, say = run.config, beside_the_bar(tell)
    with contextlib.ExitStack() as closing, out_of_memory_in_one_line(config):
        listeners = listeners_of(run, curves, closing, say) + profile_of(run, pace, closing, say) + [checkpoints]
        try:
            return session.paint(run.scene, config, pace=pace, listeners=listeners, tell=say, resumed=run.resumed)
        except ConnectionError:  # a process that shares the picture is lost; the state is that of the last step
            checkpoints.keep()
            raise


def listeners_of(run: Started, curves: "Curves", closing: contextlib.ExitStack, tell: Tell) -> list[Listener]:
    """Returns the listeners that show the picture in progress; one that fails is reported and left out."""
    from keras_nst.command.monitors.display import Foretold, display
    from keras_nst.command.monitors.preview import previews
    from keras_nst.command.monitors.snapshots import snapshots

    done, work = run.resumed.step if run.resumed else 0, work_left(run.scales, run.resumed)
    bar = display(work, done, run.progress or sys.stderr)
    closing.callback(bar.close)
    show_picture = sparing(curves.show, "pictures in the curves", tell)
    listeners = [
        sparing(bar, "progress", tell),
        sparing(Foretold(work, done, tell), "estimate of the time left", tell),
        sparing(curves, "curves", tell),
        at_scale_ends(show_picture),
    ]
    if period := run.config.snapshot_steps:
        files = snapshots(run.workdir / "snapshots", run.config.keep_snapshots)
        seldom = max(period, steps_in_all(run.scales, run.resumed) // MOST_SHOWN)
        listeners += [every(seldom, show_picture, done), every(period, sparing(files, "snapshots", tell), done)]
    if run.config.preview:
        listeners.append(sparing(previews(run.workdir / PREVIEW, run.scene.size, tell), "preview", tell))
    return listeners


def profile_of(run: Started, pace: Pace, closing: contextlib.ExitStack, tell: Tell) -> list[Listener]:
    """Returns the profiler, if requested; chunks of steps end where the profile begins and ends."""
    from keras_nst.command.monitors.profiling import Profile

    span = parse_span(run.config.profile_steps)
    if span is None:
        return []
    profile = Profile(run.workdir, span, run.resumed.step if run.resumed else 0, tell)
    closing.callback(profile.close)
    pace.most = profile.left
    return [profile]


@contextlib.contextmanager
def curves_of(run: Started, tell: Tell) -> Iterator["Curves"]:
    """Opens the run's curves, cut back to the checkpoint if the run is resumed, and closes them at the end."""
    from keras_nst.command.monitors.curves import Curves
    from keras_nst.command.monitors.trimming import trim_events

    resumed = run.resumed
    trim_events(run.workdir, resumed.step if resumed else -1)
    curves = Curves(run.workdir, resumed.step if resumed else 0)
    if not resumed:
        pictures = {name: picture.pixels for name, picture in run.scene.named().items()}
        curves.describe(made_by(run), **pictures)
    try:
        yield curves
    finally:
        with spared("curves", tell):
            curves.close()
