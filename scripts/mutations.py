"""Damaged and hostile picture files: the same number and seed make the same file."""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from io import BytesIO
from random import Random
from typing import Any, NamedTuple

from file_fields import Field, fields, jpeg_segments, png_chunks, riff_chunks
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from seed_pictures import SETTINGS, Seed, chunk, exif, picture, saved, seeds

from keras_nst.pictures import metadata
from keras_nst.pictures.color import srgb_profile

CARRYING = ("JPEG", "PNG", "WEBP")  # formats that Pillow writes with any bytes as EXIF
NUMBERS = (0, 1, 2, 7, 255, 4096, 65_535, 2**24 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
HOSTILE = (
    b"\0",
    b"\xff" * 64,
    b"\n\r\x1b[2J",
    b"%s%n",
    b"../../../etc/passwd\0",
    "\u202e".encode(),
    b"http://127.0.0.1:9/",
)
TEXTS = ('{"content": "/etc/passwd"}', '{"a":' * 500, "[" * 60_000, '{"seed": "\x00\x1b\\u0000\\ud800"}', "9" * 9000)
PACKED = 20_000_000  # bytes that a bomb unpacks to


class Case(NamedTuple):
    """A file to be read."""

    format: str
    kind: str  # of mutation
    content: bytes


def case(seed: int, number: int) -> Case:
    """Returns one of endlessly many cases."""
    chance = Random(f"{seed}-{number}")
    kind = list(KINDS)[number % len(KINDS)]
    formats, mutate = KINDS[kind]
    format = chance.choice(formats or sorted({one.format for one in seeds()}))
    chosen = chance.choice([one for one in seeds() if one.format == format])
    return Case(chosen.format, kind, mutate(chosen, chance))


def flipped(seed: Seed, chance: Random) -> bytes:
    """Changes some bytes, half of the time at the start, where it matters most."""
    damaged = _flipped(seed.content, chance)
    return _checked(damaged) if chance.random() < 0.7 else damaged


def cut(seed: Seed, chance: Random) -> bytes:
    """Ends the file early."""
    return seed.content[: chance.randrange(len(seed.content))]


def inserted(seed: Seed, chance: Random) -> bytes:
    """Puts bytes in between."""
    at = chance.randrange(len(seed.content))
    odd = chance.choice([chance.randbytes(chance.randrange(1, 200)), *HOSTILE])
    return seed.content[:at] + odd + seed.content[at:]


def lengths(seed: Seed, chance: Random) -> bytes:
    """Lies about how long a part or how many there are of something."""
    return _lied(seed, [field for field in fields(seed.format, seed.content) if not field.side], chance)


def dimensions(seed: Seed, chance: Random) -> bytes:
    """Lies about width and height."""
    return _checked(_lied(seed, [field for field in fields(seed.format, seed.content) if field.side], chance))


def repeated(seed: Seed, chance: Random) -> bytes:
    """Repeats a part many times."""
    start, end = chance.choice(_parts(seed, chance))
    times = chance.choice([1, 2, 10, 1000])
    return seed.content[:end] + seed.content[start:end] * times + seed.content[end:]


def profile(seed: Seed, chance: Random) -> bytes:
    """Damages the color profile alone."""
    damaged = chance.choice([_flipped, _cut, _grown])(srgb_profile(), chance)
    return _carrying(seed, icc_profile=damaged)


def tags(seed: Seed, chance: Random) -> bytes:
    """Damages EXIF alone, or what the text in it says."""
    damaged = chance.choice([_flipped, _cut, _grown])(exif().removeprefix(b"Exif\0\0"), chance)
    return _carrying(seed, exif=b"Exif\0\0" + damaged)


def texts(seed: Seed, chance: Random) -> bytes:
    """Brings settings that are none, or not those of this program."""
    text = chance.choice([_flipped(SETTINGS.encode(), chance), chance.choice(TEXTS).encode()])
    if seed.format == "PNG":
        note = chunk(b"iTXt", metadata.KEY.encode() + b"\0\0\0\0\0" + text)
        return seed.content[:33] + note + seed.content[33:]
    block = Image.Exif()
    block[metadata.EXIF] = {metadata.COMMENT: metadata.MARK + text}
    return _carrying(seed, exif=block.tobytes()[:65_000])


def joined(seed: Seed, chance: Random) -> bytes:
    """Goes on as a file of another format."""
    other = chance.choice(seeds()).content
    return seed.content[: chance.choice([4, 12, 100, len(seed.content)])] + other[chance.choice([0, 0, 12, 100]) :]


def bombs(seed: Seed, chance: Random) -> bytes:
    """Unpacks to far more than it takes."""
    if seed.format == "PNG":
        name, head = chance.choice([(b"zTXt", b"a\0\0"), (b"iTXt", b"keras_nst\0\1\0\0\0"), (b"iCCP", b"a\0\0")])
        times = chance.choice([1, 1, 200])
        return seed.content[:33] + chunk(name, head + _packed()) * times + seed.content[33:]
    if seed.format == "JPEG":
        block = b"ICC_PROFILE\0\1\xff" + bytes(65_000)
        return seed.content[:2] + (b"\xff\xe2" + struct.pack(">H", len(block) + 2) + block) * 255 + seed.content[2:]
    if chance.random() < 0.5:
        return _huge_strip()
    counts = [field for field in fields("TIFF", seed.content) if not field.side and field.size >= 4]
    return _lied(seed, chance.sample(counts, min(8, len(counts))), chance)


KINDS: dict[str, tuple[tuple[str, ...], Callable[[Seed, Random], bytes]]] = {
    "flips": ((), flipped),
    "cut": ((), cut),
    "insertion": ((), inserted),
    "lengths": (("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "GIF", "BMP"), lengths),
    "dimensions": (("JPEG", "PNG", "TIFF", "WEBP", "AVIF", "GIF", "BMP"), dimensions),
    "repetition": ((), repeated),
    "profile": ((*CARRYING, "TIFF"), profile),
    "EXIF": (CARRYING, tags),
    "text": (CARRYING, texts),
    "two formats": ((), joined),
    "bomb": (("JPEG", "PNG", "TIFF"), bombs),
}


def _flipped(content: bytes, chance: Random) -> bytes:
    damaged = bytearray(content)
    reach = chance.choice([min(256, len(content)), len(content)])
    for _ in range(chance.choice([1, 2, 4, 16])):
        at = chance.randrange(reach)
        damaged[at] = chance.choice([damaged[at] ^ 1 << chance.randrange(8), chance.randrange(256), 0, 255])
    return bytes(damaged)


def _cut(content: bytes, chance: Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _grown(content: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + chance.choice(HOSTILE) * chance.choice([1, 100]) + content[at:]


def _lied(seed: Seed, among: list[Field], chance: Random) -> bytes:
    damaged = bytearray(seed.content)
    for field in chance.sample(among, min(len(among), chance.choice([1, 1, 2, 5]))):
        true = int.from_bytes(damaged[field.at : field.at + field.size], field.order)
        said = chance.choice([true + 1, true - 1, true * 2, true ^ 1 << chance.randrange(16), *NUMBERS])
        damaged[field.at : field.at + field.size] = (said % 256**field.size).to_bytes(field.size, field.order)
    return bytes(damaged)


def _checked(content: bytes) -> bytes:
    """Returns a PNG with right checksums, as whoever means harm would; other formats have none."""
    if not content.startswith(b"\x89PNG"):
        return content
    damaged = bytearray(content)
    for start, end in png_chunks(content):
        damaged[end - 4 : end] = struct.pack(">I", zlib.crc32(content[start + 4 : end - 4]))
    return bytes(damaged)


def _parts(seed: Seed, chance: Random) -> list[tuple[int, int]]:
    parts = {"PNG": png_chunks, "JPEG": jpeg_segments, "WEBP": riff_chunks}
    if seed.format in parts:
        return list(parts[seed.format](seed.content))
    start = chance.randrange(len(seed.content))
    return [(start, min(len(seed.content), start + chance.choice([1, 12, 200])))]


def _carrying(seed: Seed, **blocks: Any) -> bytes:
    """Returns a file of the seed's format with these blocks."""
    try:
        return saved(picture(), seed.format, **blocks)
    except (ValueError, OSError):  # there is more of it than a JPEG holds
        return seed.content


@cache
def _packed() -> bytes:
    return zlib.compress(bytes(PACKED))


@cache
def _huge_strip() -> bytes:
    """Returns a TIFF whose only strip unpacks to far more than its picture needs."""
    directory = ImageFileDirectory_v2()
    directory[256], directory[257], directory[258], directory[259] = 40, 30, 8, 8
    directory[262], directory[277], directory[278] = 1, 1, 30
    directory[273], directory[279] = 0, len(_packed())  # counted from the end of the directory
    file = BytesIO()
    directory.save(file)
    return file.getvalue() + _packed()
