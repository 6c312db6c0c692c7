"""TensorBoard beside a run, asked as a browser asks it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from conftest import ROOT

from keras_nst.command import board
from keras_nst.command.board import stay

LONG = ["--steps=100000", "--scales=1", "--tensorboard"]


@contextlib.contextmanager
def started(flags: list[str], **options: object) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-m", "keras_nst.run", *flags]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": "/nowhere"}  # no command of TensorBoard's there
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, env=environment, text=True, **output, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def line_with(process: subprocess.Popen, start: str) -> str:
    return next(line.strip() for line in process.stdout if line.startswith(start))


def runs_at(address: str) -> list[str]:
    """Returns the runs that TensorBoard has found there, once it has."""
    for _ in range(100):
        with urllib.request.urlopen(f"{address}data/runs") as answer:
            if found := json.load(answer):
                return found
        time.sleep(0.1)
    return []


@pytest.mark.slow
def test_it_shows_the_run_and_ends_with_it(quick: list[str]) -> None:
    with started([*quick, *LONG], stdin=subprocess.DEVNULL) as process:
        address = line_with(process, "TensorBoard: ").removeprefix("TensorBoard: ")
        assert address.startswith("http://127.0.0.1:") and runs_at(address) == ["."]
        line_with(process, "step 1/")
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 130 and "Picture: " in rest and "stays" not in rest
        with pytest.raises(urllib.error.URLError, match="refused"):
            urllib.request.urlopen(address)


@pytest.mark.slow
def test_it_stays_for_those_at_a_terminal(quick: list[str]) -> None:
    keyboard, terminal = os.openpty()
    try:
        with started([*quick, "--tensorboard"], stdin=terminal) as process:
            address = line_with(process, "TensorBoard: ").removeprefix("TensorBoard: ")
            line_with(process, "TensorBoard stays open until you press Ctrl-C.")
            assert runs_at(address) == ["."]
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0 and not process.stdout.read()
    finally:
        os.close(keyboard)
        os.close(terminal)


def test_it_stays_for_nobody() -> None:
    said: list[str] = []
    stay(said.append)  # the input of a test is no terminal
    assert not said


def test_it_stays_for_nobody_where_none_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a film that is painted already."""
    said: list[str] = []
    monkeypatch.setattr(board, "shown", [])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    stay(said.append)
    assert not said
