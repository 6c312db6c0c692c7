"""Time one optimization step: our evaluators, PyTorch with the same objective, and the Keras example.

    python scripts/benchmark_step.py --json=step.json

All take their turns, one after the other, round by round; PyTorch in a process of its own, since the libraries beneath
the two frameworks do not always get on in one. See docs/studies/speed.md for what the columns mean.
"""

import argparse
import contextlib
import dataclasses
import importlib.util
import itertools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import measuring
from measuring import Row, Spread
from problem import PLAIN, Problem, Take
from workers import Partner

from keras_nst.core.plan.pyramid import Size
from keras_nst.session import machine
from keras_nst.session.planner import predicted_bytes
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config, Resolved
from keras_nst.system.devices import Device
from keras_nst.system.memory import free_memory

if TYPE_CHECKING:
    import keras

# What the variants of our step differ in, and the values by default; each is an option of the benchmark.
DIMENSIONS = {
    "evaluator": "whole,256,512",  # a number: tiles of this size
    "precision": "auto",  # float32, and bfloat16 where the machine has it
    "xla": "off,on",
    "convolution": "direct,winograd",  # the latter in float32, without XLA around it
}
BESIDE = ("product", "pytorch", "example")
PRODUCT = "matrix product"
LAYOUTS = (False, True)  # PyTorch's: whether channels are last
SAME = {"float32": 1e-4, "bfloat16": 0.05}  # how far losses of the same picture may be apart, relatively


class Case(NamedTuple):
    """Something to be timed."""

    name: str
    precision: str
    flop: float  # of one step: what the objective needs, however often it is computed
    take: Take
    objective: str  # those of the same objective begin with the same loss


class Variant(NamedTuple):
    """One way to take our step."""

    name: str
    config: Resolved
    features: "keras.Model"


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the table."""
    options = parser().parse_args(argv)
    sizes = measuring.sizes(options.sizes)
    base = Config(weights=options.weights, device=options.device, **PLAIN)
    weights, device = machine.find_weights(base), machine.start(base)
    import tensorflow as tf

    rows: list[Row] = []
    with tf.device(device.name):
        variants = our_variants(options, base, device, weights)
        example = None
        if "example" in options.beside:
            from keras_example import LAYERS

            config = LAYERS.resolved(weights=base.weights, device=device.kind)
            example = Variant("Keras example", config, load_features(config, weights))
        for size in sizes:
            with contextlib.ExitStack() as processes:
                rows += measure(size, list(cases(size, variants, example, options, processes)), options)
    measuring.publish("step", COLUMNS, rows, options)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.options("Time one optimization step.", "256,512,1024,600x400", rounds=5)
    for name, default in DIMENSIONS.items():
        parser.add_argument(f"--{name}", default=default, help="values, ... [%(default)s]")
    parser.add_argument("--beside", type=beside, default=BESIDE, help=f"some of {','.join(BESIDE)} [all]")
    parser.add_argument("--device", default="auto", help="auto, cpu or gpu; PyTorch runs on the CPU [%(default)s]")
    parser.add_argument("--turn_seconds", type=float, default=2.0, help="about how long a turn lasts [%(default)s]")
    parser.add_argument("--product", type=int, default=4000, help="rows of the matrix product [%(default)s]")
    return parser


def beside(written: str) -> list[str]:
    """Reads --beside."""
    chosen = written.split(",") if written else []
    if unknown := set(chosen) - set(BESIDE):
        raise argparse.ArgumentTypeError(f"Expected some of {','.join(BESIDE)}. Received: {','.join(sorted(unknown))}")
    return chosen


# --- What is timed ---


def our_variants(options: argparse.Namespace, base: Config, device: Device, weights: Path | None) -> list[Variant]:
    """Returns the product of the dimensions."""
    values = {name: getattr(options, name).split(",") for name in DIMENSIONS}
    if values["precision"] == ["auto"]:
        values["precision"] = precisions(device)
    networks: dict[Config, keras.Model] = {}
    variants = []
    for chosen in itertools.product(*values.values()):
        named = dict(zip(values, chosen, strict=True))
        if named["convolution"] == "winograd" and (named["precision"], named["xla"]) != ("float32", "off"):
            continue
        given: dict[str, Any] = {}
        for name, value in named.items():
            given |= measuring.settings(name, value)
        config = machine.on_device(dataclasses.replace(base, **given), device).resolved()
        alike = config.resolved(evaluator="whole", tile_size=None, xla="off", convolution="auto")  # for the network
        if alike not in networks:
            networks[alike] = load_features(config, weights)
        variants.append(Variant(variant_name(named), config, networks[alike]))
    return variants


def precisions(device: Device) -> list[str]:
    """Returns the precisions that the device has."""
    return ["float32", "bfloat16"] if device.bfloat16 else ["float32"]


def variant_name(chosen: dict[str, str]) -> str:
    """Returns a variant as the table names it; its precision has a column of its own."""
    evaluator = chosen["evaluator"]
    names = [f"tiles of {evaluator}" if evaluator.isdigit() else evaluator]
    return ", ".join(names + [f"{name} {chosen[name]}" for name in chosen if name not in ("evaluator", "precision")])


def cases(
    size: Size,
    variants: list[Variant],
    example: Variant | None,
    options: argparse.Namespace,
    processes: contextlib.ExitStack,
) -> Iterator[Case]:
    """Yields all that is to be timed at this size; other processes end with `processes`."""
    import steps

    used = list(dict.fromkeys(variant.config.precision for variant in variants))
    if "product" in options.beside:
        for precision in used:
            yield Case(PRODUCT, precision, 2.0 * options.product**3, steps.product(options.product, precision), "none")
    shown = steps.pictures(size)
    for variant in variants:
        if can_be_seen(size, variant):
            flop = measuring.flop_per_step(size, variant.config)
            take = steps.our_steps(shown, size, variant.config, variant.features)
            yield Case(variant.name, variant.config.precision, flop, take, "ours")
    if "pytorch" in options.beside and importlib.util.find_spec("torch"):
        config = variants[0].config
        problem = steps.problem(shown, config, variants[0].features)
        partner = processes.enter_context(Partner(pytorch_answers, problem, used))
        yield from pytorch_cases(partner, used, measuring.flop_per_step(size, config))
    if example and fits(example.name, size, example.config, pictures=3):
        from keras_example import KerasExample

        flop = measuring.flop_per_step(size, example.config)
        made = KerasExample(shown.content.numpy(), shown.styles[0].picture.numpy(), steps.kernels(example.features))
        yield Case(example.name, "float32", flop, made.take, "example")


def can_be_seen(size: Size, variant: Variant) -> bool:
    """Returns whether the picture is large enough for several tiles, if so asked, and not too large for memory."""
    from keras_nst.core.plan.tiling import tiles
    from keras_nst.core.seeing.tiles import USUAL_TILE

    config, layers = variant.config, list(variant.features.output)
    one = len(tiles(size, config.tile_size or USUAL_TILE, config.network, layers)) == 1
    if config.evaluator == "tiles" and one:
        return False
    return fits(variant.name, size, config)


def fits(name: str, size: Size, config: Config, pictures: int = 1) -> bool:
    """Returns whether so many pictures at once fit into memory."""
    tile_size = config.tile_size if config.evaluator == "tiles" else None
    if config.device == "cpu" and pictures * predicted_bytes(size, config, tile_size) > free_memory():
        measuring.tell(f"Left out, for want of memory: {name} at {size}")
        return False
    return True


def pytorch_cases(partner: Partner, precisions: list[str], flop: float) -> Iterator[Case]:
    """Yields the same objective in PyTorch, in both layouts."""

    def of(which: tuple[str, bool]) -> Take:
        return lambda count: partner.ask((which, count))

    for precision, channels_last in itertools.product(precisions, LAYOUTS):
        name = f"PyTorch, channels {'last' if channels_last else 'first'}"
        yield Case(name, precision, flop, of((precision, channels_last)), "ours")


def pytorch_answers(problem: Problem, precisions: list[str]) -> Callable[[tuple[tuple[str, bool], int]], float]:
    """Returns what takes PyTorch's steps, so many of one kind, in the process that is PyTorch's."""
    # Threads that wait by spinning, OpenMP's default, cost PyTorch several times its time where the cores are not idle.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from pytorch_steps import pytorch_steps

    takes = {which: pytorch_steps(problem, *which) for which in itertools.product(precisions, LAYOUTS)}
    return lambda question: takes[question[0]](question[1])


# --- How it is timed ---


def measure(size: Size, timed: list[Case], options: argparse.Namespace) -> list[Row]:
    """Returns the rows of one size."""
    first = [case.take(1) for case in timed]  # traced and compiled here
    check_same(timed, first)
    counts = [measuring.steps_of_a_turn(case.take, options.turn_seconds) for case in timed]

    def turn(case: Case, count: int) -> Callable[[], float]:
        return lambda: measuring.seconds(lambda: case.take(count)) / count

    runs = {
        f"{size}, {case.name}, {case.precision}": turn(case, count) for case, count in zip(timed, counts, strict=True)
    }
    times = measuring.in_turns(runs, options.rounds).values()
    rows = [
        {
            "size": str(size),
            "variant": case.name,
            "precision": case.precision,
            "first_loss": loss,
            "flop": case.flop,
            "seconds": seconds,
        }
        for case, loss, seconds in zip(timed, first, times, strict=True)
    ]
    return compared(rows)


def check_same(timed: list[Case], losses: list[float]) -> None:
    """Refuses to time what does not compute the same: the loss of the first picture, to 1e-4 in float32.

    Raises:
        ValueError: two losses differ.
    """
    same = [(case, loss) for case, loss in zip(timed, losses, strict=True) if case.objective == "ours"]
    for case, loss in same:
        expected = same[0][1]
        if not math.isclose(loss, expected, rel_tol=SAME[case.precision]):
            raise ValueError(f"Expected the loss of {same[0][0].name}, {expected}. Received: {loss} of {case.name}")


def compared(rows: list[Row]) -> list[Row]:
    """Returns the rows of one size with their medians, and with what these are beside the limit and PyTorch."""
    for row in rows:
        row["median"] = measuring.spread(row["seconds"]).median
        row["ps_per_flop"] = row["median"] / row["flop"] * 1e12
    limits = {row["precision"]: row["ps_per_flop"] for row in rows if row["variant"] == PRODUCT}
    theirs = [row["median"] for row in rows if row["variant"].startswith("PyTorch") and row["precision"] == "float32"]
    for row in rows:
        limit = limits.get(row["precision"])
        row["of_limit"] = limit and limit / row["ps_per_flop"]
        row["to_pytorch"] = row["median"] / min(theirs) if theirs and row["variant"] != PRODUCT else None
    return rows


def shown_milliseconds(row: Row) -> str:
    """Returns the median and the quartiles."""
    return Spread(*(1e3 * value for value in measuring.spread(row["seconds"]))).shown(1)


COLUMNS: measuring.Columns = {
    "size": lambda row: row["size"],
    "variant": lambda row: row["variant"],
    "precision": lambda row: row["precision"],
    "ms a step": shown_milliseconds,
    "ps/FLOP": lambda row: f"{row['ps_per_flop']:.2f}",
    "of limit": lambda row: measuring.shown_ratio(row["of_limit"]),
    "to PyTorch float32": lambda row: measuring.shown_ratio(row["to_pytorch"]),
}


if __name__ == "__main__":
    main()
