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

CONTRAST = 1.4  # standard deviation along the first axis, before the sigmoid: that of a photograph rich in contrast
FAINTEST = 1e-6


def first_waves(count: int, side: int, seed: int) -> tf.Tensor:
    """Returns random waves of so many square pictures: (n, 3, h, w // 2 + 1, 2), real and imaginary parts."""
    return tf.random.stateless_normal((count, 3, side, side // 2 + 1, 2), (seed, 0))


def amplitudes(side: int) -> np.ndarray:
    """Returns what a wave of each frequency is multiplied by, 1 / |frequency|: (h, w // 2 + 1)."""
    frequencies = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    return np.asarray(1.0 / np.maximum(frequencies, 1.0 / side), np.float32)


def fields(waves: tf.Tensor) -> tf.Tensor:
    """Returns what waves add up to, along the three axes of color: (n, h, w, 3)."""
    side = waves.shape[2]
    scaled = waves * amplitudes(side)[:, :, None]
    added = tf.signal.irfft2d(tf.complex(scaled[..., 0], scaled[..., 1]), (side, side))
    return tf.transpose(added, (0, 2, 3, 1))


def as_pictures(waves: tf.Tensor) -> tf.Tensor:
    """Returns the pictures that waves stand for, RGB within (0, 1), all of the same contrast: (n, h, w, 3).

    Without that the descent makes all colors as shrill as they can be.
    """
    along = fields(waves)
    mean, variance = tf.nn.moments(along[..., :1], (1, 2), keepdims=True)
    along = tf.concat([along[..., :1] - mean, along[..., 1:]], axis=-1)
    along *= CONTRAST * tf.math.rsqrt(variance + FAINTEST)
    return tf.sigmoid(in_colors(along))


def in_colors(along: tf.Tensor) -> tf.Tensor:
    """Returns fields along the axes (..., 3) as red, green and blue."""
    return tf.linalg.matmul(along, tf.constant(SPREADS[:, None] * AXES, along.dtype))
