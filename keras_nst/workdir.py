"""The folder of a run, and where its picture goes."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from keras_nst.config import Config, SettingError

SETTINGS = "settings.cfg"
PICTURE = "picture.png"
LONGEST_STEM = 28  # letters of up to four bytes, two stems and a date: a file system allows 255 bytes


def choose_workdir(config: Config) -> Path:
    """Returns the folder of this run; it may not exist yet, or be given a number by `create_workdir`.

    Raises:
        SettingError: the folder holds another run, or cannot be one.
    """
    if not config.workdir:
        styles = [style.source for style in config.styles()[:1]]
        return Path("runs") / "-".join(filter(None, [_now(), _stem(config.content), *map(_stem, styles)]))
    workdir = _expanded(config.workdir)
    if os.path.lexists(workdir) and not os.path.isdir(workdir):
        raise SettingError("workdir", config.workdir, "Expected a folder. Received: a file.")
    if any(os.path.exists(workdir / name) for name in (SETTINGS, PICTURE)):
        raise SettingError("workdir", config.workdir, "This folder holds another run. Expected a new or empty folder.")
    return workdir


def create_workdir(workdir: Path, named: str) -> Path:
    """Makes the folder, claims it for this run and returns it.

    One that the user has not `named` gets a number where a run that started in the same second has taken it.

    Raises:
        SettingError: it cannot be made or written to, or another run has just claimed it.
    """
    try:
        workdir.parent.mkdir(parents=True, exist_ok=True)
        folder = next(filter(_claim, [workdir] if named else _numbered(workdir)), None)
    except OSError as error:
        reason = f"Expected a folder that can be written to. {error.strerror}."
        raise SettingError("workdir", named or str(workdir), reason) from None
    if folder is None:
        raise SettingError("workdir", named, "Another run has just taken this folder. Expected a new or empty folder.")
    return folder


def release_workdir(workdir: Path) -> None:
    """Takes the claim back, and the folder if there is nothing else in it: the run did not begin."""
    (workdir / SETTINGS).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        workdir.rmdir()


def choose_output(config: Config, workdir: Path) -> Path:
    """Returns the path of the result.

    Raises:
        SettingError: there is a file already, and it may not be overwritten.
    """
    if not config.output:
        return workdir / PICTURE
    output = _expanded(config.output)
    if os.path.exists(output) and not config.overwrite and not os.path.isdir(output):
        raise SettingError("output", config.output, "This file exists. Expected a new path, or --overwrite.")
    return output


def _claim(folder: Path) -> bool:
    """Makes the folder and the file that must not exist yet: of several runs, one succeeds."""
    try:
        folder.mkdir(exist_ok=True)
        (folder / SETTINGS).open("x").close()
    except FileExistsError:
        return False
    return True


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S")


def _stem(source: str) -> str:
    name = re.split(r"[/\\:]", source.partition("?")[0].rstrip("/"))[-1]
    return re.sub(r"[^\w.-]", "_", Path(name).stem)[:LONGEST_STEM]


def _expanded(written: str) -> Path:
    # Unlike Path's own, this leaves the ~ of an unknown user as it is, as shells do.
    return Path(os.path.expanduser(written))


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    for number in count(2):
        yield folder.with_name(f"{folder.name}-{number}")
