"""Where a film is cut: two frames that have other colors, and in which nothing is to be found again."""

import cv2
import numpy as np

from keras_nst.filming.motion import motion

SIDE = 128  # pixels, at which frames are compared
BINS = 8  # of each color
OTHER_COLORS = 0.3  # share of the pixels
FOUND_AGAIN = 0.6  # share of the pixels


class Cutter:
    """Tells of one frame after the other whether a shot begins with it."""

    def __init__(self) -> None:
        self.last: np.ndarray | None = None

    def __call__(self, frame: np.ndarray) -> bool:
        """Returns whether there is a cut before this frame (h, w, 3), of 8 bits."""
        now, then = small(frame), self.last
        self.last = now
        return then is None or is_cut(now, then)


def small(frame: np.ndarray) -> np.ndarray:
    """Returns a frame at the size at which frames are compared."""
    share = min(1.0, SIDE / max(frame.shape[:2]))
    height, width = (max(1, round(side * share)) for side in frame.shape[:2])
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


def is_cut(now: np.ndarray, then: np.ndarray) -> bool:
    """Returns whether these two frames belong to different shots."""
    if now.shape != then.shape:
        return True
    other = 0.5 * np.abs(colors(now) - colors(then)).sum()
    if other < OTHER_COLORS:
        return False
    between = motion(now, then)
    return bool(between.seen.mean() < FOUND_AGAIN)


def colors(frame: np.ndarray) -> np.ndarray:
    """Returns the shares of the pixels by color, neighboring ones shared out among each other."""
    counts = cv2.calcHist([frame], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3)
    smooth = sum(np.roll(counts, by, axis) for axis in range(3) for by in (-1, 1)) + 2.0 * counts
    return smooth / smooth.sum()
