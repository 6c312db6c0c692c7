"""Figures of strokes: drawn cloth, noise, lattices and facades, whose answers are known."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from keras_nst.core.judging import strokes
from keras_nst.core.judging.strokes import stroke_figures
from keras_nst.core.plan.pyramid import Size

Field = NDArray[np.floating]


def picture(light: Field) -> Field:
    """Returns a gray picture (1, h, w, 3) of lightness (h, w)."""
    return np.repeat(light[None, ..., None], 3, axis=-1).astype(np.float32)


def noise(height: int, width: int, seed: int = 0, deviation: float = 0.1) -> Field:
    return 0.5 + deviation * np.random.default_rng(seed).normal(size=(height, width))


def frequencies(shape: tuple[int, ...]) -> tuple[Field, Field]:
    """Returns cycles per pixel downwards and across."""
    down, across = np.meshgrid(*map(np.fft.fftfreq, shape), indexing="ij")
    return down, across


def filtered(light: Field, gain: Field) -> Field:
    """Returns the picture with each wave multiplied."""
    return np.fft.ifft2(np.fft.fft2(light) * gain).real


def cloth(height: int, width: int, amplitude: float = 0.02) -> Field:
    """Threads along rows and columns."""
    y, x = np.mgrid[:height, :width]
    return amplitude * (np.cos(2 * np.pi * 0.37 * y + 1) + np.cos(2 * np.pi * 0.35 * x))


def corner(light: Field) -> Field:
    """Returns what lies in the corner of the spectrum, a lattice along the diagonals."""
    down, across = frequencies(light.shape)
    return filtered(light, (np.abs(down) > 1 / 3) & (np.abs(across) > 1 / 3))


def brushed(height: int, width: int) -> Field:
    """Short strokes, as many in each direction."""
    random, light = np.random.default_rng(0), np.full((height, width), 0.5)
    y, x = np.mgrid[:24, :24] - 11.5
    for angle in np.tile(np.arange(0, 180, 3), 60):
        turned = np.radians(angle)
        along, across = x * np.cos(turned) + y * np.sin(turned), y * np.cos(turned) - x * np.sin(turned)
        top, left = random.integers(0, height - 24), random.integers(0, width - 24)
        stroke = np.exp(-((along / 6) ** 2) - (across / 1.2) ** 2) * random.normal()
        light[top : top + 24, left : left + 24] += 0.1 * stroke
    return light


def facade(height: int, width: int) -> Field:
    """A house of bricks and windows under an even sky."""
    y, x = np.mgrid[:height, :width]
    house = 0.5 + 0.2 * ((x % 12 < 5) & (y % 16 < 7)) - 0.1 * (y % 3 == 0) - 0.1 * (x % 5 == 0)
    return np.where(y < height // 3, 0.8, house)


def weave(result: Field, content: Field | None = None) -> float:
    return stroke_figures(None if content is None else picture(content), None, picture(result))["weave"]


# --- Weave ---


def test_cloth_is_woven_and_strokes_are_not() -> None:
    plain = np.full((200, 280), 0.5)
    assert weave(plain + cloth(200, 280)) > 10 and weave(plain + cloth(200, 280), plain) > 10
    assert weave(noise(200, 280)) == pytest.approx(1, abs=0.05)
    assert weave(brushed(200, 280)) == pytest.approx(1, abs=0.3)
    assert weave(brushed(200, 280) + cloth(200, 280, 0.1)) > 10


def test_cloth_along_the_diagonals_is_the_opposite() -> None:
    y, x = np.mgrid[:200, :280]
    turned = 0.5 + 0.02 * (np.cos(2 * np.pi * 0.26 * (x + y)) + np.cos(2 * np.pi * 0.26 * (x - y)))
    assert weave(turned) < 0.1


@pytest.mark.parametrize("shape", [(96, 150), (97, 131), (40, 17), (16, 16), (300, 20)])
def test_mirrored_and_transposed_pictures_are_alike(shape: tuple[int, int]) -> None:
    content, result = noise(*shape, seed=1), noise(*shape, seed=2) + cloth(*shape)
    style = noise(90, 90, seed=3)
    figures = [
        stroke_figures(*(picture(turn(of)) for of in (content, style, result)))
        for turn in (np.asarray, np.fliplr, np.flipud, np.transpose)
    ]
    for other in figures[1:]:
        assert other == pytest.approx(figures[0], rel=1e-4)


def test_a_building_of_the_content_is_none_of_the_brush() -> None:
    house = facade(240, 320)
    assert weave(house) > 5, "the test would tell nothing"
    assert weave(house, house) == pytest.approx(1)
    assert weave(0.3 + 0.5 * house, house) == pytest.approx(1, abs=0.1)
    assert weave(house + 0.02 * (noise(240, 320) - 0.5), house) == pytest.approx(1, abs=0.1)
    assert weave(house + cloth(240, 320), house) > 10


def test_weave_is_judged_where_the_content_is_flat() -> None:
    """Cloth in the content's noisy half alone is not seen, in its flat half it is."""
    content, left = noise(256, 256), np.arange(256) < 128
    content[:, left] = 0.5
    result = noise(256, 256, seed=5)
    assert weave(np.where(left, result, result + cloth(256, 256, 0.5)), content) < 1.5
    assert weave(np.where(left, result + cloth(256, 256, 0.5), result), content) > 10


# --- Lattice and crispness ---


@pytest.mark.parametrize("more", [0.0, 1.0, 8.0])
def test_a_lattice_counts_by_its_energy(more: float) -> None:
    """Noise with so much more energy in the corner has a lattice of 1 + more, against noise."""
    result = noise(256, 320) + math.sqrt(more) * corner(noise(256, 320, seed=1))
    plain, style = (picture(of) for of in (np.full((256, 320), 0.5), noise(320, 256, seed=2)))
    found = stroke_figures(plain, style, picture(result))
    assert found["lattice"] == pytest.approx(1 + more, rel=0.05)
    assert found["weave"] == pytest.approx(1, abs=0.05)


def test_a_lattice_of_the_content_is_none_of_the_result() -> None:
    y, x = np.mgrid[:128, :160]
    board = picture(0.5 + 0.1 * np.where((x + y) % 2, 1, -1))
    style = picture(noise(128, 160))
    assert stroke_figures(None, style, board)["lattice"] > 10
    assert stroke_figures(board, style, board)["lattice"] < 0.1
    assert stroke_figures(np.full_like(board, 0.5), style, board)["lattice"] > 10


@pytest.mark.parametrize("sigma", [0.4, 0.7, 1.0])
def test_crispness_of_blurred_noise_is_the_transfer_function(sigma: float) -> None:
    """A Gaussian multiplies the energy at f by exp(-4 pi^2 sigma^2 f^2)."""
    light = noise(384, 384)
    frequency = np.hypot(*frequencies(light.shape))
    blurred = filtered(light, np.exp(-2 * (np.pi * sigma * frequency) ** 2))
    fine, coarse = (
        np.mean(np.exp(-4 * (np.pi * sigma * frequency[(low <= frequency) & (frequency < high)]) ** 2))
        for low, high in ((0.30, 0.45), (0.06, 0.12))
    )
    found = stroke_figures(None, picture(noise(384, 384, seed=1)), picture(blurred))
    assert found["crispness"] == pytest.approx(fine / coarse, rel=0.1)
    assert found["crispness"] < 0.6


def test_the_style_has_its_own_crispness_and_lattice() -> None:
    light = brushed(150, 200) + noise(150, 200, deviation=0.02)
    found = stroke_figures(None, picture(light), picture(light))
    assert found == pytest.approx({"weave": weave(light), "lattice": 1, "crispness": 1}, rel=1e-5)


# --- What there may be ---


def test_what_is_not_known_is_not_told() -> None:
    result, other = picture(noise(48, 64)), picture(noise(64, 48, seed=1))
    assert list(stroke_figures(result, None, result)) == ["weave"]
    assert list(stroke_figures(None, other, result)) == ["weave", "lattice", "crispness"]


def test_pictures_of_one_color_are_measured() -> None:
    flat, painting = picture(np.full((40, 50), 0.3)), picture(brushed(40, 50))
    assert stroke_figures(flat, flat, flat) == pytest.approx({"weave": 1, "lattice": 0, "crispness": 1}, abs=1e-6)
    assert stroke_figures(painting, painting, flat) == pytest.approx(
        {"weave": 1, "lattice": 0, "crispness": 0}, abs=0.01
    )
    against = stroke_figures(flat, flat, painting)
    assert all(math.isfinite(value) and value >= 0 for value in against.values()) and against["crispness"] > 1


@pytest.mark.parametrize("shape", [(16, 16), (17, 23), (16, 400), (130, 63)])
def test_small_pictures(shape: tuple[int, int]) -> None:
    result, style = noise(*shape), noise(*shape[::-1], seed=1)
    found = stroke_figures(picture(facade(*shape)), picture(style), picture(result))
    assert list(found) == ["weave", "lattice", "crispness"] and all(0.1 < value < 10 for value in found.values()), found
    woven = stroke_figures(None, picture(style), picture(0.5 + cloth(*shape, 0.1)))
    assert woven["weave"] > 10


@pytest.mark.parametrize("side", range(16, 129))
def test_every_window_has_waves_in_every_band(side: int) -> None:
    bands = strokes.bands_of(side)
    assert all(band.any() for band in bands)
    assert all((band == band.T).all() for band in (bands.fine, bands.coarse, bands.corner))


def test_the_corner_is_beyond_a_third_along_both_axes() -> None:
    """Of 60 frequencies those of 21 to 30 cycles are, and of -29 to -21."""
    assert np.count_nonzero(strokes.bands_of(60).corner) == 19**2


def test_the_style_is_not_enlarged_nor_is_the_result() -> None:
    """Both come to the smaller one's number of pixels, in their own proportions."""
    assert strokes.common_sizes(Size(400, 400), Size(100, 400)) == (Size(200, 200), Size(100, 400))
    assert strokes.common_sizes(Size(100, 400), Size(400, 400)) == (Size(100, 400), Size(200, 200))


# --- Waves ---


def test_a_window_is_numpys_transform_without_its_mean() -> None:
    light = noise(32, 32)
    hann = np.sin(np.pi * np.arange(1, 33) / 33) ** 2
    window = hann[:, None] * hann
    centered = light - np.average(light, weights=window)
    (found,) = strokes.spectra(light, 32)
    expected = np.fft.fft2(centered * window) / np.sqrt(np.sum(window**2))
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


def test_white_noise_has_its_variance_at_every_frequency() -> None:
    energies = np.concatenate([np.abs(each) ** 2 for each in strokes.spectra(noise(512, 512), 32)])
    np.testing.assert_allclose(energies[:, 4:-4, 4:-4].mean(axis=0), 0.01, rtol=0.5)
    assert energies[:, 4:-4, 4:-4].mean() == pytest.approx(0.01, rel=0.02)


def test_what_the_content_explains_is_left_out() -> None:
    random = np.random.default_rng(0)
    waves, others = (random.normal(size=(3, 500)) + 1j * random.normal(size=(3, 500)) for _ in range(2))
    waves -= (
        others * np.sum(waves * others.conj(), axis=1, keepdims=True) / np.sum(np.abs(others) ** 2, 1, keepdims=True)
    )
    gain = np.array([[2.0], [1j], [-0.5 + 0.5j]])
    left, changed = strokes.beyond(gain * others, others)
    np.testing.assert_allclose(left, 0, atol=1e-20)
    np.testing.assert_allclose(changed, strokes.CHANGED * np.mean(np.abs(gain * others) ** 2, axis=1))
    left, changed = strokes.beyond(waves + gain * others, others)
    np.testing.assert_allclose(left.mean(axis=1), np.mean(np.abs(waves) ** 2, axis=1), rtol=0.01)
    left, changed = strokes.beyond(waves, np.zeros_like(waves))
    np.testing.assert_array_equal(left, np.abs(waves) ** 2)
    np.testing.assert_array_equal(changed, 0)


@pytest.mark.parametrize("shape", [(64, 64), (65, 64), (128, 500), (768, 1024), (5000, 7000), (64, 90_000)])
def test_windows_reach_all_ends_and_are_few(shape: tuple[int, int]) -> None:
    numbers = strokes.counts(shape, 64)
    rows, columns = (strokes.starts(length, 64, number) for length, number in zip(shape, numbers, strict=True))
    assert len(rows) * len(columns) <= strokes.MOST
    assert strokes.counts(shape[::-1], 64) == numbers[::-1]
    for places, length in ((rows, shape[0]), (columns, shape[1])):
        assert places[0] == 0 and places[-1] == length - 64
        np.testing.assert_array_equal(length - 64 - places[::-1], places)
        if math.prod(shape) <= 128 * 500:
            assert np.all(np.diff(places) <= 32), "half of each window is its neighbor's"
