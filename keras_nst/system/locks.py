"""One run at a time in a folder."""

import os
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
