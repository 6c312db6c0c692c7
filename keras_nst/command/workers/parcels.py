"""The parcels of jobs that workers get, and their outcomes."""

import collections
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from keras_nst.settings.declared import InputError, Unexpected
from keras_nst.system.pace import Stop

EXPECTED = (InputError, OSError, MemoryError, Unexpected)
ATTEMPTS = 3  # of a job whose worker was lost


class Job(Protocol):
    """Work that any worker can do."""

    @property
    def id(self) -> str:
        """Its identifier."""


Parcel = tuple[Any, ...]  # jobs that one worker gets together


class Outcome(NamedTuple):
    """The outcome of a job."""

    id: str
    state: str  # done, failed, or pending if the worker was stopped
    seconds: float
    output: str = ""
    error: str = ""
    figures: dict[str, float] = {}


# Takes a parcel and the stop event. Each worker has its own copy, which may keep things from parcel to parcel.
Work = Callable[[Any, Stop], list[Outcome]]


class ToDo:
    """The parcels still to do; jobs that came back from a lost worker are first."""

    def __init__(self, parcels: Iterable[Parcel]):
        self.parcels, self.back = iter(parcels), list[Parcel]()
        self.lost: collections.Counter[str] = collections.Counter()

    def next(self) -> Parcel | None:
        """Returns the next parcel; None if nothing is left."""
        return self.back.pop() if self.back else next(self.parcels, None)

    def take_back(self, parcel: Parcel, how: str, stopped: bool) -> list[tuple[Job, Outcome]]:
        """Takes back a lost worker's jobs; returns the outcomes of those that will not be tried again."""
        given_up = []
        for job in parcel:
            self.lost[job.id] += 1
            if self.lost[job.id] < ATTEMPTS and not stopped:
                self.back.append((job,))
            else:
                error = f"Its worker was lost, {self.lost[job.id]} times: {how}."
                given_up.append((job, Outcome(job.id, "failed", 0.0, error=error)))
        return given_up
