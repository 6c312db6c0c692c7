"""Pictures of a painted volume: the planes through its center, and an animation through its slices."""

from pathlib import Path

import numpy as np
from PIL import Image

from keras_nst.pictures.drawing import Look, grid
from keras_nst.pictures.files import as_image
from keras_nst.system.files import written_whole

PLANES = ("across the slices", "across the rows", "across the columns")
CELL = 256  # pixels
MILLISECONDS = 60  # per slice


def write_sheet(path: Path, content: np.ndarray | None, painted: np.ndarray) -> None:
    """Writes the three planes through the center of volumes (d, h, w, c)."""
    rows = {"content": content, "painted": painted}
    cells = {
        (row, plane): as_image(middle(volume, axis))
        for row, volume in rows.items()
        if volume is not None
        for axis, plane in enumerate(PLANES)
    }
    shown = [row for row, volume in rows.items() if volume is not None]
    with written_whole(path) as file:
        grid(cells, shown, PLANES, Look(CELL, CELL, gap=4, enlarge=True)).save(file, "PNG")


def middle(volume: np.ndarray, axis: int) -> np.ndarray:
    """Returns the plane (., ., 3) through the center, perpendicular to an axis."""
    return colored(volume.take(volume.shape[axis] // 2, axis))


def write_walk(path: Path, content: np.ndarray | None, painted: np.ndarray) -> None:
    """Writes an animation through the slices of volumes (d, h, w, c), next to the content's."""
    parts = [painted] if content is None else [content, painted]
    first, *others = [
        Image.fromarray(np.rint(255 * np.concatenate([colored(part[number]) for part in parts], 1)).astype(np.uint8))
        for number in range(len(painted))
    ]
    with written_whole(path) as file:
        first.save(file, "WEBP", save_all=True, append_images=others, duration=MILLISECONDS, loop=0, quality=90)


def colored(values: np.ndarray) -> np.ndarray:
    """Returns values (..., 1 or 3) with three channels."""
    return np.broadcast_to(values, (*values.shape[:-1], 3))


def jumps(volume: np.ndarray, axis: int = 0) -> float:
    """Returns the mean absolute difference of neighboring slices along an axis; 0 for a single slice."""
    return 0.0 if volume.shape[axis] == 1 else float(np.abs(np.diff(volume.astype(np.float64), axis=axis)).mean())
