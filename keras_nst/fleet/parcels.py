"""What a worker is given at once: a job, or several whose pictures may be made in common steps."""

import collections
from collections.abc import Iterable, Iterator

from keras_nst.fleet.jobs import BatchJob, Outcome
from keras_nst.settings.text import settings_of

Parcel = tuple[BatchJob, ...]

ATTEMPTS = 3  # of a job whose worker was lost
OF_ONE_JOB = ("content", "content_mask")


def parcels(jobs: Iterable[BatchJob], most: int) -> Iterator[Parcel]:
    """Yields the jobs in their order, neighbors with the same style and settings together, so many at most."""
    parcel: Parcel = ()
    for job in jobs:
        if parcel and (len(parcel) == most or in_common(job) != in_common(parcel[0])):
            yield parcel
            parcel = ()
        parcel += (job,)
    if parcel:
        yield parcel


def in_common(job: BatchJob) -> dict[str, str]:
    """Returns what a job has to have in common with others to be done with them."""
    return {name: value for name, value in settings_of(job.spec.config).items() if name not in OF_ONE_JOB}


class Ahead:
    """The parcels that are still to be given to a worker; first the jobs that came back from one that was lost."""

    def __init__(self, parcels: Iterable[Parcel]):
        self.parcels, self.back = iter(parcels), list[Parcel]()
        self.lost: collections.Counter[str] = collections.Counter()

    def next(self) -> Parcel | None:
        """Returns what the next worker is to do; None where nothing is left."""
        return self.back.pop() if self.back else next(self.parcels, None)

    def take_back(self, parcel: Parcel, how: str, stopped: bool) -> list[tuple[BatchJob, Outcome]]:
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
