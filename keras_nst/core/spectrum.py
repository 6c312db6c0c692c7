"""Pictures written as waves, in colors that vary independently of each other.

Gradient descent on pixels finds the high frequencies first, and what excites a channel looks like noise. Natural
pictures have amplitudes that fall as 1 / frequency, and brightness that varies more than hue: measured in these units
all unknowns are alike, and the same descent finds shapes (Olah, Mordvintsev, Schubert: Feature Visualization, 2017).
"""

import numpy as np
import tensorflow as tf

# Brightness, red against blue, green against both: about the principal axes of photographs' colors (Ohta, Kanade and
# Sakai, 1980), and how far photographs spread along each, relative to the first.
AXES = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
SPREADS = np.array([1.0, 0.35, 0.15])

FIRST = 0.05  # of the first waves, whose picture is nearly flat
MOST = 1.4  # root mean square along the first axis, before the sigmoid, which pictures tend to: rich in contrast


def first_waves(count: int, side: int, seed: int) -> tf.Tensor:
    """Returns random waves of so many square pictures: (n, 3, h, w // 2 + 1, 2), real and imaginary parts."""
    return FIRST * tf.random.stateless_normal((count, 3, side, side // 2 + 1, 2), (seed, 0))


def amplitudes(side: int) -> np.ndarray:
    """Returns what a wave of each frequency is multiplied by, side / |frequency|: (h, w // 2 + 1)."""
    frequencies = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    return np.asarray(side / np.maximum(frequencies, 1.0 / side), np.float32)


def fields(waves: tf.Tensor) -> tf.Tensor:
    """Returns what waves add up to, along the three axes of color: (n, h, w, 3)."""
    side = waves.shape[2]
    scaled = waves * amplitudes(side)[:, :, None]
    added = tf.signal.irfft2d(tf.complex(scaled[..., 0], scaled[..., 1]), (side, side))
    return tf.transpose(added, (0, 2, 3, 1))


def as_pictures(waves: tf.Tensor) -> tf.Tensor:
    """Returns the pictures that waves stand for, RGB within (0, 1): (n, h, w, 3).

    However strong the waves, no axis varies by more than photographs do: else all colors become as shrill as they can.
    """
    along = fields(waves)
    square = tf.reduce_mean(tf.square(along), axis=(1, 2), keepdims=True)
    return tf.sigmoid(in_colors(MOST * along * tf.math.rsqrt(1.0 + square)))


def in_colors(along: tf.Tensor) -> tf.Tensor:
    """Returns fields along the axes (..., 3) as red, green and blue."""
    return tf.linalg.matmul(along, tf.constant(SPREADS[:, None] * AXES, along.dtype))
