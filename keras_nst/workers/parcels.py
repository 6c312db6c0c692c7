"""What workers are given, and what became of it."""

import collections
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, Unexpected

EXPECTED = (InputError, OSError, MemoryError, Unexpected)
ATTEMPTS = 3  # of a job whose worker was lost


class Job(Protocol):
    """Work that may be given to any worker."""

    @property
    def id(self) -> str:
        """What it is known by."""


Parcel = tuple[Any, ...]  # jobs that one worker is given together


class Outcome(NamedTuple):
    """What became of a job that a worker was given."""

    id: str
    state: str  # done, failed, or pending where the worker was stopped
    seconds: float
    output: str = ""
    error: str = ""
    figures: dict[str, float] = {}


Open = Callable[[Config], Any]  # a session
Work = Callable[..., list[Outcome]]  # of a parcel, what opens a session, what tells to stop, who is told


class ToDo:
    """The parcels that are still to be given to a worker; first the jobs that came back from one that was lost."""

    def __init__(self, parcels: Iterable[Parcel]):
        self.parcels, self.back = iter(parcels), list[Parcel]()
        self.lost: collections.Counter[str] = collections.Counter()

    def next(self) -> Parcel | None:
        """Returns what the next worker is to do; None where nothing is left."""
        return self.back.pop() if self.back else next(self.parcels, None)

    def take_back(self, parcel: Parcel, how: str, stopped: bool) -> list[tuple[Job, Outcome]]:
        """Takes back what a lost worker was doing, job by job; returns what became of those not to be tried again."""
        given_up = []
        for job in parcel:
            self.lost[job.id] += 1
            if self.lost[job.id] < ATTEMPTS and not stopped:
                self.back.append((job,))
            else:
                error = f"Its worker was lost, {self.lost[job.id]} times: {how}."
                given_up.append((job, Outcome(job.id, "failed", 0.0, error=error)))
        return given_up
