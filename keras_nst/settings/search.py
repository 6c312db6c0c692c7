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
        "Steps at each scale, coarse to fine; the number before ... holds for all between, or else the last for all "
        "further scales.",
    )
    scales: int | None = setting(
        None,
        automatic(integer(1, 32)),
        "Search",
        "How many sizes, growing by the square root of 2; auto: from about 128 pixels, and doubling from about 256; "
        "1: the final size only.",
    )
    max_seconds: float = setting(
        0.0, number(), "Search", "End after this time, from the start of the program to the saved picture; 0: no limit."
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
        "What moves the picture. A step is an evaluation of the network with each; lbfgs has no rate, so that "
        "--learning_rate and --decay... do not apply to it.",
    )
    history: int = setting(10, integer(1, 100), "Search", "lbfgs: how many steps it remembers.")
    average: float | None = setting(
        None,
        automatic(number(0.0, 0.999)),
        "Search",
        "adam and sgd: the result is the average of the last 1 / (1 - this) pictures, with less noise; 0: the last; "
        "auto: 0.8 with balanced, 0 as published.",
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
        "What the learning rate is multiplied by in each --decay_steps.",
    )
    decay_steps: int | None = setting(
        None,
        automatic(integer(1)),
        "Search",
        "Steps per decay, counted anew at each scale; auto: a third of a scale.",
    )
    decay_staircase: bool = setting(False, switch(), "Search", "Decay the learning rate in stairs.")
    beta_1: float = setting(0.9, number(0, 0.999999), "Search", "Adam's memory of gradients.")
    beta_2: float = setting(0.99, number(0, 0.999999), "Search", "Adam's memory of squared gradients.")
    epsilon: float = setting(1e-8, number(above=True), "Search", "Adam's epsilon, added to the root of its moment.")
    max_step: float = setting(
        0.01,
        number(above=True),
        "Search",
        "sgd: no step moves the pixels by more than this, root mean square, at the first learning rate.",
    )
    init: str = setting(
        "auto",
        text("auto|content|noise|style|blend|instant|PATH"),
        "Start",
        "The first picture; blend: the content mixed with noise; instant: as --instant paints it; auto: the content, "
        "or noise where there is none.",
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
