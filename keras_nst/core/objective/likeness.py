"""The content loss between normalized channels, in which contrast and color do not count.

    F' = (F - mean F) / sqrt(var F + e)        J = 1 / (C M) sum (F' - P')^2

over M positions and C channels. It follows from sums over the positions, so it adds up over the parts of a picture.
For channels with equal variances it is 2 (1 - r), with r their correlation.
"""

from typing import NamedTuple

import tensorflow as tf

from keras_nst.core.objective.moments import FAINTEST, widened

# e, relative to the mean variance of the content's channels: channels that hardly vary count for nothing.
FLAT = 1e-3
ROWS_AT_ONCE = 64


class Normal(NamedTuple):
    """The content's channels: (n, c) each."""

    mean: tf.Tensor
    variance: tf.Tensor
    flat: tf.Tensor  # (n, 1), e


class Likeness(NamedTuple):
    """Sums over the positions of a picture, or of a part of it."""

    count: tf.Tensor  # (n, 1), M
    first: tf.Tensor  # (n, c), sum F
    second: tf.Tensor  # (n, c), sum F^2
    common: tf.Tensor  # (n, c), sum F (P - mean P)


def normal_of(content: tf.Tensor) -> Normal:
    """Returns mean and variance of the content's channels, (n, h, w, c), by strips of rows, which takes less memory."""
    count = float(content.shape[1] * content.shape[2])
    strips = [content[:, top : top + ROWS_AT_ONCE] for top in range(0, content.shape[1], ROWS_AT_ONCE)]
    wide = [widened(tf.convert_to_tensor(strip)) for strip in strips]
    mean = tf.add_n([tf.reduce_sum(strip, axis=[1, 2]) for strip in wide]) / count
    apart = (tf.square(strip - mean[:, None, None]) for strip in wide)
    variance = tf.add_n([tf.reduce_sum(strip, axis=[1, 2]) for strip in apart]) / count
    return Normal(mean, variance, FLAT * tf.reduce_mean(variance, axis=1, keepdims=True) + FAINTEST)


def likeness(features: tf.Tensor, content: tf.Tensor, normal: Normal, own: tf.Tensor | None) -> Likeness:
    """Returns the sums over a part's own positions."""
    seen, target = widened(features), widened(content) - normal.mean[:, None, None]
    counted = tf.ones_like(seen[:, :, :, :1]) if own is None else tf.ones_like(seen[:, :, :, :1]) * own[:, :, None]
    sums = (counted, seen * counted, tf.square(seen) * counted, seen * target * counted)
    return Likeness(*(tf.reduce_sum(each, axis=[1, 2]) for each in sums))


def unlikeness(total: Likeness, normal: Normal) -> tf.Tensor:
    """Returns the mean of (F' - P')^2: (n,)."""
    variance = tf.maximum(total.second / total.count - tf.square(total.first / total.count), 0.0)
    own, other = variance + normal.flat, normal.variance + normal.flat
    common = total.common / total.count / tf.sqrt(own * other)
    return tf.reduce_mean(variance / own + normal.variance / other - 2.0 * common, axis=1)
