"""Picture files and color profiles put together byte by byte, so that nothing of the package or Pillow is in them."""

import struct
import zlib
from collections.abc import Iterable
from itertools import product

import numpy as np

GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6  # PNG's color types
DAYLIGHT = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)  # the white of color profiles, D50


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, bits: int, color_type: int, data: bytes = b"", before: Iterable[bytes] = ()) -> bytes:
    """Returns a PNG; `data` are its rows, each with its filter byte, `before` the chunks ahead of them."""
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), *before, chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_of(samples: np.ndarray, color_type: int, before: Iterable[bytes] = ()) -> bytes:
    """Returns samples (h, w, c), uint8 or uint16, as an unfiltered PNG."""
    h, w, _ = samples.shape
    rows = b"".join(b"\0" + row.astype(samples.dtype.newbyteorder(">")).tobytes() for row in samples)
    return png(w, h, 8 * samples.itemsize, color_type, rows, before)


def tiff(
    samples: np.ndarray,
    order: str = "<",
    *,
    deflate: bool = False,
    planes: bool = False,
    interpretation: int | None = None,
    tags: dict[int, tuple[str, list[int]]] | None = None,
) -> bytes:
    """Returns samples (h, w, c) as a TIFF in one strip, or one for each channel; `order` is that of its bytes."""
    h, w, c = samples.shape
    interpretation = (2 if c > 2 else 1) if interpretation is None else interpretation
    parts = [samples[..., i] for i in range(c)] if planes else [samples]
    strips = [part.astype(samples.dtype.newbyteorder(order)).tobytes() for part in parts]
    strips = [zlib.compress(strip) if deflate else strip for strip in strips]
    offsets = [8 + sum(map(len, strips[:i])) for i in range(len(strips))]
    entries = {
        256: ("H", [w]),
        257: ("H", [h]),
        258: ("H", [8 * samples.itemsize] * c),
        259: ("H", [8 if deflate else 1]),
        262: ("H", [interpretation]),
        273: ("I", offsets),
        277: ("H", [c]),
        278: ("H", [h]),
        279: ("I", [len(strip) for strip in strips]),
        284: ("H", [2 if planes else 1]),
    }
    if interpretation == 2 and c == 4:
        entries[338] = ("H", [2])  # alpha
    entries |= tags or {}
    end = 8 + sum(map(len, strips))
    header = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, end)
    return header + b"".join(strips) + _directory(entries, order, end)


def _directory(entries: dict[int, tuple[str, list[int]]], order: str, start: int) -> bytes:
    table, behind = struct.pack(order + "H", len(entries)), b""
    behind_at = start + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        table += struct.pack(order + "HHI", tag, {"H": 3, "I": 4}[kind], len(values))
        if len(packed) <= 4:
            table += packed.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", behind_at + len(behind))
            behind += packed
    return table + struct.pack(order + "I", 0) + behind


def cmyk_profile() -> bytes:
    """Returns a color profile in which ink of the first kind is black and all others are as white as the paper."""
    identity = bytes(range(256))
    corners = bytes(value for first, *_ in product((0, 1), repeat=4) for value in (0 if first else 255, 128, 128))
    matrix = struct.pack(">9i", *[65536 * (i % 4 == 0) for i in range(9)])
    table = b"mft1" + bytes([0, 0, 0, 0, 4, 3, 2, 0]) + matrix + identity * 4 + corners + identity * 3
    size = 128 + 4 + 12 + len(table)
    header = struct.pack(">I4sI4s4s4s", size, b"", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header += struct.pack(">6H", 2000, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + DAYLIGHT
    return header.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table
