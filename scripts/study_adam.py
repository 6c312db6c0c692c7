"""Which settings get the most from Adam? A coordinate search at equal numbers of evaluations.

    python scripts/study_adam.py --json=adam.json
    python scripts/study_adam.py --pair a.jpg b.jpg --pair c.jpg d.jpg --minutes=10

One setting after the other takes each value of its grid, the others as found best so far, beginning with the defaults.
Its score is the loss of the finished picture, evaluated in float32, divided by that of the defaults: the mean over the
pairs. Sharing the steps out otherwise changes how many a scale has, not the evaluations in all.
"""

import argparse
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import measuring
import numpy as np
from measuring import Row

from keras_nst.core.plan.pyramid import final_size
from keras_nst.session import machine
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config

if TYPE_CHECKING:
    import keras
    from descents import Loss, Pair

# Steps at each scale, to be multiplied until they cost the same; the last number holds for all further scales.
SHARES = {
    "default": Config().steps,
    "equal": (1,),
    "coarse": (240, 80, 30, 25, 20),
    "fine": (60, 80, 80, 80, 80),
}
GRID: dict[str, tuple[Any, ...]] = {
    "learning_rate": (0.02, 0.04, 0.06, 0.09),
    "decay_rate": (0.6, 0.8, 1.0),
    "beta_1": (0.7, 0.8, 0.95),
    "beta_2": (0.95, 0.999),
    "shares": ("equal", "coarse", "fine"),
    "epsilon": (1e-5,),
}
CLEAR = 0.98  # a score below this is worth another default

Values = dict[str, Any]
Score = Callable[[Values], list[float]]  # settings -> losses, by pair


class Case(NamedTuple):
    """A pair, and how its pictures are judged."""

    pair: "Pair"
    loss: "Loss"


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the score of each setting, and the best."""
    options = parser().parse_args(argv)
    base = Config(weights=options.weights, device=options.device)
    weights, device = machine.find_weights(base), machine.start(base)
    import tensorflow as tf

    with tf.device(device.name):
        config = machine.on_device(base.completed(), device).resolved(evaluator="whole")
        exact = config.resolved(precision="float32")
        features = {each.precision: load_features(each, weights) for each in (config, exact)}
        cases = [case(*pair, exact, features["float32"], options) for pair in [SAMPLES, *options.pair]]
        score = scorer(cases, config, features[config.precision], options.evaluations)
        rows = search(score, defaults(config), chosen_grid(options.only), 60 * options.minutes)
    measuring.publish("adam", COLUMNS, rows, options)
    print(f"\n{verdict(rows)}")


SAMPLES = ("sample:harbor", "sample:night")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.common_options("The settings that get the most from Adam.")
    add = parser.add_argument
    add("--pair", nargs=2, action="append", default=[], metavar=("CONTENT", "STYLE"), help="beside the samples")
    add("--device", default="auto", help="auto, cpu or gpu [%(default)s]")
    add("--size", type=int, default=160, help="the longer side [%(default)s]")
    add("--evaluations", type=float, default=80, help="of each run [%(default)s]")
    add("--only", default=",".join(GRID), help="the settings to try, in order [%(default)s]")
    add("--minutes", type=float, default=float("inf"), help="begin no further value after these [no limit]")
    return parser


def case(content: str, style: str, exact: Config, features: "keras.Model", options: argparse.Namespace) -> Case:
    """Reads a pair, of which the content is resized."""
    from descents import loss_of, read_pair

    from keras_nst.core.network.resizing import resize

    pair = read_pair(content, style)
    pair = pair._replace(content=resize(pair.content, final_size(options.size, pair.size)).numpy())
    return Case(pair, loss_of(pair.pictures(), pair.size, exact, features))


def chosen_grid(only: str) -> dict[str, tuple[Any, ...]]:
    """Returns the part of the grid that --only names."""
    return {name: GRID[name] for name in only.split(",")}


def defaults(config: Config) -> Values:
    """Returns the values that the search starts from."""
    return {name: getattr(config, name, "default") for name in GRID}


def scorer(cases: list[Case], config: Config, features: "keras.Model", count: float) -> Score:
    """Returns what makes the pictures that settings lead to, and judges them."""
    from descents import finished, steps_worth

    def score(values: Values) -> list[float]:
        given = {name: value for name, value in values.items() if name != "shares"}
        own = dataclasses.replace(config, **given, steps=SHARES[values["shares"]])
        results = []
        for pair, loss in cases:
            equal = own.resolved(steps=steps_worth(count, pair.size, own))
            results.append(float(loss(finished(pair.pictures(), pair.size, equal, features).picture)))
        return results

    return score


def search(score: Score, start: Values, grid: dict[str, tuple[Any, ...]], seconds: float) -> list[Row]:
    """Returns a row of the defaults and one of each value that was tried."""
    until = time.monotonic() + seconds
    reference = score(start)
    rows, best = [row_of("defaults", None, start, reference, reference)], start
    least = rows[0]["score"]
    for name, values in grid.items():
        others = best
        for value in (value for value in values if value != others[name]):
            if time.monotonic() > until:
                measuring.tell("The time is over: the rest of the grid is left out.")
                return rows
            tried = others | {name: value}
            rows.append(row_of(name, value, tried, score(tried), reference))
            measuring.tell(f"{name} {value}: {rows[-1]['score']:.4f}")
            if rows[-1]["score"] < least:
                best, least = tried, rows[-1]["score"]
    return rows


def row_of(name: str, value: Any, values: Values, losses: list[float], reference: list[float]) -> Row:
    """Returns a row with the score: the mean of the losses' ratios to the defaults', or infinity."""
    ratios = [own / other for own, other in zip(losses, reference, strict=True)]
    mean = float(np.mean(ratios))
    score = mean if np.isfinite(mean) else float("inf")
    return {"name": name, "value": value, "values": values, "losses": losses, "ratios": ratios, "score": score}


def verdict(rows: list[Row]) -> str:
    """Returns the best settings in a line."""
    best = min(rows, key=lambda row: row["score"])
    changed = [f"{name} {value}" for name, value in best["values"].items() if value != rows[0]["values"][name]]
    if not changed:
        return "Nothing tried is better than the defaults."
    worth = "more" if best["score"] < CLEAR else "not more"
    return f"Best: {', '.join(changed)}: {best['score']:.4f} of the defaults' loss, {worth} than 2 % better."


COLUMNS: measuring.Columns = {
    "setting": lambda row: row["name"],
    "value": lambda row: "" if row["value"] is None else f"{row['value']}",
    "loss by pair": lambda row: ", ".join(f"{loss:.4f}" for loss in row["losses"]),
    "of the defaults": lambda row: ", ".join(f"{ratio:.3f}" for ratio in row["ratios"]),
    "score": lambda row: f"{row['score']:.4f}",
}


if __name__ == "__main__":
    main()
