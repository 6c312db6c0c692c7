"""From files as people have them to upright sRGB."""

import zlib
from pathlib import Path

import numpy as np
import pytest
from crafted import GRAY_ALPHA, PALETTE, RGB, RGB_ALPHA, chunk, cmyk_profile, png, png_of, tiff
from PIL import Image
from test_color import red_and_green_exchanged

from keras_nst.pictures.color import srgb_profile
from keras_nst.pictures.decoding import Samples, decoded
from keras_nst.pictures.opening import opened

NOISE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def read(path: Path, content: bytes | None = None) -> Samples:
    if content is not None:
        path.write_bytes(content)
    with opened(path) as image:
        return decoded(image)


def bytes_of(samples: Samples) -> np.ndarray:
    return np.rint(samples.pixels * 255)


def test_what_samples_are(tmp_path: Path) -> None:
    samples = read(tmp_path / "x.png", png_of(NOISE, RGB))
    assert samples.pixels.dtype == np.float32 and samples.pixels.flags.c_contiguous
    np.testing.assert_allclose(samples.pixels, NOISE / 255, rtol=1e-6)
    assert samples.alpha is None and samples.notes == ()


# How the first row and first column of the stored picture lie in the scene, from the EXIF standard.
SCENES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}
CORNERS = {
    ("top", "left"): (0, 0),
    ("top", "right"): (0, -1),
    ("bottom", "left"): (-1, 0),
    ("bottom", "right"): (-1, -1),
}


@pytest.mark.parametrize("orientation", SCENES)
@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.jpg", "x.webp", "16.png", "16.tif"])
def test_orientation(name: str, orientation: int, tmp_path: Path) -> None:
    """The stored picture is green with red at its first row's start and blue at that row's end."""
    stored = np.zeros((16, 24, 3), np.uint8)
    stored[..., 1], stored[:8, :8], stored[:8, 16:] = 255, (255, 0, 0), (0, 0, 255)
    path = tmp_path / name
    exif = Image.Exif()
    exif[0x112] = orientation
    if name == "16.png":
        tags = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
        path.write_bytes(png_of(np.uint16(stored) * 257, RGB, [tags]))
    elif name == "16.tif":
        path.write_bytes(tiff(np.uint16(stored) * 257, tags={0x112: ("H", [orientation])}))
    else:
        Image.fromarray(stored).save(path, exif=exif)
    upright = read(path).pixels
    row, column = SCENES[orientation]
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[column]
    for colors, place in ((0, {row, column}), (2, {row, opposite})):
        corner = next(at for sides, at in CORNERS.items() if set(sides) == place)
        assert upright[corner].argmax() == colors
    assert upright.shape == ((16, 24, 3) if orientation < 5 else (24, 16, 3))


def test_alpha_turns_along(tmp_path: Path) -> None:
    samples = np.full((2, 3, 4), 255, np.uint8)
    samples[0, 0, 3] = 7
    exif = Image.Exif()
    exif[0x112] = 6  # the first row is the right column
    Image.fromarray(samples).save(tmp_path / "x.png", exif=exif)
    found = read(tmp_path / "x.png").alpha
    assert found is not None and found.shape == (3, 2) and found[0, 1] == np.float32(7 / 255)


@pytest.mark.parametrize("exif", [b"II*\0\x08\0\0\0\xff\xff" + bytes(20), b"not EXIF", b""])
def test_damaged_exif(exif: bytes, tmp_path: Path) -> None:
    tags = chunk(b"eXIf", exif)
    assert np.array_equal(bytes_of(read(tmp_path / "x.png", png_of(NOISE, RGB, [tags]))), NOISE)


def test_alpha(tmp_path: Path) -> None:
    content = np.dstack([NOISE, np.full((20, 30), 200, np.uint8)])
    content[5:9, 7:20] = (9, 9, 9, 0)
    samples = read(tmp_path / "x.png", png_of(content, RGB_ALPHA))
    assert samples.alpha is not None and samples.alpha.dtype == np.float32
    np.testing.assert_allclose(samples.alpha, content[..., 3] / 255, rtol=1e-6)
    seen = content[..., 3] > 0
    assert np.array_equal(bytes_of(samples)[seen], NOISE[seen])
    assert samples.pixels[~seen].mean() > 0.3  # not the 9 that is stored there


def test_opaque_alpha_is_none(tmp_path: Path) -> None:
    for content in (np.full((2, 2, 2), 255, np.uint8), np.full((2, 2, 2), 65535, np.uint16)):
        assert read(tmp_path / "x.png", png_of(content, GRAY_ALPHA)).alpha is None


def test_nothing_visible(tmp_path: Path) -> None:
    samples = read(tmp_path / "x.png", png_of(np.zeros((2, 2, 4), np.uint8), RGB_ALPHA))
    assert (samples.pixels == 0.5).all() and samples.notes == ("all of it is transparent: gray is used",)


def test_palette(tmp_path: Path) -> None:
    colors = [chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0])), chunk(b"tRNS", b"\x80")]
    samples = read(tmp_path / "x.png", png(2, 1, 8, PALETTE, b"\0\0\1", colors))
    assert bytes_of(samples).tolist() == [[[255, 0, 0], [0, 255, 0]]]
    assert samples.alpha is not None and np.rint(samples.alpha * 255).tolist() == [[128, 255]]


def test_one_bit(tmp_path: Path) -> None:
    samples = read(tmp_path / "x.png", png(4, 1, 1, 0, b"\0\xa0"))
    assert samples.pixels[..., 0].tolist() == [[1, 0, 1, 0]]


def test_16_bits_of_gray_become_three_channels(tmp_path: Path) -> None:
    samples = read(tmp_path / "x.png", png_of(np.uint16([[[1]], [[65535]]]), 0))
    np.testing.assert_allclose(samples.pixels, [[[1 / 65535] * 3], [[1] * 3]], rtol=1e-6)


def test_16_bits_stay_under_a_profile_of_srgb(tmp_path: Path) -> None:
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(srgb_profile()))
    content = np.uint16([[[1, 300, 65534]]])
    samples = read(tmp_path / "x.png", png_of(content, RGB, [profile]))
    assert np.rint(samples.pixels * 65535).tolist() == content.tolist() and samples.notes == ()


def test_16_bits_under_another_profile(tmp_path: Path) -> None:
    profile = chunk(b"iCCP", b"x\0\0" + zlib.compress(red_and_green_exchanged()))
    content = np.uint16(NOISE) * 257
    samples = read(tmp_path / "x.png", png_of(content, RGB, [profile]))
    assert abs(bytes_of(samples) - NOISE[..., [1, 0, 2]]).max() <= 1
    assert samples.notes[0].endswith("to sRGB, with 8 of its 16 bits")


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_tiff_that_lists_too_few_strips(kind: type, tmp_path: Path) -> None:
    """Four million rows that nothing is known of are not made up."""
    content = tiff(np.ones((5, 7, 3), kind), tags={257: ("I", [4_000_000])})
    with pytest.raises(ValueError, match="it ends at row 5 of 4000000"):
        read(tmp_path / "x.tif", content)


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_of_which_nearly_all_is_missing(progressive: bool, tmp_path: Path) -> None:
    """Pillow takes gigabytes for the gray that it makes of a few hundred bytes."""
    path = tmp_path / "x.jpg"
    Image.fromarray(NOISE).save(path, progressive=progressive)
    content = path.read_bytes()
    assert content.count(bytes([0, 20, 0, 30])) == 1
    with pytest.raises(ValueError, match=f"JPEG \\({len(content)} bytes are too few for 13000x13000\\)"):
        read(path, content.replace(bytes([0, 20, 0, 30]), bytes([0x32, 0xC8, 0x32, 0xC8])))


@pytest.mark.parametrize("options", [{}, {"progressive": True, "quality": 1, "subsampling": "4:2:0"}])
def test_jpeg_without_any_detail_is_whole(options: dict[str, object], tmp_path: Path) -> None:
    Image.new("L" if options else "RGB", (8000, 2000), "white").save(tmp_path / "x.jpg", **options)
    assert (read(tmp_path / "x.jpg").pixels == 1).all()


def test_16_bits_of_cmyk(tmp_path: Path) -> None:
    content = np.zeros((2, 2, 4), np.uint16)
    content[..., 0] = 65535
    samples = read(tmp_path / "x.tif", tiff(content, interpretation=5))
    assert samples.pixels[0, 0].tolist() == [0, 1, 1]
    assert "read with 8 of its 16 bits" in samples.notes


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk(format: str, tmp_path: Path) -> None:
    """Pillow writes JPEGs of CMYK the way Adobe does, inverted."""
    inks = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    inks.save(tmp_path / "plain", format)
    inks.save(tmp_path / "profiled", format, icc_profile=cmyk_profile())
    assert abs(read(tmp_path / "plain").pixels - [0, 1, 1]).max() < 0.02
    assert abs(read(tmp_path / "profiled").pixels).max() < 0.02


@pytest.mark.parametrize(
    ("format", "note"),
    [
        ("GIF", "animated, 3 frames: the first is used"),
        ("WEBP", "animated, 3 frames: the first is used"),
        ("PNG", "animated, 3 frames: the first is used"),
        ("TIFF", "3 pages: the first is used"),
    ],
)
def test_several_frames(format: str, note: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 24), color) for color in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "x", format, save_all=True, append_images=frames[1:], lossless=True)
    samples = read(tmp_path / "x")
    assert samples.notes == (note,)
    assert bytes_of(samples)[7, 9].tolist() == [255, 0, 0]
