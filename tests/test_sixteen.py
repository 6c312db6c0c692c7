"""More than 8 bits: every bit of the sample arrives."""

from pathlib import Path

import numpy as np
import pytest
from crafted import GRAY, GRAY_ALPHA, RGB, RGB_ALPHA, chunk, png, png_of, tiff
from PIL import Image

from keras_nst.pictures.opening import opened
from keras_nst.pictures.sixteen import Deep, deep_samples, has_16_bits

SAMPLES = np.random.default_rng(0).integers(0, 65536, (21, 34, 4), np.uint16)


def deep(path: Path, content: bytes) -> Deep | None:
    path.write_bytes(content)
    with opened(path) as image:
        return deep_samples(image)


def integers(values: np.ndarray) -> np.ndarray:
    return np.rint(values * 65535)


@pytest.mark.parametrize(("color_type", "channels"), [(GRAY, 1), (RGB, 3), (GRAY_ALPHA, 2), (RGB_ALPHA, 4)])
def test_png(color_type: int, channels: int, tmp_path: Path) -> None:
    samples = SAMPLES[..., :channels]
    found = deep(tmp_path / "x.png", png_of(samples, color_type))
    assert found is not None and found.colors.dtype == np.float32
    colors = 1 if channels < 3 else 3
    assert np.array_equal(integers(found.colors), samples[..., :colors])
    assert (found.alpha is None) == (channels == colors)
    if found.alpha is not None:
        assert np.array_equal(integers(found.alpha), samples[..., -1])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff(channels: int, deflate: bool, order: str, tmp_path: Path) -> None:
    samples = SAMPLES[..., :channels]
    found = deep(tmp_path / "x.tif", tiff(samples, order, deflate=deflate))
    assert found is not None
    assert np.array_equal(integers(found.colors), samples[..., :3])
    if channels == 4:
        assert found.alpha is not None and np.array_equal(integers(found.alpha), samples[..., 3])


def test_tiff_whose_white_is_zero(tmp_path: Path) -> None:
    found = deep(tmp_path / "x.tif", tiff(SAMPLES[..., :1], interpretation=0))
    assert found is not None and np.array_equal(65535 - integers(found.colors), SAMPLES[..., :1])


def test_planes(tmp_path: Path) -> None:
    """Compressed ones come with 8 bits; the others would come as garbage, and are refused."""
    found = deep(tmp_path / "x.tif", tiff(SAMPLES[..., :3], planes=True, deflate=True))
    assert found is not None and np.array_equal(integers(found.colors) // 256, SAMPLES[..., :3] // 256)
    with pytest.raises(ValueError, match="separate planes: save it with interleaved channels"):
        deep(tmp_path / "x.tif", tiff(SAMPLES[..., :3], planes=True))


@pytest.mark.parametrize(("color_type", "channels"), [(GRAY, 1), (RGB, 3)])
def test_color_declared_transparent(color_type: int, channels: int, tmp_path: Path) -> None:
    """It is told from another that shares its high bytes."""
    samples = np.uint16([[[1000] * channels, [1001] * channels]])
    key = chunk(b"tRNS", samples[0, 0].astype(">u2").tobytes())
    found = deep(tmp_path / "x.png", png_of(samples, color_type, [key]))
    assert found is not None and found.alpha is not None and found.alpha.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("values", "kind", "white"),
    [
        ([0, 200], "I", 255),
        ([0, 40_000], "I", 65_535),
        ([0, 1_000_000], "I", 1_000_000),
        ([0, 0.5], "F", 1),
        ([-1, 254], "F", 255),
        ([np.nan, 300], "F", 65_535),
    ],
)
def test_32_bits(values: list[float], kind: str, white: float, tmp_path: Path) -> None:
    Image.fromarray(np.array([values], np.int32 if kind == "I" else np.float32)).save(tmp_path / "x.tif")
    found = deep(tmp_path / "x.tif", (tmp_path / "x.tif").read_bytes())
    assert found is not None and f"{white:g} is taken as white" in found.note
    np.testing.assert_allclose(found.colors[0, :, 0], [0, values[1] / white], rtol=1e-6)


def test_8_bits_are_left_to_others(tmp_path: Path) -> None:
    for content in (png(1, 1, 8, RGB, b"\0abc"), tiff(np.zeros((2, 2, 3), np.uint8))):
        assert deep(tmp_path / "x", content) is None


def test_what_has_16_bits(tmp_path: Path) -> None:
    for samples, expected in ((SAMPLES, True), (SAMPLES[..., :3], True), (np.uint8(SAMPLES >> 8), False)):
        (tmp_path / "x.tif").write_bytes(tiff(samples))
        with opened(tmp_path / "x.tif") as image:
            assert has_16_bits(image) == expected
