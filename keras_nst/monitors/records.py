"""The records of event files, read without TensorFlow."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

POLYNOMIAL = 0x82F63B78  # of CRC-32C
MASK = 0xA282EAD8  # added to its rotated value, so that a checksum of checksums is none


def records(path: Path) -> Iterator[bytes]:
    """Yields the records of an event file up to one that was cut off or is damaged."""
    with path.open("rb") as file:
        while record := _next(file):
            yield record


def _next(file: IO[bytes]) -> bytes:
    """Returns the next record; b"" where there is no further whole one."""
    head = file.read(12)
    if len(head) < 12 or struct.unpack("<I", head[8:])[0] != checksum(head[:8]):
        return b""
    (length,) = struct.unpack("<Q", head[:8])
    rest = file.read(length + 4)
    return rest[:length] if len(rest) == length + 4 else b""


def checksum(data: bytes) -> int:
    """Returns the masked CRC-32C of a few bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF
