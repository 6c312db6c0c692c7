"""Several workers for one command: processes of this machine, or of a Ray cluster.

Each worker ("hand") does what the command does alone; they divide the work by locks in its folder.
"""

import contextlib
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.command.manifest import DONE, FAILED
from keras_nst.command.workers.engines import engine_of
from keras_nst.command.workers.parcels import EXPECTED, Outcome
from keras_nst.settings.lines import Tell
from keras_nst.system.pace import Stop

LOOK = 0.5  # seconds between two looks


class Hand(NamedTuple):
    """One of the workers."""

    id: str


def are_several(settings: Any) -> bool:
    """Returns whether the work needs more than this process."""
    return settings.engine == "ray" or (settings.workers or 1) > 1


class Task(NamedTuple):
    """The work that is divided."""

    settings: Any  # with OF_ENGINES among them
    folder: Path  # of the work
    place: str  # the setting that names it
    work: Callable[[Any, Stop], Any]  # run by each worker; other processes must be able to import it by its name
    home: Path  # the folder that relative paths start from


def lend(task: Task, stop: Stop, look: Callable[[], None], tell: Tell) -> None:
    """Runs the work on several workers; reports errors of those that cannot do their part.

    Args:
        look: called repeatedly, to show the progress.
    """
    engine = engine_of(task.settings, task.folder, functools.partial(does, task), task.place)
    with engine, watched(stop, engine.stop, look):
        hands = ((Hand(f"hand {number}"),) for number in range(1, engine.workers + 1))
        told, offered = set[str](), set[str]()
        for hand, outcome in engine.outcomes(hands):
            if outcome is None and hand.id in offered:
                tell(f"Lost a worker, {hand.id}: another one replaces it.")
            offered.add(hand.id)
            if outcome and outcome.state == FAILED and outcome.error not in told:
                told.add(outcome.error)
                tell(f"A worker failed: {outcome.error}")


def does(task: Task, parcel: tuple[Hand], stop: Stop) -> list[Outcome]:
    """Does the part of one worker; an error becomes its outcome."""
    begun = time.monotonic()
    try:
        os.chdir(task.home)
        task.work(task.settings, stop)
    except EXPECTED as error:
        return [Outcome(parcel[0].id, FAILED, time.monotonic() - begun, error=str(error) or type(error).__name__)]
    return [Outcome(parcel[0].id, DONE, time.monotonic() - begun)]


@contextlib.contextmanager
def watched(stop: Stop, end: Callable[[], None], look: Callable[[], None] = lambda: None) -> Iterator[None]:
    """While work is done elsewhere, calls `look` repeatedly, and `end` when it is time to stop."""
    over = threading.Event()

    def keep_looking() -> None:
        told = False
        while not over.wait(LOOK):
            look()
            if stop.is_set() and not told:
                told = True
                end()

    looking = threading.Thread(target=keep_looking, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        look()
