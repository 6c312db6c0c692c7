"""The state of a run as a file, so that it can go on from there bit for bit."""

import json
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from keras_nst.atomic import written_whole
from keras_nst.config import Config, fields, read_setting
from keras_nst.core.events import Progress, Standing
from keras_nst.workdir import CHECKPOINT

ABOUT = "about.json"


class Resumed(NamedTuple):
    """Where a run goes on."""

    standing: Standing
    step: int  # steps taken, over all scales


class Checkpoints:
    """A listener that keeps the state of the run in `folder`, every so many seconds and at each scale's end.

    A run is worth more than one of its checkpoints: what cannot be written is told of once, and the last one stays.
    """

    def __init__(self, folder: Path, seconds: float):
        self.path, self.seconds = folder / CHECKPOINT, seconds
        self.written, self.complained = time.monotonic(), False
        self.last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self.last = progress
        if progress.final or progress.scale_step == progress.scale_steps or self._is_due():
            self.keep()

    def _is_due(self) -> bool:
        now = time.monotonic()
        return not 0 <= now - self.written < self.seconds

    def keep(self) -> bool:
        """Writes the state as it is now; returns whether there is a checkpoint of it."""
        if self.last is None or self.last.standing is None:
            return False
        self.written = time.monotonic()
        try:
            write_checkpoint(self.path, self.last.standing(), self.last.step - self.last.final)
        except OSError as error:
            if not self.complained:
                tqdm.write(f"No checkpoint could be written: {error.strerror or error}", file=sys.stderr)
            self.complained = True
            return False
        return True


def write_checkpoint(path: Path, standing: Standing, step: int) -> None:
    """Writes the state of a run after so many steps, one array at a time: a large picture's fill much of the memory."""
    settings = {name: standing.config.shown(name) for name in fields()}
    about = {"scale": standing.scale, "step": step, "settings": settings}
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(ABOUT, json.dumps(about))
        for number, array in enumerate(standing.arrays):
            with archive.open(f"{number:03}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_checkpoint(folder: Path) -> Resumed | None:
    """Returns the state of the run in the folder and how many steps it had taken; None where there is none.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(ABOUT))
            damaged = archive.testzip()
        if damaged:
            raise ValueError(f"{damaged} is damaged")
        config = Config(**{name: read_setting(name, value) for name, value in about["settings"].items()})
        return Resumed(Standing(int(about["scale"]), config, _arrays(path)), int(about["step"]))
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"Expected a checkpoint. Received: {path}, {error}") from None


def _arrays(path: Path) -> Iterator[np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(set(archive.namelist()) - {ABOUT}):
            with archive.open(name) as member:
                yield np.lib.format.read_array(member, allow_pickle=False)
