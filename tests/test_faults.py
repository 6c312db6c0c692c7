"""Faults of the machine: a picture or one clear line, and nothing lost."""

import itertools
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, steps_of, write_picture
from PIL import Image

from keras_nst.command.run_folder import PICTURE, SETTINGS
from keras_nst.run.__main__ import main


def run_with(prepared: Callable[[], None], flags: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "keras_nst.run", *flags],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=prepared,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize("handles", [6, 7, 8, 9, 12])
def test_file_handles_are_exhausted(handles: int, quick: list[str], tmp_path: Path) -> None:
    done = run_with(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (handles, handles)), quick)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert (tmp_path / "run" / PICTURE).exists()
    else:
        assert done.returncode == 1 and done.stderr.strip()


def test_the_clock_jumps_back(quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The curves go by steps."""
    now = itertools.count(2e9, -3600)
    monkeypatch.setattr(time, "time", lambda: next(now))
    assert main([*quick, "--checkpoint_secs=0"]) == 0
    assert steps_of(tmp_path / "run") == [1, 2, 3, 4, 5, 5]


def test_killed_for_memory_and_gone_on_with_in_less(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the first run saw whole, the second sees in tiles."""
    write_picture(tmp_path / "content.png", 640, 640)
    flags = [
        *(f"--content={tmp_path / 'content.png'}", f"--style={tmp_path / 'content.png'}", "--weights=random"),
        *("--size=640", "--scales=1", "--steps=2", "--content_layers=block2_conv2", "--style_layers=block1_conv1"),
        *(f"--workdir={tmp_path / 'run'}", "--precision=float32", "--convolution=direct"),
    ]
    assert main([*flags, "--max_seconds=0.001", "--memory_limit_gb=4"]) == 0
    assert "whole" in (tmp_path / "run" / SETTINGS).read_text()
    assert main([f"--resume={tmp_path / 'run'}", "--max_seconds=0", "--memory_limit_gb=1.3"]) == 0
    said = capsys.readouterr().out
    assert "tiles of" in said.lower() and "Final loss" in said
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert np.asarray(picture).std() > 1
