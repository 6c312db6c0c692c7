"""Colors of one picture in another, against published values and NumPy's statistics."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from conftest import smooth_picture

from keras_nst.pictures.palette import (
    Share,
    chroma_map,
    from_oklab,
    luminance_only,
    match_colors,
    match_lightness,
    to_oklab,
    with_colors_of,
)

COLORFUL = np.random.default_rng(0).random((50, 40, 3), np.float32)
MUTED = 0.3 + 0.4 * smooth_picture(60, 70, seed=1)  # far from the limits, so that nothing is clipped
GRAY = np.repeat(MUTED[..., :1], 3, axis=2)
RED = np.zeros((5, 4, 3), np.float32) + np.float32([1, 0, 0])
BLACK, WHITE = np.zeros((3, 7, 3), np.float32), np.ones((3, 7, 3), np.float32)
PLAIN = {"colorful": COLORFUL, "gray": GRAY, "red": RED, "black": BLACK, "white": WHITE, "pixel": RED[:1, :1]}

Recolor = Callable[[np.ndarray, np.ndarray], np.ndarray]


def statistics(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    colors = picture.reshape(-1, 3).astype(np.float64)
    return colors.mean(axis=0), np.cov(colors.T, bias=True)


def assert_gray(picture: np.ndarray) -> None:
    assert np.ptp(picture, axis=2).max() < 1e-6


@pytest.mark.parametrize(
    ("color", "lab"),
    [  # as CSS Color 4 and coloraide have them
        ("ff0000", (0.62796, 0.22486, 0.12585)),
        ("00ff00", (0.86644, -0.23389, 0.17950)),
        ("0000ff", (0.45201, -0.03246, -0.31153)),
        ("ffff00", (0.96798, -0.07137, 0.19857)),
        ("008000", (0.51975, -0.14030, 0.10768)),
        ("ffa500", (0.79269, 0.05661, 0.16138)),
        ("ffffff", (1, 0, 0)),
        ("000000", (0, 0, 0)),
    ],
)
def test_published_values_of_oklab(color: str, lab: tuple[float, ...]) -> None:
    found = to_oklab(np.float32(list(bytes.fromhex(color))) / 255)
    np.testing.assert_allclose(found, lab, atol=1e-5)


def test_oklab_there_and_back() -> None:
    corners = np.stack(np.meshgrid(*[np.float32([0, 0.001, 0.04, 0.5, 1])] * 3), axis=-1)
    for colors in (corners, COLORFUL):
        np.testing.assert_allclose(from_oklab(to_oklab(colors)), colors, atol=1e-6)


def test_beyond_srgb_is_clipped() -> None:
    colors = from_oklab(np.array([[0.5, 0.4, 0.0], [1.2, 0.0, 0.0], [-0.1, 0.0, 0.0]]))
    assert colors.min() == 0 and colors.max() == pytest.approx(1)


def test_mean_and_covariance_become_the_examples() -> None:
    example = 0.35 + 0.3 * COLORFUL
    for found, expected in zip(statistics(match_colors(MUTED, example)), statistics(example), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_the_least_change() -> None:
    """A symmetric positive map is the optimal one from its input to its output, so that it is found again."""
    stretch = np.array([[0.9, 0.2, 0.1], [0.2, 0.7, -0.1], [0.1, -0.1, 0.5]])
    example = np.float32((MUTED - 0.5) @ stretch + [0.5, 0.45, 0.55])
    np.testing.assert_allclose(match_colors(MUTED, example), example, atol=1e-5)


@pytest.mark.parametrize("name", PLAIN)
def test_own_colors_change_nothing(name: str) -> None:
    for recolor in (match_colors, match_lightness, with_colors_of):
        np.testing.assert_allclose(recolor(PLAIN[name], PLAIN[name]), PLAIN[name], atol=1e-4)


def test_pixels_without_weight_do_not_count() -> None:
    framed = np.pad(MUTED, ((9, 9), (9, 9), (0, 0)))
    weights = np.pad(np.full(MUTED.shape[:2], 0.5, np.float32), 9)
    example = 0.35 + 0.3 * COLORFUL
    expected = match_colors(MUTED, example)
    np.testing.assert_allclose(match_colors(framed, example, weights)[9:-9, 9:-9], expected, atol=1e-6)
    expected = match_colors(example, MUTED)
    np.testing.assert_allclose(match_colors(example, framed, example_weights=weights), expected, atol=1e-6)


def test_weight_of_two_is_two_pixels() -> None:
    weights = np.random.default_rng(1).integers(0, 4, MUTED.shape[:2])
    repeated = np.repeat(MUTED.reshape(-1, 3), weights.ravel(), axis=0)[None]
    np.testing.assert_allclose(
        match_colors(COLORFUL, MUTED, example_weights=weights), match_colors(COLORFUL, repeated), atol=1e-6
    )


def test_no_pixel_counts() -> None:
    with pytest.raises(ValueError, match="Expected at least one pixel with a weight above 0. Received: none"):
        match_colors(MUTED, GRAY, np.zeros(MUTED.shape[:2]))


@pytest.mark.parametrize("recolor", [match_colors, match_lightness])
@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("example", PLAIN)
def test_plain_pictures(recolor: Recolor, name: str, example: str) -> None:
    found = recolor(PLAIN[name], PLAIN[example])
    assert found.shape == PLAIN[name].shape and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 1  # which NaN is not


@pytest.mark.parametrize("name", ["red", "black", "white"])
def test_one_color_becomes_the_mean(name: str) -> None:
    mean = np.broadcast_to(MUTED.mean(axis=(0, 1)), PLAIN[name].shape)
    np.testing.assert_allclose(match_colors(PLAIN[name], MUTED), mean, atol=1e-5)


@pytest.mark.parametrize("name", ["colorful", "gray", "red"])
def test_gray_example_leaves_gray(name: str) -> None:
    assert_gray(match_colors(PLAIN[name], GRAY))


def test_gray_picture_is_toned() -> None:
    """It has one dimension of colors, and keeps it: they get the mean of the example's, and lie on a line."""
    found = match_colors(GRAY, MUTED)
    mean, covariance = statistics(found)
    np.testing.assert_allclose(mean, MUTED.mean(axis=(0, 1)), atol=1e-5)
    assert np.linalg.eigvalsh(covariance)[1] < 1e-9


def test_noise_is_no_color() -> None:
    """A quarter of a level of noise on a gray picture stays a few levels, whatever the example's colors are."""
    noise = np.random.default_rng(2).normal(0, 0.25 / 255, GRAY.shape).astype(np.float32)
    change = match_colors(GRAY + noise, MUTED) - match_colors(GRAY, MUTED)
    assert change.std() < 6 / 255


def test_result_is_clipped() -> None:
    found = match_colors(MUTED, np.rint(COLORFUL))
    assert found.min() == 0 and found.max() == 1


def test_luminance_only() -> None:
    gray = luminance_only(COLORFUL)
    assert (gray == gray[..., :1]).all() and gray.dtype == np.float32
    np.testing.assert_allclose(to_oklab(gray)[..., 0], to_oklab(COLORFUL)[..., 0], atol=1e-6)
    np.testing.assert_allclose(luminance_only(GRAY), GRAY, atol=1e-6)


def test_lightness_becomes_the_examples() -> None:
    example = 0.2 + 0.5 * COLORFUL
    found, expected = (to_oklab(picture)[..., 0] for picture in (match_lightness(MUTED, example), example))
    np.testing.assert_allclose([found.mean(), found.std()], [expected.mean(), expected.std()], atol=1e-5)
    assert_gray(match_lightness(GRAY, example))


def test_lightness_leaves_hue_and_chroma() -> None:
    found, before = (to_oklab(picture)[..., 1:] for picture in (match_lightness(MUTED, 0.5 + 0.3 * COLORFUL), MUTED))
    np.testing.assert_allclose(found, before, atol=1e-5)


def test_lightness_that_chroma_gives_way_to() -> None:
    """Light red is pink: neither darker, nor of another hue."""
    found = to_oklab(match_lightness(RED, np.full((2, 2, 3), 0.9, np.float32)))[0, 0]
    light, red = to_oklab(np.full(3, 0.9)), to_oklab(np.array([1.0, 0.0, 0.0]))
    assert found[0] == pytest.approx(light[0], abs=1e-4)
    assert found[2] / found[1] == pytest.approx(red[2] / red[1], abs=1e-3)
    assert 0.02 < found[1] < red[1]


def test_colors_of_the_content() -> None:
    picture, content = 0.4 + 0.2 * COLORFUL, 0.45 + 0.1 * COLORFUL[::-1]
    found = to_oklab(with_colors_of(picture, content))
    np.testing.assert_allclose(found[..., 0], to_oklab(picture)[..., 0], atol=1e-5)
    np.testing.assert_allclose(found[..., 1:], to_oklab(content)[..., 1:], atol=1e-5)


def test_chroma_of_the_content_in_the_range_of_the_styles() -> None:
    """Two styles, the second counting three times, one of its halves transparent; light and dark are the picture's."""
    content, first, second = MUTED, 0.4 + 0.2 * COLORFUL, 0.5 + 0.1 * COLORFUL[:, ::-1]
    seen = np.zeros(second.shape[:2], np.float32)
    seen[:25] = 0.7
    tone = chroma_map([Share(content)], [Share(first), Share(second, 3.0, seen)])
    found = to_oklab(with_colors_of(content, content, tone)).reshape(-1, 3)
    ab = [to_oklab(of)[..., 1:].reshape(-1, 2) for of in (first, second[:25])]
    expected = np.concatenate([ab[0], np.repeat(ab[1], 6, axis=0)])  # half as many pixels, three times each
    np.testing.assert_allclose(found[:, 1:].mean(axis=0), expected.mean(axis=0), atol=2e-5)
    np.testing.assert_allclose(np.cov(found[:, 1:].T, bias=True), np.cov(expected.T, bias=True), atol=2e-6)
    np.testing.assert_allclose(found[:, 0], to_oklab(content)[..., 0].ravel(), atol=1e-5)


def test_chroma_that_is_the_styles_stays() -> None:
    tone = chroma_map([Share(MUTED)], [Share(MUTED)])
    np.testing.assert_allclose(with_colors_of(MUTED, MUTED, tone), MUTED, atol=1e-4)


def test_a_gray_style_leaves_gray() -> None:
    tone = chroma_map([Share(MUTED)], [Share(GRAY)])
    assert abs(to_oklab(with_colors_of(MUTED, MUTED, tone))[..., 1:]).max() < 1e-4


def test_colors_beyond_srgb_lose_chroma_only() -> None:
    content = COLORFUL[::-1]
    shown = with_colors_of(COLORFUL, content)
    found, before, wanted = (to_oklab(picture) for picture in (shown, COLORFUL, content))
    assert abs(found[..., 0] - before[..., 0]).max() < 1e-4
    share = np.sum(found[..., 1:] * wanted[..., 1:], axis=2) / np.sum(wanted[..., 1:] ** 2, axis=2)
    np.testing.assert_allclose(found[..., 1:], wanted[..., 1:] * share[..., None], atol=1e-4)  # of the same hue
    at_limit = (shown.min(axis=2) < 0.005) | (shown.max(axis=2) > 0.9995)
    assert (at_limit | (share > 0.999)).all()
    assert 0.1 < (share > 0.999).mean() < 0.9  # both happen here


@pytest.mark.parametrize("gray", [BLACK, WHITE])
def test_black_and_white_have_no_colors(gray: np.ndarray) -> None:
    found = with_colors_of(gray, np.broadcast_to(np.float32([0.9, 0.1, 0.2]), gray.shape))
    np.testing.assert_allclose(found, gray, atol=1e-4)


def test_colors_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"Expected colors of a picture of shape \(50, 40, 3\). Received: \(60, 70, 3"):
        with_colors_of(COLORFUL, MUTED)


def test_strips_are_not_seen() -> None:
    """Two thin pictures as one: many strips, the last one short."""
    high = np.tile(MUTED, (40, 1, 1))
    assert np.array_equal(luminance_only(high), np.tile(luminance_only(MUTED), (40, 1, 1)))
    np.testing.assert_allclose(match_colors(high, COLORFUL)[-60:], match_colors(MUTED, COLORFUL), atol=1e-6)
    weights = np.zeros(high.shape[:2], np.float32)
    weights[-60:] = 1
    np.testing.assert_allclose(match_colors(high, COLORFUL, weights)[-60:], match_colors(MUTED, COLORFUL), atol=1e-6)


@pytest.mark.parametrize(
    "recolor", [match_colors, match_lightness, with_colors_of, lambda picture, _: luminance_only(picture)]
)
def test_memory_is_that_of_the_result_and_a_strip(recolor: Recolor) -> None:
    large = np.tile(MUTED, (12, 12, 1))
    tracemalloc.start()
    try:
        recolor(large, large)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < large.nbytes + 20_000_000
