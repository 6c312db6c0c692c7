"""Regions of a picture, given by a mask picture whose flat colors name them; their edges may be soft.

A region is each pixel's share in it: (h, w) float32 in [0, 1]; regions are (r, h, w).
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from keras_nst.core.objective.oklab import LUMA
from keras_nst.core.plan.neighborhoods import running
from keras_nst.pictures.palette import strips

MOST = 16  # regions
SMALLEST = 1 / 50  # of a mask
SMOOTH = 6  # levels of 255 by which neighbors in a flat area may differ
# The colors of a flat area are close together, and outnumber the colors around them; a ramp's are spread along it.
CLOSE, ABOUT = 4, 13  # levels in each channel: within a flat area's color, and around it
PEAK = 0.6  # of the pixels with colors around a flat area's
FREQUENT = SMALLEST / 10  # of a mask: the most frequent color of a flat area
ALIKE = 0.2  # distance in RGB within which colors of two masks count as the same
ROUNDING = 1e-10  # squared distance
NEARER = (2 / 255) ** 2  # squared distance by which a longer line must pass nearer to a color than a shorter one


class Regions(NamedTuple):
    """The regions of a mask."""

    colors: list[str]  # of each region, as "#ff8000"
    shares: np.ndarray  # (r, h, w) float32; a pixel's shares sum to 1, or to less if it is partly of an unknown color


def regions(picture: np.ndarray, colors: Sequence[str] | None = None) -> Regions:
    """Returns the regions of a mask picture (h, w, 3), in [0, 1].

    Its colors are those that cover a fiftieth of it in flat areas; if there are not two of them, the darkest and the
    lightest. They are ordered from dark to light. A pixel whose color p lies between two of them has shares in both:

        share of c_2 = (p - c_1) . (c_2 - c_1) / |c_2 - c_1|^2, clipped to [0, 1];    share of c_1 = 1 - that of c_2

    c_1 and c_2 are the two on whose line p lies: of lines that pass equally near, the shorter.

    Args:
        picture: the mask.
        colors: those of another mask's regions, which are then used. Each color of this mask counts as the nearest of
            them within a distance of 0.2 (red, green and blue in [0, 1]), or else belongs to none. A region whose color
            this mask lacks is empty.

    Raises:
        ValueError: there are more than 16.
    """
    found = _colors(np.rint(picture * 255).astype(np.uint8))
    if len(found) > MOST:
        raise ValueError(f"Expected a mask of at most {MOST} flat colors. Received: {len(found)} of them")
    shares = _shares(picture, found / 255)
    if colors is None:
        return Regions(["#{:02x}{:02x}{:02x}".format(*color) for color in found], shares)
    named = np.array([list(bytes.fromhex(color.removeprefix("#"))) for color in colors])
    return Regions(list(colors), _renamed(shares, found / 255, named / 255))


def _colors(levels: np.ndarray) -> np.ndarray:
    """Returns the colors of a mask's regions (r, 3), from dark to light."""
    found = _flat_colors(levels)
    if len(found) < 2:
        lumas = levels @ LUMA
        ends = [levels.reshape(-1, 3)[index] for index in (lumas.argmin(), lumas.argmax())]
        differ = abs(ends[1].astype(int) - ends[0]).max() > ABOUT
        found = ends if differ else (found or ends[:1])
    return np.array(sorted(found, key=lambda color: (color @ LUMA, *color)))


def _flat_colors(levels: np.ndarray) -> list[np.ndarray]:
    """Returns the most frequent colors of flat areas, if they are a peak among the colors around them."""
    colors, counts = _counted(levels[_is_flat(levels)])
    area = levels[..., 0].size
    found, left = [], counts.copy()
    while left.max(initial=0) > FREQUENT * area:
        color = colors[left.argmax()]
        distances = abs(colors - color).max(axis=1)
        near, about = (counts[distances <= reach].sum() for reach in (CLOSE, ABOUT))
        is_peak = near >= max(SMALLEST * area, PEAK * about)
        left[distances <= (ABOUT if is_peak else CLOSE)] = 0
        if is_peak:
            found.append(color)
    return found


def _is_flat(levels: np.ndarray) -> np.ndarray:
    """Returns which pixels (h, w) are in a square of 2 x 2 of nearly one color: others may belong to an edge."""
    rows, columns = (min(2, side) for side in levels.shape[:2])
    highest, lowest = (running(running(levels, rows, 0, end), columns, 1, end) for end in (np.maximum, np.minimum))
    smooth = np.pad((highest - lowest <= SMOOTH).all(axis=2), ((rows - 1,) * 2, (columns - 1,) * 2))
    return running(running(smooth, rows, 0, np.maximum), columns, 1, np.maximum)


def _counted(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the colors (k, 3) of pixels (n, 3), and the count of each."""
    red, green, blue = pixels.T.astype(np.uint32)
    codes, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.int16), counts


def _shares(picture: np.ndarray, colors: np.ndarray) -> np.ndarray:
    result = np.empty((len(colors), *picture.shape[:2]), np.float32)
    for rows in strips(picture):
        pixels = picture[rows].astype(np.float64)
        squares = ((pixels - colors[:, None, None]) ** 2).sum(axis=3)
        nearest = squares.argmin(axis=0) == np.arange(len(colors))[:, None, None]
        between = squares.min(axis=0) > (ROUNDING if len(colors) > 1 else np.inf)
        result[:, rows] = nearest
        result[:, rows][:, between] = _shares_between(squares[:, between], colors)
    return result


def _shares_between(squares: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Returns the shares (r, n) of pixels whose squared distances to the colors are given (r, n)."""
    n = squares.shape[1]
    nearest, share = np.full(n, np.inf), np.zeros(n)
    ends = np.zeros((2, n), int)
    lengths = {(i, j): ((colors[i] - colors[j]) ** 2).sum() for i, j in combinations(range(len(colors)), 2)}
    for (i, j), length in sorted(lengths.items(), key=lambda item: item[1]):
        along = (squares[i] - squares[j]) / (2 * length) + 0.5  # from i to j
        clipped = np.clip(along, 0, 1)
        distance = squares[i] + length * clipped * (clipped - 2 * along)
        better = distance < nearest - NEARER
        nearest[better], share[better], ends[:, better] = distance[better], clipped[better], [[i], [j]]
    shares = np.zeros_like(squares)
    shares[ends, np.arange(n)] = 1 - share, share
    return shares


def _renamed(shares: np.ndarray, found: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Returns the shares of the regions of `colors` (k, 3), given those of the colors found (r, 3)."""
    result = np.zeros((len(colors), *shares.shape[1:]), np.float32)
    for region, color in zip(shares, found, strict=True):
        distances = np.linalg.norm(colors - color, axis=1)
        if distances.min() <= ALIKE:
            result[distances.argmin()] += region
    return result
