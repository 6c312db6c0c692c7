"""Torture: what the program must survive, many times over.

python scripts/torture.py pictures --cases=100000 --jobs=2 --json=pictures.json --keep=failures
python scripts/torture.py kills --kills=100 --json=kills.json
python scripts/torture.py disk
python scripts/torture.py divergence
python scripts/torture.py long --steps=10000
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import measuring
import torture_pictures
import torture_runs
from measuring import Row


class Command(NamedTuple):
    """One kind of torture."""

    summary: str
    add_options: Callable[[argparse.ArgumentParser], object]
    run: Callable[[argparse.Namespace], list[Row]]  # a row of the table has at least "failures", a number
    columns: measuring.Columns


COMMANDS = {
    "pictures": Command(
        "damaged and hostile picture files",
        torture_pictures.add_options,
        torture_pictures.run,
        torture_pictures.COLUMNS,
    ),
    "kills": Command("runs killed at random moments", torture_runs.add_kills, torture_runs.kills, torture_runs.COLUMNS),
    "disk": Command("disks that are full", torture_runs.add_nothing, torture_runs.disk, torture_runs.COLUMNS),
    "divergence": Command(
        "losses that explode", torture_runs.add_nothing, torture_runs.divergence, torture_runs.COLUMNS
    ),
    "long": Command("a run of many steps", torture_runs.add_long, torture_runs.long, torture_runs.COLUMNS),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table, writes JSON if asked to, and returns 1 if anything failed."""
    options = parser().parse_args(argv)
    command = COMMANDS[options.command]
    rows = command.run(options)
    print(measuring.table(command.columns, rows, markdown=False))
    if options.json:
        chosen = {key: str(value) for key, value in vars(options).items()}
        record = {"torture": options.command, **measuring.machine(), "options": chosen, "rows": rows}
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf8")
    return int(any(row["failures"] for row in rows))


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(description="What the program must survive, many times over.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.summary)
        one.add_argument("--json", type=Path, metavar="FILE", help="write all that was counted")
        command.add_options(one)
    return parser


if __name__ == "__main__":
    sys.exit(main())
