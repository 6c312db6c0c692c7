"""Real signals to a real process, while its worker computes."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from conftest import ROOT

from keras_nst.system.signals import Interruption, on_a_thread

# Each piece of work is one call of compiled code: Python hears nothing on that thread before it is over.
CHILD = """
import hashlib, sys
from keras_nst.system.signals import Interruption, on_a_thread
interruption = Interruption()
interruption.listen()
def work():
    print("working", flush=True)
    heard = False
    while not heard:
        hashlib.pbkdf2_hmac("sha256", b"", b"", ITERATIONS)
        heard = interruption.stop.is_set()
    print("saved", flush=True)
on_a_thread(work)
sys.exit(interruption.exit_code)
"""
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@contextmanager
def child(iterations: int) -> Iterator[subprocess.Popen[str]]:
    """A process whose worker is at work, in pieces of so many iterations (about two million a second)."""
    code = CHILD.replace("ITERATIONS", str(iterations))
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            assert process.stdout and process.stdout.readline() == "working\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_the_first_signal_lets_the_worker_finish(number: int, code: int) -> None:
    with child(iterations=100_000) as process:
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, output) == (code, "saved\n")
    assert errors == "\nStopping after this step. Press Ctrl-C again to end immediately, without the picture.\n"


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_signals_are_heard_while_the_worker_computes(number: int, code: int) -> None:
    with child(iterations=200_000_000) as process:  # minutes
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr and process.stderr.readline() == "\n"
        assert process.stderr.readline().startswith("Stopping")
        heard = time.monotonic()
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
        ended = time.monotonic()
    assert heard - sent < 1 and ended - heard < 1
    assert (process.returncode, output) == (code, "")


def test_a_second_signal_within_the_first_ones_handler_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "_exit", sys.exit)
    interruption = Interruption()
    monkeypatch.setattr(interruption.stop, "set", lambda: interruption(signal.SIGTERM, None))
    with pytest.raises(SystemExit, match="143"):
        interruption(signal.SIGINT, None)


def test_a_closed_standard_error_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(file: int, text: bytes) -> int:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "write", closed)
    interruption = Interruption()
    interruption(signal.SIGINT, None)
    assert interruption.stop.is_set() and interruption.exit_code == 130


def test_without_a_signal_the_exit_code_is_zero() -> None:
    assert Interruption().exit_code == 0


def test_the_worker_has_a_thread_of_its_own_and_its_answer_comes_back() -> None:
    thread, answer = on_a_thread(lambda: (threading.current_thread(), hashlib.md5(b"").hexdigest()))
    assert thread is not threading.current_thread() and not thread.is_alive()
    assert answer == "d41d8cd98f00b204e9800998ecf8427e"


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, MemoryError])
def test_exceptions_come_back_with_their_traceback(kind: type[BaseException]) -> None:
    def innermost() -> None:
        raise kind("too much")

    with pytest.raises(kind, match="too much") as caught:
        on_a_thread(lambda: innermost())
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-1] == "innermost" and "on_a_thread" in names


@pytest.mark.parametrize("kind", ["KeyboardInterrupt", "ValueError"])
def test_what_comes_before_a_command_begins_ends_in_one_line_by_ctrl_c_alone(kind: str) -> None:
    code = f"import sys; sys.argv[0] = '/usr/bin/keras-nst'; import keras_nst.command.command; raise {kind}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    if kind == "ValueError":
        assert done.returncode == 1 and "Traceback" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (130, "\nkeras_nst: interrupted before it started\n")


def test_a_program_that_imports_a_command_keeps_its_own_ending() -> None:
    code = "import sys; before = sys.excepthook; import keras_nst.run; assert sys.excepthook is before"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
