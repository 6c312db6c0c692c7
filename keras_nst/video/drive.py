"""A film from its first frame to the finished file."""

import functools
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeAlias

from keras_nst.command.board import show
from keras_nst.command.log import EXPECTED, logged
from keras_nst.command.meter import Meter
from keras_nst.command.monitors.display import beside_the_bar
from keras_nst.command.workers.hands import Task, are_several, lend
from keras_nst.session.machine import out_of_memory_in_one_line
from keras_nst.session.session import Session
from keras_nst.settings.lines import Tell
from keras_nst.system.files import claimed
from keras_nst.system.pace import Stop
from keras_nst.video.film import Request
from keras_nst.video.folder import KEYFRAMES, LEARNED, RECORD
from keras_nst.video.prepare import clear, prepare
from keras_nst.video.settings import Filming

if TYPE_CHECKING:
    from keras_nst.video.painting import Journey

Go: TypeAlias = Callable[["Journey"], bool]  # paints the missing frames; returns whether all are painted then
PATIENCE = 1.0  # seconds between two checks of other processes' progress
KEPT = 1e9  # bytes of the cache of compiled steps and measured styles


def drive(asked: Request, stop: Stop, tell: Tell) -> int:
    """Paints the film, or resumes that, and writes it; returns the exit code."""
    if asked.is_done and not asked.settings.overwrite:
        tell(f"This film is already painted: {asked.output}")
        return 0
    begin(asked)
    with logged(asked.folder.path, EXPECTED) as log:

        def say(line: str) -> None:
            log.info(line)
            tell(line)

        return paint(asked, stop, say)


def begin(asked: Request) -> None:
    """Marks the folder as this film's.

    Raises:
        SettingError: it cannot be created or written to.
    """
    folder = asked.folder
    with asked.settings.about("workdir"):
        told = folder.told(folder.path / RECORD)
        if asked.settings.overwrite and (told.get("film") != asked.record() or told.get("written")):
            clear(folder)
            told = {}
        folder.path.mkdir(parents=True, exist_ok=True)
        own = {"film": asked.record(), "marks": asked.marks(told)}
        folder.tell(folder.path / RECORD, {name: told[name] for name in ("written",) if name in told} | own)


def paint(asked: Request, stop: Stop, tell: Tell) -> int:
    """Paints the missing frames; writes the film once all are painted."""
    begun = time.monotonic()
    introduce(asked, tell)
    if asked.settings.tensorboard:
        tell(show(asked.folder.path))
    if are_several(asked.settings):
        share(asked, stop, tell)
    all_painted = not stop.is_set() and travel(asked, stop, tell)
    if stop.is_set():
        tell("Stopped. Finished frames are kept; the same command resumes.")
        return 0
    if not all_painted:
        tell("Other processes paint the rest; the last one writes the film.")
        return 0
    tell(f"All frames are painted, in {time.monotonic() - begun:.1f} s.")
    from keras_nst.video.finishing import Stopped, finish
    from keras_nst.video.footage import Footage

    with claimed(asked.folder.path / "film") as own:
        if not own or asked.is_done:
            return 0
        try:
            return finish(asked, Footage(asked.source, asked.survey, asked.size), stop, tell)
        except Stopped:
            tell("Stopped before the film was written. All frames are kept; the same command resumes.")
            return 0


def share(asked: Request, stop: Stop, tell: Tell) -> None:
    """Lets worker processes paint, here or in a cluster, until all is painted or they cannot."""
    _, _, ahead = amounts(asked)
    with Meter(total=ahead, file=sys.stderr, disable=None, unit="frame", smoothing=0.1) as bar:

        def look() -> None:
            bar.update(ahead - amounts(asked)[2] - bar.n)

        task = Task(asked.settings, asked.folder.path, "workdir", hand, Path.cwd())
        lend(task, stop, look, beside_the_bar(tell))


def hand(settings: Filming, stop: Stop) -> None:
    """Paints, in a worker, shots that no other process paints."""
    travel(prepare(settings, lambda line: None), stop, lambda line: None, io.StringIO())


def travel(asked: Request, stop: Stop, tell: Tell, bar: IO[str] = sys.stderr) -> bool:
    """Goes through the film; returns whether all is painted then."""
    say = beside_the_bar(tell)
    go = by_network(asked) if asked.settings.way == "network" else by_optimizer(asked, stop, say)
    from keras_nst.video.footage import Footage
    from keras_nst.video.painting import Journey, Screen

    footage = Footage(asked.source, asked.survey, asked.size)
    with Screen(asked.folder.path / "curves", *amounts(asked), bar) as screen:
        return go(Journey(asked, footage, screen, stop, say))


def by_network(asked: Request) -> Go:
    """Opens a trained network; returns a function that paints with it."""
    from keras_nst.video.keyed import Networker

    if asked.model is None:
        raise ValueError("Expected a model with --how=network.")
    painter = Networker(asked.settings, asked.model, asked.shares)
    from keras_nst.video.painting import passes

    return lambda journey: journey.go(painter, functools.partial(passes, count=1))


def by_optimizer(asked: Request, stop: Stop, tell: Tell) -> Go:
    """Opens a session; returns a function that paints all frames, or keyframes and then the others with a network."""
    settings, session = asked.settings, Session(asked.config, keep=KEPT)
    from keras_nst.video.keyed import Keyed
    from keras_nst.video.optimizing import Optimizer
    from keras_nst.video.painting import keyframes, passes

    def go(journey: "Journey") -> bool:
        optimizer = Optimizer(asked, session, stop, tell, journey.screen.hear)
        if settings.way == "optimize":
            return journey.go(optimizer, functools.partial(passes, count=settings.passes))
        painter = Keyed(asked.folder, settings, optimizer)

        def learn() -> bool:
            with claimed(asked.folder.path / LEARNED) as own:
                return own and painter.learn(journey.footage, stop, tell)

        along = functools.partial(keyframes, every=settings.keyframe_every)
        known = in_time(lambda: journey.go(optimizer, along), stop) and in_time(learn, stop)
        return known and journey.go(painter, functools.partial(passes, count=1))

    def go_with_the_memory_there_is(journey: "Journey") -> bool:
        with out_of_memory_in_one_line(asked.config):
            return go(journey)

    return go_with_the_memory_there_is


def in_time(work: Callable[[], bool], stop: Stop) -> bool:
    """Repeats some work until all of it is done, also by other processes; returns whether there was time for that."""
    while not work():
        if stop.is_set():
            return False
        time.sleep(PATIENCE)
    return True


def introduce(asked: Request, tell: Tell) -> None:
    """Reports the frames, shots and sizes."""
    frames, shots = len(asked.survey.times), len(asked.survey.shots)
    parts = [f"{frames} frame{'s' * (frames != 1)} of {asked.size} pixels in {shots} shot{'s' * (shots != 1)}"]
    if asked.size != asked.survey.size:
        parts.append(f"from {asked.survey.size}")
    if asked.survey.broken:
        parts.append(f"{asked.survey.broken} parts of the film cannot be read and are skipped")
    if there := sum(asked.folder.has(number) for number in range(frames)):
        parts.append(f"{there} already painted")
    tell(f"{', '.join(parts)}. Frames are kept in {asked.folder.path}.")


def amounts(asked: Request) -> tuple[int, int, int]:
    """Returns the number of frames, of painted ones, and of pictures still to paint."""
    folder, every = asked.folder, asked.settings.keyframe_every
    numbers = range(len(asked.survey.times))
    done = sum(folder.has(number) for number in numbers)
    more = [number for shot in asked.survey.shots for number in shot[::every] if not folder.has(number, KEYFRAMES)]
    ahead = (len(numbers) - done) * asked.settings.passes + (len(more) if asked.settings.way == "keyframes" else 0)
    return len(numbers), done, ahead
