"""Writes files whole or not at all, and locks folders and files."""

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
    """Opens a file that replaces `path` once it is complete and on disk; without `overwrite`, only if `path` is new.

    Raises:
        OSError: it cannot be written, or the file exists; an existing file stays.
    """
    partial = path.with_name(f".{secrets.token_hex(8)}.part")  # in the same folder, since only there renaming is atomic
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not overwrite:
            path.touch(exist_ok=False)  # of several processes at this point, one may continue
        os.replace(partial, path)
        _keep_the_name(path.parent)
    except BaseException as error:
        partial.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(partial):
            error.filename = str(path)  # the name that the caller knows
        raise


def _keep_the_name(folder: Path) -> None:
    """Writes the folder to disk, if the system allows it: otherwise a power failure might lose the new name."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


try:
    import fcntl
except ImportError:  # on Windows, where a second run is not stopped
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


class Locked(OSError):
    """Another process is using the folder."""


def lock(folder: Path) -> IO[str]:
    """Returns the lock of the folder, which holds until it is closed or the process ends, however it ends.

    Raises:
        Locked: another process has it; the message names the process.
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
        raise Locked(f"Another run is using this folder: process {process or 'unknown'}") from None
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Yields whether this process may write the file; processes that use this divide files among them.

    A claim ends with its process, however it ends.
    """
    own = path.with_name(f".{path.name}.lock")
    with own.open("a") as file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        if fcntl and not is_there(file, own):  # another process has finished it between the two lines above
            yield False
            return
        try:
            yield True
        finally:
            with contextlib.suppress(OSError):  # processes waiting for it find the file written
                os.unlink(own)


def is_there(file: IO[str], path: Path) -> bool:
    """Returns whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


ABOUT = "about.json"
# What is raised by reading a damaged archive, or by using what it holds.
DAMAGED = (ValueError, KeyError, TypeError, IndexError, EOFError, zipfile.BadZipFile)


def write_archive(path: Path, about: Mapping[str, Any], arrays: Iterable[np.ndarray]) -> None:
    """Writes the archive, whole or not at all, one array at a time: a large picture's arrays fill much memory."""
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(ABOUT, json.dumps(about))
        for number, array in enumerate(arrays):
            with archive.open(f"{number:03}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_about(path: Path) -> dict[str, Any]:
    """Returns the archive's information about the arrays.

    Raises:
        DAMAGED: the file is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        about = json.loads(archive.read(ABOUT))
        if damaged := archive.testzip():
            raise ValueError(f"{damaged} is damaged")
    if not isinstance(about, dict):
        raise ValueError(f"{ABOUT} is damaged")
    return about


def read_arrays(path: Path) -> Iterator[np.ndarray]:
    """Yields the arrays in order, one at a time."""
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
