"""Variation terms: their values, and that they add up."""

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.definitions import DEFINITIONS
from keras_nst.core.variation import (
    Pixels,
    meeting_borders,
    relative_absolute_variation,
    squared_variation,
    whole_picture,
)


def test_variation_of_a_checkerboard() -> None:
    """4 x 4 pixels, black and white: 12 differences of 1 each way and channel; Keras counts 3 x 3 of 2 * 255^2."""
    board = tf.constant(np.indices((4, 4)).sum(axis=0) % 2, tf.float32)[None, :, :, None] * tf.ones([1, 1, 1, 3])
    target = tf.ones(1)
    expected = {
        "gatys": 72 * 255**2,
        "keras": 27 * (2 * 255**2) ** 1.25,
        "tensorflow": 72,
        "d2l": 1.0,
        "balanced": 72 / 16,
    }
    for name, number in expected.items():
        variation = DEFINITIONS[name].variation
        np.testing.assert_allclose(variation(whole_picture(board), target), [number], rtol=1e-5, err_msg=name)


def test_absolute_variation() -> None:
    """One step costs the same however high it is climbed at once, by squares it does not."""
    target, ramp = tf.fill([1], 0.04), np.linspace(0, 1, 9)
    steep, gentle = (np.float32(rows)[None, :, None, None] * np.ones((1, 9, 5, 3)) for rows in (ramp > 0.5, ramp))
    for picture in (steep, gentle):
        variation = relative_absolute_variation(whole_picture(tf.constant(picture, tf.float32)), target)
        np.testing.assert_allclose(variation, [5 * 3 / (9 * 5 * 0.2)], rtol=1e-5)


TERMS = {name: definition.variation for name, definition in DEFINITIONS.items()}
TERMS["absolute"] = relative_absolute_variation


@pytest.mark.parametrize("name", TERMS)
def test_variation_adds_up_over_parts(name: str) -> None:
    """Four parts of unequal sizes, each among neighbors that are not its own."""
    variation, target = TERMS[name], tf.fill([1], 0.1)
    shown = tf.constant(np.random.default_rng(0).random((1, 12, 14, 3), np.float32))
    whole = whole_picture(shown)
    total = 0.0
    for top, bottom in ((0, 5), (5, 12)):
        for left, right in ((0, 9), (9, 14)):
            own = np.zeros((12, 14), np.float32)
            own[top:bottom, left:right] = 1.0
            rows, columns = slice(max(0, top - 2), bottom + 2), slice(max(0, left - 3), right + 1)
            pixels = Pixels(shown[:, rows, columns], tf.constant(own[rows, columns]), whole.whole)
            total += variation(pixels, target)[0]
    np.testing.assert_allclose(total, variation(whole, target)[0], rtol=1e-5)


def test_borders_that_meet() -> None:
    """The same as the sum over a picture and its neighbors by rolling, in NumPy; turning it changes nothing."""
    picture = np.random.default_rng(5).random((1, 7, 9, 3))
    expected = sum(np.square(np.roll(picture, -1, axis) - picture).sum() for axis in (1, 2))
    for turned in (picture, np.roll(picture, (3, 4), (1, 2))):
        np.testing.assert_allclose(squared_variation(meeting_borders(tf.constant(turned))), [expected])
