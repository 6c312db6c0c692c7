"""What the benchmarks share: options, pictures, turns, tables, the machine, processes of their own."""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from PIL import Image

import keras_nst
from keras_nst.core.plan.pyramid import Size, crop_box
from keras_nst.pictures.sources import SAMPLES
from keras_nst.session.planner import convolutions
from keras_nst.settings.config import Config
from keras_nst.settings.declared import read_setting
from keras_nst.settings.paper import Print
from keras_nst.settings.values import parse_size

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "tensorflow", "keras", "torch", "jax", "jaxlib")  # whose versions matter

Painted = TypeVar("Painted")
Row = dict[str, Any]
Columns = Mapping[str, Callable[[Row], str]]  # heading: what a row shows there


# --- Options ---


def options(description: str, sizes: str, rounds: int) -> argparse.ArgumentParser:
    """Returns a parser of the options that all benchmarks of speed and memory have."""
    parser = common_options(description)
    parser.add_argument("--sizes", default=sizes, help="PIXELS of a square or WIDTHxHEIGHT, ... [%(default)s]")
    parser.add_argument("--rounds", type=int, default=rounds, help="turns of each variant [%(default)s]")
    return parser


def common_options(description: str) -> argparse.ArgumentParser:
    """Returns a parser of the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--weights", default="imagenet", help="imagenet, random or a file [%(default)s]")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    return parser


def sizes(written: str) -> list[Size]:
    """Reads the sizes of --sizes."""
    return [size(one) for one in written.split(",")]


def size(written: str) -> Size:
    """Reads PIXELS, of a square, or WIDTHxHEIGHT."""
    sides = parse_size(written)
    if sides is None or isinstance(sides, Print):
        raise ValueError(f"Expected PIXELS or WIDTHxHEIGHT. Received: {written}")
    return Size(sides[1], sides[0]) if isinstance(sides, tuple) else Size(sides, sides)


def as_flag(size: Size) -> str:
    """Returns a size as --size has it."""
    return f"{size.width}x{size.height}"


def settings(name: str, value: str) -> dict[str, Any]:
    """Returns the settings that one value of a dimension means; an evaluator that is a number means tiles of it."""
    if name == "evaluator" and value.isdigit():
        return {"evaluator": "tiles", "tile_size": int(value)}
    return {name: read_setting(Config, name, value)}


# --- What is measured with ---


def sample(name: str, size: Size) -> np.ndarray:
    """Returns a sample picture, harbor or night, cropped and resized: (h, w, 3), uint8."""
    with Image.open(SAMPLES / f"{name}.jpg") as picture:
        rows, columns = crop_box(Size(picture.height, picture.width), size)
        box = (columns.start, rows.start, columns.stop, rows.stop)
        return np.asarray(picture.convert("RGB").resize((size.width, size.height), Image.Resampling.BICUBIC, box))


def flop_per_step(size: Size, config: Config) -> int:
    """Returns what a step's convolutions take, forward and input gradient, up to the deepest layer that is used.

    A 3 x 3 convolution from c to d channels takes 2 * 9 * c * d at each position, its input gradient the same again.
    """
    used = [layer.name for term in ("content", "style") for layer in config.layers_used(term)]
    return sum(
        2 * (2 * 9 * given * made) * (size.height >> block - 1) * (size.width >> block - 1)
        for block, given, made in convolutions(config.network, used)
    )


# --- Measuring ---


class Spread(NamedTuple):
    """A median and the quartiles around it."""

    low: float
    median: float
    high: float

    def shown(self, digits: int) -> str:
        """Returns the median (and the quartiles)."""
        low, median, high = (f"{value:.{digits}f}" for value in self)
        return f"{median} ({low} to {high})"


def shown_ratio(value: float | None) -> str:
    """Returns a ratio, or a dash where there is nothing to compare with."""
    return "-" if value is None else f"{value:.2f}"


def spread(values: Sequence[float]) -> Spread:
    """Returns the median and the quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    return Spread(*statistics.quantiles(values, n=4, method="inclusive"))


def seconds(work: Callable[[], Any]) -> float:
    """Returns how long the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def steps_of_a_turn(take: Callable[[int], Any], turn_seconds: float) -> int:
    """Returns how many steps last about so long; takes one, which should not be the first."""
    return max(1, round(turn_seconds / seconds(lambda: take(1))))


def in_turns(runs: Mapping[str, Callable[[], Painted]], rounds: int) -> dict[str, list[Painted]]:
    """Runs all of them, then all of them again, ..., so that what slows the machine down slows down all."""
    results: dict[str, list[Painted]] = {key: [] for key in runs}
    for number in range(1, rounds + 1):
        for key, run in runs.items():
            tell(f"Round {number} of {rounds}: {key}")
            results[key].append(run())
    return results


def tell(line: str) -> None:
    """Prints a line for who waits, beside the table."""
    print(line, file=sys.stderr, flush=True)


def answer_of_a_process(*arguments: str) -> Row:
    """Runs Python with these arguments; returns the JSON in the last line that it prints.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run([sys.executable, *arguments], env=environment(), capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise RuntimeError(f"Expected {' '.join(arguments)} to work. Received: {reason}")
    return json.loads(done.stdout.splitlines()[-1])


def environment() -> dict[str, str]:
    """Returns the environment of a process that is to find the same package."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


# --- Telling ---


def publish(name: str, columns: Columns, rows: list[Row], options: argparse.Namespace) -> None:
    """Prints the table and writes the JSON, if asked for."""
    of = machine()
    versions = ", ".join(f"{package} {version}" for package, version in of["versions"].items())
    print(f"{of['cpu']}, {of['cores']} cores; {versions}; {of['date']}\n")
    print(table(columns, rows, options.markdown))
    if options.json:
        write(name, of, rows, options)


def write(name: str, of: Row, rows: list[Row], options: argparse.Namespace) -> None:
    """Writes the JSON: the rows, what they depend on (`machine`) and how they were asked for."""
    chosen = {key: str(value) for key, value in vars(options).items()}
    record = {"benchmark": name, **of, "options": chosen, "rows": rows}
    options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf8")


def table(columns: Columns, rows: list[Row], markdown: bool) -> str:
    """Returns the rows as a table to be read as it is, or as Markdown."""
    cells = [list(columns), *([show(row) for show in columns.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    left, between, right = ("| ", " | ", " |") if markdown else ("", "  ", "")
    lines = (between.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(f"{left}{line}{right}".rstrip() for line in lines)


def machine() -> Row:
    """Returns what a figure depends on besides the program; the load is what was at work before and beside it."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = {"keras_nst": keras_nst.__version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    date = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"date": date, "cpu": cpu_name(), "cores": cores, "load": load, "versions": versions}


def cpu_name() -> str:
    """Returns the processor's name, as far as the system tells."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown processor"
