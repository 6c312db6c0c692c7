"""The queue of pictures to paint: written to disk before anything else happens, so that it survives the program."""

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.settings.declared import InputError
from keras_nst.studio.form import Form
from keras_nst.system.files import written_whole

WAITING, PAINTING, FAILED = "waiting", "painting", "failed"
log = logging.getLogger("keras_nst.studio")
STATES = (WAITING, PAINTING, FAILED)
MOST_FAILED = 20  # failed jobs that are kept
LINE = "queue.jsonl"


class Full(InputError):
    """The queue has its maximum of waiting pictures."""


class Job(NamedTuple):
    """A picture to make: a new run, or one to resume."""

    id: str  # the name of its run's folder
    state: str = WAITING
    asked: Form = Form()
    anew: dict[str, str] | None = None  # of a run to resume: the changed settings
    error: str = ""

    def told(self) -> dict[str, Any]:
        """Returns the job in the form of the page and of the queue's file."""
        return self._asdict() | {"asked": self.asked.told()}


class Queue:
    """The jobs in order, for the server's threads and the painter's.

    Args:
        folder: has the file of the queue.
        most: the limit of waiting jobs.
        changed: called after each change, by the thread that made it.
    """

    def __init__(self, folder: Path, most: int, changed: Callable[[], None] = lambda: None):
        self.path, self.most, self.changed = folder / LINE, most, changed
        self.turn = threading.Condition()
        self.closed = False
        self.jobs = read(self.path)

    def add(self, job: Job, first: bool = False) -> None:
        """Adds a job at the end, or before all waiting jobs.

        Raises:
            Full: too many jobs wait already.
            InputError: the job is in the queue already.
        """
        with self.turn:
            if any(other.id == job.id and other.state != FAILED for other in self.jobs):
                raise InputError("Expected a run that is not in the queue")
            self.check_room()
            others = [other for other in self.jobs if other.id != job.id]
            place = next((at for at, other in enumerate(others) if other.state == WAITING), len(others))
            self._keep([*others[:place], job, *others[place:]] if first else [*others, job])
            self.turn.notify_all()
        self.changed()

    def check_room(self) -> None:
        """Raises Full if no more jobs may wait."""
        if sum(job.state == WAITING for job in self.jobs) >= self.most:
            raise Full(f"The queue is full: {self.most} pictures wait (--queue). Expected to wait for one of them.")

    def take(self) -> Job | None:
        """Waits for the next job and returns it, marked as painting; None once the queue is closed."""
        with self.turn:
            while not self.closed and not any(job.state == WAITING for job in self.jobs):
                self.turn.wait()
            if self.closed:
                return None
            job = next(job for job in self.jobs if job.state == WAITING)._replace(state=PAINTING)
            self._note([job if other.id == job.id else other for other in self.jobs])
        self.changed()
        return job

    def fail(self, id: str, error: str) -> None:
        """Records that a job has failed, and why."""
        with self.turn:
            jobs = [job._replace(state=FAILED, error=error) if job.id == id else job for job in self.jobs]
            forgotten = [job for job in jobs if job.state == FAILED][:-MOST_FAILED]
            self._note([job for job in jobs if job not in forgotten])
        self.changed()

    def remove(self, id: str) -> None:
        """Removes a job."""
        with self.turn:
            self._note([job for job in self.jobs if job.id != id])
        self.changed()

    def withdraw(self, id: str) -> bool:
        """Removes a job that is not being painted; returns whether there was one."""
        with self.turn:
            there = any(job.id == id and job.state != PAINTING for job in self.jobs)
            if there:
                self._note([job for job in self.jobs if job.id != id])
        self.changed()
        return there

    def get(self, id: str) -> Job | None:
        """Returns the job with this id."""
        with self.turn:
            return next((job for job in self.jobs if job.id == id), None)

    def close(self) -> None:
        """Ends the waiting for jobs; the queue stays on disk."""
        with self.turn:
            self.closed = True
            self.turn.notify_all()

    def _note(self, jobs: list[Job]) -> None:
        """Records changed jobs, with a full disk only in memory: safe, since a job done twice makes one picture."""
        try:
            self._keep(jobs)
        except OSError as error:
            log.warning("The queue cannot be written: %s", error)
            self.jobs = jobs

    def _keep(self, jobs: list[Job]) -> None:
        lines = [json.dumps(job.told()) + "\n" for job in jobs]
        with written_whole(self.path) as file:
            file.writelines(line.encode() for line in lines)
        self.jobs = jobs


def read(path: Path) -> list[Job]:
    """Returns the jobs of a queue's file; a job that was being painted when the program ended waits again."""
    jobs = []
    lines = path.read_text(encoding="utf8").splitlines() if path.exists() else []
    for line in lines:
        try:
            told = json.loads(line)
            job = Job(**told | {"asked": Form.read(told["asked"])})
        except (ValueError, TypeError, KeyError):  # written by a later version, or by hand
            continue
        if job.state in STATES and Path(job.id).name == job.id:
            jobs.append(job._replace(state=WAITING) if job.state == PAINTING else job)
    return jobs


def new_id() -> str:
    """Returns a name for a new run's folder, which contains the time of the request."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
