"""A trained network, ready to paint any photograph in its styles, in one pass."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import keras
import numpy as np
import tensorflow as tf

from keras_nst.networks.model import Card, read_weights
from keras_nst.networks.painter import SHRUNK, Parts, Unit, joined, parts, policy

AT_ONCE = 6_000_000  # values in a strip, about


class Plane(Protocol):
    """Features or a picture whose rows can be computed in parts."""

    height: int
    width: int
    channels: int

    def rows(self, top: int, bottom: int) -> tf.Tensor:
        """Returns a range of rows: (1, bottom - top, w, c)."""


class Photograph:
    """A picture (h, w, 3), mirrored beyond its lower and right borders so that its sides are multiples of SHRUNK."""

    channels = 3

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels
        self.height, self.width = (side + -side % SHRUNK for side in pixels.shape[:2])

    def rows(self, top: int, bottom: int) -> tf.Tensor:
        """Returns a range of rows."""
        down, across = mirrored(range(top, bottom), len(self.pixels)), mirrored(range(self.width), self.pixels.shape[1])
        return tf.constant(self.pixels[down][:, across][None])


class Stored:
    """Features that are stored in memory."""

    def __init__(self, plane: Plane, kind: np.dtype):
        self.height, self.width, self.channels = plane.height, plane.width, plane.channels
        self.values = np.empty((self.height, self.width, self.channels), kind)
        self.exact = tf.float32
        for top, bottom in strips(plane):
            made = plane.rows(top, bottom)
            self.exact, self.values[top:bottom] = made.dtype, made.numpy()[0]

    def rows(self, top: int, bottom: int) -> tf.Tensor:
        """Returns a range of rows."""
        return tf.cast(tf.constant(self.values[top:bottom][None]), self.exact)


class Convolved:
    """The output of a unit's convolution, computed at each request."""

    def __init__(self, source: Plane, unit: Unit):
        self.source, self.layer = Enlarged(source) if unit.enlarge else source, unit.convolve
        (self.stride, _), self.kernel = self.layer.strides, self.layer.kernel_size[0]
        self.height, self.width = self.source.height // self.stride, self.source.width // self.stride
        self.channels = self.layer.filters

    def rows(self, top: int, bottom: int) -> tf.Tensor:
        """Returns a range of rows."""
        first = top * self.stride - self.kernel // 2
        last = (bottom - 1) * self.stride - self.kernel // 2 + self.kernel
        return self.layer.within(framed(self.source, first, last, self.kernel // 2))


class Enlarged:
    """Other features with each position repeated 2 x 2."""

    def __init__(self, source: Plane):
        self.source, self.channels = source, source.channels
        self.height, self.width = 2 * source.height, 2 * source.width

    def rows(self, top: int, bottom: int) -> tf.Tensor:
        """Returns a range of rows."""
        doubled = tf.repeat(tf.repeat(self.source.rows(top // 2, (bottom + 1) // 2), 2, axis=1), 2, axis=2)
        return doubled[:, top % 2 : top % 2 + bottom - top]


class Normalized:
    """A convolution's features, normalized over all rows, with a style's means and deviations."""

    def __init__(self, source: Plane, unit: Unit, shares: tf.Tensor):
        self.source, self.unit, self.shares = source, unit, shares
        self.height, self.width, self.channels = source.height, source.width, source.channels
        self.mean, self.variance = means_and_variances(source)

    def rows(self, top: int, bottom: int) -> tf.Tensor:
        """Returns a range of rows."""
        values = self.unit.style.by(self.source.rows(top, bottom), self.shares, self.mean, self.variance)
        return tf.nn.relu(values) if self.unit.rectify else values


class Added:
    """The sum of two planes."""

    def __init__(self, one: Plane, other: Plane):
        self.one, self.other = one, other
        self.height, self.width, self.channels = one.height, one.width, one.channels

    def rows(self, top: int, bottom: int) -> tf.Tensor:
        """Returns a range of rows."""
        return self.one.rows(top, bottom) + self.other.rows(top, bottom)


def paint(parts: Parts, pixels: np.ndarray, shares: tf.Tensor, kind: np.dtype) -> np.ndarray:
    """Returns the network's picture (h, w, 3) of a photograph of the same size, computed strip by strip.

    Args:
        parts: the network.
        pixels: the photograph.
        shares: of its styles, (1, s).
        kind: the type in which features are stored.
    """
    photograph = Photograph(pixels)
    seen: list[Plane] = [photograph]
    for unit in parts.units:
        made: Plane = Convolved(seen[-1], unit)
        if made.height < photograph.height:
            made = Stored(made, kind)
        made = Normalized(made, unit, shares)
        if unit.resume:
            made = Stored(Added(made, seen[-unit.resume]), kind)
        seen = [*seen[-1:], made]
    picture, radius = np.empty_like(pixels), parts.change.kernel_size[0] // 2
    colors = means_and_variances(photograph)
    for top, bottom in strips(photograph, seen[-1].channels):
        change = parts.change.within(tf.cast(framed(seen[-1], top - radius, bottom + radius, radius), tf.float32))
        painted = change + parts.recolor.by(photograph.rows(top, bottom), shares, *colors)
        rows = picture[top:bottom]
        rows[:] = painted[0, : len(rows), : pixels.shape[1]]
    return picture


def framed(plane: Plane, top: int, bottom: int, radius: int) -> tf.Tensor:
    """Returns rows of a plane, mirrored above its first and below its last row, and at the sides."""
    places = mirrored(range(top, bottom), plane.height)
    first = int(places.min())
    rows = tf.gather(plane.rows(first, int(places.max()) + 1), places - first, axis=1)
    return tf.pad(rows, [[0, 0], [0, 0], [radius, radius], [0, 0]], "REFLECT")


def mirrored(places: range, length: int) -> np.ndarray:
    """Returns the positions within a length that these map to, mirrored at its first and its last."""
    inside = np.abs(np.asarray(places))
    return np.where(inside < length, inside, 2 * (length - 1) - inside)


def means_and_variances(plane: Plane) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the mean and the variance of each channel: (1, 1, 1, c)."""
    first, second = np.zeros(plane.channels), np.zeros(plane.channels)
    for top, bottom in strips(plane):
        values = tf.cast(plane.rows(top, bottom), tf.float32)
        first += tf.reduce_sum(values, axis=[0, 1, 2]).numpy()
        second += tf.reduce_sum(tf.square(values), axis=[0, 1, 2]).numpy()
    count = plane.height * plane.width
    mean = first / count
    variance = np.maximum(second / count - mean**2, 0.0)
    return tuple(tf.constant(of[None, None, None], tf.float32) for of in (mean, variance))


def strips(plane: Plane, channels: int = 0) -> list[tuple[int, int]]:
    """Returns the first row of each strip of a plane, and the first row after it."""
    step = max(16, AT_ONCE // (plane.width * (channels or plane.channels)))
    return [(top, min(top + step, plane.height)) for top in range(0, plane.height, step)]


MOST = 2_000_000  # pixels painted at a time; larger photographs are painted strip by strip


class Trained:
    """Paints photographs with a trained network.

    Args:
        parts: the layers of the network.
        network: the same as one model.
        precision: of its convolutions.
    """

    def __init__(self, parts: Parts, network: keras.Model, precision: str):
        self.parts, self.network = parts, network
        self.kept = np.dtype(np.float16 if precision == "float32" else tf.as_dtype(precision).as_numpy_dtype)
        self.program = tf.function(lambda photograph, shares: network([photograph, shares]), reduce_retracing=True)

    def __call__(self, pixels: np.ndarray, shares: Sequence[float]) -> np.ndarray:
        """Returns the picture (h, w, 3) of a photograph of the same size, in these shares of the styles."""
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
    """Returns the network in a model's folder.

    Raises:
        InputError: its weights do not fit such a network.
    """
    layers = parts(card.shape, policy(precision))
    network = joined(layers, card.shape, policy(precision))
    arrays = read_weights(folder, card, [tuple(weight.shape) for weight in network.weights])
    for weight, array in zip(network.weights, arrays, strict=True):
        weight.assign(array)
    return Trained(layers, network, precision)
