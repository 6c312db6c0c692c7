"""Color profiles. Pillow's engine is asked only what it was not asked by the package: single colors, other profiles."""

import struct
from io import BytesIO

import numpy as np
import pytest
from crafted import DAYLIGHT, cmyk_profile
from PIL import Image, ImageCms

from keras_nst.pictures.color import separate, srgb_profile, srgb_transform, to_srgb

NOISE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def converted(colors: Image.Image, profile: bytes | None) -> tuple[np.ndarray, str]:
    transform, note = srgb_transform(profile, colors.mode)
    return np.asarray(to_srgb(colors, transform)), note


def red_and_green_exchanged() -> bytes:
    """Returns a profile that calls green what is red in sRGB."""
    profile = srgb_profile()
    return profile.replace(b"rXYZ", b"xxxx", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"xxxx", b"gXYZ", 1)


def gray_profile(gamma: float) -> bytes:
    """Returns a profile of gray whose curve is a power."""
    curve = struct.pack(">4sIIH", b"curv", 0, 1, round(256 * gamma)) + b"\0\0"
    white = struct.pack(">4sI", b"XYZ ", 0) + DAYLIGHT
    size = 128 + 4 + 24 + len(curve) + len(white)
    header = struct.pack(">I4sI4s4s4s", size, b"", 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + DAYLIGHT
    tags = [(b"kTRC", 156, len(curve)), (b"wtpt", 156 + len(curve), len(white))]
    table = struct.pack(">I", 2) + b"".join(struct.pack(">4sII", *tag) for tag in tags)
    return header.ljust(128, b"\0") + table + curve + white


def test_srgb_stays_exactly_as_it_is() -> None:
    pixels, note = converted(Image.fromarray(NOISE), srgb_profile())
    assert np.array_equal(pixels, NOISE) and note == ""


def test_profile_is_always_the_same() -> None:
    profile = srgb_profile()
    assert len(profile) < 1000 and profile == srgb_profile()
    assert struct.unpack(">6H", profile[24:36]) == (2000, 1, 1, 0, 0, 0)
    assert "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))


def test_other_primaries() -> None:
    pixels, note = converted(Image.fromarray(NOISE), red_and_green_exchanged())
    assert abs(pixels.astype(int) - NOISE[..., [1, 0, 2]]).max() <= 1
    assert note.startswith("converted from sRGB") and note.endswith("to sRGB")


def test_gray_with_another_curve() -> None:
    """The curve of sRGB, from its definition, undoes that of the profile."""
    levels = np.arange(256, dtype=np.uint8)[None]
    light = (levels / 255.0) ** 1.8
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255
    pixels, _ = converted(Image.fromarray(levels), gray_profile(1.8))
    assert abs(pixels[..., 0] - expected).max() <= 1
    assert (pixels == pixels[..., :1]).all()


def test_gray_under_a_profile_of_rgb() -> None:
    levels = np.arange(256, dtype=np.uint8)[None]
    pixels, note = converted(Image.fromarray(levels), red_and_green_exchanged())
    assert "ignored" not in note
    assert abs(pixels.astype(int) - levels[..., None]).max() <= 1


def test_cmyk_by_its_profile() -> None:
    inks = Image.fromarray(np.uint8([[[255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 0, 255]]]), "CMYK")
    pixels, note = converted(inks, cmyk_profile())
    assert abs(pixels.astype(int) - np.int16([[[0] * 3, [255] * 3, [255] * 3]])).max() <= 2
    assert note.startswith("converted from ")


def test_cmyk_without_a_profile() -> None:
    inks = Image.fromarray(np.uint8([[[255, 0, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255], [0, 0, 0, 0]]]), "CMYK")
    pixels, note = converted(inks, None)
    assert pixels.tolist() == [[[0, 255, 255], [255, 255, 0], [0, 0, 0], [255, 255, 255]]]
    assert "approximate" in note


def test_lab() -> None:
    """L* of 100 is white and of 53.39 is the gray of half of sRGB's range; a* and b* of 0 are no color."""
    lab = Image.frombytes("LAB", (3, 1), bytes([255, 0, 0, 0, 0, 0, 136, 0, 0]))
    pixels, _ = converted(lab, None)
    assert abs(pixels.astype(int)[0, :, 0] - [255, 0, 127]).max() <= 1
    assert (abs(pixels.astype(int) - pixels[..., :1]) <= 1).all()


@pytest.mark.parametrize("profile", [b"nothing", bytes(500), srgb_profile()[:300], cmyk_profile()])
def test_profile_that_is_damaged_or_of_other_colors(profile: bytes) -> None:
    pixels, note = converted(Image.fromarray(NOISE), profile)
    assert np.array_equal(pixels, NOISE)
    assert note.startswith("its color profile is ignored (")


def test_what_a_profile_says_does_not_move_the_cursor() -> None:
    """Found by scripts/torture.py."""
    profile = srgb_profile()
    _, note = converted(Image.fromarray(NOISE), profile[:16] + b"R\x1b\0B" + profile[20:])
    assert note == "its color profile is ignored (for R\\x1b\\x00B, not RGB)"


@pytest.mark.parametrize(
    ("mode", "colors", "alpha"),
    [
        ("1", "L", None),
        ("L", "L", None),
        ("LA", "L", "L"),
        ("P", "RGB", None),
        ("PA", "RGB", "L"),
        ("RGB", "RGB", None),
        ("RGBA", "RGB", "L"),
        ("YCbCr", "RGB", None),
        ("HSV", "RGB", None),
        ("CMYK", "CMYK", None),
    ],
)
def test_modes(mode: str, colors: str, alpha: str | None) -> None:
    source = Image.fromarray(NOISE).convert("L").convert(mode)
    found = separate(source)
    assert found[0].mode == colors
    assert (found[1] and found[1].mode) == alpha
    luminance = np.asarray(to_srgb(found[0], None).convert("L"), int)
    assert abs(luminance - np.asarray(source.convert("RGB").convert("L"), int)).max() <= 2


@pytest.mark.parametrize(("mode", "straight"), [("RGBa", "RGBA"), ("La", "LA")])
def test_colors_that_alpha_was_multiplied_into(mode: str, straight: str) -> None:
    source = Image.new(straight, (2, 2), (100, 50, 20, 128) if straight == "RGBA" else (100, 128))
    colors, alpha = separate(source.convert(mode))
    assert abs(np.asarray(colors).reshape(4, -1)[0].astype(int) - np.int16(source.getpixel((0, 0))[:-1])).max() <= 1
    assert alpha is not None and alpha.getextrema() == (128, 128)


def test_transparent_entries_of_a_palette() -> None:
    source = Image.new("P", (2, 1))
    source.putpalette([255, 0, 0, 0, 255, 0])
    source.putdata([0, 1])
    source.info["transparency"] = b"\x40"
    colors, alpha = separate(source)
    assert alpha is not None and list(np.asarray(alpha)[0]) == [0x40, 255]
    assert np.asarray(colors).tolist() == [[[255, 0, 0], [0, 255, 0]]]
