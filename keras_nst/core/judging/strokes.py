"""Figures of fine detail, from the waves that a picture's lightness is the sum of.

docs/reference/figures.md explains how to read them, and what they cannot see.
"""

import functools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from keras_nst.core.network.resizing import Images, resize
from keras_nst.core.objective.oklab import LUMA
from keras_nst.core.plan.pyramid import Size, same_area

WIDE, NARROW = 128, 64  # pixels a side of a window: to separate slow waves; to find flat parts
MOST = 400  # windows per picture; on a larger picture they leave gaps

# In cycles per pixel; 0.5 is the highest there is along an axis.
FINE, COARSE, SLOWEST = (0.30, 0.45), (0.06, 0.12), 0.06
CORNER = 1 / 3  # a wave with more than this along both axes is in the corner of the spectrum
NEAR = 12  # degrees, from an axis or from a diagonal

FAINT = (2 / 255) ** 2  # the variance of barely visible noise: anything less counts as equal in all directions
LEAST_SHARE = 0.03  # of the corner in a style: about that of the softest paintings
NOT_CRISP = 1e-6  # of crispness, which is 1 for noise
CHANGED = 0.05  # share of the content's waves in a picture that may have changed


class Bands(NamedTuple):
    """The bands of waves in a window, as masks: (side, side)."""

    fine: np.ndarray
    coarse: np.ndarray
    corner: np.ndarray
    seen: np.ndarray
    axes: np.ndarray  # among the fine ones (m,), those along rows and columns
    diagonals: np.ndarray


class Detail(NamedTuple):
    """Energies in each window (n,), of which each is the variance if the picture is white noise."""

    busy: np.ndarray  # of the content, which shows where it is flat; 0 without a content
    axes: np.ndarray
    diagonals: np.ndarray
    fine: np.ndarray
    corner: np.ndarray


def stroke_figures(content: Images | None, style: Images | None, result: Images) -> dict[str, float]:
    """Returns weave and, with a style, lattice and crispness of a picture (1, h, w, 3).

    Weave is judged at the result's own size. With the style it is compared at equal numbers of pixels; neither is
    enlarged.
    """

    @functools.cache
    def shown(size: Size) -> np.ndarray:
        return lightness(result, size)

    @functools.cache
    def added(size: Size, side: int) -> Detail:
        behind = np.zeros(size) if content is None else lightness(content, size)
        return in_flat_parts(detail(shown(size), behind, side))

    own = Size(*result.shape[1:3])
    found = {"weave": weave(added(own, min(NARROW, *own)))}
    if style is not None:
        size, other = common_sizes(own, Size(*style.shape[1:3]))
        wide, narrow = (min(side, *size, *other) for side in (WIDE, NARROW))
        painted = lightness(style, other)
        of_style = max(LEAST_SHARE, share_of_corner(detail(painted, np.zeros(other), narrow)))
        found["lattice"] = share_of_corner(added(size, narrow)) / of_style
        shares = [crispness(of, wide) for of in (shown(size), painted)]
        found["crispness"] = (shares[0] + NOT_CRISP) / (shares[1] + NOT_CRISP)
    return found


def common_sizes(result: Size, style: Size) -> tuple[Size, Size]:
    """Returns the sizes, each of its own shape, at which both have as many pixels as the smaller one."""
    area = min(math.prod(result), math.prod(style))
    return same_area(result, area), same_area(style, area)


def lightness(picture: Images, size: Size) -> np.ndarray:
    """Returns the luminance (h, w) of a picture (1, h, w, 3) at some size; taken first, as it is less to resize."""
    of = np.asarray(picture[0], np.float32) @ LUMA.astype(np.float32)
    return resize(of[None, ..., None], size).numpy()[0, ..., 0]


def weave(of: Detail) -> float:
    """Returns the energy along rows and columns divided by that along the diagonals, in the median window."""
    return float(np.median((of.axes + FAINT) / (of.diagonals + FAINT)))


def share_of_corner(of: Detail) -> float:
    """Returns the energy in the spectrum's corner divided by the fine energy, in the median window; 0 without any."""
    return float(np.median(of.corner / (of.fine + FAINT)))


def crispness(light: np.ndarray, side: int) -> float:
    """Returns the fine energy divided by the coarse energy; 0 without energy."""
    bands = bands_of(side)
    energies = [np.abs(waves) ** 2 for waves in spectra(light, side)]
    fine, coarse = (np.concatenate([of[:, band].mean(1) for of in energies]) for band in (bands.fine, bands.coarse))
    return float(fine.mean() / (coarse.mean() + FAINT))


def in_flat_parts(of: Detail) -> Detail:
    """Returns the half of the windows in which the content is flattest; all of them if they are equally flat."""
    flat = of.busy <= np.median(of.busy)
    return Detail(*(each[flat] for each in of))


def detail(light: np.ndarray, content: np.ndarray, side: int) -> Detail:
    """Returns the detail of a picture (h, w) that does not come from the content (h, w), window by window."""
    bands = bands_of(side)
    rows = []
    for waves, others in zip(spectra(light, side), spectra(content, side), strict=True):
        fine, changed = beyond(waves[:, bands.fine], others[:, bands.fine])
        corner, _ = beyond(waves[:, bands.corner], others[:, bands.corner])
        busy = (np.abs(others[:, bands.seen]) ** 2).mean(1)
        of_fine = (of.mean(1) + changed for of in (fine[:, bands.axes], fine[:, bands.diagonals], fine))
        rows.append((busy, *of_fine, corner.mean(1)))
    return Detail(*map(np.concatenate, zip(*rows, strict=True)))


def beyond(waves: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the energies (n, m) of waves not explained by the content, and the part of the rest that may not be (n,).

    The former is what is left of R - H C, with one complex H per window that brings the content's waves C nearest to
    the result's R: a building's own rows and columns are not the brush's. Any other change of these waves, such as
    more contrast, is left as well, in the directions that they have. So a share of what is explained counts in all
    directions equally.
    """
    energies = np.abs(waves) ** 2
    common, square = (waves * others.conj()).sum(1), (np.abs(others) ** 2).sum(1)
    gain = np.divide(common, square, out=np.zeros_like(common), where=square > 0)
    left = np.abs(waves - gain[:, None] * others) ** 2
    return left, CHANGED * (energies - left).mean(1)


def spectra(light: np.ndarray, side: int) -> Iterator[np.ndarray]:
    """Yields the waves (n, side, side) of windows of a picture (h, w), one row of windows after the other."""
    rows, columns = map(starts, light.shape, (side, side), counts(light.shape, side))
    hann = np.hanning(side + 2)[1:-1]
    window = np.outer(hann, hann) / np.square(hann).sum()  # its squares sum to 1
    for row in rows:
        cut = sliding_window_view(light[row : row + side], side, axis=1)[:, columns].transpose(1, 0, 2).astype(float)
        mean = (cut * window).sum((1, 2), keepdims=True) / window.sum()
        yield np.fft.fft2((cut - mean) * window)


def counts(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """Returns the numbers of rows and columns of windows: even, so that mirrored pictures give the same result."""
    rows, columns = (2 * math.ceil((length - side / 2) / side) for length in shape)  # they overlap by half, or more
    if rows * columns <= MOST:
        return rows, columns
    few = max(2, 2 * int(math.sqrt(MOST * min(rows, columns) / max(rows, columns)) / 2))
    many = MOST // few // 2 * 2
    return (few, many) if rows <= columns else (many, few)


def starts(length: int, side: int, count: int) -> np.ndarray:
    """Returns the starts of the windows along a line: evenly spaced, from end to end."""
    first = np.arange(count // 2) * (length - side) // (count - 1)
    return np.unique([first, length - side - first])


@functools.cache
def bands_of(side: int) -> Bands:
    """Returns the bands of waves in a window."""
    down, across = np.meshgrid(*[np.abs(np.fft.fftfreq(side))] * 2, indexing="ij")
    frequency = np.hypot(down, across)
    angle = np.degrees(np.arctan2(np.minimum(down, across), np.maximum(down, across)))  # 0 along an axis, at most 45
    fine, coarse = ((low <= frequency) & (frequency < high) for low, high in (FINE, COARSE))
    corner = (down > CORNER) & (across > CORNER)
    return Bands(fine, coarse, corner, frequency >= SLOWEST, angle[fine] < NEAR, angle[fine] > 45 - NEAR)
