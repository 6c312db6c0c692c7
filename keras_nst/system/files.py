"""Files that are written whole or not at all, whatever happens meanwhile."""

import contextlib
import json
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np


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


ABOUT = "about.json"


def write_archive(path: Path, about: Mapping[str, Any], arrays: Iterable[np.ndarray]) -> None:
    """Writes the file, whole or not at all, one array at a time: a large picture's fill much of the memory."""
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(ABOUT, json.dumps(about))
        for number, array in enumerate(arrays):
            with archive.open(f"{number:03}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_about(path: Path) -> dict[str, Any]:
    """Returns what is to be known of the arrays.

    Raises:
        ValueError, KeyError, zipfile.BadZipFile: the file is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read(ABOUT))
        if damaged := archive.testzip():
            raise ValueError(f"{damaged} is damaged")
    if not isinstance(about, dict):
        raise ValueError(f"{ABOUT} is damaged")
    return about


def read_arrays(path: Path) -> Iterator[np.ndarray]:
    """Yields the arrays in their order, one at a time."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(set(archive.namelist()) - {ABOUT}):
            with archive.open(name) as member:
                yield np.lib.format.read_array(member, allow_pickle=False)


def shape_of_first(path: Path) -> tuple[int, ...]:
    """Returns the shape of the first array, without reading it."""
    with zipfile.ZipFile(path) as archive, archive.open("000.npy") as member:
        np.lib.format.read_magic(member)
        shape, _, _ = np.lib.format.read_array_header_1_0(member)
    return tuple(shape)
