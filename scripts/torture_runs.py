"""Runs that are killed, whose disk is full, whose loss explodes, that last long: nothing is lost."""

import argparse
import contextlib
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from measuring import Columns, Row, tell
from PIL import Image

from keras_nst.command.run_folder import PICTURE
from keras_nst.run.checkpoints import read_checkpoint

SMALL = (
    *("--content=sample:harbor", "--style=sample:night", "--weights=random", "--size=64", "--scales=2"),
    *("--content_layers=block2_conv2", "--style_layers=block1_conv1,block2_conv1"),
    *("--snapshot_steps=20", "--checkpoint_secs=0"),
)
WAYS = {
    "adam": (),
    "lbfgs": ("--optimizer=lbfgs",),
    "tiles, averaged": ("--evaluator=tiles", "--tile_size=32", "--average=0.8"),
    "bfloat16": ("--precision=bfloat16",),
}
WILD = {
    "a rate of 1e6": ("--learning_rate=1e6",),
    "a rate of 1e6, sgd": ("--optimizer=sgd", "--learning_rate=1e6", "--max_step=1e6"),
    "a rate of 2, content 100": ("--learning_rate=2", "--content_weight=100", "--decay_rate=1"),
    "weights of 1e30": ("--content_weight=1e30", "--style_weight=1e30", "--normalization=keras", "--init=noise"),
    "weights of 1e30, lbfgs": ("--content_weight=1e30", "--style_weight=1e30", "--init=noise", "--optimizer=lbfgs"),
}
STEPS = "--steps=150,100"
MEGABYTES = (0.1, 0.3, 1, 3)  # of a disk, too little for some of what a run writes


def add_kills(parser: argparse.ArgumentParser) -> None:
    """Adds the options of kills."""
    parser.add_argument("--kills", type=int, default=100, help="how many, shared out over the ways [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="of the moments [%(default)s]")


def kills(options: argparse.Namespace) -> list[Row]:
    """Kills runs at random moments and goes on with them, until each has ended; compares the pictures."""
    moments, rows = random.Random(options.seed), []
    for number, (way, flags) in enumerate(WAYS.items()):
        share = len(range(number, options.kills, len(WAYS)))
        with tempfile.TemporaryDirectory() as folder:
            rows.append(_killed(way, [*SMALL, STEPS, *flags], share, moments, Path(folder)))
    return rows


def _killed(way: str, flags: list[str], count: int, moments: random.Random, folder: Path) -> Row:
    begun = time.monotonic()
    _run([*flags, f"--workdir={folder / 'whole'}"])
    lasting, expected = time.monotonic() - begun, _pixels(folder / "whole")
    failures, killed, lost, run = 0, 0, 0, 0
    while killed < count:
        workdir, run = folder / f"killed-{run}", run + 1
        while killed < count:
            before = _steps(workdir)
            ended = _killed_after(moments.uniform(0.1, 1.1) * lasting, [*flags, f"--workdir={workdir}"])
            lost = max(lost, before - _steps(workdir))
            if ended:
                break
            killed += 1
        answer = _run([f"--resume={workdir}"] if (workdir / "run.json").exists() else [*flags, f"--workdir={workdir}"])
        same = answer.returncode == 0 and np.array_equal(_pixels(workdir), expected)
        failures += not same
        if not same:
            tell(f"{way}, run {run}: {answer.stdout[-300:]} {answer.stderr[-300:]}")
    return {"way": way, "cases": killed, "runs": run, "lost": lost, "failures": failures}


def _killed_after(seconds: float, flags: list[str]) -> bool:
    """Starts a run and kills it after so many seconds; returns whether it ended before."""
    with subprocess.Popen(_command(flags), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            process.kill()
            return False


def _steps(workdir: Path) -> int:
    """Returns the steps that the last checkpoint has, which can always be read."""
    resumed = read_checkpoint(workdir)
    return resumed.step if resumed else 0


def add_nothing(parser: argparse.ArgumentParser) -> None:
    """There is nothing to choose."""


def disk(options: argparse.Namespace) -> list[Row]:
    """Runs on disks that are too small (Linux, and only root may make them), then goes on with room."""
    rows = []
    for megabytes in MEGABYTES:
        with tempfile.TemporaryDirectory() as folder, _small_disk(Path(folder), megabytes):
            answer = _run([*SMALL, STEPS, f"--workdir={folder}/run"])
            failures = int(not _is_clear(answer))
            saved = re.search(r"Picture: (.*)", answer.stdout)
            failures += answer.returncode == 0 and not (saved and Path(saved[1]).exists())
            subprocess.run(["mount", "-o", "remount,size=100m", folder], check=True)
            again = _run([*SMALL, STEPS, f"--workdir={folder}/run"])
            failures += again.returncode != 0
        rows.append({"way": f"a disk of {megabytes} MB", "cases": 1, "runs": 2, "lost": 0, "failures": failures})
    return rows


@contextlib.contextmanager
def _small_disk(folder: Path, megabytes: float) -> Iterator[None]:
    size = f"size={round(megabytes * 1024)}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def divergence(options: argparse.Namespace) -> list[Row]:
    """Runs whose loss explodes: they end with a sound picture and say what happened."""
    rows = []
    for way, flags in WILD.items():
        with tempfile.TemporaryDirectory() as folder:
            answer = _run([*SMALL, STEPS, *flags, f"--workdir={folder}/run"])
            failed = not _is_clear(answer) or _pixels(Path(folder) / "run").std() < 1
        if failed:
            tell(f"{way}: {answer.stdout[-300:]} {answer.stderr[-300:]}")
        rows.append({"way": way, "cases": 1, "runs": 1, "lost": 0, "failures": int(failed)})
    return rows


def add_long(parser: argparse.ArgumentParser) -> None:
    """Adds the options of a long run."""
    parser.add_argument("--steps", type=int, default=10_000, help="of the run [%(default)s]")


def long(options: argparse.Namespace) -> list[Row]:
    """Makes one long run of small steps and watches its memory: flat after the first fifth."""
    with tempfile.TemporaryDirectory() as folder:
        workdir = Path(folder) / "run"
        flags = [*SMALL, "--scales=1", f"--steps={options.steps}", "--checkpoint_secs=60", f"--workdir={workdir}"]
        resident = []
        with subprocess.Popen(_command(flags), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None:
                with contextlib.suppress(OSError, ValueError):
                    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
                    resident.append(pages)
                time.sleep(0.1)
        events = sum(path.stat().st_size for path in workdir.glob("events*"))
    early, late = resident[len(resident) // 3], max(resident[len(resident) // 3 :])
    growth = late / early - 1
    tell(
        f"{options.steps} steps: memory grew by {growth:.1%} behind the first third; event files {events / 1e6:.1f} MB"
    )
    failures = int(process.returncode != 0) + int(growth > 0.02)
    return [{"way": f"{options.steps} steps", "cases": 1, "runs": 1, "lost": 0, "failures": failures}]


def _is_clear(answer: subprocess.CompletedProcess[str]) -> bool:
    """Returns whether a run ended with a word, not with a traceback."""
    return answer.returncode in (0, 1, 2) and "Traceback" not in answer.stdout + answer.stderr


def _run(flags: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(flags), capture_output=True, text=True, timeout=600, check=False)


def _command(flags: list[str]) -> list[str]:
    return [sys.executable, "-m", "keras_nst.run", *flags]


def _pixels(workdir: Path) -> np.ndarray:
    with Image.open(workdir / PICTURE) as image:
        return np.asarray(image)


COLUMNS: Columns = {
    "what": lambda row: row["way"],
    "times": lambda row: str(row["cases"]),
    "runs": lambda row: str(row["runs"]),
    "steps lost behind a checkpoint": lambda row: str(row["lost"]),
    "failures": lambda row: str(row["failures"]),
}
