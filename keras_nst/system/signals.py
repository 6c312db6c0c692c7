"""Handles Ctrl-C and SIGTERM: work runs on another thread, so that the main thread can react immediately."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TypeVar

Answer = TypeVar("Answer")
STOPPING = "Stopping after this step. Press Ctrl-C again to end immediately, without the picture."


class Interruption:
    """Records the first signal and sets `stop`; a second one ends the process immediately.

    Args:
        answer: the message after the first signal.
    """

    def __init__(self, answer: str = STOPPING):
        self.answer = answer.encode()
        self.stop = threading.Event()
        self.number = 0
        self.stderr = 2

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.number:
            os._exit(128 + number)
        self.number = number  # first of all, as a second signal may interrupt what follows
        self.stop.set()
        with contextlib.suppress(OSError):  # standard error may be closed
            # os.write: print is not safe in a handler that may interrupt another print.
            os.write(self.stderr, b"\n" + self.answer + b"\n")

    def listen(self) -> None:
        """Handles Ctrl-C and SIGTERM from now on."""
        with contextlib.suppress(OSError):
            self.stderr = os.dup(2)  # 2 itself is muted while TensorFlow is imported
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self)

    @property
    def exit_code(self) -> int:
        """128 plus the signal's number, or 0 if there was none."""
        return 128 + self.number if self.number else 0


def is_a_command() -> bool:
    """Returns whether this process is one of our commands, not a program that imports the package."""
    started = getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", "")
    return started.startswith("keras_nst.") or is_installed_command()


def is_installed_command() -> bool:
    """Returns whether this process was called as keras-nst."""
    return os.path.basename(sys.argv[0]) == "keras-nst"


def in_this_form(name: str) -> str:
    """Returns a command in the form in which this process was called: keras-nst NAME, or the module."""
    return f"keras-nst {name}" if is_installed_command() else f"python -m keras_nst.{name}"


def in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Reports an uncaught exception; a Ctrl-C in one line: a `sys.excepthook` for commands."""
    if not issubclass(kind, KeyboardInterrupt):
        return sys.__excepthook__(kind, error, trace)
    with contextlib.suppress(OSError):
        os.write(2, b"\nkeras_nst: interrupted before it started\n")
    os._exit(128 + signal.SIGINT)


def on_a_thread(work: Callable[[], Answer]) -> Answer:
    """Returns the result of `work`, or raises its error, while this thread can receive signals."""
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # raised again on the main thread
            errors.append(error)

    worker = threading.Thread(target=run, name="transfer", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(timeout=0.2)
    if errors:
        raise errors[0]
    return answers[0]
