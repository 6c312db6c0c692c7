"""Distances of a layer's features from the style's: every function is one answer to "what is style".

All compare two clouds of points, the feature vectors x of the picture and y of the style, regardless of their
positions. They differ in the properties of a cloud that they see:

    gram        E[x x^T]: mean and spread together
    covariance  E[(x - mean)(x - mean)^T] = E[x x^T] - mean mean^T: the Gram matrix of centered features
    mean_std    the means and the covariance's diagonal: each channel by itself
    w2          the mean and the covariance: what it costs to move one Gaussian cloud onto the other
    mmd         what a kernel tells apart; with k(x, y) = (x . y)^2 that is the Gram matrix again (Li et al. 2017)
    swd         the histograms along many directions; along one direction it is histogram matching
    neighbor    single feature vectors: how well each fits somewhere in the other cloud

So Gram matrix, covariance and w2 are one family: they use the first two moments and measure them differently.
Histograms reflect the moments of every order, but only along lines.

The first five need only additive moments, which may have any leading axes, such as (n,) or (n, regions); swd and
neighbor need whole feature maps. All are free of units and of the number of positions: each is divided by the style's
own measure, except neighbor, whose cosines have no unit. So a photograph starts about 1 away from a painting, and a
weight means much the same for all. The style is a constant: the gradient is by the picture.
"""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_nst.core.objective.gaussians import (
    NO_VARIANCE,
    Gaussian,
    centered,
    covariance_of,
    every_direction,
    one_for_each,
    spread,
    variances,
)
from keras_nst.core.objective.moments import FAINTEST, Moments, per_position, widened
from keras_nst.core.objective.moments import gram as gram_matrix
from keras_nst.core.objective.roots import root_by_eigenvalues, root_by_products

# mean_std adds this much variance to each cloud in every direction, as a share of its own E |x|^2: at zero variance
# the square root is infinitely steep.
BLUR = 1e-5


# neighbor: a vector of this length, relative to the usual one, counts half as a direction.
SHORT = 1e-2

NEIGHBORS = 4096  # positions of the style, at most
POSITIONS_AT_ONCE = 1024  # of the picture

SEED = 0  # of swd's directions

DOUBLED = 2.0  # mean_std and swd see less of a cloud than the others, and would be about half as large


def distance(name: str) -> Callable[..., tf.Tensor]:
    """Returns the function with this name, one of STYLE_LOSSES in keras_nst/settings/values.py."""
    function: Callable[..., tf.Tensor] = globals()[name]
    return function


# --- From moments ---


def gram(picture: Moments, style: Moments) -> tf.Tensor:
    """|G - A|^2 / |A|^2, G and A the Gram matrices of picture and style (Gatys et al. 2016)."""
    target = gram_matrix(style)
    return _relative(_squared_norm(gram_matrix(picture) - target), _squared_norm(target), target.shape[-1])


def covariance(picture: Moments, style: Moments) -> tf.Tensor:
    """|C - C'|^2 / |C'|^2, C and C' the covariances of picture and style.

    The mean does not count: the features may drift as a whole, which mean_std can prevent.
    """
    target = covariance_of(style)
    return _relative(_squared_norm(covariance_of(picture) - target), _squared_norm(target), target.shape[-1])


def mean_std(picture: Moments, style: Moments) -> tf.Tensor:
    """2 sum_c (m - m')^2 + (s - s')^2, over tr C': the means m and the deviations s per channel (Li et al. 2017).

    That is w2 of clouds whose channels are independent, times two.
    """
    deviations, targets = (tf.sqrt(variances(of) + _blur(of)[..., None]) for of in (picture, style))
    squares = _squared_shift(picture, style) + tf.reduce_sum(tf.square(deviations - targets), axis=-1)
    return DOUBLED * _relative(squares, spread(style), style.first.shape[-1])


def mmd(picture: Moments, style: Moments) -> tf.Tensor:
    """The squared maximum mean discrepancy E k(x, x') - 2 E k(x, y) + E k(y, y'), over |A|^2.

    With the kernel k(x, y) = (x . y + b)^2 it is |G - A|^2 + 2 b |m - m'|^2, m and m' the means. So gram is the case
    b = 0. With our b = |A| / 2 the means count as much: gram + |m - m'|^2 / |A|.
    """
    target = gram_matrix(style)
    bias = tf.sqrt(_squared_norm(target)) / 2.0
    discrepancy = _squared_norm(gram_matrix(picture) - target) + 2.0 * bias * _squared_shift(picture, style)
    return _relative(discrepancy, _squared_norm(target), target.shape[-1])


def w2(picture: Moments, style: Moments, known: Gaussian | None = None, by_products: bool = False) -> tf.Tensor:
    """|m - m'|^2 + tr(C + C' - 2 (C'^1/2 C C'^1/2)^1/2), over tr C'.

    The squared 2-Wasserstein distance of Gaussians with the means m, m' and the covariances C, C' (Olkin and
    Pukelsheim 1982). A picture with the right means and nothing else is 1 away.

    Args:
        known: the style's `gaussian`, if it has been computed.
        by_products: takes the root by products of matrices, which XLA compiles to fast code, instead of by
            eigenvalues, which are fast on a CPU.
    """
    if known is None:
        known = Gaussian(*map(tf.stop_gradient, every_direction(style)))
    seen = per_position(picture)
    rounding = NO_VARIANCE * (tf.linalg.trace(seen.second) + known.square)
    between = tf.nn.relu(_bures(centered(seen), known.root, by_products) - rounding)
    shift = tf.reduce_sum(tf.square(seen.first - known.mean), axis=-1)
    return _relative(shift + between, known.spread, style.first.shape[-1])


def _mean(of: Moments) -> tf.Tensor:
    return of.first / of.count[..., None]


def _blur(of: Moments) -> tf.Tensor:
    """Returns the variance that mean_std adds."""
    return BLUR * tf.linalg.trace(gram_matrix(of)) + FAINTEST


def _identity(like: tf.Tensor) -> tf.Tensor:
    return tf.eye(like.shape[-1], dtype=like.dtype)


def _squared_shift(picture: Moments, style: Moments) -> tf.Tensor:
    return tf.reduce_sum(tf.square(_mean(picture) - _mean(style)), axis=-1)


def _squared_norm(matrix: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(matrix), axis=[-2, -1])


def _relative(squares: tf.Tensor, own: tf.Tensor, channels: int) -> tf.Tensor:
    """Returns squares / own, where the style's own measure may be nearly zero."""
    return 1.0 / (own + FAINTEST * channels) * squares


def _bures(covariance: tf.Tensor, root: tf.Tensor, by_products: bool) -> tf.Tensor:
    """Returns tr(C + C' - 2 K^1/2), K = A^T C A, of covariances C and C' = A A^T: (...).

    K has the eigenvalues of C'^1/2 C C'^1/2. The gradient is I - T, where T = A K^-1/2 A^T is the map that moves one
    Gaussian onto the other.
    """
    root = one_for_each(root, covariance)

    @tf.custom_gradient
    def bures(covariance: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        take_root = root_by_products if by_products else root_by_eigenvalues
        trace, inverse = take_root(tf.matmul(root, covariance @ root, transpose_a=True))

        def gradient(slope: tf.Tensor) -> tf.Tensor:
            transport = tf.matmul(root @ inverse, root, transpose_b=True)
            return slope[..., None, None] * (_identity(transport) - transport)

        return tf.linalg.trace(covariance) + _squared_norm(root) - 2.0 * trace, gradient

    return bures(covariance)


# --- From feature maps ---


def swd(picture: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
    """2 sum_v mean_q (x_v(q) - y_v(q))^2, over tr C': the squared sliced 2-Wasserstein distance, (n,).

    x_v(q) is the quantile q of the picture's features along the direction v: the projections x . v, sorted. There are
    as many directions as channels, at right angles, so that none is overlooked; they are rotated at random, the same
    each time. If the style has another number of positions, its quantiles are taken at the picture's levels (Heitz et
    al. 2021 draw new directions in each step, and positions).
    """
    seen, known = _positions(picture), tf.stop_gradient(_positions(style))
    directions = tf.constant(_directions(known.shape[-1]), known.dtype)
    quantiles, targets = (tf.sort(tf.einsum("nmc,cv->nvm", of, directions), axis=-1) for of in (seen, known))
    count, target_count = quantiles.shape[-1], targets.shape[-1]
    if count != target_count:
        middles = 2 * np.arange(count, dtype=np.int64) + 1
        targets = tf.gather(targets, middles * target_count // (2 * count), axis=-1)
    squares = tf.reduce_sum(tf.reduce_mean(tf.square(quantiles - targets), axis=-1), axis=-1)
    spread = tf.reduce_sum(tf.math.reduce_variance(known, axis=1), axis=-1)
    return DOUBLED * _relative(squares, spread, known.shape[-1])


def neighbor(picture: tf.Tensor, style: tf.Tensor) -> tf.Tensor:
    """mean_x min_y (1 - cos(x, y)) + mean_y min_x (1 - cos(x, y)), x and y less the style's mean: (n,).

    Each position looks for the nearest style feature, and each style feature for the nearest position: the first
    alone (Kolkin et al. 2022) would accept a single piece of the style, the second requires all of it to be used. They
    are the two bounds of the relaxed earth mover's distance (Kolkin et al. 2019 take the greater one). Features after a
    ReLU all point much the same way; seen from the style's mean, two random ones are 1 apart. A style of more than 4096
    positions is reduced to a regular grid of them, and is then not 0 away from itself.

    For unit vectors 1 - cos(x, y) = |x - y|^2 / 2, which has a meaning also if a vector has next to no length.
    """
    seen, known = _positions(picture), tf.stop_gradient(_positions(_thinned(style)))
    center = tf.reduce_mean(known, axis=1, keepdims=True)
    usual = tf.reduce_mean(_squared_lengths(known - center), axis=1, keepdims=True)
    least = SHORT**2 * usual + FAINTEST * float(known.shape[-1])
    seen, known = (of * tf.math.rsqrt(_squared_lengths(of) + least) for of in (seen - center, known - center))
    known = tf.repeat(known, seen.shape[0] // known.shape[0], axis=0)
    where = tf.stop_gradient(seen)
    wanted = tf.gather(known, _nearest(where, known), batch_dims=1)
    found = tf.gather(seen, _nearest(known, where), batch_dims=1)
    return sum(tf.reduce_mean(_squared_lengths(off), axis=[1, 2]) / 2.0 for off in (seen - wanted, found - known))


def _positions(features: tf.Tensor) -> tf.Tensor:
    """Returns (n, h, w, c) as (n, h * w, c), in float32 or better."""
    n, h, w, c = features.shape
    return tf.reshape(widened(features), [n, h * w, c])


@functools.cache
def _directions(channels: int) -> np.ndarray:
    """Returns as many orthogonal unit vectors as channels, as columns."""
    return np.linalg.qr(np.random.default_rng(SEED).normal(size=(channels, channels)))[0]


def _thinned(style: tf.Tensor) -> tf.Tensor:
    """Returns every s-th row and column, for the smallest s that leaves at most NEIGHBORS positions."""
    _, h, w, _ = style.shape
    step = 1
    while -(-h // step) * -(-w // step) > NEIGHBORS:
        step += 1
    return style[:, ::step, ::step]


def _nearest(seen: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
    """Returns for each seen vector the index of the nearest known one: (n, positions)."""
    n, count, channels = seen.shape
    strip = min(POSITIONS_AT_ONCE, count)
    strips = -(-count // strip)
    padded = tf.pad(seen, [[0, 0], [0, strips * strip - count], [0, 0]])
    by_strip = tf.transpose(tf.reshape(padded, [n, strips, strip, channels]), [1, 0, 2, 3])
    half_squares = tf.linalg.matrix_transpose(_squared_lengths(known)) / 2.0

    def nearest(strip_seen: tf.Tensor) -> tf.Tensor:
        closeness = tf.matmul(strip_seen, known, transpose_b=True) - half_squares
        return tf.argmax(closeness, axis=-1, output_type=tf.int32)

    # One after the other, which needs memory for one strip only.
    found = tf.map_fn(nearest, by_strip, fn_output_signature=tf.int32, parallel_iterations=1)
    return tf.reshape(tf.transpose(found, [1, 0, 2]), [n, strips * strip])[:, :count]


def _squared_lengths(vectors: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.square(vectors), axis=-1, keepdims=True)
