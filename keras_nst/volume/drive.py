"""A volume from its first step to the finished file."""

import contextlib
import json
from typing import IO, Any

import numpy as np

from keras_nst.command.board import show
from keras_nst.command.folder import held
from keras_nst.command.log import EXPECTED, logged, spared
from keras_nst.command.run_folder import read_told
from keras_nst.session.machine import out_of_memory_in_one_line
from keras_nst.session.session import Session
from keras_nst.settings.lines import Tell
from keras_nst.system.files import written_whole
from keras_nst.system.pace import Stop
from keras_nst.volume.files import write_volume
from keras_nst.volume.prepare import RECORD, SHEET, STATE, THROUGH, Request
from keras_nst.volume.sheet import jumps, write_sheet, write_walk
from keras_nst.volume.solid import Solid, in_its_range, resampled

NOT_FOR_DIAGNOSIS = "A painted volume contains invented detail: it is not for diagnosis."


def drive(asked: Request, stop: Stop, tell: Tell) -> int:
    """Paints the volume, or resumes that, and writes it; returns the exit code."""
    if asked.is_done and not asked.settings.overwrite:
        tell(f"This volume is already painted: {asked.output}")
        return 0
    with contextlib.ExitStack() as closing:
        closing.enter_context(contextlib.closing(opened(asked)))
        log = closing.enter_context(logged(asked.folder, EXPECTED))

        def say(line: str) -> None:
            log.info(line)
            tell(line)

        return paint(asked, stop, say)


def opened(asked: Request) -> IO[str]:
    """Marks the folder as this volume's, and returns the lock on it.

    Raises:
        SettingError: it cannot be created or written to, or another process is running in it.
    """
    folder = asked.folder
    lock = held(folder, asked.settings.workdir or str(folder))
    told = read_told(folder / RECORD) or {}
    if told.get("volume") != asked.record() or told.get("written"):  # another volume, or one to start over
        for name in (STATE, RECORD, SHEET, THROUGH):
            (folder / name).unlink(missing_ok=True)
        for path in folder.glob("curves/events.*"):
            path.unlink()
    write_record(asked, {"volume": asked.record(), "output": str(asked.output.resolve())})
    return lock


def write_record(asked: Request, told: dict[str, Any]) -> None:
    """Writes the record of the folder."""
    with written_whole(asked.folder / RECORD) as file:
        file.write(json.dumps(told, indent=1).encode())


def paint(asked: Request, stop: Stop, tell: Tell) -> int:
    """Takes the steps; writes the volume once all are taken."""
    session = Session(asked.config, keep=1.0)
    from keras_nst.volume.course import Course

    scales = asked.scales()
    shapes = " x ".join(map(str, asked.shape))
    tell(f"{shapes} voxels, {len(scales)} scale{'s' * (len(scales) > 1)}, {asked.settings.steps} steps each.")
    if asked.settings.tensorboard:
        tell(show(asked.folder))
    with session.where(), out_of_memory_in_one_line(asked.config):
        painted = Course(asked, session, scales, tell).through(stop)
    if painted is None:
        tell("Stopped: the same command resumes.")
        return 0
    write(asked, painted, tell)
    return 0


def write(asked: Request, painted: np.ndarray, tell: Tell) -> None:
    """Writes the volume, its sheet and its animation, and reports them."""
    content = asked.content
    shown = None if content is None else resampled(content.values, asked.shape)
    like = content or Solid(painted, 0.0, 255.0, np.dtype(np.uint8))
    shape = asked.shape if asked.settings.size else like.shape
    array = in_its_range(resampled(painted, shape), like)
    write_volume(asked.output, array, like if shape == like.shape else scaled(like, shape))
    write_record(asked, (read_told(asked.folder / RECORD) or {}) | {"written": True})
    tell(f"Volume: {asked.output}")
    with spared("sheet and animation", tell):
        write_sheet(asked.folder / SHEET, shown, painted)
        write_walk(asked.folder / THROUGH, shown, painted)
        own = f"{jumps(painted):.3g}" + (f" (the content's {jumps(shown):.3g})" if shown is not None else "")
        tell(f"Sheet and animation: {asked.folder}. Neighboring slices differ by {own}.")
    tell(NOT_FOR_DIAGNOSIS)


def scaled(like: Solid, shape: tuple[int, ...]) -> Solid:
    """Returns the header and the places of a volume, adapted to another number of voxels."""
    if like.affine is None:
        return like
    factors = np.array(like.shape) / shape
    moved = np.diag([*factors, 1.0])
    moved[:3, 3] = (factors - 1) / 2  # the first voxel's center has moved
    return like._replace(affine=like.affine @ moved)
