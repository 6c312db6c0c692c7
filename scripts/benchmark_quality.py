"""What it costs to be as good as the Keras example: evaluations of the network and seconds until its own final loss.

    python scripts/benchmark_quality.py --rows=128 --curve=example.json --json=quality.json --chart=quality.png
    python scripts/benchmark_quality.py --rows=128 --content=a.jpg --style=b.jpg --target=1423
    python scripts/benchmark_quality.py --pareto --json=pareto.json --chart=pareto.png

See docs/studies/speed.md for what is compared and what the columns mean.
"""

import argparse
import dataclasses
import functools
import json
import math
import statistics
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import chart
import measuring
from measuring import Row
from weighing import Point, least, passing, share, shown_count, shown_share

from keras_nst.session import machine
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer
from keras_nst.settings.recipes import LEARNING_RATES, OPTIMIZERS, STYLE_LAYERS
from keras_nst.settings.values import STYLE_LOSSES
from keras_nst.system.devices import Device

if TYPE_CHECKING:
    import keras
    from descents import Loss, Pair
    from keras_example import KerasExample, Shortcut

PICTURES = 3  # that the example sends through the network in every step
JUDGED = 100  # steps of the example from one point of its curve to the next


class Way(NamedTuple):
    """One of ours."""

    name: str
    config: Config
    features: "keras.Model"


class Goal(NamedTuple):
    """What the example comes to."""

    loss: float
    evaluations: float
    points: list[Point]  # of its curve, where it is known


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the table."""
    options = parser().parse_args(argv)
    base = Config(weights=options.weights, device=options.device)
    weights, device = machine.find_weights(base), machine.start(base)
    import tensorflow as tf

    with tf.device(device.name):
        if options.pareto:
            import pareto

            rows = pareto.measure(base, weights, device, options)
            measuring.publish("quality", pareto.COLUMNS, rows, options)
            if options.chart:
                pareto.draw(options.chart, rows)
            return
        rows = measure(objective(base), weights, device, options)
    measuring.publish("quality", COLUMNS, rows, options)
    if options.chart:
        lines = [chart.Line(row["name"], [(point[0], point[2]) for point in row["points"]]) for row in rows]
        chart.draw(options.chart, lines, "evaluations", "least loss so far")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.common_options("Evaluations and seconds until the Keras example's own final loss.")
    add = parser.add_argument
    add("--content", default="sample:harbor", help="as of the program [%(default)s]")
    add("--style", default="sample:night", help="as of the program [%(default)s]")
    add("--chart", type=Path, metavar="FILE.png", help="draw the curves")
    add("--device", default="auto", help="auto, cpu or gpu [%(default)s]")
    add("--rows", type=int, default=128, help="of both pictures; the example's own are 400 [%(default)s]")
    add("--resize", choices=("nearest", "smooth"), default="nearest", help="the example's way, or ours [%(default)s]")
    add("--ways", type=ways, default="adam,lbfgs,lbfgs+pyramid", help="optimizers, +pyramid or not [%(default)s]")
    add("--precision", default="auto", help="float32,bfloat16 or one of them [what the device has]")
    add("--steps", type=int, default=400, help="at most, at the final size [%(default)s]")
    add("--coarse_steps", type=int, default=30, help="of +pyramid, at each smaller size [%(default)s]")
    add("--scales", type=int, default=3, help="sizes of +pyramid [%(default)s]")
    add("--rounds", type=int, default=1, help="runs of each way, which differ in time only [%(default)s]")
    add("--example_steps", type=int, default=4000, help="[%(default)s]")
    add("--turn_seconds", type=float, default=5.0, help="about how long the example is timed [%(default)s]")
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument("--curve", type=Path, metavar="FILE", help="the example's, read or else measured and written")
    goal.add_argument("--target", type=float, metavar="LOSS", help="in place of the example's curve")
    add("--pareto", action="store_true", help="style against content instead")
    add("--size", type=int, default=192, help="pareto: the longer side [%(default)s]")
    add("--evaluations", type=int, default=100, help="pareto: of each run [%(default)s]")
    add("--strengths", default="0.2,0.35,0.5,0.65,0.8", help="pareto [%(default)s]")
    add("--style_losses", default="gram,w2", help=f"pareto: some of {','.join(STYLE_LOSSES)} [%(default)s]")
    add("--optimizers", default="adam,lbfgs", help="pareto [%(default)s]")
    add("--recipes", default="keras_example,tf_tutorial,gatys,d2l", help="pareto: of configs/ [%(default)s]")
    return parser


def ways(written: str) -> list[str]:
    """Reads --ways."""
    known = [name + pyramid for name in OPTIMIZERS for pyramid in ("", "+pyramid")]
    chosen = written.split(",")
    if unknown := set(chosen) - set(known):
        raise argparse.ArgumentTypeError(f"Expected some of {','.join(known)}. Received: {','.join(sorted(unknown))}")
    return chosen


def objective(base: Config) -> Config:
    """Returns the settings with the example's objective."""
    layers = {"content_layers": (Layer("block5_conv2"),), "style_layers": STYLE_LAYERS}
    return Config(normalization="keras", weights=base.weights, device=base.device, **layers)


# --- What is compared ---


def measure(config: Config, weights: Path | None, device: Device, options: argparse.Namespace) -> list[Row]:
    """Returns a row of the example and one of each way."""
    from descents import as_the_example, course, loss_of, quick_evaluator, read_pair
    from keras_example import KerasExample, Shortcut
    from steps import kernels

    pair = as_the_example(read_pair(options.content, options.style), options.rows, options.resize)
    pictures = pair.pictures()
    features = {
        precision: load_features(config.resolved(precision=precision), weights)
        for precision in {"float32", *precisions(options.precision, device)}
    }
    judging = config.resolved(precision="float32", evaluator="whole")
    loss = loss_of(pictures, pair.size, judging, features["float32"])
    example = KerasExample(pair.content, pair.style, kernels(features["float32"]))
    own = machine.on_device(dataclasses.replace(config, precision="float32"), device)
    course_of_example = own.resolved(evaluator="whole", scales=1, steps=(options.example_steps,))
    quick = quick_evaluator(pictures, pair.size, course_of_example, features["float32"])
    goal = find_goal(Shortcut(pair.content, quick), pair, loss, options)

    def run(way: Way) -> list[Point]:
        return least(course(pictures, pair.size, way.config, way.features, loss, goal.loss).points)

    timed = example_steps(example, options.turn_seconds)
    runs: dict[str, Callable[[], Any]] = {}
    ours = our_ways(config, pair, features, device, options)
    for way in ours:  # the example takes its turn beside each of them
        runs |= {f"Keras example beside {way.name}": timed, way.name: functools.partial(run, way)}
    results = measuring.in_turns(runs, options.rounds)
    steps = [turn for way in ours for turn in results[f"Keras example beside {way.name}"]]
    rows = [example_row(goal, steps, options)]
    return rows + [row_of(way, results[way.name], rows[0]) for way in ours]


def precisions(written: str, device: Device) -> list[str]:
    """Reads --precision."""
    if written != "auto":
        return written.split(",")
    return ["float32", "bfloat16"] if device.bfloat16 else ["float32"]


def our_ways(
    config: Config, pair: "Pair", features: dict[str, "keras.Model"], device: Device, options: argparse.Namespace
) -> list[Way]:
    """Returns the ways in each precision."""
    result = []
    for name in options.ways:
        optimizer, _, pyramid = name.partition("+")
        coarse = (options.coarse_steps,) * (options.scales - 1) if pyramid else ()
        for precision in precisions(options.precision, device):
            search = {"optimizer": optimizer, "scales": 1 + len(coarse), "steps": (*coarse, options.steps)}
            own = dataclasses.replace(config, precision=precision, learning_rate=rate(optimizer), **search)
            own = machine.resolve(own, pair.size, device, measuring.tell)
            result.append(Way(f"{name}, {precision}", own, features[precision]))
    return result


def rate(optimizer: str) -> float | None:
    """Returns the optimizer's own rate; of SGD the example's, for pixels in [0, 1] in place of 0 to 255."""
    return LEARNING_RATES["sgd"] / 255**2 if optimizer == "sgd" else LEARNING_RATES.get(optimizer)


# --- The example ---


def find_goal(example: "Shortcut", pair: "Pair", loss: "Loss", options: argparse.Namespace) -> Goal:
    """Returns the loss to reach, from the flag, from the stored curve, or from running the example.

    Raises:
        ValueError: the stored curve is of other pictures; the example ends without a number.
    """
    spent = PICTURES * options.example_steps
    if options.target is not None:
        return Goal(options.target, spent, [])
    key = {"size": str(pair.size), "pictures": zlib.crc32(pair.style, zlib.crc32(pair.content))}
    if options.curve and options.curve.exists():
        stored = json.loads(options.curve.read_text(encoding="utf8"))
        if {name: stored[name] for name in key} != key:
            raise ValueError(f"Expected a curve of {key}. Received: {options.curve}, of {stored['size']}")
        points = [Point(*point) for point in stored["points"]]
    else:
        points = example_curve(example, loss, options.example_steps)
        if options.curve:
            options.curve.write_text(json.dumps(key | {"points": points}) + "\n", encoding="utf8")
    if not math.isfinite(points[-1].loss):
        raise ValueError(
            "Expected an example whose loss stays a number. Received: none; give a --target or more --rows"
        )
    return Goal(points[-1].loss, points[-1].evaluations, points)


def example_curve(example: "Shortcut", loss: "Loss", steps: int) -> list[Point]:
    """Runs the example; the losses are those of its pictures within [0, 1], as they would be saved."""
    points, taken, seconds = [], 0, 0.0
    while taken < steps:
        count = min(max(1, taken // 10), JUDGED, steps - taken)
        seconds += measuring.seconds(lambda count=count: example.take(count))
        taken += count
        points.append(Point(PICTURES * taken, seconds, float(loss(example.picture()))))
        measuring.tell(f"The example, step {taken}: {points[-1].loss:.5g}")
    return points


def example_steps(example: "KerasExample", turn_seconds: float) -> Callable[[], float]:
    """Returns what times the example's step."""
    example.take(1)
    count = measuring.steps_of_a_turn(example.take, turn_seconds)
    return lambda: measuring.seconds(lambda: example.take(count)) / count


# --- The table ---


def example_row(goal: Goal, step_seconds: Sequence[float], options: argparse.Namespace) -> Row:
    """Returns the example's row: its seconds are those of its step in this run."""
    steps = goal.evaluations / PICTURES
    row = {
        "name": "Keras example",
        "loss": goal.loss,
        "evaluations": goal.evaluations,
        "seconds": [steps * seconds for seconds in step_seconds],
        "points": least(goal.points or [Point(1, 0, goal.loss), Point(goal.evaluations, 0, goal.loss)]),
    }
    return row | {"median": statistics.median(row["seconds"]), "to_evaluations": 1.0, "to_seconds": 1.0}


def row_of(way: Way, courses: Sequence[Sequence[Point]], example: Row) -> Row:
    """Returns the row of a way from its courses, which differ in time only."""
    found = [point for points in courses if (point := passing(points, example["loss"]))]
    spent = found[0].evaluations if found else None
    seconds = [point.seconds for point in found]
    median = statistics.median(seconds) if seconds else None
    return {
        "name": way.name,
        "loss": courses[0][-1].loss,
        "evaluations": spent,
        "seconds": seconds,
        "median": median,
        "to_evaluations": share(spent, example["evaluations"]),
        "to_seconds": share(median, example["median"]),
        "points": courses[0],
    }


COLUMNS: measuring.Columns = {
    "way": lambda row: row["name"],
    "least loss": lambda row: f"{row['loss']:.5g}",
    "evaluations": lambda row: shown_count(row["evaluations"]),
    "seconds": lambda row: shown_count(row["median"]),
    "of the example's evaluations": lambda row: shown_share(row["to_evaluations"]),
    "of its seconds": lambda row: shown_share(row["to_seconds"]),
}


if __name__ == "__main__":
    main()
