"""Writers for what Pillow cannot write: PNG with 16 bits a channel, and TIFF with 16 bits or with EXIF."""

import struct
import zlib
from typing import IO

import numpy as np
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from keras_nst.pictures import metadata

PNG_COLORS = {3: 2, 4: 6}  # channels: PNG's color type
ROWS = 64  # rows compressed at a time


def write_png16(file: IO[bytes], samples: np.ndarray, profile: bytes, settings: str | None) -> None:
    """Writes samples (h, w, 3 or 4) uint16 as a PNG."""
    h, w, channels = samples.shape
    file.write(b"\x89PNG\r\n\x1a\n")
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", w, h, 16, PNG_COLORS[channels], 0, 0, 0))
    _chunk(file, b"iCCP", b"sRGB\0\0" + zlib.compress(profile))
    if settings is not None:
        _chunk(file, b"iTXt", metadata.KEY.encode() + b"\0\0\0\0\0" + settings.encode("utf8"))
    compressor = zlib.compressobj(6)
    above = np.zeros((1, w * channels * 2), np.uint8)
    for start in range(0, h, ROWS):
        rows = samples[start : start + ROWS].astype(">u2").reshape(-1, w * channels).view(np.uint8)
        differences = rows - np.concatenate([above, rows[:-1]])
        filtered = np.pad(differences, ((0, 0), (1, 0)), constant_values=2)  # 2: each row is its difference to the last
        _chunk(file, b"IDAT", compressor.compress(filtered.tobytes()))
        above = rows[-1:]
    _chunk(file, b"IDAT", compressor.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file: IO[bytes], name: bytes, content: bytes) -> None:
    checksum = zlib.crc32(name + content)
    file.write(struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum))


def write_tiff(file: IO[bytes], samples: np.ndarray, profile: bytes, settings: str | None) -> None:
    """Writes samples (h, w, 3 or 4), uint8 or uint16, as an uncompressed TIFF in one strip."""
    h, w, channels = samples.shape
    data = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    directory = ImageFileDirectory_v2()
    directory[256], directory[257] = w, h
    directory[258] = (8 * samples.itemsize,) * channels  # bits of a sample
    directory[259] = 1  # not compressed
    directory[262] = 2  # RGB
    directory[273] = 0  # where the strip starts, counted from the end of the directory
    directory[278], directory[279] = h, len(data)  # the strip's rows and bytes
    directory[277], directory[284] = channels, 1  # interleaved
    directory[339] = (1,) * channels  # unsigned integers
    if channels == 4:
        directory[338] = 2  # alpha, not multiplied into the colors
    directory[34675] = profile
    if settings is not None:
        directory[metadata.EXIF] = {metadata.COMMENT: metadata.comment(settings)}
    directory.save(file)
    file.write(data)
