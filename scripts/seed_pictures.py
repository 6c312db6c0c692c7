"""Small sound pictures of every kind that people have, to be damaged: the same ones each time."""

import struct
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from keras_nst.pictures import encoders, metadata
from keras_nst.pictures.color import srgb_profile

SETTINGS = metadata.encoded({"content": "sample:harbor", "style": "sample:night", "steps": "3,2"})
OTHERS = ("BLP", "DDS", "ICO", "JPEG2000", "MPO", "MSP", "PCX", "PPM", "QOI", "SGI", "SPIDER", "TGA")
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)  # start x, y, step x, y


class Seed(NamedTuple):
    """A sound picture file."""

    format: str
    name: str
    content: bytes


@cache
def seeds() -> list[Seed]:
    """Returns all of them."""
    made = (*_jpegs(), *_pngs(), *_tiffs(), *_moving(), *_others())
    return [Seed(name.partition(" ")[0], name, content) for name, content in made]


def picture(mode: str = "RGB") -> Image.Image:
    """Returns a picture of 40 x 30 with shapes and noise in it."""
    noise = np.random.default_rng(0).integers(0, 256, (30, 40, 4), np.uint8)
    image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2))
    return image if mode == "RGBA" else image.convert("RGB").convert(mode)


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    """Returns the file that Pillow makes."""
    file = BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def exif(orientation: int = 6) -> bytes:
    """Returns a block of EXIF with an orientation and settings."""
    block = Image.Exif()
    block[0x112] = orientation
    block[metadata.EXIF] = {metadata.COMMENT: metadata.comment(SETTINGS)}
    return block.tobytes()


def texts() -> PngInfo:
    """Returns settings and other texts for a PNG."""
    found = PngInfo()
    found.add_itxt(metadata.KEY, SETTINGS)
    found.add_text("Comment", "a day at the sea " * 20, zip=True)
    return found


def chunk(name: bytes, content: bytes) -> bytes:
    """Returns a chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _jpegs() -> Iterator[tuple[str, bytes]]:
    yield "JPEG baseline", saved(picture(), "JPEG")
    yield "JPEG progressive", saved(picture(), "JPEG", progressive=True)
    yield "JPEG of CMYK", saved(picture("CMYK"), "JPEG")
    yield "JPEG in gray", saved(picture("L"), "JPEG", restart_marker_blocks=1)
    yield "JPEG with EXIF and ICC", saved(picture(), "JPEG", exif=exif(), icc_profile=srgb_profile())


def _pngs() -> Iterator[tuple[str, bytes]]:
    deep = BytesIO()
    encoders.write_png16(deep, np.uint16(picture("RGBA")) * 257, encoders.About(srgb_profile(), SETTINGS, None))
    yield "PNG of 8 bits", saved(picture(), "PNG", exif=exif(), icc_profile=srgb_profile())
    yield "PNG of 16 bits", deep.getvalue()
    yield "PNG of 16 bits in gray", saved(Image.fromarray(np.uint16(picture("L")) * 257), "PNG")
    yield "PNG with a palette", saved(picture("P"), "PNG", transparency=bytes(range(256)))
    yield "PNG with alpha", saved(picture("RGBA"), "PNG")
    yield "PNG in two colors", saved(picture("1"), "PNG")
    yield "PNG with texts", saved(picture("LA"), "PNG", pnginfo=texts())
    yield "PNG interlaced", _interlaced(np.asarray(picture()))


def _interlaced(samples: np.ndarray) -> bytes:
    h, w, _ = samples.shape
    passes = (samples[y::step_y, x::step_x] for x, y, step_x, step_y in ADAM7)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for part in passes for row in part))
    header = struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _tiffs() -> Iterator[tuple[str, bytes]]:
    deep = BytesIO()
    encoders.write_tiff(deep, np.uint16(picture("RGBA")) * 257, encoders.About(srgb_profile(), SETTINGS, None))
    yield "TIFF in strips", saved(picture(), "TIFF", tiffinfo={278: 7}, exif=exif())
    yield "TIFF in tiles", _tiled(np.asarray(picture()))
    yield "TIFF of 16 bits", deep.getvalue()
    yield "TIFF of numbers", saved(picture("F"), "TIFF")
    yield "TIFF of pages", saved(picture(), "TIFF", save_all=True, append_images=[picture("L")] * 2)
    yield "TIFF of large files", saved(picture(), "TIFF", big_tiff=True, compression="tiff_lzw")
    yield "TIFF of CMYK", saved(picture("CMYK"), "TIFF", compression="tiff_adobe_deflate")
    yield "TIFF in two colors", saved(picture("1"), "TIFF", compression="group4")
    for compression in ("tiff_lzw", "jpeg", "packbits", "zstd", "lzma"):
        yield f"TIFF by {compression}", saved(picture(), "TIFF", compression=compression, icc_profile=srgb_profile())


def _tiled(samples: np.ndarray, side: int = 16) -> bytes:
    h, w, channels = samples.shape
    rows, columns = -(-h // side), -(-w // side)
    padded = np.pad(samples, ((0, rows * side - h), (0, columns * side - w), (0, 0)))
    tiles = padded.reshape(rows, side, columns, side, channels).swapaxes(1, 2).reshape(-1, side * side * channels)
    directory = ImageFileDirectory_v2()
    directory[256], directory[257], directory[258] = w, h, (8,) * channels
    directory[259], directory[262], directory[277], directory[284] = 1, 2, channels, 1
    directory[322], directory[323] = side, side
    directory[325] = (tiles.shape[1],) * len(tiles)
    directory[324] = (0,) * len(tiles)
    file = BytesIO()
    directory.save(file)
    directory[324] = tuple(file.tell() + tiles.shape[1] * n for n in range(len(tiles)))
    file = BytesIO()
    directory.save(file)
    return file.getvalue() + tiles.tobytes()


def _moving() -> Iterator[tuple[str, bytes]]:
    frames: dict[str, Any] = {"save_all": True, "append_images": [picture("RGBA").rotate(90 * n) for n in (1, 2)]}
    carried = {"exif": exif(), "icc_profile": srgb_profile()}
    yield "WEBP lossy", saved(picture(), "WEBP", **carried)
    yield "WEBP lossless", saved(picture("RGBA"), "WEBP", lossless=True)
    yield "WEBP animated", saved(picture("RGBA"), "WEBP", **frames)
    yield "AVIF", saved(picture("RGBA"), "AVIF", **carried)
    yield "AVIF animated", saved(picture("RGBA"), "AVIF", **frames)
    yield "GIF", saved(picture("P"), "GIF", transparency=3, comment=b"a day at the sea")
    yield "GIF animated", saved(picture("RGBA"), "GIF", **frames)
    yield "PNG animated", saved(picture("RGBA"), "PNG", **frames)


def _others() -> Iterator[tuple[str, bytes]]:
    yield "BMP", saved(picture(), "BMP")
    yield "BMP with a palette", saved(picture("P"), "BMP")
    modes = {"MSP": "1", "SPIDER": "F", "BLP": "P"}
    for format in filter(Image.SAVE.get, OTHERS):  # older ones of Pillow write fewer
        yield f"other {format}", saved(picture(modes.get(format, "RGB")), format)
