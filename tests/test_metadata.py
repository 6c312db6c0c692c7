"""Settings inside of pictures, and what strangers may have put there."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from crafted import RGB, chunk, png
from PIL import Image

from keras_nst.pictures import metadata
from keras_nst.pictures.files import FORMATS, save_picture
from keras_nst.pictures.metadata import read_settings

SETTINGS = {"content": "Küche\n猫.jpg", "style": "\udcff", "long": "x" * 5000, "quote": "\"'\\", "": "", "bell": "\a"}
GRAY = np.full((8, 9, 3), 0.5, np.float32)


def png_with(text: bytes, name: bytes = b"keras_nst") -> bytes:
    return png(1, 1, 8, RGB, b"\0abc", [chunk(b"iTXt", name + b"\0\0\0\0\0" + text)])


@pytest.mark.parametrize("bit_depth", [8, 16])
@pytest.mark.parametrize("suffix", FORMATS)
def test_round_trip(suffix: str, bit_depth: int, tmp_path: Path) -> None:
    if bit_depth == 16 and not FORMATS[suffix].deep:
        pytest.skip("holds 8 bits only")
    path = tmp_path / f"x{suffix}"
    save_picture(path, GRAY, settings=SETTINGS, bit_depth=bit_depth)
    assert read_settings(path) == SETTINGS


def test_text_is_plain_ascii() -> None:
    assert metadata.encoded(SETTINGS).isascii() and metadata.encoded(SETTINGS).isprintable()


def test_comment_as_others_read_it(tmp_path: Path) -> None:
    """EXIF's UserComment names its character set in eight bytes."""
    save_picture(tmp_path / "x.jpg", GRAY, settings={"a": "b"})
    with Image.open(tmp_path / "x.jpg") as image:
        assert image.getexif().get_ifd(0x8769)[0x9286] == b'ASCII\0\0\0keras_nst: {"a": "b"}'


def test_more_than_a_jpeg_can_carry(tmp_path: Path) -> None:
    """The picture is saved all the same."""
    save_picture(tmp_path / "x.jpg", GRAY, settings={"a": "b" * 70_000})
    with pytest.raises(ValueError, match="one without its settings"):
        read_settings(tmp_path / "x.jpg")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b"12",
        b"null",
        b"[" * 100_000,
        b"9" * 10_000,
        b'{"a": ',
        json.dumps({"a": "x" * 1_000_000}).encode(),
    ],
)
def test_what_is_no_settings(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(png_with(text))
    with pytest.raises(ValueError, match="Expected a picture made by keras_nst. Received: one"):
        read_settings(tmp_path / "x.png")


def test_only_text_is_taken(tmp_path: Path) -> None:
    text = json.dumps({"a": "1", "b": 2, "c": ["x"], "d": None, "e": {"f": "g"}, "h": True})
    (tmp_path / "x.png").write_bytes(png_with(text.encode()))
    assert read_settings(tmp_path / "x.png") == {"a": "1"}


@pytest.mark.parametrize("comment", [b"ASCII\0\0\0A day at the sea", b'{"a": "b"}'])
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".gif"])
def test_pictures_by_others(suffix: str, comment: bytes, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0x9286: comment}
    options = {"exif": exif} if suffix in (".jpg", ".webp") else {}
    Image.fromarray(np.uint8(GRAY * 255)).save(tmp_path / f"x{suffix}", **options)
    with pytest.raises(ValueError, match="one without its settings"):
        read_settings(tmp_path / f"x{suffix}")


def test_text_that_unpacks_to_too_much(tmp_path: Path) -> None:
    packed = chunk(b"iTXt", b"keras_nst\0\1\0\0\0" + zlib.compress(b'{"a": "' + b"x" * 50_000_000 + b'"}'))
    (tmp_path / "x.png").write_bytes(png(1, 1, 8, RGB, b"\0abc", [packed]))
    with pytest.raises(ValueError, match="too large"):
        read_settings(tmp_path / "x.png")


@pytest.mark.parametrize("content", [b"", b"text", png_with(b"\xff\xfe{}")])
def test_damage_is_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ValueError, match="^Expected [^\n]* Received: [^\n]*$"):
        read_settings(tmp_path / "x.png")


@pytest.mark.parametrize("text", [b'{"a": "b"}', b""])
def test_pixels_are_not_decoded(text: bytes, tmp_path: Path) -> None:
    """Neither their number nor their damage matters to the settings."""
    before = [chunk(b"iTXt", b"keras_nst\0\0\0\0\0" + text)] if text else []
    (tmp_path / "x.png").write_bytes(png(60_000, 60_000, 8, RGB, b"\0abc", before))
    if text:
        assert read_settings(tmp_path / "x.png") == {"a": "b"}
    else:
        with pytest.raises(ValueError, match="one without its settings"):
            read_settings(tmp_path / "x.png")


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="^Expected a picture file. Received: no such file or directory$"):
        read_settings(tmp_path / "x.png")
