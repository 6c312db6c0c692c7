"""Square roots and rotations, against eigenvalues and singular values by LAPACK in float64."""

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.roots import rotation, square_roots, stretches


def turned(channels: int, seed: int = 0) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(channels, channels)))[0]


@pytest.mark.parametrize("channels", [8, 64, 512])
@pytest.mark.parametrize("smallest", [0.3, 1e-5])
def test_square_roots(channels: int, smallest: float) -> None:
    eigenvalues, vectors = np.geomspace(7.0, 7.0 * smallest, channels), turned(channels)
    matrix = tf.constant((vectors * eigenvalues) @ vectors.T, tf.float32)
    root, inverse = square_roots(matrix[None], eigenvalues.min() / np.linalg.norm(eigenvalues))
    expected = (vectors * np.sqrt(eigenvalues)) @ vectors.T
    np.testing.assert_allclose(root[0], expected, atol=2e-5)
    np.testing.assert_allclose(inverse[0] @ expected, np.eye(channels), atol=2e-3)


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
    root, inverse = square_roots(tf.constant(matrix, tf.float32), 1e-5)
    np.testing.assert_allclose(root, (vectors * np.repeat([1.0, 0.0], 32)) @ vectors.T, atol=1e-3)
    assert np.abs(inverse).max() < 1e4
    turn = rotation(tf.constant(matrix, tf.float32), 1e-5)
    np.testing.assert_allclose(turn @ vectors[:, :32], vectors[:, :32], atol=1e-5)
    assert np.linalg.norm(turn, 2) < 1.001


@pytest.mark.parametrize("lowest", [-2e-5, -5e-5, -1.0, -100.0])
def test_indefinite_matrices_are_taken_for_round_ones(lowest: float) -> None:
    """Whether they run away a little, far or to infinity. The others beside them are not."""
    vectors = turned(16)
    indefinite, definite = (
        (vectors * np.concatenate([np.linspace(0.5, 1.5, 15), [last]])) @ vectors.T for last in (lowest, 0.1)
    )
    root, inverse = square_roots(tf.constant(np.stack([indefinite, definite]), tf.float32), 1e-5)
    np.testing.assert_allclose(root[0] @ root[0], np.linalg.norm(indefinite) / 4.0 * np.eye(16), atol=1e-4)
    np.testing.assert_allclose(root[1] @ root[1], definite, atol=1e-5)
    for index in (0, 1):
        np.testing.assert_allclose(root[index] @ inverse[index], np.eye(16), atol=1e-4)


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
