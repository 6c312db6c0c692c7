"""Moments: their values, and that they add up."""

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.objective.moments import Moments, gram, moments

FEATURES = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype(np.float32)


def test_values() -> None:
    of = moments(tf.constant(FEATURES))
    for picture in (0, 1):
        rows = FEATURES[picture].reshape(-1, 3)
        np.testing.assert_allclose(of.count[picture, 0], 35)
        np.testing.assert_allclose(of.first[picture, 0], sum(rows), rtol=1e-5)
        np.testing.assert_allclose(of.second[picture, 0], sum(np.outer(row, row) for row in rows), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        gram(of)[0, 0], np.matmul(FEATURES[0].reshape(-1, 3).T, FEATURES[0].reshape(-1, 3)) / 35, 1e-5
    )


def test_parts_add_up_to_the_whole() -> None:
    parts = [moments(tf.constant(part)) for part in np.split(FEATURES, [2], axis=1)]
    total = Moments(*(first + second for first, second in zip(*parts, strict=True)))
    for ours, expected in zip(total, moments(tf.constant(FEATURES)), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-5)


def test_positions_may_be_shuffled() -> None:
    rows = FEATURES.reshape(2, 35, 3)
    shuffled = np.random.default_rng(1).permutation(rows, axis=1).reshape(FEATURES.shape)
    np.testing.assert_allclose(
        moments(tf.constant(shuffled)).second, moments(tf.constant(FEATURES)).second, rtol=1e-5, atol=1e-5
    )


def test_bfloat16_is_added_up_in_float32() -> None:
    """4000 positions of 1 + 1/128: in bfloat16 the sum would stop growing at 256 or so."""
    of = moments(tf.fill([1, 50, 80, 1], tf.constant(1.0078125, tf.bfloat16)))
    assert of.second.dtype == tf.float32
    np.testing.assert_allclose(of.first[:, 0], [[4000 * 1.0078125]], rtol=1e-6)


def test_weights_tell_how_often_a_position_counts() -> None:
    weights = np.random.default_rng(2).integers(0, 3, (5, 7)).astype(np.float32)
    of = moments(tf.constant(FEATURES), tf.constant(weights[None]))
    rows = np.repeat(FEATURES[1].reshape(-1, 3), weights.astype(int).ravel(), axis=0)
    np.testing.assert_allclose(of.count[1, 0], len(rows))
    np.testing.assert_allclose(of.first[1, 0], rows.sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(of.second[1, 0], sum(np.outer(row, row) for row in rows), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_is_the_slope_of_the_moments(weighted: bool) -> None:
    """Along a random direction, by a central difference in float64 of what NumPy says; D is not symmetric."""
    random = np.random.default_rng(3)
    features, direction = random.normal(size=(2, 2, 5, 7, 3))
    level, slope, weights = (
        random.normal(size=(2, 3)),
        random.normal(size=(2, 3, 3)),
        random.random((5, 7)) if weighted else np.ones((5, 7)),
    )

    def objective(values: np.ndarray) -> float:
        return sum(
            float(level[n] @ values[n, y, x] + values[n, y, x] @ slope[n] @ values[n, y, x]) * weights[y, x]
            for n, y, x in np.ndindex(2, 5, 7)
        )

    seen = tf.constant(features)
    with tf.GradientTape() as tape:
        tape.watch(seen)
        of = moments(seen, tf.constant(weights[None]) if weighted else None)
        value = tf.reduce_sum(level[:, None] * of.first) + tf.reduce_sum(slope[:, None] * of.second)
    expected = (objective(features + 1e-4 * direction) - objective(features - 1e-4 * direction)) / 2e-4
    np.testing.assert_allclose(value, objective(features))
    np.testing.assert_allclose(np.sum(tape.gradient(value, seen) * direction), expected, rtol=1e-6)
