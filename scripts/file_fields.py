"""Where picture files say how long their parts are, and how wide and high the picture is."""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

PNG_START = 8
TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 16: 8}  # type of a value: bytes
TIFF_SIDES = (256, 257, 278, 322, 323)  # width, height, rows of a strip, width and height of a tile
BMP_LENGTHS = (2, 10, 14, 30, 34, 46)
BOXES = (b"meta", b"iprp", b"ipco", b"iinf", b"moov", b"trak", b"mdia", b"minf", b"stbl")  # that hold boxes


class Field(NamedTuple):
    """A number in a file."""

    at: int
    size: int
    order: str  # of its bytes: little or big
    side: bool = False  # of the picture, in pixels; otherwise a length or a count


def fields(format: str, content: bytes) -> list[Field]:
    """Returns the fields of a sound file; none of a format that nobody has written down here."""
    return list(READERS[format](content)) if format in READERS else []


def _png(content: bytes) -> Iterator[Field]:
    yield from (Field(16, 4, "big", True), Field(20, 4, "big", True))
    yield from (Field(at, 4, "big") for at, _ in png_chunks(content))


def png_chunks(content: bytes) -> Iterator[tuple[int, int]]:
    """Yields where each chunk of a PNG starts and where the next one does, as far as the lengths make sense."""
    at = PNG_START
    while at + 12 <= len(content):
        behind = at + 12 + struct.unpack_from(">I", content, at)[0]
        if behind > len(content):
            return
        yield at, behind
        at = behind


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yields where each segment of a JPEG starts and where the next one does, up to the scan."""
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        behind = at + 2 + struct.unpack_from(">H", content, at + 2)[0]
        yield at, behind
        if content[at + 1] == 0xDA:
            return
        at = behind


def _jpeg(content: bytes) -> Iterator[Field]:
    for at, _ in jpeg_segments(content):
        yield Field(at + 2, 2, "big")
        if content[at + 1] in (0xC0, 0xC1, 0xC2):
            yield from (Field(at + 5, 2, "big", True), Field(at + 7, 2, "big", True))


def riff_chunks(content: bytes) -> Iterator[tuple[int, int]]:
    """Yields where each chunk of a WebP starts and where the next one does."""
    at = 12
    while at + 8 <= len(content):
        length = struct.unpack_from("<I", content, at + 4)[0]
        yield at, at + 8 + length + length % 2
        at += 8 + length + length % 2


def _webp(content: bytes) -> Iterator[Field]:
    yield Field(4, 4, "little")
    for at, _ in riff_chunks(content):
        yield Field(at + 4, 4, "little")
        name = content[at : at + 4]
        if name in (b"VP8X", b"ANMF"):
            sides = at + (12 if name == b"VP8X" else 14)
            yield from (Field(sides, 3, "little", True), Field(sides + 3, 3, "little", True))
        elif name == b"VP8 ":
            yield from (Field(at + 14, 2, "little", True), Field(at + 16, 2, "little", True))
        elif name == b"VP8L":
            yield Field(at + 9, 4, "little", True)


def _tiff(content: bytes) -> Iterator[Field]:
    order, large = ("<" if content[:2] == b"II" else ">"), content[2:4] in (b"+\0", b"\0+")
    offset, count, head, entry = ("Q", "Q", 8, 20) if large else ("I", "H", 4, 12)
    name = "little" if order == "<" else "big"
    size = struct.calcsize(offset)
    directory = struct.unpack_from(order + offset, content, head)[0]
    yield Field(head, size, name)
    yield Field(directory, struct.calcsize(count), name)
    entries = directory + struct.calcsize(count)
    for at in range(entries, entries + entry * struct.unpack_from(order + count, content, directory)[0], entry):
        tag, kind = struct.unpack_from(order + "HH", content, at)
        yield Field(at + 2, 2, name)
        yield Field(at + 4, size, name)
        width = min(size, TIFF_SIZES.get(kind, size))
        yield Field(at + 4 + size, width if tag in TIFF_SIDES else size, name, tag in TIFF_SIDES)


def _gif(content: bytes) -> Iterator[Field]:
    yield from (Field(6, 2, "little", True), Field(8, 2, "little", True), Field(10, 1, "little"))
    at = content.find(b"\x2c\0\0\0\0")
    if at >= 0:
        yield from (Field(at + 5, 2, "little", True), Field(at + 7, 2, "little", True))
        yield from (Field(at + 9, 1, "little"), Field(at + 10, 1, "little"), Field(at + 11, 1, "little"))


def _bmp(content: bytes) -> Iterator[Field]:
    yield from (Field(18, 4, "little", True), Field(22, 4, "little", True), Field(28, 2, "little"))
    yield from (Field(at, 4, "little") for at in BMP_LENGTHS)


def _avif(content: bytes) -> Iterator[Field]:
    yield from _boxes(content, 0, len(content))


def _boxes(content: bytes, at: int, end: int) -> Iterator[Field]:
    while at + 8 <= end and (length := struct.unpack_from(">I", content, at)[0]) >= 8:
        yield Field(at, 4, "big")
        name = content[at + 4 : at + 8]
        if name == b"ispe":
            yield from (Field(at + 12, 4, "big", True), Field(at + 16, 4, "big", True))
        if name in BOXES:
            head = {b"meta": 12, b"iinf": 14}.get(name, 8)
            yield from _boxes(content, at + head, at + length)
        at += length


READERS: dict[str, Callable[[bytes], Iterator[Field]]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "TIFF": _tiff,
    "GIF": _gif,
    "BMP": _bmp,
    "AVIF": _avif,
}
