"""Time from the start of the process to the first finished step, and where it goes.

    python scripts/benchmark_start.py --json=start.json

Every turn is a process of its own, which runs the program with one step. The weights should be cached.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import measuring
from measuring import Row

from keras_nst.core.plan.pyramid import Size

PROGRAM = Path(__file__).with_name("first_step.py")


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the table."""
    options = parser().parse_args(argv)
    runs = {str(size): in_a_process(size, options) for size in measuring.sizes(options.sizes)}
    turns = measuring.in_turns(runs, options.rounds)
    rows = [row for size, results in turns.items() for row in by_phase(size, results)]
    measuring.publish("start", COLUMNS, rows, options)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.options("Time to the first step.", "256", rounds=5)
    parser.add_argument("--flags", default="", help="more flags of the program, separated by spaces")
    return parser


def in_a_process(size: Size, options: argparse.Namespace) -> Callable[[], Row]:
    """Returns what runs the program once and returns the seconds of each phase."""

    def turn() -> Row:
        with tempfile.TemporaryDirectory() as folder:
            pictures = ["--content=sample:harbor", "--style=sample:night", f"--workdir={Path(folder) / 'run'}"]
            run = [f"--size={measuring.as_flag(size)}", "--scales=1", "--steps=1", f"--weights={options.weights}"]
            return measuring.answer_of_a_process(
                str(PROGRAM), repr(time.time()), *pictures, *run, *options.flags.split()
            )

    return turn


def by_phase(size: str, results: list[Row]) -> list[Row]:
    """Returns a row for each phase, then the rest and the total."""
    for phases in results:
        total = phases.pop("total")
        phases["all else"] = total - sum(phases.values())
        phases["process start to first step"] = total
    names = results[0]
    return [{"size": size, "phase": name, "seconds": [phases[name] for phases in results]} for name in names]


COLUMNS: measuring.Columns = {
    "size": lambda row: row["size"],
    "phase": lambda row: row["phase"],
    "seconds": lambda row: measuring.spread(row["seconds"]).shown(2),
}


if __name__ == "__main__":
    main()
