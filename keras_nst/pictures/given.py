"""Pictures that a program already has: arrays, and Pillow's."""

from typing import Any

import numpy as np
from PIL import Image

from keras_nst.pictures.decoding import Samples, decoded_as_it_lies, finished

SHAPES = "shape (height, width) or (height, width, 1 to 4 channels)"


def samples_of(given: Any) -> Samples:
    """Returns the samples of a picture of Pillow's, or an array.

    Arrays are (h, w) or (h, w, c): gray, gray and alpha, RGB or RGBA, of unsigned integers or floats in [0, 1].

    Raises:
        ValueError: it is neither, or a damaged one.
        OSError: it lies in a file that cannot be read.
    """
    if isinstance(given, Image.Image):
        return decoded_as_it_lies(given)
    array = np.asarray(given)
    if not array.shape:
        raise ValueError(f"Expected a picture of {SHAPES}, a path or one of Pillow's. Received: {type(given).__name__}")
    if array.ndim not in (2, 3) or not array.size or array.shape[2:] > (4,):
        raise ValueError(f"Expected a picture of {SHAPES}. Received: {array.shape}")
    values = _in_unit(array).reshape(*array.shape[:2], -1)  # (h, w, c)
    channels = values.shape[2]
    alpha = values[..., -1] if channels in (2, 4) else None
    colors = values[..., :1] if channels < 3 else values[..., :3]
    return finished(Samples(np.broadcast_to(colors, (*values.shape[:2], 3)), alpha))


def _in_unit(array: np.ndarray) -> np.ndarray:
    """Returns the values of an array as float32 in [0, 1]."""
    if array.dtype.kind == "u":
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    if array.dtype.kind not in "bf":  # signed integers do not tell what white is
        raise ValueError(f"Expected floats in [0, 1], or unsigned integers such as uint8. Received: {array.dtype}")
    values = array.astype(np.float32)
    if not (np.isfinite(values).all() and 0 <= values.min() and values.max() <= 1):
        received = f"{values.min():g} to {values.max():g}"
        raise ValueError(f"Expected floats in [0, 1], or unsigned integers such as uint8. Received: {received}")
    return values
