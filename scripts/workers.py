"""Work done in processes of their own, which may crash, hang or ask for all memory without harm."""

import multiprocessing
import resource
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, NamedTuple

Work = Callable[[int], Any]
CONTEXT = multiprocessing.get_context("spawn")
PATIENCE = 60.0  # seconds for the start of a process


class Limits(NamedTuple):
    """What a process may take."""

    seconds: float  # for one case
    megabytes: int  # of addresses, beyond what it has when it starts


class Ended(NamedTuple):
    """In place of an answer: the process did not live to give one."""

    reason: str


class Answer(NamedTuple):
    """What came of one case."""

    number: int
    result: Any  # what the work returned, or Ended


def answers(work: Work, numbers: Iterable[int], jobs: int, limits: Limits) -> Iterator[Answer]:
    """Yields what `work` makes of each number, as it comes; a process that ends is replaced."""
    waiting = iter(numbers)
    workers = [_Worker(work, limits) for _ in range(jobs)]
    try:
        busy = [worker for worker in workers if worker.takes_one_of(waiting)]
        while busy:
            wait([worker.connection for worker in busy], max(0, min(worker.deadline for worker in busy) - time.time()))
            for worker in busy:
                if (answer := worker.answer()) is not None:
                    worker.takes_one_of(waiting)
                    yield answer
            busy = [worker for worker in workers if worker.number is not None]
    finally:
        for worker in workers:
            worker.stop()


class Partner:
    """A process that makes what answers, once, and then answers one question after the other.

    What two libraries do to a process that has both of them, it does not see.

    Args:
        make: makes the function from a question to its answer, in the process, from these arguments.

    Raises:
        RuntimeError: the process ended in place of an answer.
    """

    def __init__(self, make: Callable[..., Callable[[Any], Any]], *arguments: Any):
        self.connection, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_partner, args=(theirs, make, arguments), daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, question: Any) -> Any:
        """Returns the answer."""
        try:
            self.connection.send(question)
            return self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            ended = _of_death(self.process.exitcode)
        raise RuntimeError(f"Expected an answer of another process. Received: its end ({ended})")

    def __enter__(self) -> "Partner":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


class _Worker:
    """A process that gets numbers and gives answers."""

    def __init__(self, work: Work, limits: Limits):
        self.work, self.limits = work, limits
        self.number: int | None = None
        self.start()

    def start(self) -> None:
        self.connection, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_serve, args=(theirs, self.work, self.limits.megabytes), daemon=True)
        self.process.start()
        theirs.close()
        if not self.connection.poll(PATIENCE):
            raise TimeoutError(f"Expected a process to start within {PATIENCE:g} s")
        self.connection.recv()

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()

    def takes_one_of(self, numbers: Iterator[int]) -> bool:
        """Sends the next number, if there is one."""
        self.number = next(numbers, None)
        if self.number is not None:
            self.connection.send(self.number)
            self.deadline = time.time() + self.limits.seconds
        return self.number is not None

    def answer(self) -> Answer | None:
        """Returns what came of the number that was sent; None while nothing is known."""
        if self.number is None:
            return None
        try:
            if self.connection.poll():
                return Answer(self.number, self.connection.recv())
            if time.time() < self.deadline:
                return None
            ended = Ended(f"no end within {self.limits.seconds:g} s")
        except (EOFError, ConnectionError):
            self.process.join()
            ended = Ended(f"crash: {_of_death(self.process.exitcode)}")
        self.stop()
        self.start()
        return Answer(self.number, ended)


def _of_death(code: int | None) -> str:
    return signal.strsignal(-code) or str(code) if code is not None and code < 0 else f"exit code {code}"


def _serve(connection: Connection, work: Work, megabytes: int) -> None:
    """Answers numbers until the parent has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _addresses() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    connection.send("ready")
    while True:
        try:
            number = connection.recv()
        except EOFError:
            return
        connection.send(work(number))


def _partner(connection: Connection, make: Callable[..., Callable[[Any], Any]], arguments: tuple) -> None:
    """Answers questions until the parent has gone."""
    answer = make(*arguments)
    while True:
        try:
            question = connection.recv()
        except EOFError:
            return
        connection.send(answer(question))


def _addresses() -> int:
    """Returns the bytes of addresses that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
