"""Optimizers by name, their schedule, and their state from scale to scale."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.descent import optimizers
from keras_nst.core.plan.method import Movement
from keras_nst.core.plan.pyramid import Size
from keras_nst.session.method import movement_of
from keras_nst.settings.config import Config
from keras_nst.settings.recipes import LEARNING_RATES, OPTIMIZERS


def settings(**given: object) -> Movement:
    return movement_of(Config(**{"decay_steps": 4, "decay_rate": 0.5, **given}).resolved())


def variable(value: float = 0.5, size: tuple[int, int] = (4, 6)) -> tf.Variable:
    return tf.Variable(tf.fill([1, *size, 3], value))


def test_adam_is_the_textbook_s() -> None:
    """Kingma and Ba's update with the bias corrections drawn into the rate (end of their section 2), in NumPy."""
    picture, config = variable(), settings(learning_rate=0.1, beta_1=0.8, beta_2=0.9, epsilon=1e-3)
    optimizer = optimizers.make_optimizer(config, 12, picture)
    x, m, v = np.full(picture.shape, 0.5), 0.0, 0.0
    for step in range(1, 7):
        gradient = np.random.default_rng(step).normal(size=picture.shape)
        optimizer.optimizer.apply([tf.constant(gradient, tf.float32)], [picture])
        m, v = 0.8 * m + 0.2 * gradient, 0.9 * v + 0.1 * gradient**2
        rate = 0.1 * 0.5 ** ((step - 1) / 4)
        x = x - rate * np.sqrt(1 - 0.9**step) / (1 - 0.8**step) * m / (np.sqrt(v) + 1e-3)
    np.testing.assert_allclose(picture.numpy(), x, atol=1e-5)


@pytest.mark.parametrize(("staircase", "expected"), [(False, 0.1 * 0.5**0.75), (True, 0.1)])
def test_decay(staircase: bool, expected: float) -> None:
    picture = variable()
    optimizer = optimizers.make_optimizer(settings(learning_rate=0.1, decay_staircase=staircase), 12, picture)
    for _ in range(3):
        optimizer.optimizer.apply([tf.ones_like(picture)], [picture])
    assert float(optimizer.learning_rate) == pytest.approx(expected, rel=1e-5)


def test_decay_by_default_thrice_a_scale() -> None:
    picture = variable()
    optimizer = optimizers.make_optimizer(settings(learning_rate=1.0, decay_steps=None), 6, picture)
    for _ in range(6):
        optimizer.optimizer.apply([tf.ones_like(picture)], [picture])
    assert float(optimizer.learning_rate) == pytest.approx(0.5**3, rel=1e-5)


def test_the_next_scale_goes_on_with_moments_and_a_fresh_schedule() -> None:
    config, picture = settings(learning_rate=0.1), variable()
    optimizer = optimizers.make_optimizer(config, 12, picture)
    for _ in range(5):
        optimizer.optimizer.apply([tf.ones_like(picture)], [picture])
    state = optimizer.state()
    assert state.step == 5 and len(state.moments) == 2
    larger = variable(size=(8, 12))
    following = optimizers.make_optimizer(config, 12, larger)
    following.begin(optimizers.resized(state, Size(8, 12)))
    assert float(following.learning_rate) == pytest.approx(0.1, rel=1e-5)
    # Four times the pixels: a gradient of the same direction is four times smaller, and Adam's step stays what it was.
    larger.assign(tf.fill(larger.shape, 0.5))
    following.optimizer.apply([tf.ones_like(larger) / 4], [larger])
    np.testing.assert_allclose(larger.numpy(), 0.4, rtol=1e-4)


def test_second_moments_stay_positive() -> None:
    sharp = tf.constant(np.random.default_rng(0).random((1, 9, 9, 3)) ** 8, tf.float32)
    state = optimizers.resized(optimizers.State(3, [sharp - 0.5, sharp]), Size(13, 13))
    assert float(tf.reduce_min(state.moments[1])) >= 0


def test_sgd_steps_are_bounded_per_picture() -> None:
    config = settings(optimizer="sgd", learning_rate=2.0, max_step=0.01)
    wild, calm = np.full((1, 4, 6, 3), 100.0), np.full((1, 4, 6, 3), 0.001)
    gradient = optimizers.bounded(tf.constant(np.concatenate([wild, calm]), tf.float32), config).numpy()
    np.testing.assert_allclose(gradient[0], 0.005, rtol=1e-5)  # 2.0 * 0.005 = 0.01
    np.testing.assert_allclose(gradient[1], 0.001, rtol=1e-5)
    assert np.all(np.isfinite(optimizers.bounded(tf.zeros([1, 4, 6, 3]), config)))
    unchanged = optimizers.bounded(tf.constant(wild, tf.float32), settings(optimizer="adam"))
    np.testing.assert_array_equal(unchanged, wild)


def test_every_optimizer_has_a_rate_and_is_made() -> None:
    kinds = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
    assert set(kinds) == set(LEARNING_RATES) and {*kinds, "lbfgs"} == set(OPTIMIZERS)
    for name, kind in kinds.items():
        assert isinstance(optimizers.make_optimizer(settings(optimizer=name), 9, variable()).optimizer, kind)
    assert optimizers.make_optimizer(settings(optimizer="lbfgs"), 9, variable()).searches
