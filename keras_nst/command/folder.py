"""Checks, creates and locks a folder that belongs to one piece of work, so that it can be resumed there."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO, Any

from keras_nst.command.run_folder import read_told
from keras_nst.settings.declared import SettingError
from keras_nst.system.files import Locked, lock

LONGEST = 300  # letters about the differences
HASH = re.compile("[0-9a-f]{64}")  # shortened to its first letters in messages


def check_kind(folder: Path, named: str, record: str, kind: str, begun: Collection[str] = ()) -> dict[str, Any] | None:
    """Checks that a folder is empty, or holds work of one kind; returns its record, None if it is empty.

    Args:
        named: the folder as the user gave it.
        record: the name of the file that identifies such work.
        kind: the name of the kind, such as "a training".
        begun: file names that interrupted work may have left.

    Raises:
        SettingError: it holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise SettingError("workdir", named, "Expected a folder. Received: a file.")
    told = read_told(folder / record)
    names = [path.name for path in folder.iterdir()] if told is None and folder.is_dir() else []
    if any(name not in begun and not name.startswith(".") for name in names):
        raise SettingError("workdir", named, f"Expected a new folder, or one of {kind}.")
    return told


def check_same(named: str, now: Mapping[str, str], then: Mapping[str, str], kind: str) -> None:
    """Checks that the work in a folder is the requested one.

    Raises:
        SettingError: it is other work; the message lists the differences.
    """
    others = [name for name in dict.fromkeys([*now, *then]) if now.get(name) != then.get(name)]
    if changed := [f"{name} {now.get(name, 'none')} (was {then.get(name, 'none')})" for name in others]:
        what = f"This folder holds another {kind}: {HASH.sub(lambda found: found[0][:8], ', '.join(changed))[:LONGEST]}"
        raise SettingError("workdir", named, f"{what}. Expected a new folder, or --overwrite.")


def held(folder: Path, named: str) -> IO[str]:
    """Creates a folder, and returns the lock on it.

    Raises:
        SettingError: it cannot be created or written to, or other work is running in it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return lock(folder)
    except Locked as error:
        raise SettingError(
            "workdir", named, f"{error}. Expected another folder, or this one when that run has ended."
        ) from None
    except OSError as error:
        raise SettingError("workdir", named, f"Expected a writable folder. {error.strerror}.") from None
