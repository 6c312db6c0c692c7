"""Files that are written whole or not at all, whatever happens meanwhile."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def written_whole(path: Path, overwrite: bool = True) -> Iterator[IO[bytes]]:
    """Opens a file that takes the place of `path` once all is written and on the disk; or never, without `overwrite`.

    Raises:
        OSError: it cannot be written, or there is a file already; what was there stays.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}.part")  # beside it, since only there renaming is atomic
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not overwrite:
            path.touch(exist_ok=False)  # of several who come to this at once, one may go on
        os.replace(partial, path)
        _keep_the_name(path.parent)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(partial):
            error.filename = str(path)  # what the reader asked for
        raise


def _keep_the_name(folder: Path) -> None:
    """Writes the folder to the disk, where the system lets one: else the new name might be lost with the power."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
