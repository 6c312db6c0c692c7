"""A cloud of features treated as a Gaussian: its mean, its covariance and that covariance's roots."""

from typing import NamedTuple

import tensorflow as tf

from keras_nst.core.objective.moments import FAINTEST, Moments, per_position
from keras_nst.core.objective.roots import root_by_eigenvalues

COLUMNS = 64  # of the style's root, kept or left out together, so that most styles' roots have the same shape
NO_VARIANCE = 3e-7  # w2: the share of E |x|^2 that comes from rounding


class Gaussian(NamedTuple):
    """The style in the form that w2 takes."""

    mean: tf.Tensor  # (..., c)
    root: tf.Tensor  # A (..., c, k) with A A^T = C', the covariance
    spread: tf.Tensor  # (...), tr C'
    square: tf.Tensor  # (...), E |y|^2


def gaussian(style: Moments) -> Gaussian:
    """Returns the style in the form that w2 takes, its root in as few columns as necessary.

    Directions in which the style's variance is less than NO_VARIANCE of its mean square are left out: there are many if
    the style has fewer positions than channels.
    """
    known = every_direction(style)
    used = tf.reduce_any(known.root != 0.0, axis=range(len(known.root.shape) - 1))
    columns = -(-max(1, int(tf.reduce_sum(tf.cast(used, tf.int32)))) // COLUMNS) * COLUMNS
    return known._replace(root=known.root[..., :columns])


def every_direction(style: Moments) -> Gaussian:
    """Returns the same with a column for each direction."""
    known = per_position(style)
    return Gaussian(known.first, _root(style), spread(style), tf.linalg.trace(known.second))


def _root(style: Moments) -> tf.Tensor:
    """Returns A (..., c, c) with A A^T = C', its columns in descending order; nearly zero ones become 0.

    The order gains three digits of the small eigenvalues of A^T C A, of which w2 takes the roots. With the large rows
    first, tridiagonalization and Cholesky's factors keep the digits of small values; with the large rows last, all of
    it is rounded as if it were large.
    """
    exact = tf.cast(covariance_of(style), tf.float64)
    values, vectors = tf.linalg.eigh(exact)
    least = NO_VARIANCE * tf.cast(tf.linalg.trace(per_position(style).second), tf.float64)[..., None]
    lengths = tf.where(values > least, tf.sqrt(tf.maximum(values, 0.0)), 0.0)
    return tf.cast(tf.reverse(vectors * lengths[..., None, :], axis=[-1]), style.second.dtype)


def transport(picture: Moments, style: Gaussian, least: float) -> tf.Tensor:
    """Returns T (..., c, c), symmetric: x -> m' + T (x - m) moves the picture's Gaussian onto the style's.

    T = A (A^T C A)^-1/2 A^T with A A^T = C'. Of all such maps it moves the least: that is what w2 measures. The picture
    gets `least` of its mean variance added in each direction, since no map can create variance where it has none.
    """
    covariance = centered(per_position(picture))
    blur = least * tf.linalg.trace(covariance)[..., None, None] / float(covariance.shape[-1]) + FAINTEST
    covariance += blur * tf.eye(covariance.shape[-1], dtype=covariance.dtype)
    root = one_for_each(style.root, covariance)
    _, inverse = root_by_eigenvalues(tf.matmul(root, covariance @ root, transpose_a=True))
    return root @ tf.matmul(inverse, root, transpose_b=True)


def one_for_each(root: tf.Tensor, covariance: tf.Tensor) -> tf.Tensor:
    """Returns the root of one style, repeated for each of several pictures.

    With oneDNN, products of several matrices with a single one are wrong, or crash the process.
    """
    return tf.broadcast_to(root, [*covariance.shape[:-2], *root.shape[-2:]])


def covariance_of(of: Moments) -> tf.Tensor:
    """Returns the covariance: (..., c, c)."""
    return centered(per_position(of))


def centered(of: Moments) -> tf.Tensor:
    """Returns the covariance, given moments per position."""
    mean = of.first[..., None]
    return of.second - tf.matmul(mean, mean, transpose_b=True)


def spread(of: Moments) -> tf.Tensor:
    """Returns tr C."""
    return tf.reduce_sum(variances(of), axis=-1)


def variances(of: Moments) -> tf.Tensor:
    """Returns the variances per channel, (..., c); rounding below 0 is removed."""
    return tf.nn.relu(tf.linalg.diag_part(covariance_of(of)))
