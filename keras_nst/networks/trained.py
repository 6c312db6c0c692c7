"""A trained network at work: any photograph in its styles, in one pass."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_nst.networks.model import Card, read_weights
from keras_nst.networks.painter import SHRUNK, Parts, joined, parts, policy
from keras_nst.networks.strips import mirrored, paint

MOST = 2_000_000  # pixels painted at once; larger photographs strip by strip


class Trained:
    """Paints photographs.

    Args:
        parts: the network by its layers.
        network: the same in one.
        precision: what its convolutions compute in.
    """

    def __init__(self, parts: Parts, network: keras.Model, precision: str):
        self.parts, self.network = parts, network
        self.kept = np.dtype(np.float16 if precision == "float32" else tf.as_dtype(precision).as_numpy_dtype)
        self.program = tf.function(lambda photograph, shares: network([photograph, shares]), reduce_retracing=True)

    def __call__(self, pixels: np.ndarray, shares: Sequence[float]) -> np.ndarray:
        """Returns the picture (h, w, 3) of a photograph of the same size, with these shares of the styles."""
        mixture = tf.constant([shares], tf.float32)
        if pixels.shape[0] * pixels.shape[1] > MOST:
            made = paint(self.parts, pixels, mixture, self.kept)
        else:
            made = self._whole(pixels, mixture)
        return np.clip(made, 0.0, 1.0, out=made)

    def _whole(self, pixels: np.ndarray, shares: tf.Tensor) -> np.ndarray:
        height, width = pixels.shape[:2]
        down, across = (mirrored(range(side + -side % SHRUNK), side) for side in (height, width))
        made = self.program(tf.constant(pixels[down][:, across][None]), shares)
        return np.array(made[0, :height, :width])


def load(folder: Path, card: Card, precision: str) -> Trained:
    """Returns the network of a model's folder.

    Raises:
        InputError: its weights are not those of such a network.
    """
    layers = parts(card.shape, policy(precision))
    network = joined(layers, card.shape, policy(precision))
    arrays = read_weights(folder, card, [tuple(weight.shape) for weight in network.weights])
    for weight, array in zip(network.weights, arrays, strict=True):
        weight.assign(array)
    return Trained(layers, network, precision)
