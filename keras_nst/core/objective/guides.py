"""How much each position of a layer counts for the style: by regions of the picture, and along its border."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_nst.core.plan.method import Seeing
from keras_nst.core.plan.neighborhoods import extremes
from keras_nst.core.plan.pyramid import Size
from keras_nst.settings.networks import Layer, reach, stride

Shares = dict[str, np.ndarray]  # layer: (r, h, w), in [0, 1], shares of its positions in each region

FEWEST = 16.0  # positions: a style picture with fewer than this away from its border is used whole
NARROW = 1 / 16  # of the shorter side: at most as much has a rim to each side
EMPTY = 1e-3  # of a position: a smaller region counts as none
EXTREMES: dict[str, Callable[..., np.ndarray]] = {"inside": np.minimum, "all": np.maximum}


def guides(regions: np.ndarray | None, size: Size, layers: tuple[Layer, ...], seeing: Seeing) -> Shares:
    """Returns the regions (r, h', w') at these layers of a picture of this size, without the rim at the finest ones.

    Layers at which every position counts fully for the only region are missing.
    """
    # At the border the content, which only deep layers see, holds a pixel less than block1 pulls it to the style.
    told = {}
    if regions is not None:
        shares = tf.image.resize(regions[..., None], size, antialias=True).numpy()[..., 0]
        told = {layer.name: _at_layer(shares, layer.name, seeing) for layer in layers}
    if not 0 < seeing.rim <= NARROW * min(size):
        return told
    inner = _inner(size, seeing.rim)
    finest = [layer.name for layer in layers if layer.name.startswith("block1_conv")]
    return told | {name: inner * told.get(name, 1.0) for name in finest}


def _inner(size: Size, rim: int) -> np.ndarray:
    """Returns ones (1, h, w), but for zeros in the outermost `rim` rows and columns."""
    whole = np.ones((1, size[0] - 2 * rim, size[1] - 2 * rim), np.float32)
    return np.pad(whole, ((0, 0), (rim, rim), (rim, rim)))


def away_from_the_border(size: Size, layers: tuple[Layer, ...], network: str) -> Shares:
    """Returns the positions of these layers that see nothing beyond the border of a picture of this size."""
    whole = np.ones((1, *size), np.float32)
    inside = {}
    for layer in layers:
        seen = reach(network, layer.name)
        inner = _inner(size, seen) if 2 * seen < min(size) else 0.0 * whole
        plain, narrow = at_stride(whole, stride(layer.name)), at_stride(inner, stride(layer.name))
        inside[layer.name] = narrow if narrow.sum() >= FEWEST else plain
    return inside


def _at_layer(shares: np.ndarray, layer: str, seeing: Seeing) -> np.ndarray:
    """Returns the shares of a layer's positions; a region narrower than what they see is used unchanged."""
    plain = at_stride(shares, stride(layer))
    seen = at_stride(receptive(shares, reach(seeing.network, layer), seeing.mask_reach), stride(layer))
    narrow = seen.sum(axis=(1, 2), keepdims=True) < EMPTY
    return np.where(narrow, plain, seen)


def receptive(shares: np.ndarray, reach: int, mode: str) -> np.ndarray:
    """Returns shares for positions that see `reach` pixels to each side (Gatys et al., 2017).

    `simple` leaves them unchanged. `inside` takes the least share of what a position sees: features next to a border
    between regions belong to neither. `all` takes the greatest: they belong to both.
    """
    if mode == "simple":
        return shares
    return extremes(extremes(shares, reach, 1, EXTREMES[mode]), reach, 2, EXTREMES[mode])


def at_stride(shares: np.ndarray, stride: int) -> np.ndarray:
    """Returns means (r, h // stride, w // stride) of square cells; leftover rows and columns at the end are dropped."""
    r, h, w = shares.shape
    rows, columns = h // stride, w // stride
    cells = shares[:, : rows * stride, : columns * stride].reshape(r, rows, stride, columns, stride)
    return cells.mean(axis=(2, 4))
