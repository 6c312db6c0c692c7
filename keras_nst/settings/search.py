"""The settings of the optimization: steps, optimizer, first picture."""

import dataclasses
from types import EllipsisType

from keras_nst.settings.declared import SettingError, Settings, setting
from keras_nst.settings.kinds import automatic, choice, integer, number, switch, text
from keras_nst.settings.recipes import LEARNING_RATES, OPTIMIZERS
from keras_nst.settings.values import (
    steps_by_scale,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchSettings(Settings):
    """The settings of the optimization: steps, optimizer, first picture."""

    steps: tuple[int | EllipsisType, ...] = setting(
        (150, 12, ..., 64),
        steps_by_scale(),
        "Search",
        "Steps at each scale, coarse to fine. The number before ... is repeated for all scales in between; "
        "without ..., the last number holds for all further scales.",
    )
    scales: int | None = setting(
        None,
        automatic(integer(1, 32)),
        "Search",
        "The number of sizes, each the square root of 2 times the one before; auto: from about 128 pixels, "
        "doubling from about 256; 1: the final size only.",
    )
    max_seconds: float = setting(
        0.0, number(), "Search", "The time limit, from the start of the program to the saved picture; 0: none."
    )
    settle: float = setting(
        0.0,
        number(0.0, 1.0),
        "Search",
        "End a scale once its averaged loss falls by less than this share in about 15 steps; 0: take all steps.",
    )
    optimizer: str = setting(
        "adam",
        choice(*OPTIMIZERS),
        "Search",
        "The optimizer. With each of them a step is one evaluation of the network. lbfgs has no learning rate: "
        "--learning_rate and --decay... do not apply to it.",
    )
    history: int = setting(10, integer(1, 100), "Search", "lbfgs: the number of steps it remembers.")
    average: float | None = setting(
        None,
        automatic(number(0.0, 0.999)),
        "Search",
        "adam and sgd: the result is the average of about the last 1 / (1 - VALUE) pictures, which has less "
        "noise; 0: the last picture; auto: 0.8 with balanced, 0 as published.",
    )
    learning_rate: float | None = setting(
        None,
        automatic(number(above=True)),
        "Search",
        "The first learning rate, for pixels in [0, 1]; auto: "
        + ", ".join(f"{rate:g} for {name}" for name, rate in LEARNING_RATES.items())
        + ".",
    )
    decay_rate: float = setting(
        0.9,
        number(0, 1, above=True),
        "Search",
        "The factor of the learning rate after every --decay_steps.",
    )
    decay_steps: int | None = setting(
        None,
        automatic(integer(1)),
        "Search",
        "Steps per decay, counted from the start of each scale; auto: a third of a scale's steps.",
    )
    decay_staircase: bool = setting(False, switch(), "Search", "Decay the learning rate in stairs.")
    beta_1: float = setting(0.9, number(0, 0.999999), "Search", "Adam's memory of gradients.")
    beta_2: float = setting(0.99, number(0, 0.999999), "Search", "Adam's memory of squared gradients.")
    epsilon: float = setting(1e-8, number(above=True), "Search", "Adam's epsilon, added to the root of its moment.")
    max_step: float = setting(
        0.01,
        number(above=True),
        "Search",
        "sgd: the largest change of the pixels in a step (root mean square) at the first learning rate.",
    )
    init: str = setting(
        "auto",
        text("auto|content|noise|style|blend|instant|PATH"),
        "Start",
        "The picture that the optimizer starts from. blend: the content mixed with noise. instant: the sketch of "
        "--instant. auto: the content, or noise without content.",
    )
    instant: bool = setting(
        False,
        switch(),
        "Start",
        "Paint a sketch in one pass by a network; replaces --init, --steps and --scales. --style_strength applies, by "
        "default 0.8.",
    )
    noise: float = setting(0.6, number(0, 1), "Start", "The share of noise in --init=blend.")
    seed: int = setting(0, integer(0, 2**31 - 1), "Start", "The seed of noise and of random weights.")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.init:
            raise SettingError("init", "", "Expected auto, content, noise, style, blend, instant or a picture.")
        if not self.steps:
            raise SettingError("steps", "", "Expected at least one number.")
