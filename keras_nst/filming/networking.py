"""Frames painted by a trained network, each smoothed by those before it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from keras_nst.applying.brush import Brush
from keras_nst.applying.settings import Application
from keras_nst.filming.settings import Filming
from keras_nst.filming.work import Shot, Work
from keras_nst.networks.model import Card
from keras_nst.pictures.palette import luminance_only

MOST = 0.8  # share of what earlier frames tell
HALF = 20.0  # of --steady, by which half is theirs


class Networker:
    """Paints frames.

    Args:
        model: its folder and its card.
        shares: of its styles.
    """

    def __init__(self, settings: Filming, model: tuple[Path, Card], shares: Sequence[float]):
        self.settings, self.shares = settings, shares
        machine = {name: getattr(settings, name) for name in ("device", "precision", "memory_limit_gb")}
        self.brush = Brush(*model, Application(model=str(model[0]), **machine))

    def begin(self, shot: Shot) -> None:
        """Begins a shot: all are alike."""

    def paint(self, work: Work) -> np.ndarray:
        """Returns the picture of a frame."""
        frame = luminance_only(work.frame) if self.settings.color == "luminance" else work.frame
        return steadied(self.brush.painted(frame, self.shares), work, self.settings.steady)

    def judge(self, frame: np.ndarray, made: np.ndarray) -> Mapping[str, float]:
        """Returns nothing: the network for figures, and the style's picture, are not at hand."""
        return {}


def steadied(made: np.ndarray, work: Work, steady: float) -> np.ndarray:
    """Returns a picture with a share of what earlier frames tell, where they can."""
    if work.past is None or not steady:
        return made
    share = min(MOST, steady / (steady + HALF)) * work.past.seen[:, :, None]
    return (1.0 - share) * made + share * work.past.picture
