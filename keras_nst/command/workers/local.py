"""Jobs done by processes of this machine. If one dies, its job has one attempt less."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event
from typing import Any

from keras_nst.command.workers.parcels import Job, Outcome, Parcel, ToDo, Work
from keras_nst.system.devices import VISIBLE_GPUS, environment, gpus

CONTEXT = multiprocessing.get_context("spawn")
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
GRACE = 60.0  # seconds to end the current step after the driver has died


class LocalEngine:
    """Does jobs in processes of this machine.

    Args:
        work: the function called with each parcel.
    """

    def __init__(self, settings: Any, work: Work):
        self.work = work
        self.workers = workers_here(settings)
        self.threads = settings.cpus or max(1, cores() // self.workers)
        self.halt = CONTEXT.Event()

    def __enter__(self) -> "LocalEngine":
        return self

    def __exit__(self, *error: object) -> None:
        self.halt.set()

    def stop(self) -> None:
        """Lets each worker end after its next step; its work is saved and can be resumed."""
        self.halt.set()

    def outcomes(self, parcels: Iterable[Parcel]) -> Iterator[tuple[Job, Outcome | None]]:
        """Yields each job with None when a worker gets it, and with its outcome when it is done."""
        ahead = ToDo(parcels)
        workers = [Worker(self.halt, self._environment(index), self.work) for index in range(self.workers)]
        try:
            while True:
                for worker in workers:
                    parcel = None if worker.parcel or self.halt.is_set() else ahead.next()
                    if parcel:
                        worker.give(parcel)
                        yield from ((job, None) for job in parcel)
                busy = [worker for worker in workers if worker.parcel]
                if not busy:
                    return
                for worker in finished(busy):
                    parcel, outcomes = worker.take()
                    if outcomes is None:
                        yield from ahead.take_back(parcel, worker.ended, self.halt.is_set())
                    else:
                        yield from zip(parcel, outcomes, strict=True)
        finally:
            for worker in workers:
                worker.end()

    def _environment(self, index: int) -> dict[str, str]:
        """Returns the environment of a worker's TensorFlow: its number of threads, its own GPU."""
        threads = {name: str(self.threads) for name in THREADS if name not in os.environ}
        several = gpus()
        return threads | ({VISIBLE_GPUS: several[index % len(several)]} if len(several) > 1 else {})


def workers_here(settings: Any) -> int:
    """Returns the default number of processes: one, or with --device=gpu one per GPU."""
    return settings.workers or (max(1, len(gpus())) if settings.device == "gpu" else 1)


class Worker:
    """A process that does one parcel after the other; if it dies, another takes its place."""

    def __init__(self, halt: Event, environment: dict[str, str], work: Work):
        self.halt, self.environment, self.work = halt, environment, work
        self.parcel: Parcel = ()
        self.ended = ""
        self._start()

    def _start(self) -> None:
        self.connection, theirs = CONTEXT.Pipe()
        with environment(self.environment):
            self.process = CONTEXT.Process(target=serve, args=(theirs, self.halt, self.work), daemon=True)
            self.process.start()
        theirs.close()

    def give(self, parcel: Parcel) -> None:
        """Sends it a parcel."""
        self.parcel = parcel
        try:
            self.connection.send(parcel)
        except OSError:  # it has died; `take` notices that
            pass

    def take(self) -> tuple[Parcel, list[Outcome] | None]:
        """Returns its parcel and the outcome of each job; None if the process has died."""
        parcel, self.parcel = self.parcel, ()
        try:
            return parcel, self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            self.ended = death(self.process.exitcode or 0)
            self._start()
            return parcel, None

    def end(self) -> None:
        """Ends the process."""
        with contextlib.suppress(OSError):
            self.connection.send(None)
        self.process.join(timeout=10 if self.parcel else None)
        self.process.kill()
        self.connection.close()


def finished(workers: list[Worker]) -> list[Worker]:
    """Waits until some worker has finished or died, and returns all that have."""
    ready = wait([worker.connection for worker in workers], timeout=1.0)
    return [worker for worker in workers if worker.connection in ready]


def serve(connection: Connection, halt: Any, work: Work) -> None:
    """Does parcels until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the driver, which sets `halt`
    threading.Thread(target=end_with_driver, args=(halt,), daemon=True).start()
    while True:
        try:
            parcel = connection.recv()
        except (EOFError, OSError):
            return
        if parcel is None:
            return
        with contextlib.suppress(OSError):  # the driver may have died
            connection.send(work(parcel, halt))


def end_with_driver(halt: Any) -> None:
    """Ends this process soon after its driver has died; its work is saved and can be resumed."""
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        threading.Timer(GRACE, os._exit, (1,)).start()
        halt.set()


def cores() -> int:
    """Returns the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def death(code: int) -> str:
    """Returns how a process ended, as text."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}" if -code in list(signal.Signals) else f"signal {-code}"
    return f"exit code {code}"
