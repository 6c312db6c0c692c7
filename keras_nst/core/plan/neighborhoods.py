"""Least and greatest values among neighbors (sliding extrema), in plain NumPy."""

from collections.abc import Callable

import numpy as np


def extremes(values: np.ndarray, reach: int, axis: int, extreme: Callable[..., np.ndarray]) -> np.ndarray:
    """Returns the extremes within `reach` to both sides; padding with the border's own values does not change them."""
    reach = min(reach, values.shape[axis] - 1)
    around = [(reach, reach) if each == axis else (0, 0) for each in range(values.ndim)]
    return running(np.pad(values, around, mode="edge"), 2 * reach + 1, axis, extreme)


def running(values: np.ndarray, length: int, axis: int, extreme: Callable[..., np.ndarray]) -> np.ndarray:
    """Returns the extremes of each `length` neighbors along an axis, by doubling the number of neighbors."""
    rows, done = np.moveaxis(values, axis, 0), 1
    while done < length:
        step = min(done, length - done)
        rows = extreme(rows[:-step], rows[step:])
        done += step
    return np.moveaxis(rows, 0, axis)
