"""One run at a time in a folder; one process at a time at a file."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # not on Windows, where the second run is not stopped
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


class Locked(OSError):
    """Another process works in the folder."""


def lock(folder: Path) -> IO[str]:
    """Returns the lock of the folder, which holds until it is closed or the process ends, however it ends.

    Raises:
        Locked: another process has it; names the process.
        OSError: the folder cannot be written to.
    """
    file = (folder / LOCK).open("a+", encoding="ascii")
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        process = file.read().strip()
        file.close()
        raise Locked(f"Another run is at work in it, process {process or 'unknown'}") from None
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Tells whether the file is this process's to write; all who ask in this way share files out among them.

    A claim ends with its process, however that ends.
    """
    own = path.with_name(f".{path.name}.lock")
    with own.open("a") as file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if fcntl and not is_there(file, own):  # another process has done its work between the two lines above
            yield False
            return
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):  # whoever has it open finds the file written
                os.unlink(own)


def is_there(file: IO[str], path: Path) -> bool:
    """Tells whether an open file is still the one of its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
