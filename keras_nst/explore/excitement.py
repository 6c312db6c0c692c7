"""Activation maximization: makes the picture that excites a channel most, from noise, with random transformations.

    J(picture) = - 1 / M sum_p F[p, c]

A pattern that excites the channel even when it is shifted, rotated and scaled a little is a shape, not pixel noise.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.network.programs import traced
from keras_nst.core.objective.moments import widened
from keras_nst.core.plan.pyramid import Size, inner_box

# Brightness, red against blue, green against both: about the principal axes of photographs' colors (Ohta, Kanade and
# Sakai, 1980), and the spread of photographs along each, relative to the first.
AXES = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
SPREADS = np.array([1.0, 0.35, 0.15])

FIRST = 0.05  # of the first waves, whose picture is nearly flat
MOST = 1.4  # the root mean square along the first axis, before the sigmoid, that pictures tend to: rich in contrast


def first_waves(count: int, side: int, seed: int) -> tf.Tensor:
    """Returns random waves of `count` square pictures: (n, 3, h, w // 2 + 1, 2), real and imaginary parts."""
    return FIRST * tf.random.stateless_normal((count, 3, side, side // 2 + 1, 2), (seed, 0))


def amplitudes(side: int) -> np.ndarray:
    """Returns the factor of waves of each frequency, side / |frequency|: (h, w // 2 + 1)."""
    frequencies = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    return np.asarray(side / np.maximum(frequencies, 1.0 / side), np.float32)


def fields(waves: tf.Tensor) -> tf.Tensor:
    """Returns the sum of the waves, along the three axes of color: (n, h, w, 3)."""
    side = waves.shape[2]
    scaled = waves * amplitudes(side)[:, :, None]
    added = tf.signal.irfft2d(tf.complex(scaled[..., 0], scaled[..., 1]), (side, side))
    return tf.transpose(added, (0, 2, 3, 1))


def as_pictures(waves: tf.Tensor) -> tf.Tensor:
    """Returns the pictures that the waves represent, RGB within (0, 1): (n, h, w, 3).

    However strong the waves, no axis varies more than in photographs: else all colors become as shrill as possible.
    """
    along = fields(waves)
    square = tf.reduce_mean(tf.square(along), axis=(1, 2), keepdims=True)
    return tf.sigmoid(in_colors(MOST * along * tf.math.rsqrt(1.0 + square)))


def in_colors(along: tf.Tensor) -> tf.Tensor:
    """Returns fields along the axes (..., 3) as red, green and blue."""
    return tf.linalg.matmul(along, tf.constant(SPREADS[:, None] * AXES, along.dtype))


LEARNING_RATE = 0.05
JITTER = 1 / 16  # of the side
ANGLE = 10.0  # degrees
SCALING = 0.1


class Excitement:
    """One picture for each channel of a layer, all optimized together.

    Args:
        features: from pictures to {layer: features}.
        layer: the name of one of them.
        channels: the numbers of its channels.
        side: of the square pictures, in pixels.
        seed: of the first pictures and of their transformations.
    """

    def __init__(self, features: keras.Model, layer: str, channels: Sequence[int], side: int, seed: int):
        self.features, self.layer, self.channels, self.seed = features, layer, list(channels), seed
        self.waves = tf.Variable(first_waves(len(channels), side, seed))
        self.optimizer = keras.optimizers.Adam(LEARNING_RATE)
        self.optimizer.build([self.waves])
        self.program = traced(self._take, (tf.constant(0),), by_xla=False)

    def take(self, steps: int) -> None:
        """Takes `steps` steps of Adam."""
        self.program(tf.constant(steps))

    def pictures(self) -> tf.Tensor:
        """Returns the current pictures: (n, h, w, 3)."""
        return as_pictures(self.waves.value())

    def shown(self) -> tf.Tensor:
        """Returns the part of the pictures that excites the channels: without the border, which is not optimized."""
        pictures = self.pictures()
        rows, columns = inner_box(Size(*pictures.shape[1:3]))
        return pictures[:, rows, columns]

    def activations(self, pictures: tf.Tensor) -> tf.Tensor:
        """Returns the mean activation of each channel in its picture, away from the border: (n,)."""
        seen = widened(self.features(pictures)[self.layer])
        rows, columns = inner_box(Size(*seen.shape[1:3]))
        seen = tf.gather(seen[:, rows, columns], self.channels, axis=-1)
        return tf.linalg.diag_part(tf.reduce_mean(seen, axis=(1, 2)))

    def _take(self, steps: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(lambda step: step < steps, self._take_one, (tf.constant(0),))[0]

    def _take_one(self, step: tf.Tensor) -> tf.Tensor:
        waves = self.waves.value()
        with tf.GradientTape() as tape:
            tape.watch(waves)
            seed = tf.stack([self.seed + 1, tf.cast(self.optimizer.iterations.value, tf.int32)])
            loss = -tf.reduce_sum(self.activations(shaken(as_pictures(waves), seed)))
        self.optimizer.apply([tape.gradient(loss, waves)], [self.waves])
        return step + 1


def shaken(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns each picture shifted, rotated and scaled at random, mirrored at its borders."""
    count, side = pictures.shape[:2]
    scaled, turned, right, down = tf.unstack(tf.random.stateless_uniform((4, count), seed, -1.0, 1.0))
    factor, angle = 1.0 + SCALING * scaled, turned * math.radians(ANGLE)
    cosine, sine = tf.cos(angle) / factor, tf.sin(angle) / factor
    middle, reach = (side - 1) / 2, JITTER * side
    x = middle - cosine * middle + sine * middle + reach * right
    y = middle - sine * middle - cosine * middle + reach * down
    zero = tf.zeros(count)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack([cosine, -sine, x, sine, cosine, y, zero, zero], axis=1),
        output_shape=(side, side),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
