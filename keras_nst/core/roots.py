"""Square roots and rotations of matrices by products of matrices only, which every device has and XLA compiles.

Newton and Schulz's iteration x <- x (3 - x^2) / 2 brings each x between 0 and sqrt(3) to 1. Applied to matrices it does
so with their eigenvalues or singular values. What is nearly nothing stays small: it never divides.

The smallest x grows by 1.5 in a step, or by 2.6 if all are stretched first, as far as the largest allows (Chen and Chow
2014). That needs a bound below, `smallest`, from which follows the number of steps.
"""

import functools

import tensorflow as tf


def square_roots(matrix: tf.Tensor, smallest: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns A^1/2 and A^-1/2 of symmetric matrices (..., c, c) with eigenvalues of at least `smallest` |A|.

    Y <- Y (3 - Z Y) / 2 and Z <- (3 - Z Y) / 2 Z from Y = A / |A| and Z = I, where the eigenvalues of Z Y are x^2.

    Negative eigenvalues, as rounding leaves where a covariance is next to nothing, would run away, but for those below
    `smallest`. Where they do, A is taken for the multiple of I with its norm.
    """
    size, channels = _norm(matrix), float(matrix.shape[-1])
    identity = tf.eye(matrix.shape[-1], dtype=matrix.dtype)
    root, inverse = matrix / size, identity
    for stretch in stretches(smallest**0.5):
        step = (3.0 * stretch * identity - stretch**3 * inverse @ root) / 2.0
        root, inverse = root @ step, step @ inverse
    trace = tf.linalg.trace(matrix)[..., None, None] / size
    sound = tf.square(_norm(root)) < 1.1 * trace  # the two are equal; never so for NaN
    root = tf.where(sound, root, identity / channels**0.25)
    inverse = tf.where(sound, inverse, identity * channels**0.25)
    return root * tf.sqrt(size), inverse / tf.sqrt(size)


def rotation(matrix: tf.Tensor, smallest: float) -> tf.Tensor:
    """Returns U of A = U H, U U^T = I, H positive, of matrices with singular values of at least `smallest` |A|.

    X <- X (3 - X^T X) / 2 from X = A / |A|, where the singular values of X are x.
    """
    identity = tf.eye(matrix.shape[-1], dtype=matrix.dtype)
    turned = matrix / _norm(matrix)
    for stretch in stretches(smallest):
        square = tf.matmul(turned, turned, transpose_a=True)
        turned = turned @ (3.0 * stretch * identity - stretch**3 * square) / 2.0
    return turned


@functools.cache
def stretches(smallest: float) -> tuple[float, ...]:
    """Returns by what to stretch before each step, to bring all of [smallest, 1] to 1."""
    found = []
    while smallest < 1.0 - 1e-7:
        stretch = (3.0 / (1.0 + smallest + smallest**2)) ** 0.5  # makes both ends come out alike
        smallest = stretch * smallest * (3.0 - (stretch * smallest) ** 2) / 2.0
        found.append(stretch)
    return tuple(found)


def _norm(matrix: tf.Tensor) -> tf.Tensor:
    return tf.norm(matrix, axis=[-2, -1], keepdims=True)
