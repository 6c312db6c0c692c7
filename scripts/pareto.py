"""How near to the style at what distance from the content: our losses and optimizers, and the published recipes.

All take equally many evaluations of the network. The distances are keras_nst.core.judging.quality's, not those that are
minimized, so that objectives can be compared.
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import chart
import keras
import measuring
from descents import Pair, evaluations, finished, read_pair, steps_worth
from measuring import Row

from keras_nst.core.judging.quality import LAYERS, Judge
from keras_nst.core.network.features import extractor
from keras_nst.core.network.resizing import resize
from keras_nst.core.plan.pyramid import Size, final_size
from keras_nst.run import request
from keras_nst.session import machine
from keras_nst.session.session import load_features, scales_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import read_setting
from keras_nst.system.devices import Device

STYLES = ("w2", "gram")  # figures, each with a chart


class Run(NamedTuple):
    """One picture to be made."""

    group: str  # those of one line in the chart
    strength: float | None
    config: Config


def measure(base: Config, weights: Path | None, device: Device, options: argparse.Namespace) -> list[Row]:
    """Returns a row of each picture."""
    pair = read_pair(options.content, options.style)
    size = final_size(options.size, pair.size)
    pair = pair._replace(content=resize(pair.content, size).numpy())
    judge = Judge(pair.content, pair.style, extractor("vgg19", LAYERS, weights=weights or 0))
    load = networks(weights)
    rows = []
    for run in runs(base, size, options):
        config = machine.resolve(run.config, size, device, lambda line: None)
        rows.append(row_of(run._replace(config=config), pair, size, judge, load(config)))
        measuring.tell(f"{run.group}, strength {run.strength}: {rows[-1]['seconds']:.0f} s")
    return rows


def networks(weights: Path | None) -> Callable[[Config], keras.Model]:
    """Returns what loads the network that the settings ask for, each of them once."""
    loaded: dict[tuple, keras.Model] = {}

    def load(config: Config) -> keras.Model:
        key = (config.content_layers, config.style_layers, config.pooling, config.padding, config.precision)
        if key not in loaded:
            loaded[key] = load_features(config, weights)
        return loaded[key]

    return load


def runs(base: Config, size: Size, options: argparse.Namespace) -> Iterator[Run]:
    """Returns ours by style loss, optimizer and strength, then the recipes."""
    for written in options.style_losses.split(","):
        for optimizer in options.optimizers.split(","):
            for strength in map(float, options.strengths.split(",")):
                own = {"style_loss": read_setting(Config, "style_loss", written), "optimizer": optimizer}
                config = dataclasses.replace(base, **own, style_strength=strength)
                yield Run(f"{written}, {optimizer}", strength, at_equal_cost(config, size, options.evaluations))
    for name in filter(None, options.recipes.split(",")):
        config = request.parse([f"--flagfile=configs/{name}.cfg"])
        given = {"weights": base.weights, "device": base.device}
        config = dataclasses.replace(config, **given)
        yield Run(f"{name}.cfg", None, at_equal_cost(config, size, options.evaluations))


def at_equal_cost(config: Config, size: Size, count: float) -> Config:
    """Returns the settings with steps that make so many evaluations."""
    return dataclasses.replace(config, steps=steps_worth(count, size, config))


def row_of(run: Run, pair: Pair, size: Size, judge: Judge, features: keras.Model) -> Row:
    """Makes the picture and returns how good it is."""
    made = []
    pictures = pair.pictures()
    seconds = measuring.seconds(lambda: made.append(finished(pictures, size, run.config, features)))
    scales = scales_of(run.config, size)
    return {
        "group": run.group,
        "strength": run.strength,
        "evaluations": evaluations(scales, made[0].steps),
        "seconds": seconds,
        "diverged": made[0].diverged,
        **judge(made[0].picture)._asdict(),
    }


def draw(file: Path, rows: list[Row]) -> None:
    """Draws a chart of each figure of the style, beside `file`."""
    for figure in STYLES:
        groups: dict[str, list[tuple[float, float]]] = {}
        for row in rows:
            groups.setdefault(row["group"], []).append((row["content"], row[figure]))
        lines = [chart.Line(group, points, dots=True) for group, points in groups.items()]
        title = f"distance to the style, {figure}"
        chart.draw(file.with_stem(f"{file.stem}-{figure}"), lines, "distance to the content", title, logarithmic=False)


COLUMNS: measuring.Columns = {
    "objective": lambda row: row["group"],
    "strength": lambda row: "-" if row["strength"] is None else f"{row['strength']:g}",
    "content": lambda row: f"{row['content']:.3f}",
    "w2": lambda row: f"{row['w2']:.3f}",
    "gram": lambda row: f"{row['gram']:.3f}",
    "color": lambda row: f"{row['color']:.3f}",
    "sharpness": lambda row: f"{row['sharpness']:.2f}",
    "evaluations": lambda row: f"{row['evaluations']:.0f}{', diverged' if row['diverged'] else ''}",
    "seconds": lambda row: f"{row['seconds']:.1f}",
}
