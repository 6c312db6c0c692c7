"""The state of a run as a file, so that it can go on from there bit for bit."""

import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_nst.core.events import Progress, Standing
from keras_nst.core.pyramid import steps_per_scale
from keras_nst.monitors.meter import warn
from keras_nst.runs.workdir import CHECKPOINT
from keras_nst.session.method import method_of, settled
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.declared import fields
from keras_nst.system.atomic import written_whole

ABOUT = "about.json"
MOST_SCALES = 32


class Resumed(NamedTuple):
    """Where a run resumes, and with which settings."""

    standing: Standing
    config: Resolved


class Checkpoints:
    """A listener that keeps the state of the run in `folder`, every so many seconds and at each scale's end.

    A run is worth more than one of its checkpoints: what cannot be written is told of once, and the last one stays.
    """

    def __init__(self, folder: Path, config: Resolved):
        self.path, self.seconds, self.config = folder / CHECKPOINT, config.checkpoint_secs, config
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
            write_checkpoint(self.path, self.last.standing(), self.config)
        except OSError as error:
            if not self.complained:
                warn(f"No checkpoint could be written: {error.strerror or error}")
            self.complained = True
            return False
        return True


def write_checkpoint(path: Path, standing: Standing, config: Resolved) -> None:
    """Writes the state of a run, one array at a time: a large picture's fill much of the memory."""
    decided = settled(config, standing.method)
    settings = {name: decided.shown(name) for name in fields(Config)}
    about = {"step": standing.step, "scale_step": standing.scale_step, "settings": settings}
    with written_whole(path) as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr(ABOUT, json.dumps(about))
        for number, array in enumerate(standing.arrays):
            with archive.open(f"{number:03}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_checkpoint(folder: Path) -> Resumed | None:
    """Returns the state of the run in the folder; None where there is none.

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
            size = _size(archive)
        if damaged:
            raise ValueError(f"{damaged} is damaged")
        config = Resolved.written(**about["settings"])
        steps = int(about["step"]), _steps_there(about, config)
        return Resumed(Standing(size, *steps, method_of(config), _arrays(path)), config)
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"Expected a checkpoint. Received: {path}, {error}") from None


def _size(archive: zipfile.ZipFile) -> tuple[int, int]:
    """Returns rows and columns of the picture, the first of the arrays, without reading it."""
    with archive.open("000.npy") as member:
        np.lib.format.read_magic(member)
        (_, height, width, _), _, _ = np.lib.format.read_array_header_1_0(member)
    return height, width


def _steps_there(about: Mapping[str, Any], config: Config) -> int:
    """Returns the steps taken at the scale.

    Earlier versions did not write them. They numbered the scales that have steps, and counted those planned before.
    """
    if "scale_step" in about:
        return int(about["scale_step"])
    planned = [steps for steps in steps_per_scale(config.steps, MOST_SCALES) if steps]
    return int(about["step"]) - sum(planned[: int(about["scale"]) - 1])


def _arrays(path: Path) -> Iterator[np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        for name in sorted(set(archive.namelist()) - {ABOUT}):
            with archive.open(name) as member:
                yield np.lib.format.read_array(member, allow_pickle=False)
