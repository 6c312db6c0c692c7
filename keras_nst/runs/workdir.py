"""The folder of a run, and where its picture goes."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import IO

from keras_nst.monitors import EVENTS
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.system.locks import LOCK, Locked, lock

SETTINGS = "settings.cfg"
PICTURE = "picture.png"
PREVIEW = "preview.jpg"  # until there is a picture
RECORD = "run.json"
CHECKPOINT = "checkpoint.zip"
LOG = "run.log"
REPORT = "report.html"
PROFILES = "plugins/profile/*/*"
LONGEST_STEM = 28  # letters of up to four bytes, two stems and a date: a file system allows 255 bytes


def choose_workdir(config: Config) -> Path:
    """Returns the folder of this run; it may not exist yet, or be given a number by `create_workdir`.

    Raises:
        SettingError: the folder holds another run, or cannot be one.
    """
    if not config.workdir:
        styles = [style.source for style in config.style_sources()[:1]]
        return Path("runs") / "-".join(filter(None, [_now(), stem(config.content), *map(stem, styles)]))
    workdir = _expanded(config.workdir)
    if os.path.lexists(workdir) and not os.path.isdir(workdir):
        raise SettingError("workdir", config.workdir, "Expected a folder. Received: a file.")
    foreign = not os.path.exists(workdir / RECORD) and any(
        os.path.exists(workdir / name) for name in (SETTINGS, PICTURE)
    )
    if foreign and not config.overwrite:
        raise SettingError(
            "workdir", config.workdir, "This folder holds another run. Expected a new one or --overwrite."
        )
    return workdir


class Busy(SettingError):
    """A folder in which another run is at work."""


def create_workdir(workdir: Path, named: str) -> tuple[Path, IO[str]]:
    """Makes the folder, locks it for this run and returns both.

    One that the user has not `named` gets a number where a run that started in the same second has taken it.

    Raises:
        SettingError: it cannot be made or written to.
        Busy: another run is at work in it.
    """
    try:
        workdir.parent.mkdir(parents=True, exist_ok=True)
        if named:
            workdir.mkdir(exist_ok=True)
        else:
            workdir = next(filter(_made, _numbered(workdir)))
        return workdir, lock(workdir)
    except Locked as error:
        raise Busy("workdir", named, f"{error}. Expected another folder.") from None
    except OSError as error:
        reason = f"Expected a folder that can be written to. {error.strerror}."
        raise SettingError("workdir", named or str(workdir), reason) from None


def release_workdir(workdir: Path) -> None:
    """Takes back what a run has made that did not begin, and the folder if there is nothing else in it."""
    with contextlib.suppress(OSError):
        clear_workdir(workdir)
        (workdir / LOCK).unlink(missing_ok=True)
        workdir.rmdir()


def clear_workdir(workdir: Path) -> None:
    """Removes what a run has left in the folder, and nothing else."""
    left = [RECORD, CHECKPOINT, SETTINGS, PICTURE, PREVIEW, LOG, REPORT, EVENTS, "snapshots/step-*.jpg", PROFILES]
    for path in [path for name in left for path in workdir.glob(name)]:
        path.unlink()


def choose_output(config: Config, workdir: Path, own: str = "") -> Path:
    """Returns the path of the result; it may exist already if it is this run's `own`, which goes on.

    Raises:
        SettingError: there is a file already, and it may not be overwritten.
    """
    if not config.output:
        return workdir / PICTURE
    output = _expanded(config.output)
    if os.path.exists(output) and not (config.overwrite or str(output.resolve()) == own or os.path.isdir(output)):
        raise SettingError("output", config.output, "This file exists. Expected a new path, or --overwrite.")
    return output


def _made(folder: Path) -> bool:
    """Makes the folder, which must not exist yet: of several runs, one succeeds."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S")


def stem(source: str) -> str:
    """Returns the name of a picture as a part of a folder's."""
    name = re.split(r"[/\\:]", source.partition("?")[0].rstrip("/"))[-1]
    return re.sub(r"[^\w.-]", "_", Path(name).stem)[:LONGEST_STEM]


def _expanded(written: str) -> Path:
    # Unlike Path's own, this leaves the ~ of an unknown user as it is, as shells do.
    return Path(os.path.expanduser(written))


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    for number in count(2):
        yield folder.with_name(f"{folder.name}-{number}")
