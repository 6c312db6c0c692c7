"""Square roots of covariance matrices: by eigenvalues, or by matrix products only, which are fast on every device.

By products: Newton and Schulz's iteration x <- x (3 - x^2) / 2 brings each x between 0 and sqrt(3) to 1. Applied to
matrices it does so with their singular values. Nearly zero values stay small, since it never divides.

The smallest x grows by 1.5 in a step, or by 2.6 if all are first stretched as far as the largest allows (Chen and
Chow 2014). That needs a lower bound, `smallest`, which determines the number of steps.
"""

import functools

import tensorflow as tf

# Without variance the root is infinitely steep: the inverse uses at least this share of the largest root.
FLATTEST = 1e-3
ROUNDING = 3e-6  # of a matrix's diagonal: keeps it positive
TINIEST = 1e-30
SMALLEST = 1e-4  # singular value that is guaranteed to reach 1, relative to the largest


def root_by_eigenvalues(matrix: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns tr K^1/2 (...) and K^-1/2 (..., k, k) of symmetric, positive matrices K (..., k, k)."""
    values, vectors = tf.linalg.eigh(matrix)
    roots = tf.sqrt(tf.nn.relu(values))
    floor = FLATTEST * tf.reduce_max(roots, axis=-1, keepdims=True)
    inverse = tf.math.divide_no_nan(tf.ones_like(roots), tf.maximum(roots, floor))
    return tf.reduce_sum(roots, axis=-1), tf.matmul(vectors * inverse[..., None, :], vectors, transpose_b=True)


def root_by_products(matrix: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the same, approximately: K gets a little more on its diagonal.

    For K = L L^T with L triangular and L^T = U H, U a rotation, H is K^1/2: so its trace is that of U^T L^T, and its
    inverse L^-T U. L keeps small eigenvalues that are separate on the diagonal, as they are here. K^1/2 itself would
    lose them to rounding, since K's eigenvalues are twice as many digits apart.
    """
    diagonal = tf.nn.relu(tf.linalg.diag_part(matrix))
    diagonal += ROUNDING * (diagonal + FLATTEST**2 * tf.reduce_max(diagonal, axis=-1, keepdims=True)) + TINIEST
    lower = tf.linalg.cholesky(tf.linalg.set_diag(matrix, diagonal))
    exists = tf.reduce_all(tf.math.is_finite(lower), axis=[-2, -1], keepdims=True)  # not if K is only rounding
    upper = tf.linalg.matrix_transpose(tf.where(exists, lower, tf.linalg.diag(tf.sqrt(diagonal))))
    turn = rotation(upper, SMALLEST)
    return tf.reduce_sum(turn * upper, axis=[-2, -1]), tf.linalg.triangular_solve(upper, turn, lower=False)


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
    """Returns the factors to stretch by before each step, which bring all of [smallest, 1] to 1."""
    found = []
    while smallest < 1.0 - 1e-7:
        stretch = (3.0 / (1.0 + smallest + smallest**2)) ** 0.5  # makes both ends equal
        smallest = stretch * smallest * (3.0 - (stretch * smallest) ** 2) / 2.0
        found.append(stretch)
    return tuple(found)


def _norm(matrix: tf.Tensor) -> tf.Tensor:
    return tf.norm(matrix, axis=[-2, -1], keepdims=True)
