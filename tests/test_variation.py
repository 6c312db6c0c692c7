"""Variation terms: their values, and that they add up."""

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.objective.definitions import DEFINITIONS
from keras_nst.core.objective.variation import (
    Pixels,
    chroma_of,
    meeting_borders,
    relative_absolute_variation,
    relative_chroma_variation,
    relative_roughness,
    squared_roughness_per_pixel,
    squared_variation,
    squared_variation_per_pixel,
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
TERMS |= {
    "absolute": relative_absolute_variation,
    "chroma": relative_chroma_variation,
    "roughness": relative_roughness,
}


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


# --- Color and lightness apart ---

SIDE = 40
COLOR = np.array([0.3, -0.1, 0.2])
LUMA = COLOR @ [0.2126, 0.7152, 0.0722]


def wave(across: int, down: int, color: np.ndarray = COLOR) -> Pixels:
    """Returns a plane wave of so many periods each way, whose borders meet."""
    rows, columns = np.indices((SIDE, SIDE)) * 2 * np.pi / SIDE
    return meeting_borders(tf.constant(np.cos(columns * across + rows * down)[None, :, :, None] * color))


def energy(across: int, down: int) -> float:
    """Returns |exp(i w d) - 1|^2 of the wave along d, weighted as the stencil has it: 2/3 straight, 1/6 slanting."""
    u, v = 2 * np.pi * across / SIDE, 2 * np.pi * down / SIDE
    straight, slanting = (sum(2 - 2 * np.cos(of)) for of in (np.array([u, v]), np.array([u + v, u - v])))
    return 2 / 3 * straight + 1 / 6 * slanting


@pytest.mark.parametrize(("across", "down"), [(5, 0), (0, 5), (3, 4), (9, 2), (19, 19), (20, 20)])
def test_color_and_lightness_of_waves(across: int, down: int) -> None:
    """A wave's chroma is its color without the luma; the mean is half of the square, but at 20 periods of 40 pixels."""
    mean, target = (1.0 if (across, down) == (20, 20) else 0.5), tf.ones(1, tf.float64)
    chroma = np.sum(np.square(COLOR - LUMA)) * energy(across, down) * mean
    np.testing.assert_allclose(relative_chroma_variation(wave(across, down), target), [chroma], rtol=1e-9)
    rough = LUMA**2 * energy(across, down) ** 2 * mean
    np.testing.assert_allclose(relative_roughness(wave(across, down), target), [rough], rtol=1e-9)


def test_no_direction_is_preferred() -> None:
    """A wave of 10 pixels, 3-4-5, costs the same turned by 37 degrees; by plain differences it does not."""
    target = tf.ones(1, tf.float64)
    for of, most in ((relative_chroma_variation, 0.01), (relative_roughness, 0.02)):
        straight, turned = (float(of(wave(*periods), target)[0]) for periods in ((10, 0), (6, 8)))
        assert abs(turned / straight - 1) < most
    straight, turned = (float(squared_variation(wave(*periods))[0]) for periods in ((10, 0), (6, 8)))
    assert turned / straight - 1 > 0.1


def test_gray_has_no_chroma_and_color_alone_no_roughness() -> None:
    noise, target = np.random.default_rng(1).random((1, 12, 9, 1)), tf.ones(1, tf.float64)
    gray = whole_picture(tf.constant(noise * np.ones(3)))
    np.testing.assert_allclose(relative_chroma_variation(gray, target), [0.0], atol=1e-12)
    even = np.array([0.7152, -0.2126, 0.0])  # luma 0
    np.testing.assert_allclose(relative_roughness(whole_picture(tf.constant(noise * even)), target), [0.0], atol=1e-12)
    length = np.linalg.norm(even)
    np.testing.assert_allclose(np.linalg.norm(chroma_of(tf.constant(even))), length, rtol=1e-12)


def test_per_pixel_by_strips() -> None:
    """Of a picture of three strips as by NumPy, at once."""
    picture = np.random.default_rng(2).random((1, 600, 5, 3))
    squares = sum(np.square(np.diff(picture, axis=axis)).sum() for axis in (1, 2))
    np.testing.assert_allclose(squared_variation_per_pixel(tf.constant(picture)), [squares / 3000])
    luma = picture[0] @ [0.2126, 0.7152, 0.0722]
    stencil = np.array([[1, 4, 1], [4, -20, 4], [1, 4, 1]]) / 6
    windows = np.lib.stride_tricks.sliding_window_view(luma, (3, 3))
    rough = np.square((windows * stencil).sum(axis=(2, 3))).sum()
    np.testing.assert_allclose(squared_roughness_per_pixel(tf.constant(picture)), [rough / 3000])
