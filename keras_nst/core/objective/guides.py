"""Regions of a picture at each layer: how much each position counts for each region's style."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_nst.core.plan.method import Seeing
from keras_nst.core.plan.neighborhoods import extremes
from keras_nst.core.plan.pyramid import Size
from keras_nst.settings.networks import Layer, reach, stride

Shares = dict[str, np.ndarray]  # layer: (r, h, w), in [0, 1], shares of its positions in each region

FEWEST = 16.0  # positions: a style picture with fewer than this away from its border is used whole
EMPTY = 1e-3  # of a position: a smaller region counts as none
EXTREMES: dict[str, Callable[..., np.ndarray]] = {"inside": np.minimum, "all": np.maximum}


def guides(regions: np.ndarray | None, size: Size, layers: tuple[Layer, ...], seeing: Seeing) -> Shares:
    """Returns the regions (r, h', w') at these layers of a picture of this size; empty without regions."""
    if regions is None:
        return {}
    shares = tf.image.resize(regions[..., None], size, antialias=True).numpy()[..., 0]
    return {layer.name: _at_layer(shares, layer.name, seeing) for layer in layers}


def away_from_the_border(size: Size, layers: tuple[Layer, ...], network: str) -> Shares:
    """Returns the positions of these layers that see nothing beyond the border of a picture of this size."""
    whole = np.ones((1, *size), np.float32)
    inside = {}
    for layer in layers:
        inner = whole.copy()
        seen = reach(network, layer.name)
        inner[:, :seen], inner[:, -seen:], inner[:, :, :seen], inner[:, :, -seen:] = 0.0, 0.0, 0.0, 0.0
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
