"""The network, and what was measured and compiled with it that the next picture may use again."""

import functools
from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf

from keras_nst.core import winograd
from keras_nst.core.crew import ALONE, Crew
from keras_nst.core.kept import Kept
from keras_nst.core.method import Method, Seeing
from keras_nst.core.pyramid import Scale, Size, repays_compilation

# `Pictures` of core/sight.py, size, method -> pictures (n, h, w, 3).
AtOnce = Callable[[Any, Size, Method], tf.Tensor]


class Network:
    """A network that gives features, and what is kept for the next picture: the styles' aims, the compiled steps.

    Args:
        features: from pictures to {layer: features}.
        keep: the bytes that may be kept; 0: nothing.
        crew: who shares the tiles of large pictures.
        at_once: paints pictures without any steps, where that was asked for.
    """

    def __init__(self, features: keras.Model, keep: float = 0.0, crew: Crew = ALONE, at_once: AtOnce | None = None):
        self.features, self.crew, self.at_once = features, crew, at_once
        self.styles: Kept[Any] = Kept(keep / 4, bytes_of)
        self.stages: Kept[Any] = Kept(3 * keep / 4, lambda stage: bytes_of(stage.variables))

    @functools.cached_property
    def faster(self) -> keras.Model:
        """The same network with fewer multiplications."""
        return winograd.faster(self.features)

    def that_takes_steps(self, scale: Scale, seeing: Seeing) -> keras.Model:
        """Returns the network for the steps of a scale: the same, but for how it convolves."""
        repays = seeing.convolution == "auto" and repays_compilation(scale.size, scale.steps)
        return self.faster if repays or seeing.convolution == "winograd" else self.features


def bytes_of(structure: Any) -> float:
    """Returns the bytes of all tensors and variables in a structure."""
    leaves: Iterable[Any] = tf.nest.flatten(structure)
    return float(sum(leaf.shape.num_elements() * leaf.dtype.size for leaf in leaves))
