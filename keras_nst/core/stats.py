"""What "style" is: additive moments of a feature map.

Moments add up: those of a picture are the sum of those of its parts, wherever it is cut. So whatever is defined by
moments alone works on whole pictures, tile by tile, and blended over several pictures.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class Moments(NamedTuple):
    """Sums over the positions of a feature map with c channels, one set per picture."""

    count: tf.Tensor  # (n,), M: the number of positions
    first: tf.Tensor  # (n, c), s = sum F
    second: tf.Tensor  # (n, c, c), S = sum F F^T


def widened(values: tf.Tensor) -> tf.Tensor:
    """Returns bfloat16 values as float32, in which they may be squared and added up; others as they are."""
    return tf.cast(values, tf.float32) if values.dtype == tf.bfloat16 else values


def moments(features: tf.Tensor) -> Moments:
    """Returns the moments of features (n, h, w, c), accumulated in float32 or better.

    s[c] = sum_{h,w} F[h, w, c]        S[c, d] = sum_{h,w} F[h, w, c] F[h, w, d]
    """
    n, h, w, _ = features.shape
    first = tf.reduce_sum(widened(features), axis=[1, 2])
    return Moments(tf.fill([n], tf.cast(h * w, first.dtype)), first, _second(features))


@tf.custom_gradient
def _second(features: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """S (n, c, c), with its gradient dJ/dF = F (D + D^T) for D = dJ/dS.

    TensorFlow's own takes two products, transposes each, and keeps the features in float32 until then.
    """

    def gradient(slope: tf.Tensor) -> tf.Tensor:
        symmetric = slope + tf.linalg.matrix_transpose(slope)
        return tf.cast(tf.linalg.einsum("nhwc,ncd->nhwd", widened(features), symmetric), features.dtype)

    return tf.linalg.einsum("nhwc,nhwd->ncd", widened(features), widened(features)), gradient


def gram(of: Moments) -> tf.Tensor:
    """Returns the Gram matrix per position, G = S / M: (n, c, c)."""
    return of.second / of.count[:, None, None]
