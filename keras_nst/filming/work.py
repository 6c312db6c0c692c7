"""What painters of frames are given, and what they share."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np

from keras_nst.filming.motion import Past


class Shot(NamedTuple):
    """Frames that belong together."""

    number: int
    frames: range
    first: np.ndarray  # (h, w, 3), its first frame, in [0, 1]
    mask: np.ndarray | None = None  # (h, w, 3), the regions of that


class Work(NamedTuple):
    """A frame that is to be painted."""

    number: int
    frame: np.ndarray  # (h, w, 3), in [0, 1]
    past: Past | None  # what frames painted before tell of it; None: nothing
    own: np.ndarray | None = None  # (h, w, 3): what was made of it before, by an earlier pass
    mask: np.ndarray | None = None  # (h, w, 3), its regions


class Painter(Protocol):
    """Paints the frames of one shot after the other."""

    def begin(self, shot: Shot) -> None:
        """Begins a shot, or goes on with it."""

    def paint(self, work: Work) -> np.ndarray | None:
        """Returns the picture (h, w, 3) of a frame; None where it was told to stop."""

    def judge(self, frame: np.ndarray, made: np.ndarray) -> Mapping[str, float]:
        """Returns figures of what was made of a frame; nothing where no style is known."""
