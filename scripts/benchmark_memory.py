"""Measure the peak memory of whole runs, each in a process of its own, beside what the planner predicted.

    python scripts/benchmark_memory.py --json=memory.json
    python scripts/benchmark_memory.py --big

The peak is the kernel's own count (VmHWM), read from outside while the run goes on: Linux only.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import measuring
from measuring import Row
from PIL import Image

from keras_nst.command.run_folder import SETTINGS
from keras_nst.core.plan.pyramid import Size
from keras_nst.run import request
from keras_nst.session.planner import predicted_bytes
from keras_nst.settings.config import Config

POLLED = 0.02  # seconds between two looks at the process
BIG = ("3840x2160", 3.0), ("8064x6048", 8.0)  # size, --memory_limit_gb


class Run(NamedTuple):
    """A run to be watched."""

    size: Size
    flags: tuple[str, ...]
    limit: float = 0.0  # GB


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the table."""
    options = parser().parse_args(argv)
    runs = big_runs(options) if options.big else grid(options)
    with tempfile.TemporaryDirectory() as folder:
        for size in {run.size for run in runs}:
            Image.fromarray(measuring.sample("harbor", size)).save(content_in(folder, size), quality=90)
        watched: dict[str, Callable[[], Row]] = {
            " ".join([str(run.size), *run.flags]): watching(run, folder) for run in runs
        }
        turns = measuring.in_turns(watched, options.rounds)
    rows = [joined(results) for results in turns.values()]
    measuring.publish("memory", COLUMNS, rows, options)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.options("Measure peak memory.", "256,512,1024,1536,2048", rounds=1)
    parser.add_argument(
        "--evaluator", default="whole,256,512,1024", help="whole, auto or a tile size, ... [%(default)s]"
    )
    parser.add_argument("--precision", default="float32", help="values, ... [%(default)s]")
    parser.add_argument("--xla", default="off", help="on or off [%(default)s]")
    parser.add_argument("--convolution", default="direct", help="of float32: direct or winograd [%(default)s]")
    parser.add_argument("--steps", type=int, default=3, help="of each run [%(default)s]")
    big = " and ".join(f"{size} within {limit:g} GB" for size, limit in BIG)
    parser.add_argument("--big", action="store_true", help=f"instead of the grid, one step each of {big}")
    return parser


def grid(options: argparse.Namespace) -> list[Run]:
    """Returns the runs of the grid; tiles only where they are smaller than the picture."""
    runs = []
    for size in measuring.sizes(options.sizes):
        for precision in options.precision.split(","):
            for evaluator in options.evaluator.split(","):
                if not evaluator.isdigit() or int(evaluator) < max(size):
                    given = measuring.settings("evaluator", evaluator) | {"precision": precision, "xla": options.xla}
                    given["convolution"] = options.convolution if precision == "float32" else "direct"
                    chosen = (*as_flags(given), f"--steps={options.steps}", f"--weights={options.weights}")
                    runs.append(Run(size, chosen))
    return runs


def big_runs(options: argparse.Namespace) -> list[Run]:
    """Returns one step of each of the big pictures."""
    return [
        Run(measuring.size(size), (f"--memory_limit_gb={limit:g}", "--steps=1", f"--weights={options.weights}"), limit)
        for size, limit in BIG
    ]


def as_flags(settings: Row) -> tuple[str, ...]:
    """Returns settings as flags."""
    return tuple(f"--{name}={value}" for name, value in settings.items())


def content_in(folder: str, size: Size) -> Path:
    """Returns the path of the content picture of a size."""
    return Path(folder) / f"{measuring.as_flag(size)}.jpg"


def watching(run: Run, folder: str) -> Callable[[], Row]:
    """Returns what runs the program once and returns what that took."""

    def watch() -> Row:
        with tempfile.TemporaryDirectory(dir=folder) as work:
            workdir = Path(work) / "run"
            pictures = [f"--content={content_in(folder, run.size)}", "--style=sample:night"]
            where = [f"--size={measuring.as_flag(run.size)}", "--scales=1", f"--workdir={workdir}"]
            peak, failure = peak_of("-m", "keras_nst.run", *pictures, *where, *run.flags)
            row = {"size": str(run.size), "flags": list(run.flags), "limit": run.limit, "bytes": [peak]}
            if failure:
                return row | {"failure": failure}
            return row | as_run(run.size, request.parse([f"--flagfile={workdir / SETTINGS}", "--exactly"]))

    return watch


def as_run(size: Size, config: Config) -> Row:
    """Returns how the program chose to run, and the memory predicted for that."""
    tile_size = config.tile_size if config.evaluator == "tiles" else None
    return {
        "seen": f"tiles of {tile_size}" if tile_size else "whole",
        "precision": config.precision,
        "predicted": predicted_bytes(size, config, tile_size, quick=config.convolution != "direct"),
    }


def peak_of(*arguments: str) -> tuple[int, str]:
    """Runs Python with these arguments; returns the peak memory in bytes, and the last line if it failed."""
    peak = 0
    with tempfile.TemporaryFile("w+") as said:
        command = [sys.executable, *arguments]
        with subprocess.Popen(command, env=measuring.environment(), stdout=said, stderr=said) as process:
            while process.poll() is None:
                peak = max(peak, peak_so_far(process.pid))
                time.sleep(POLLED)
        said.seek(0)
        lines = said.read().strip().splitlines() or [f"status {process.returncode}"]
    return peak, lines[-1] if process.returncode else ""


def peak_so_far(process: int) -> int:
    """Returns the most bytes a process has had resident; 0 where it has just ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf8")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


def joined(results: list[Row]) -> Row:
    """Returns the turns of one run as one row, with its median beside the prediction."""
    row = results[-1] | {"bytes": [peak for result in results for peak in result["bytes"]]}
    row["median"] = measuring.spread(row["bytes"]).median
    if "failure" not in row:
        row["predicted_to_measured"] = row["predicted"] / row["median"]
    return row


def shown_gigabytes(row: Row) -> str:
    """Returns the median and the quartiles, or why there are none."""
    if "failure" in row:
        return row["failure"]
    return measuring.Spread(*(value / 1e9 for value in measuring.spread(row["bytes"]))).shown(2)


COLUMNS: measuring.Columns = {
    "size": lambda row: row["size"],
    "seen": lambda row: row.get("seen", " ".join(row["flags"][:2])),
    "precision": lambda row: row.get("precision", "-"),
    "limit GB": lambda row: f"{row['limit']:g}" if row["limit"] else "-",
    "predicted GB": lambda row: f"{row['predicted'] / 1e9:.2f}" if "predicted" in row else "-",
    "measured GB": shown_gigabytes,
    "predicted / measured": lambda row: measuring.shown_ratio(row.get("predicted_to_measured")),
}


if __name__ == "__main__":
    main()
