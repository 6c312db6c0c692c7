"""Square roots and rotations, against eigenvalues and singular values by LAPACK in float64."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.objective.roots import root_by_eigenvalues, root_by_products, rotation, stretches


def turned(channels: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(channels, channels)))[0]


ROOTS = {"eigenvalues": root_by_eigenvalues, "products": root_by_products}


@pytest.mark.parametrize("take_root", ROOTS.values(), ids=ROOTS)
@pytest.mark.parametrize("channels", [8, 64, 512])
@pytest.mark.parametrize("smallest", [0.3, 1e-5])
def test_square_roots(channels: int, smallest: float, take_root: Callable) -> None:
    eigenvalues, vectors = np.geomspace(7.0, 7.0 * smallest, channels), turned(channels)
    trace, inverse = take_root(tf.constant((vectors * eigenvalues) @ vectors.T, tf.float32)[None])
    np.testing.assert_allclose(trace, [np.sqrt(eigenvalues).sum()], rtol=1e-4)
    root = (vectors * np.sqrt(eigenvalues)) @ vectors.T
    np.testing.assert_allclose(inverse[0] @ root, np.eye(channels), atol=0.02)


@pytest.mark.parametrize("take_root", ROOTS.values(), ids=ROOTS)
def test_small_eigenvalues_that_stand_apart_are_kept(take_root: Callable) -> None:
    """Nine digits below the largest, where float32 has seven."""
    roots = np.geomspace(1.0, 3e-5, 64)
    left = np.eye(64) + 0.1 * np.tril(turned(64))
    matrix = roots[:, None] * (left @ left.T) * roots
    expected = np.sqrt(np.linalg.eigvalsh(matrix)).sum()
    np.testing.assert_allclose(take_root(tf.constant(matrix, tf.float32))[0], expected, rtol=1e-4)


@pytest.mark.parametrize("take_root", ROOTS.values(), ids=ROOTS)
@pytest.mark.parametrize("matrix", [np.zeros((4, 4)), np.diag([1.0, 0, 0, 0]), np.diag([1.0, 1e-9, -1e-9, 1e-30])])
def test_the_inverse_of_nothing_is_bounded(matrix: np.ndarray, take_root: Callable) -> None:
    trace, inverse = take_root(tf.constant(matrix, tf.float32))
    np.testing.assert_allclose(trace, matrix[0, 0], atol=1e-3)
    assert np.isfinite(inverse).all() and np.abs(matrix @ inverse @ matrix - matrix).max() < 1e-3


@pytest.mark.parametrize("channels", [8, 64, 512])
@pytest.mark.parametrize("smallest", [0.3, 1e-5])
def test_rotation(channels: int, smallest: float) -> None:
    left, right = turned(channels), turned(channels, seed=1)
    singular = np.geomspace(7.0, 7.0 * smallest, channels)
    matrix, share = left * singular @ right.T, singular.min() / np.linalg.norm(singular)
    found = rotation(tf.constant(matrix, tf.float64)[None], share)
    np.testing.assert_allclose(found[0], left @ right.T, atol=1e-7)
    rough = rotation(tf.constant(matrix, tf.float32)[None], share)
    np.testing.assert_allclose(rough[0] @ tf.transpose(rough[0]), np.eye(channels), atol=1e-5)
    np.testing.assert_allclose(np.sum(rough[0] * matrix), singular.sum(), rtol=1e-5)


def test_nothing_smaller_than_expected_does_harm() -> None:
    """What lies below `smallest`, or by rounding below 0, is not brought to 1, and does not grow out of bounds."""
    vectors = turned(64)
    matrix = (vectors * np.concatenate([np.ones(32), np.full(32, -1e-7)])) @ vectors.T
    turn = rotation(tf.constant(matrix, tf.float32), 1e-5)
    np.testing.assert_allclose(turn @ vectors[:, :32], vectors[:, :32], atol=1e-5)
    assert np.linalg.norm(turn, 2) < 1.001


@pytest.mark.parametrize("smallest", [1e-6, 1e-3, 0.5])
def test_stretches_bring_all_to_one(smallest: float) -> None:
    values = np.geomspace(smallest, 1.0, 10000)
    for stretch in stretches(smallest):
        values = stretch * values * (3.0 - (stretch * values) ** 2) / 2.0
    np.testing.assert_allclose(values, 1.0, rtol=1e-7)


def test_stretching_halves_the_steps() -> None:
    plain, steps = 1e-5, 0
    while plain < 1.0 - 1e-7:
        plain, steps = plain * (3.0 - plain**2) / 2.0, steps + 1
    assert len(stretches(1e-5)) <= steps / 2
