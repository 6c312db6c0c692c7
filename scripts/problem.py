"""What is optimized to be timed, as arrays and settings: without TensorFlow, for processes that have none."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from keras_nst.settings.config import Resolved
from keras_nst.settings.networks import Layer
from keras_nst.settings.recipes import GRAM, STYLE_LAYERS

# What takes steps: so many of them; it waits until they are done and returns the loss before the last one.
Take = Callable[[int], float]
Kernels = dict[str, list[np.ndarray]]  # layer: kernel (3, 3, c, d), bias (d,)

DECAYING = 100  # steps, of which the learning rate decays within a third

# The settings that the other frameworks' code is written for: Gram matrices, equal layers, black beyond the border.
PLAIN: dict[str, Any] = {
    "style_loss": GRAM,
    "style_layers": tuple(Layer(layer.name, 1.0) for layer in STYLE_LAYERS),
    "padding": "zero",
    "average": 0.0,
    "variation": "squared",
    "variation_weight": 0.06,
    "roughness_weight": 0.0,
}


class Constants(NamedTuple):
    """The numbers of our objective that are no settings."""

    means: tuple[float, float, float]  # BGR, of the network's pictures
    faintest: float  # see core/objective/moments.py
    flattest: float  # see core/objective/variation.py


class Problem(NamedTuple):
    """A picture to be optimized; pictures are (1, h, w, 3), RGB in [0, 1]."""

    content: np.ndarray
    style: np.ndarray
    first: np.ndarray
    kernels: Kernels
    config: Resolved
    constants: Constants
