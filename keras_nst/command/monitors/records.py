"""Reads the records of event files without TensorFlow."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c


def records(path: Path) -> Iterator[bytes]:
    """Yields the records of an event file up to the first damaged or incomplete one."""
    with path.open("rb") as file:
        while record := _next(file):
            yield record


def _next(file: IO[bytes]) -> bytes:
    """Returns the next record; b"" if there is no complete one."""
    head = file.read(12)
    if len(head) < 12 or struct.unpack("<I", head[8:])[0] != masked_crc32c(head[:8]):
        return b""
    (length,) = struct.unpack("<Q", head[:8])
    rest = file.read(length + 4)
    return rest[:length] if len(rest) == length + 4 else b""
