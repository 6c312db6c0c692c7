"""Writers for formats that Pillow does not support: PNG with 16 bits per channel, TIFF with 16 bits or with EXIF."""

import itertools
import struct
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

import numpy as np
from PIL import TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from keras_nst.pictures import metadata

PNG_COLORS = {3: 2, 4: 6}  # number of channels: PNG's color type
ROWS = 64  # rows compressed at a time
INCH = 0.0254  # meters
SMALL, BIG = b"II*\0\0\0\0\0", b"II+\0\x08\0\0\0" + bytes(8)  # the first bytes of a file
STRIP = 1 << 23  # bytes per strip of a TIFF, about
LONGEST_TIFF = 2**32 - 2**20  # bytes, with 32-bit offsets; longer files have 64-bit ones: BigTIFF


class About(NamedTuple):
    """The metadata of a file."""

    profile: bytes  # ICC
    settings: str | None
    dpi: float | None  # dots per inch, for a print


def write_png16(file: IO[bytes], samples: np.ndarray, about: About) -> None:
    """Writes samples (h, w, 3 or 4) uint16 as a PNG."""
    h, w, channels = samples.shape
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", w, h, 16, PNG_COLORS[channels], 0, 0, 0))
    _chunk(file, b"iCCP", b"sRGB\0\0" + zlib.compress(about.profile))
    if about.dpi:
        _chunk(file, b"pHYs", struct.pack(">IIB", *[round(about.dpi / INCH)] * 2, 1))  # per meter
    if about.settings is not None:
        _chunk(file, b"iTXt", metadata.KEY.encode() + b"\0\0\0\0\0" + about.settings.encode("utf8"))
    compressor = zlib.compressobj(6)
    above = np.zeros((1, w * channels * 2), np.uint8)
    for start in range(0, h, ROWS):
        rows = samples[start : start + ROWS].astype(">u2").reshape(-1, w * channels).view(np.uint8)
        differences = rows - np.concatenate([above, rows[:-1]])
        filtered = np.pad(differences, ((0, 0), (1, 0)), constant_values=2)  # 2: each row minus the one above
        _chunk(file, b"IDAT", compressor.compress(filtered.tobytes()))
        above = rows[-1:]
    _chunk(file, b"IDAT", compressor.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file: IO[bytes], name: bytes, content: bytes) -> None:
    checksum = zlib.crc32(name + content)
    file.write(struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum))


def write_tiff(file: IO[bytes], samples: np.ndarray, about: About, longest: int = LONGEST_TIFF) -> None:
    """Writes samples (h, w, 3 or 4), uint8 or uint16, as an uncompressed TIFF, or BigTIFF above `longest` bytes."""
    h, w, channels = samples.shape
    rows = max(1, STRIP // max(1, w * channels * samples.itemsize))
    lengths = [len(strip) * w * channels * samples.itemsize for strip in _strips(samples, rows)]
    big = samples.nbytes > longest
    directory = ImageFileDirectory_v2(BIG if big else SMALL)
    directory[256], directory[257] = w, h
    directory[258] = (8 * samples.itemsize,) * channels  # bits per sample
    directory[259] = 1  # not compressed
    directory[262] = 2  # RGB
    directory.tagtype[273] = directory.tagtype[279] = TiffTags.LONG8 if big else TiffTags.LONG
    # Starts of the strips, counted from the end of the directory.
    directory[273] = tuple(itertools.accumulate(lengths[:-1], initial=0))
    directory[278], directory[279] = rows, tuple(lengths)
    directory[277], directory[284] = channels, 1  # interleaved
    directory[339] = (1,) * channels  # unsigned integers
    if channels == 4:
        directory[338] = 2  # alpha, not multiplied into the colors
    directory[34675] = about.profile
    for tag, value in metadata.resolution(about.dpi).items() if about.dpi else ():
        directory[tag] = value
    if about.settings is not None:
        directory[metadata.EXIF] = {metadata.COMMENT: metadata.comment(about.settings)}
    directory.save(file)
    for strip in _strips(samples, rows):
        file.write(strip.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes())


def _strips(samples: np.ndarray, rows: int) -> Iterator[np.ndarray]:
    for start in range(0, len(samples), rows):
        yield samples[start : start + rows]
