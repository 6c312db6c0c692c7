"""Additive moments of a feature map, which define "style".

Moments add up: those of a picture are the sum of those of its parts, however it is cut. So everything defined by
moments alone works on whole pictures, tile by tile, and blended over several pictures.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

# Keeps values that are divided by a picture's own features finite if those are nearly zero.
FAINTEST = 1e-6  # mean squared feature


class Moments(NamedTuple):
    """Sums over the positions of a feature map with c channels, one set for each picture and each region of it."""

    count: tf.Tensor  # (n, r), M: the number of positions
    first: tf.Tensor  # (n, r, c), s = sum F
    second: tf.Tensor  # (n, r, c, c), S = sum F F^T


def widened(values: tf.Tensor) -> tf.Tensor:
    """Returns bfloat16 values as float32, in which they may be squared and summed; others unchanged."""
    return tf.cast(values, tf.float32) if values.dtype == tf.bfloat16 else values


def moments(features: tf.Tensor, weights: tf.Tensor | None = None) -> Moments:
    """Returns the moments of features (n, h, w, c), accumulated in float32 or better.

    s[c] = sum_{h,w} F[h, w, c]        S[c, d] = sum_{h,w} F[h, w, c] F[h, w, d]

    With weights (r, h, w) there are r regions, and each position counts for each region by its weight.
    """
    n, h, w, _ = features.shape
    if weights is None:
        parts: list[tf.Tensor | None] = [None]
        counts = tf.cast([h * w], widened(features).dtype)
    else:
        parts, counts = tf.unstack(weights), tf.reduce_sum(weights, axis=[1, 2])
    first, second = zip(*(_sums(features, part) for part in parts), strict=True)
    return Moments(tf.tile(counts[None], [n, 1]), tf.stack(first, axis=1), tf.stack(second, axis=1))


def _sums(features: tf.Tensor, weights: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns s (n, c) and S (n, c, c), with their gradient dJ/dF = d + F (D + D^T) for d = dJ/ds and D = dJ/dS.

    TensorFlow's own gradient takes two products, transposes each, and keeps the features in float32 until then.
    """

    @tf.custom_gradient
    def sums(features: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable[..., tf.Tensor]]:
        def gradient(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
            # In the features' own precision, to which the result is rounded: in bfloat16 three times as fast.
            symmetric = tf.cast(second + tf.linalg.matrix_transpose(second), features.dtype)
            product = tf.linalg.einsum("nhwc,ncd->nhwd", features, symmetric)
            return _times(product + tf.cast(first, features.dtype)[:, None, None, :], weights)

        exact = widened(features)
        weighted = _times(exact, weights)
        return (tf.reduce_sum(weighted, axis=[1, 2]), tf.linalg.einsum("nhwc,nhwd->ncd", weighted, exact)), gradient

    return sums(features)


def _times(values: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
    return values if weights is None else values * tf.cast(weights, values.dtype)[:, :, None]


def gram(of: Moments) -> tf.Tensor:
    """Returns the Gram matrix per position, G = S / M: (n, r, c, c)."""
    return per_position(of).second


def per_position(of: Moments) -> Moments:
    """Returns the moments divided by the number of positions; 0 without positions."""
    count = of.count[..., None]
    first, second = tf.math.divide_no_nan(of.first, count), tf.math.divide_no_nan(of.second, count[..., None])
    return Moments(tf.cast(of.count > 0, of.count.dtype), first, second)


def blended(parts: list[tuple[float, Moments]]) -> Moments:
    """Returns the weighted mean of moments per position, region by region, over the styles that have the region."""
    weighted = [[weight * value for value in per_position(of)] for weight, of in parts]
    return per_position(Moments(*map(tf.add_n, zip(*weighted, strict=True))))
