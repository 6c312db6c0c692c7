"""Damaged and hostile picture files: each ends as a picture or as one clear line, at little cost."""

import argparse
import contextlib
import os
import re
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from measuring import Columns, Row, tell
from mutations import Case, case
from workers import Ended, Limits, answers

from keras_nst.pictures.files import Picture, read_picture
from keras_nst.pictures.metadata import read_settings

MAX_PIXELS = 4_000_000  # since what a picture of so many pixels takes is no sign of harm
LIMITS = Limits(seconds=10, megabytes=6144)  # Pillow asks for 4 GB at once where a length says so, and uses none
MOST = 1024  # megabytes of memory in use
OUTSIDE = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "socket.", "urllib.")
OUTCOMES = ("pictures", "refusals", "failures")


class Outcome(NamedTuple):
    """What came of reading a file."""

    kind: str  # one of OUTCOMES
    reason: str
    seconds: float = 0.0
    growth: int = 0  # of resident memory at its largest, in megabytes


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of this command."""
    parser.add_argument("--cases", type=int, default=100_000, help="how many files [%(default)s]")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other files [%(default)s]")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time [%(default)s]")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files that fail, with the reasons")


def run(options: argparse.Namespace) -> list[Row]:
    """Returns a row for each format and kind of mutation, and one for all of them."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    seconds, growth = 0.0, 0
    for number, found in _outcomes(options):
        made = case(options.seed, number)
        counts.setdefault((made.format, made.kind), Counter())[found.kind] += 1
        seconds, growth = max(seconds, found.seconds), max(growth, found.growth)
        if found.kind == "failures":
            _report(options.keep, number, made, found.reason)
    tell(f"The slowest took {seconds:.2f} s; memory grew by {growth} MB at most.")
    return _rows(counts)


def _outcomes(options: argparse.Namespace) -> Iterator[tuple[int, Outcome]]:
    with tempfile.TemporaryDirectory() as folder:
        work = partial(outcome, Path(folder), options.seed)
        for number, result in answers(work, range(options.cases), options.jobs, LIMITS):
            yield number, Outcome("failures", result.reason) if isinstance(result, Ended) else result


def _report(folder: Path | None, number: int, made: Case, reason: str) -> None:
    name = f"{number}-{made.format}-{made.kind}".replace(" ", "_")
    tell(f"{name}: {reason}")
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(made.content)
        (folder / f"{name}.txt").write_text(reason + "\n", encoding="utf8")


def _rows(counts: dict[tuple[str, str], Counter[str]]) -> list[Row]:
    total = sum(counts.values(), Counter())
    every = [*sorted(counts.items()), (("all", "all"), total)]
    return [
        {"format": format, "mutation": kind, "cases": count.total()} | {name: count[name] for name in OUTCOMES}
        for (format, kind), count in every
    ]


COLUMNS: Columns = {name: lambda row, name=name: str(row[name]) for name in ("format", "mutation", "cases", *OUTCOMES)}


# --- In a process of its own ---


def outcome(folder: Path, seed: int, number: int) -> Outcome:
    """Reads one file as the program does, and judges what came of it."""
    path, printed = folder / str(os.getpid()), _terminal(folder)
    path.write_bytes(case(seed, number).content)
    _forget_peak()
    before, started = _memory("VmRSS"), time.perf_counter()
    with _watched(printed) as seen:
        kind, reason = _judged(path)
    seconds, growth = time.perf_counter() - started, _memory("VmHWM") - before
    if growth > MOST:
        seen.append(f"memory grew by {growth} MB")
    return Outcome("failures" if seen else kind, "; ".join(filter(None, [reason, *seen])), seconds, growth)


def _judged(path: Path) -> tuple[str, str]:
    """Returns one of OUTCOMES, and the reason."""
    try:
        picture = read_picture(path, MAX_PIXELS)
        kind, reason = "pictures", _flaw(picture)
    except Exception as error:
        kind, reason = "refusals", _unclear(error)
    try:
        read_settings(path)
    except Exception as error:
        reason = reason or _unclear(error)
    return ("failures" if reason else kind), reason


def _unclear(error: Exception) -> str:
    """Returns what an error says unless it is one line for people; memory is not to end with small files."""
    line = str(error)
    clear = isinstance(error, (ValueError, OSError)) and re.match("Expected .* Received: ", line) is not None
    if clear and line.isprintable() and len(line) < 300 and "not enough memory" not in line:
        return ""
    return f"{type(error).__name__}: {line[:500]!r}"


def _flaw(picture: Picture) -> str:
    """Returns what is wrong with a picture, or ""."""
    pixels, alpha = picture.pixels, picture.alpha
    arrays = [pixels] if alpha is None else [pixels, alpha]
    if any(array.dtype != np.float32 or not array.size for array in arrays):
        return f"{[array.dtype for array in arrays]} of {[array.shape for array in arrays]}"
    if any(not (array.min() >= 0 and array.max() <= 1) for array in arrays):
        return f"samples from {pixels.min()} to {pixels.max()}"
    if pixels.shape != (*pixels.shape[:2], 3) or (alpha is not None and alpha.shape != pixels.shape[:2]):
        return f"shapes {[array.shape for array in arrays]}"
    return "" if all(note.isprintable() and len(note) < 300 for note in picture.notes) else repr(picture.notes)


@contextlib.contextmanager
def _watched(printed: Path) -> Iterator[list[str]]:
    """Yields a list that gets what is printed, warned of, executed and fetched meanwhile."""
    seen = _events()
    seen.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield seen
    sys.stdout.flush()
    sys.stderr.flush()
    if printed.stat().st_size:
        seen.append(f"printed: {printed.read_bytes()[:300]!r}")
        os.truncate(printed, 0)


@cache
def _terminal(folder: Path) -> Path:
    """Returns the file that all which is meant for the terminal goes to from now on."""
    path = folder / f"{os.getpid()}.printed"
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(file, descriptor)
    return path


@cache
def _events() -> list[str]:
    """Returns the list that tells from now on what this process executes or fetches."""
    seen: list[str] = []
    sys.addaudithook(lambda event, details: seen.append(f"{event}{details}") if event.startswith(OUTSIDE) else None)
    return seen


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _memory(which: str) -> int:
    """Returns the peak (VmHWM) or what is in memory now (VmRSS), in megabytes."""
    found = re.search(rf"{which}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) // 1024 if found else 0
