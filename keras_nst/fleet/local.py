"""Jobs done by processes of this machine: each keeps its session; one that dies costs its job an attempt."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event
from typing import Any

from keras_nst.fleet.jobs import BatchJob, Outcome, Work, do
from keras_nst.fleet.settings import BatchConfig
from keras_nst.settings.config import Config

CONTEXT = multiprocessing.get_context("spawn")
KEEP = 1e9  # bytes, for what one picture leaves for the next
ATTEMPTS = 3  # of a job whose process died
QUEUED = 0  # jobs given to a worker beyond the one it does


class LocalEngine:
    """Does jobs in processes of this machine.

    Args:
        work: what is done with each.
    """

    def __init__(self, batch: BatchConfig, work: Work = do):
        self.work = work
        self.workers = batch.workers or 1
        self.cpus = batch.cpus or max(1, cores() // self.workers)
        self.halt = CONTEXT.Event()

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *error: object) -> None:
        self.halt.set()

    def stop(self) -> None:
        """Lets each worker end after its next step; what it has done is kept to be resumed."""
        self.halt.set()

    def outcomes(self, jobs: Iterable[BatchJob]) -> Iterator[tuple[BatchJob, Outcome | None]]:
        """Yields each job when a worker is given it, with None, and when it is done, with what became of it."""
        ahead = iter(jobs)
        tried: dict[str, int] = {}
        workers = [Worker(self.halt, self.cpus, self.work) for _ in range(self.workers)]
        again: list[BatchJob] = []
        try:
            while True:
                for worker in workers:
                    while not worker.job and not self.halt.is_set():
                        job = again.pop() if again else next(ahead, None)
                        if job is None:
                            break
                        worker.give(job)
                        yield job, None
                busy = [worker for worker in workers if worker.job]
                if not busy:
                    return
                for worker in finished(busy):
                    job, outcome = worker.take()
                    tried[job.id] = tried.get(job.id, 0) + 1
                    if outcome is None and tried[job.id] < ATTEMPTS and not self.halt.is_set():
                        again.append(job)
                    else:
                        yield job, outcome or worker.obituary(job)
        finally:
            for worker in workers:
                worker.end()


class Worker:
    """A process that does one job after the other; another takes its place if it dies."""

    def __init__(self, halt: Event, cpus: int, work: Work):
        self.halt, self.cpus, self.work = halt, cpus, work
        self.job: BatchJob | None = None
        self.ended = ""
        self._start()

    def _start(self) -> None:
        self.connection, theirs = CONTEXT.Pipe()
        with threads_of(self.cpus):
            self.process = CONTEXT.Process(target=serve, args=(theirs, self.halt, self.work), daemon=True)
            self.process.start()
        theirs.close()

    def give(self, job: BatchJob) -> None:
        """Gives it a job."""
        self.job = job
        try:
            self.connection.send(job)
        except OSError:  # it has died meanwhile: its end is met when it is asked
            pass

    def take(self) -> tuple[BatchJob, Outcome | None]:
        """Returns its job and what became of it; None where the process has died."""
        job, self.job = self.job, None
        if job is None:
            raise RuntimeError("Expected a worker with a job. Received: one without")
        try:
            return job, self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            self.ended = death(self.process.exitcode or 0)
            self._start()
            return job, None

    def obituary(self, job: BatchJob) -> Outcome:
        """Returns what is to be said of a job whose processes have all died."""
        return Outcome(job.id, "failed", 0.0, error=f"Its process ended, {ATTEMPTS} times: {self.ended}.")

    def end(self) -> None:
        """Ends the process."""
        with contextlib.suppress(OSError):
            self.connection.send(None)
        self.process.join(timeout=None if self.job is None else 10)
        self.process.kill()
        self.connection.close()


def finished(workers: list[Worker]) -> list[Worker]:
    """Waits until one of the workers has done its job, or died, and returns those that have."""
    ready = wait([worker.connection for worker in workers], timeout=1.0)
    return [worker for worker in workers if worker.connection in ready]


def serve(connection: Connection, halt: Any, work: Work) -> None:
    """Does jobs until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the driver, which tells by `halt`
    sessions: dict[tuple[str, ...], Any] = {}

    def opened(config: Config) -> Any:
        return session_for(config, sessions)

    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        if job is None:
            return
        connection.send(work(job, opened, halt, lambda line: None))


def session_for(config: Config, sessions: dict[tuple[str, ...], Any]) -> Any:
    """Returns the session of a worker; a job with another device has another."""
    from keras_nst.session.session import Session

    key = (config.device, str(config.deterministic))
    if key not in sessions:
        sessions.clear()
        sessions[key] = Session(config, keep=KEEP)
    return sessions[key]


@contextlib.contextmanager
def threads_of(cpus: int) -> Iterator[None]:
    """Lets processes that are started inside use so many threads for TensorFlow."""
    wanted = {"TF_NUM_INTRAOP_THREADS": str(cpus), "TF_NUM_INTEROP_THREADS": str(cpus)}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update({name: value for name, value in wanted.items() if before[name] is None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)


def cores() -> int:
    """Returns the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def death(code: int) -> str:
    """Returns how a process ended, in words."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}" if -code in list(signal.Signals) else f"signal {-code}"
    return f"exit code {code}"
