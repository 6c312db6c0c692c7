"""Regions from mask pictures."""

import tracemalloc
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from keras_nst.pictures.masks import regions

SHARES = np.random.default_rng(0).dirichlet([0.3, 0.3, 0.3], (17, 23)).transpose(2, 0, 1).astype(np.float32)
BLACK_AND_WHITE = ["#000000", "#ffffff"]


def stripes(*colors: str, height: int = 60, width: int = 40) -> np.ndarray:
    """Returns upright stripes, each `width` wide."""
    levels = [list(bytes.fromhex(color.removeprefix("#"))) for color in colors]
    return np.tile(np.repeat(np.float32(levels) / 255, width, axis=0), (height, 1, 1))


def shapes(*colors: str, soft: float = 0.0) -> np.ndarray:
    """Returns a mask as people draw it: a disc and a triangle on a ground, smoothed at the edges."""
    image = Image.new("RGB", (720, 600), colors[0])
    ImageDraw.Draw(image).ellipse((60, 60, 420, 420), fill=colors[1])
    ImageDraw.Draw(image).polygon([(380, 340), (690, 420), (500, 570)], fill=colors[-1])
    small = image.resize((240, 200), Image.Resampling.LANCZOS)
    return np.asarray(small.filter(ImageFilter.GaussianBlur(soft)), np.float32) / 255


def as_jpeg(picture: np.ndarray, quality: int = 75) -> np.ndarray:
    file = BytesIO()
    Image.fromarray(np.uint8(np.rint(picture * 255))).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32) / 255


def ramp(*levels: float, height: int = 20) -> np.ndarray:
    return np.tile(np.float32(levels)[:, None], (height, 1, 3))


def distance(color: str, other: str) -> int:
    return max(abs(a - b) for a, b in zip(bytes.fromhex(color[1:]), bytes.fromhex(other[1:]), strict=True))


def assert_partition(shares: np.ndarray) -> None:
    assert shares.dtype == np.float32 and shares.min() >= 0 and shares.max() <= 1
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-6)


def test_two_regions() -> None:
    colors, shares = regions(stripes("#ffffff", "#000000"))
    assert colors == BLACK_AND_WHITE
    assert shares.shape == (2, 60, 80) and shares.dtype == np.float32
    assert (shares[0] == np.repeat([0, 1], 40)).all() and (shares[1] == np.repeat([1, 0], 40)).all()


def test_colors_from_dark_to_light() -> None:
    colors, shares = regions(stripes("#ff8000", "#0000ff", "#ffffff", "#00ff00", "#0080ff"))
    assert colors == ["#0000ff", "#0080ff", "#ff8000", "#00ff00", "#ffffff"]
    assert (shares.argmax(axis=0) == np.repeat([2, 0, 4, 3, 1], 40)).all()
    assert np.isin(shares, [0, 1]).all()


def test_order_of_equal_lightness_is_that_of_the_colors() -> None:
    assert regions(stripes("#ff0000", "#000000", "#ff0000"))[0] == regions(stripes("#000000", "#ff0000"))[0]


@pytest.mark.parametrize("steps", [2, 24, 38, 50, 64, 100, 256, 257, 1000])
@pytest.mark.parametrize("quantized", [False, True])
def test_ramp_is_linear(steps: int, quantized: bool) -> None:
    levels = np.linspace(0, 1, steps)
    levels = np.rint(levels * 255) / 255 if quantized else levels
    colors, shares = regions(ramp(*levels))
    assert colors == BLACK_AND_WHITE
    np.testing.assert_allclose(shares[:, 0], [1 - levels, levels], atol=1e-6)


def test_quarter_of_gray() -> None:
    mask = stripes("#000000", "#ffffff")
    mask[30, 40] = 0.25
    np.testing.assert_allclose(regions(mask).shares[:, 30, 40], [0.75, 0.25], atol=1e-6)


def test_ramp_between_colors() -> None:
    way = np.linspace(0, 1, 300, dtype=np.float32)[:, None]
    colors, shares = regions(np.tile(way * np.float32([1, 0.5, 0]) + (1 - way) * np.float32([0, 0, 1]), (20, 1, 1)))
    assert colors == ["#0000ff", "#ff8000"]
    np.testing.assert_allclose(shares[1, 0], way[:, 0], atol=2e-3)  # a color is named in 8 bits


def test_pixels_between_share_in_the_two_on_whose_line_they_lie() -> None:
    """Half of black and white is nearer to this blue than to either."""
    mask = stripes("#000000", "#ffffff", "#202080")
    mask[30, 39] = 0.5
    colors, shares = regions(mask)
    assert colors == ["#000000", "#202080", "#ffffff"]
    np.testing.assert_allclose(shares[:, 30, 39], [0.5, 0, 0.5], atol=1e-6)


def test_pixels_between_grays_share_in_the_nearest_two() -> None:
    mask = stripes("#000000", "#808080", "#ffffff")
    mask[30, 39], mask[30, 79] = 32 / 255, 0.75
    shares = regions(mask).shares
    np.testing.assert_allclose(shares[:, 30, 39], [0.75, 0.25, 0], atol=1e-6)
    np.testing.assert_allclose(shares[:, 30, 79], [0, 0.5, 0.5], atol=0.01)


@pytest.mark.parametrize("soft", [0, 3])
@pytest.mark.parametrize(
    "drawn",
    [
        ("#000000", "#ffffff"),
        ("#ff0000", "#0000ff"),
        ("#ff0000", "#00ff00", "#0000ff"),
        ("#000000", "#808080", "#ffffff"),
        ("#ffffff", "#ff8000", "#0080ff"),
    ],
)
def test_jpeg_and_soft_edges_make_no_regions(drawn: tuple[str, ...], soft: float) -> None:
    mask = shapes(*drawn, soft=soft)
    colors, shares = regions(mask)
    assert sorted(colors) == sorted(drawn)
    found = regions(as_jpeg(mask))
    assert_partition(shares)
    assert_partition(found.shares)
    assert len(found.colors) == len(colors)
    assert all(distance(*pair) <= 3 for pair in zip(found.colors, colors, strict=True))
    assert abs(found.shares - shares).mean() < 0.02


def test_thin_lines_and_specks_are_no_regions() -> None:
    mask = stripes("#000000", "#ffffff")
    mask[::6] = 0.5  # a sixth of the mask, but nowhere an area
    mask[1:4, 1:4] = np.float32([1, 0, 0])
    assert regions(mask).colors == BLACK_AND_WHITE


def test_speck_on_one_color_is_a_region() -> None:
    mask = stripes("#ff0000")
    mask[5, 5] = 1
    colors, shares = regions(mask)
    assert colors == ["#ff0000", "#ffffff"]
    assert shares[1].sum() == 1 and shares[1, 5, 5] == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (50, 60)])
def test_one_color(size: tuple[int, int]) -> None:
    colors, shares = regions(np.full((*size, 3), 0.2, np.float32))
    assert colors == ["#333333"] and shares.shape == (1, *size) and (shares == 1).all()


def test_noise_on_one_color() -> None:
    noise = np.random.default_rng(0).normal(0.5, 1.5 / 255, (40, 50, 1)).astype(np.float32)
    found = regions(np.repeat(noise, 3, axis=2))
    assert len(found.colors) == 1 and (found.shares == 1).all()


def test_nearly_one_color_without_flat_areas() -> None:
    board = np.indices((40, 50)).sum(axis=0) % 2
    found = regions(np.float32([[10, 0, 0], [0, 10, 0]])[board] / 255)
    assert found.colors == ["#0a0000"] and (found.shares == 1).all()


@pytest.mark.parametrize("shape", [(1, 2), (2, 1), (2, 2)])
def test_tiny_masks(shape: tuple[int, int]) -> None:
    mask = np.zeros((*shape, 3), np.float32)
    mask[-1, -1] = 1
    colors, shares = regions(mask)
    assert colors == BLACK_AND_WHITE and np.array_equal(shares[1], mask[..., 0])


@pytest.mark.parametrize("count", [16, 17])
def test_at_most_16(count: int) -> None:
    levels = np.rint(np.linspace(0, 255, count)).astype(int)
    mask = stripes(*(f"#{level:02x}{level:02x}{level:02x}" for level in levels), width=10)
    if count == 16:
        assert len(regions(mask).colors) == 16
    else:
        with pytest.raises(ValueError, match="Expected a mask of at most 16 flat colors. Received: 17 of them"):
            regions(mask)


def test_colors_of_another_mask() -> None:
    """In its order; nearly the same color is the same; without the missing; without those that it does not know."""
    known = ["#000000", "#0000ff", "#ffffff"]
    colors, shares = regions(stripes("#f0f0f0", "#ff0000", "#101010"), known)
    assert colors == known
    assert (shares[0, 0] == np.repeat([0, 0, 1], 40)).all()
    assert not shares[1].any()
    assert (shares[2, 0] == np.repeat([1, 0, 0], 40)).all()


def test_own_colors_given() -> None:
    mask = shapes("#ff0000", "#00ff00", "#0000ff", soft=2)
    colors, shares = regions(mask)
    again = regions(mask, colors)
    assert again.colors == colors and np.array_equal(again.shares, shares)


def test_two_colors_for_one() -> None:
    """Both are nearest to the same one."""
    shares = regions(stripes("#000000", "#1c1c1c", "#ffffff"), BLACK_AND_WHITE).shares
    assert (shares[:, 0] == np.repeat([[1, 1, 0], [0, 0, 1]], 40, axis=1)).all()


@pytest.mark.parametrize(("other", "is_it"), [("#dd1111", True), ("#ff4000", False), ("#800000", False)])
def test_how_near_is_the_same(other: str, is_it: bool) -> None:
    assert regions(stripes(other), ["#ff0000", "#000000"]).shares[0].all() == is_it


def test_edges_of_unknown_colors() -> None:
    """A pixel half of a known color belongs to it by half, and by half to none."""
    mask = stripes("#000000", "#ff0000")
    mask[30, 40] = np.float32([0.5, 0, 0])
    np.testing.assert_allclose(regions(mask, BLACK_AND_WHITE).shares[:, 30, 40], [0.5, 0], atol=1e-6)


def test_large_masks_are_read_by_strips() -> None:
    mask = np.tile(shapes("#ff0000", "#00ff00", "#0000ff", soft=1), (3, 2, 1))
    np.testing.assert_array_equal(regions(mask).shares[:, :200, :240], regions(mask[:200, :240]).shares)
    tracemalloc.start()
    try:
        regions(np.tile(stripes("#000000", "#ffffff"), (15, 12, 1)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * 15 * 12 * 60 * 80 * 12 + 20_000_000
