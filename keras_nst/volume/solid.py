"""A volume, its values in [0, 1] and its metadata."""

import importlib
from typing import Any, NamedTuple

import numpy as np

from keras_nst.settings.declared import InputError

SMALLEST = 16  # voxels: the smallest side that the network accepts
# A few voxels (metal, or unmeasured ones) may leave the others hardly any range. FEW percent at each end are clipped
# if the others fill less than this share of the range.
FEW, SHARE = 0.1, 0.5
SAMPLED = 1_000_000  # voxels used to find that


class Solid(NamedTuple):
    """A volume and its metadata."""

    values: np.ndarray  # (d, h, w, c) in [0, 1]; one channel or three
    low: float  # the values of 0 and 1 in the file
    high: float
    dtype: np.dtype
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)  # of its slices, rows and columns
    affine: np.ndarray | None = None  # (4, 4): from voxels to millimeters, if the file has it
    header: Any = None  # of NIfTI
    scaling: tuple[float, float] = (1.0, 0.0)  # slope and offset of NIfTI's stored numbers
    notes: tuple[str, ...] = ()  # messages for the user

    @property
    def shape(self) -> tuple[int, int, int]:
        """The numbers of its slices, rows and columns."""
        depth, height, width = self.values.shape[:3]
        return depth, height, width


def solid(array: np.ndarray, **own: Any) -> Solid:
    """Returns the volume of an array (d, h, w) or (d, h, w, 3), or of a single slice (h, w).

    Raises:
        ValueError: it is not a volume.
    """
    colored = array.ndim == 4 and array.shape[-1] in (3, 4)
    if array.ndim == 4 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (3, 4) and array.dtype == np.uint8):
        array, colored = array[None], array.ndim == 3
    if array.ndim != 3 and not colored:
        expected = "Expected slices, rows and columns, with three colors or none"
        raise ValueError(f"{expected}. Received: an array of {' x '.join(map(str, array.shape))}")
    if array.dtype.kind not in "uifb" or not array.size:
        raise ValueError(f"Expected numbers. Received: {array.dtype if array.size else 'an empty array'}")
    values = (array[..., :3] if colored else array[..., None]).astype(np.float32)
    if wrong := int((~np.isfinite(values)).sum()):
        raise ValueError(f"Expected numbers in all voxels. Received: NaN or infinity in {wrong} of {values.size}")
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise ValueError(f"Expected values that differ. Received: {low:g} everywhere")
    if colored and array.dtype == np.uint8:
        low, high = 0.0, 255.0
    values = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return Solid(values, low, high, array.dtype, **own)


def within(known: Solid, window: tuple[float, ...]) -> Solid:
    """Returns a volume whose values are clipped to a window.

    By default the window contains all voxels, except a few that lie far from the others.
    """
    low, high = window or usual_window(known)
    if (low, high) == (known.low, known.high):
        return known
    values = known.low + (known.high - known.low) * known.values
    notes = known.notes
    if not window:
        ends = f"a few voxels lie far outside, from {known.low:g} to {known.high:g}. --window=LOW,HIGH changes it"
        notes += (f"The range of values is {low:g} to {high:g}: {ends}.",)
    values = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return known._replace(values=values, low=low, high=high, notes=notes)


def usual_window(known: Solid) -> tuple[float, float]:
    """Returns the range of all voxels, or of all but a few."""
    values = known.values.reshape(-1)
    low, high = np.percentile(values[:: max(1, len(values) // SAMPLED)], (FEW, 100 - FEW))
    if known.values.shape[-1] == 3 or not 0 < high - low < SHARE:
        return known.low, known.high
    ends = known.low + (known.high - known.low) * np.array([low, high])
    least, most = ends if known.dtype.kind == "f" else np.rint(ends)
    return float(least), float(most)


def in_its_range(painted: np.ndarray, like: Solid) -> np.ndarray:
    """Returns painted values (d, h, w, c) in the range and the type of another volume; colors with 8 bits."""
    if painted.shape[-1] == 3 and like.values.shape[-1] == 1:
        return np.rint(255 * painted).astype(np.uint8)
    values = like.low + (like.high - like.low) * painted.astype(np.float64)
    values = values if painted.shape[-1] == 3 else values[..., 0]
    if like.dtype.kind in "ui":
        values = np.clip(np.rint(values), np.iinfo(like.dtype).min, np.iinfo(like.dtype).max)
    return values.astype(like.dtype)


def even(spacing: tuple[float, float, float], shape: tuple[int, int, int], longest: int) -> tuple[int, int, int]:
    """Returns the shape of a volume with cubic voxels and this number of voxels on its longest side."""
    extent = np.array(spacing) * shape
    depth, height, width = np.maximum(1, np.rint(extent * longest / extent.max())).astype(int).tolist()
    return depth, height, width


def resampled(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Returns a volume (d, h, w, c) resampled to another shape: by means if it shrinks, else linearly."""
    for axis, wanted in enumerate(shape):
        values = _along(values, axis, wanted)
    return values


def _along(values: np.ndarray, axis: int, wanted: int) -> np.ndarray:
    count = values.shape[axis]
    if count == wanted:
        return values
    if wanted < count:  # each new one is the mean of the voxels, and parts of voxels, that it covers
        total = np.concatenate([np.zeros_like(values.take([0], axis)), values.cumsum(axis, dtype=np.float64)], axis)
        bounds = np.linspace(0, count, wanted + 1)
        return (np.diff(_between(total, axis, bounds), axis=axis) * (wanted / count)).astype(np.float32)
    places = np.clip((np.arange(wanted) + 0.5) * count / wanted - 0.5, 0, count - 1)
    return _between(values, axis, places).astype(np.float32)


def _between(values: np.ndarray, axis: int, places: np.ndarray) -> np.ndarray:
    """Returns values at fractional positions, interpolated linearly."""
    below = np.minimum(np.floor(places).astype(int), max(0, values.shape[axis] - 2))
    above = np.minimum(below + 1, values.shape[axis] - 1)
    shape = [1] * values.ndim
    shape[axis] = -1
    share = (places - below).reshape(shape)
    between: np.ndarray = (1 - share) * values.take(below, axis) + share * values.take(above, axis)
    return between


def needed(module: str, name: str) -> Any:
    """Returns a module of the optional dependencies.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(
            f'Expected the package {name} for this kind of volume: pip install "keras-nst[volume]"'
        ) from None
