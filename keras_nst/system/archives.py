"""Arrays in one file, with what is to be known of them: the state of what may go on from there bit for bit."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_nst.system.atomic import written_whole

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
