"""Motion from one frame to another, and the pixels that are visible in both."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

# From Sundaram et al. 2010, as in Ruder et al. 2016.
APART, APART_AT_LEAST = 0.01, 0.5  # there and back: the squared distance from the starting point
EDGE, EDGE_AT_LEAST = 0.01, 0.002  # of motion: the squared slope
SMALLEST = 16  # pixels a side, for the flow


class Motion(NamedTuple):
    """The motion of this frame's pixels from another frame."""

    back: np.ndarray  # (h, w, 2): how much further right and down they were there, in pixels
    seen: np.ndarray  # (h, w): 1 where a pixel is visible there, else 0


class Past(NamedTuple):
    """Painted pictures of other frames, moved onto this one."""

    picture: np.ndarray  # (h, w, 3): moved to the positions in this frame
    seen: np.ndarray  # (h, w): 1 where the picture is valid, else 0


def motion(now: np.ndarray, then: np.ndarray) -> Motion:
    """Returns the motion between two frames (h, w, 3)."""
    here, there = lightness(now), lightness(then)
    if min(here.shape) < SMALLEST:
        return Motion(np.zeros((*here.shape, 2), np.float32), np.ones(here.shape, np.float32))
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, forth = flow.calc(here, there, None), flow.calc(there, here, None)
    return Motion(back, visible(back, forth))


def visible(back: np.ndarray, forth: np.ndarray) -> np.ndarray:
    """Returns the pixels whose motion there and back ends where it began, and has no edge: (h, w).

    Args:
        back: from this frame to the other, (h, w, 2).
        forth: from the other to this one.
    """
    height, width = back.shape[:2]
    returned = moved(forth, back)
    apart = _squares(back + returned) > APART * (_squares(back) + _squares(returned)) + APART_AT_LEAST
    slopes = sum(_squares(np.stack(np.gradient(back[..., axis]), axis=-1)) for axis in (0, 1))
    edge = slopes > EDGE * _squares(back) + EDGE_AT_LEAST
    rows, columns = positions(back)
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    return (inside & ~apart & ~edge).astype(np.float32)


def moved(picture: np.ndarray, back: np.ndarray) -> np.ndarray:
    """Returns another frame's picture, moved to the positions in this one."""
    rows, columns = positions(back)
    return cv2.remap(picture, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def positions(back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the row and column in the other frame of each pixel."""
    height, width = back.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return rows + back[..., 1], columns + back[..., 0]


def remembered(motions: Sequence[Motion], painted: Sequence[np.ndarray]) -> Past:
    """Returns pictures of several frames moved onto this one: the first where it is valid, then the others."""
    picture = moved(painted[0], motions[0].back)
    seen = motions[0].seen
    for motion, earlier in zip(motions[1:], painted[1:], strict=True):
        new = motion.seen * (1.0 - seen)
        picture = picture + new[..., None] * (moved(earlier, motion.back) - picture)
        seen = seen + new
    return Past(picture, seen)


def lightness(frame: np.ndarray) -> np.ndarray:
    """Returns the lightness (h, w) of a frame, of 8 bits."""
    levels = frame if frame.dtype == np.uint8 else np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)


def _squares(vectors: np.ndarray) -> np.ndarray:
    return np.sum(np.square(vectors), axis=-1)


def warping_error(now: np.ndarray, then: np.ndarray, motion: Motion) -> float:
    """Returns the mean squared difference between two frames, of pixels visible in both, moved to the same position.

    As Lai et al. 2018: sum seen (now - moved(then))^2 / (3 sum seen), of pictures in [0, 1], by the motion of the
    original film. A film that does not change has 0, and so has one of a single color.
    """
    seen = motion.seen.sum(dtype=np.float64)
    if not seen:
        return 0.0
    squares = np.square(now - moved(then, motion.back), dtype=np.float64).sum(axis=-1)
    return float((motion.seen * squares).sum() / (3.0 * seen))


def flicker(now: np.ndarray, then: np.ndarray, frame_now: np.ndarray, frame_then: np.ndarray) -> float:
    """Returns the mean squared difference between the changes of two painted frames and of the original ones.

    It ignores motion, so it also includes what is covered and uncovered.
    """
    return float(np.square((now - then) - (frame_now - frame_then), dtype=np.float64).mean())
