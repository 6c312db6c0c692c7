"""Time per pixel from small pictures to large ones, each seen as the program would choose: where does that change?

    python scripts/benchmark_scaling.py --memory_limit_gb=8 --json=scaling.json
    python scripts/benchmark_scaling.py --sizes=256,512,1024 --rounds=5

Every turn is a process of its own, so that none finds another's memory in use. On the CPU, where memory decides.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import measuring
from measuring import Row

from keras_nst.core.plan.pyramid import Size
from keras_nst.session import machine
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config
from keras_nst.system.memory import peak_memory_gb

LONG = 60.0  # seconds; where the first step lasts longer, tracing is little beside it, and one step is enough


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the table, or measures one size if told to."""
    options = parser().parse_args(argv)
    if options.only:
        print(json.dumps(measure(measuring.size(options.only), options)))
        return
    runs = {str(size): in_a_process(size, options) for size in measuring.sizes(options.sizes)}
    turns = ([row for row in results if row] for results in measuring.in_turns(runs, options.rounds).values())
    rows = compared([joined(results) for results in turns if results])
    measuring.publish("scaling", COLUMNS, rows, options)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.options("Time per pixel by size.", "256,512,1024,2048,4096,8064x6048", rounds=3)
    parser.add_argument("--memory_limit_gb", type=float, default=0.0, help="as of the program [what is free]")
    parser.add_argument("--evaluator", default="auto", help="auto, whole or a tile size [%(default)s]")
    parser.add_argument("--precision", default="auto", help="as of the program [%(default)s]")
    parser.add_argument("--turn_seconds", type=float, default=5.0, help="about how long is timed [%(default)s]")
    parser.add_argument("--only", help=argparse.SUPPRESS)  # a size, to be measured in this process
    return parser


def in_a_process(size: Size, options: argparse.Namespace) -> Callable[[], Row | None]:
    """Returns what measures one size in a process of its own; None where that fails, or where once is enough."""
    passed = ("weights", "memory_limit_gb", "evaluator", "precision", "turn_seconds")
    arguments = [f"--{name}={getattr(options, name)}" for name in passed]
    enough = False

    def turn() -> Row | None:
        nonlocal enough
        if enough:
            return None
        try:
            row = measuring.answer_of_a_process(__file__, f"--only={measuring.as_flag(size)}", *arguments)
        except RuntimeError as error:
            measuring.tell(f"Left out: {error}")
            enough = True
            return None
        enough = row["seconds"][0] >= LONG
        return row

    return turn


def measure(size: Size, options: argparse.Namespace) -> Row:
    """Returns how this size is seen and how long a step takes."""
    given = measuring.settings("evaluator", options.evaluator) | measuring.settings("precision", options.precision)
    base = Config(weights=options.weights, memory_limit_gb=options.memory_limit_gb, device="cpu", **given)
    weights, device = machine.find_weights(base), machine.start(base)
    config = machine.resolve(base, size, device, measuring.tell)
    seconds = seconds_per_step(size, config, weights, options.turn_seconds)
    return {
        "size": str(size),
        "pixels": size.height * size.width,
        "seen": f"tiles of {config.tile_size}" if config.tile_size else "whole",
        "precision": config.precision,
        "seconds": [seconds],
        "peak_gb": peak_memory_gb(),
    }


def seconds_per_step(size: Size, config: Config, weights: Path | None, turn_seconds: float) -> float:
    """Returns the seconds of a step after the first, or of that one if it is long."""
    import steps

    take = steps.our_steps(steps.pictures(size), size, config, load_features(config, weights))
    first = measuring.seconds(lambda: take(1))
    if first > LONG:
        return first
    count = measuring.steps_of_a_turn(take, turn_seconds)
    return measuring.seconds(lambda: take(count)) / count


def joined(results: list[Row]) -> Row:
    """Returns the turns of one size as one row."""
    row = results[-1] | {"seconds": [seconds for result in results for seconds in result["seconds"]]}
    row["microseconds_per_pixel"] = measuring.spread(row["seconds"]).median / row["pixels"] * 1e6
    return row


def compared(rows: list[Row]) -> list[Row]:
    """Returns the rows with their time per pixel beside the least of those seen alike, and of those seen whole."""
    for row in rows:
        alike = [other for other in rows if other["seen"].split()[0] == row["seen"].split()[0]]
        whole = [other for other in rows if other["seen"] == "whole"]
        row["to_alike"], row["to_whole"] = ratio(row, alike), ratio(row, whole)
    return rows


def ratio(row: Row, others: list[Row]) -> float | None:
    """Returns the row's time per pixel over the least of the others'; None where there are none."""
    least = min((other["microseconds_per_pixel"] for other in others), default=None)
    return least and row["microseconds_per_pixel"] / least


COLUMNS: measuring.Columns = {
    "size": lambda row: row["size"],
    "megapixels": lambda row: f"{row['pixels'] / 1e6:.2f}",
    "seen": lambda row: row["seen"],
    "precision": lambda row: row["precision"],
    "s a step": lambda row: measuring.spread(row["seconds"]).shown(2),
    "us a pixel": lambda row: f"{row['microseconds_per_pixel']:.2f}",
    "to the least seen alike": lambda row: measuring.shown_ratio(row["to_alike"]),
    "to the least seen whole": lambda row: measuring.shown_ratio(row["to_whole"]),
    "peak GB": lambda row: f"{row['peak_gb']:.2f}",
}


if __name__ == "__main__":
    main()
