"""Files that are no pictures, or not any more."""

import os
import random
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from crafted import GRAY, RGB, chunk, png, png_of
from PIL import Image

from keras_nst.pictures import opening
from keras_nst.pictures.files import read_picture
from keras_nst.pictures.opening import opened

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 30, 3), np.uint8))


def saved(format: str, **options: object) -> bytes:
    file = BytesIO()
    PICTURE.save(file, format, **options)
    return file.getvalue()


def complaint(path: Path | str, **options: int) -> str:
    """Returns the one line that reading the file ends with."""
    with pytest.raises((ValueError, OSError)) as caught:
        read_picture(path, **options)
    message = str(caught.value)
    assert message.startswith("Expected ") and " Received: " in message
    assert "\n" not in message and len(message) < 300
    return message


def test_missing(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.jpg").endswith("Received: no such file or directory")


def test_a_missing_one_with_a_neighbor_of_a_similar_name(tmp_path: Path) -> None:
    for name in ("harbor.jpg", "night.jpg", "harb\n.jpg"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "harbour").mkdir()
    said = complaint(tmp_path / "harbour.jpg")
    assert (
        said == "Expected a picture file. Did you mean harbor.jpg or harb\\n.jpg? Received: no such file or directory"
    )


def test_folder(tmp_path: Path) -> None:
    assert complaint(tmp_path).endswith("Received: a folder")


def test_name_that_no_file_can_have() -> None:
    assert "null byte" in complaint("a\0b")


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert complaint(tmp_path / "pipe.png").endswith("a device or pipe")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_forbidden(tmp_path: Path) -> None:
    path = tmp_path / "mine.png"
    path.write_bytes(saved("PNG"))
    path.chmod(0)
    assert complaint(path).endswith("permission denied")


def test_forbidden_also_for_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "mine.png")

    (tmp_path / "mine.png").write_bytes(saved("PNG"))
    monkeypatch.setattr(Image, "open", refuse)
    assert complaint(tmp_path / "mine.png").endswith("Received: permission denied")


@pytest.mark.parametrize(
    ("content", "received"),
    [
        (b"", "an empty file (zero bytes)"),
        (b"Dear diary,\n" * 100, "a file of no known format"),
        (b"\0" * 5000, "a file of no known format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "a file of no known format"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "a HEIC, which needs: pip install pillow-heif"),
        (b"\xff\xd8\xff\xe0 and then nothing of the kind", "a damaged or unsupported JPEG (Truncated File Read)"),
        (png(0, 5, 8, RGB), "a damaged or unsupported PNG"),
    ],
)
def test_not_a_picture(content: bytes, received: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    opening._formats.cache_clear()
    (tmp_path / "x.jpg").write_bytes(content)
    assert complaint(tmp_path / "x.jpg").endswith(received)
    opening._formats.cache_clear()


def test_drawings_are_not_executed() -> None:
    """Pillow would hand an EPS to Ghostscript."""
    assert not {"EPS", "WMF"} & set(opening._formats())


def test_more_pixels_than_wanted(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(png_of(np.zeros((100, 60, 1), np.uint8), GRAY))
    assert complaint(path, max_pixels=5999).endswith("at most 5999 pixels (--max_megapixels). Received: 60x100 = 6000")
    assert read_picture(path, max_pixels=6000).pixels.shape == (100, 60, 3)


def test_bomb(tmp_path: Path) -> None:
    """A header that promises more than fits into any memory is not believed, and Pillow's settings stay as they are."""
    before = Image.MAX_IMAGE_PIXELS
    (tmp_path / "x.png").write_bytes(png(50_000, 60_000, 8, RGB, bytes(1000)))
    assert complaint(tmp_path / "x.png").endswith(
        f"at most {opening.MAX_PIXELS} pixels (--max_megapixels). Received: 3000000000"
    )
    assert Image.MAX_IMAGE_PIXELS == before


def test_more_pixels_than_pillow_allows_by_itself(tmp_path: Path) -> None:
    """Who raises the limit raises Pillow's, which holds inside of files as well, until the file is closed."""
    before = Image.MAX_IMAGE_PIXELS
    (tmp_path / "x.png").write_bytes(png(50_000, 60_000, 8, RGB, bytes(1000)))
    with opened(tmp_path / "x.png", max_pixels=3_000_000_000) as image:
        assert image.size == (50_000, 60_000) and Image.MAX_IMAGE_PIXELS == 1_500_000_000
    assert Image.MAX_IMAGE_PIXELS == before


def test_size_that_pillow_only_warns_of(tmp_path: Path) -> None:
    """Between one and two times its limit it issues a warning, which pytest would turn into an error."""
    (tmp_path / "x.png").write_bytes(png(10_000, 10_000, 8, RGB))
    with opened(tmp_path / "x.png") as image:
        assert image.size == (10_000, 10_000)


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_text_that_unpacks_to_too_much(name: bytes, tmp_path: Path) -> None:
    packed = chunk(name, b"keras_nst\0\0" + zlib.compress(bytes(100_000_000)))
    (tmp_path / "x.png").write_bytes(png(1, 1, 8, RGB, b"\0abc", [packed]))
    assert "too large" in complaint(tmp_path / "x.png")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000"])
def test_cut_off(format: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    whole = saved(format)
    for percent in range(5, 96, 6):
        path.write_bytes(whole[: len(whole) * percent // 100])
        complaint(path)


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"exif": b"Exif\0\0II*\0\x08\0\0\0" + bytes(range(60)), "icc_profile": bytes(200)}),
        ("PNG", {"icc_profile": bytes(200)}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {}),
        ("WEBP", {}),
        ("GIF", {"save_all": True, "append_images": [PICTURE.rotate(90)]}),
    ],
)
def test_any_damage_is_a_picture_or_one_line(
    format: str, options: dict[str, object], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(0)
    whole = saved(format, **options)
    for _ in range(80):
        damaged = bytearray(whole)
        for _ in range(chance.choice([1, 3, 10])):
            damaged[chance.randrange(chance.choice([200, len(whole)]))] = chance.randrange(256)
        (tmp_path / "x").write_bytes(damaged)
        try:
            read_picture(tmp_path / "x")
        except ValueError as error:
            assert str(error).startswith("Expected ") and "\n" not in str(error)
    assert capfd.readouterr() == ("", "")


def test_standard_error_is_given_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.tif").write_bytes(saved("TIFF"))
    read_picture(tmp_path / "x.tif")
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"
