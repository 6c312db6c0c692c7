"""LossValues that are sound, explode, settle."""

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.descent.steps import EXPLODED, RECOVERY, SOONEST, Watch
from keras_nst.session.method import objective_of
from keras_nst.settings.config import Config

GRADIENT = tf.zeros([1, 2, 2, 3])


def watch(settle: float = 0.0, count: int = 1, **given: object) -> Watch:
    watched = Watch(count, settle)
    watched.begin(objective_of(Config(**given).resolved()))
    return watched


def settled_at(losses: list[float], **given: object) -> int | None:
    watched = watch(**given)
    for step, loss in enumerate(losses, start=1):
        watched.note(tf.constant([loss]))
        if watched.has_settled():
            return step
    return None


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_sound(wrong: float) -> None:
    assert watch().is_sound(tf.constant([1.0]), GRADIENT)
    assert not watch().is_sound(tf.constant([wrong]), GRADIENT)
    assert not watch().is_sound(tf.constant([1.0]), GRADIENT + wrong)


def test_a_loss_far_above_the_first_is_not_sound() -> None:
    watched = watch(normalization="gatys")
    watched.note(tf.constant([5.0]))
    assert watched.is_sound(tf.constant([5.0 * EXPLODED * 0.99]), GRADIENT)
    assert not watched.is_sound(tf.constant([5.0 * EXPLODED * 1.01]), GRADIENT)
    # One of a batch is enough, and next to nothing is no measure.
    assert not watch(count=2).is_sound(tf.constant([1.0, float("nan")]), GRADIENT)
    at_rest = watch(normalization="gatys")
    at_rest.note(tf.constant([0.0]))
    assert at_rest.is_sound(tf.constant([1e9]), GRADIENT)


def test_trials_may_be_wild_but_not_the_first() -> None:
    watched = watch()
    assert not watched.is_sound(tf.constant([np.nan], tf.float32), GRADIENT, tried=True)
    watched.note(tf.constant([1.0]))
    assert watched.is_sound(tf.constant([np.nan], tf.float32), GRADIENT, tried=True)


def test_settled_where_the_loss_has_ceased_to_fall() -> None:
    falling = list(1.0 + 0.9 ** np.arange(100))
    step = settled_at(falling, settle=0.01)
    # From there on 15 steps at this pace make less than a hundredth: 15 * 0.1 * 0.9^k = 0.01 at k = 48.
    assert step is not None and 40 <= step <= 65
    assert settled_at(falling, settle=0.001) > step
    assert settled_at(falling) is None
    assert SOONEST <= settled_at([1.0] * 100, settle=0.01) <= SOONEST + 5
    assert settled_at(list(0.95 ** np.arange(100)), settle=0.01) is None


def test_what_rises_now_and_then_has_not_settled() -> None:
    """As trials do: the least loss counts."""
    falling = 0.97 ** np.arange(100)
    falling[5::7] *= 3
    assert settled_at(list(falling), settle=0.01) is None


def test_failures_are_forgotten_after_sound_steps() -> None:
    watched = watch()
    assert [watched.fail(), watched.fail()] == [1, 2]
    for _ in range(RECOVERY - 1):
        watched.note(tf.constant([1.0]))
    assert watched.fail() == 3
    for _ in range(RECOVERY):
        watched.note(tf.constant([1.0]))
    assert watched.fail() == 1
