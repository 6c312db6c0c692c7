"""What is seen of a film while it is painted: the bar with the time left, losses and frames in TensorBoard."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from keras_nst.core.events import Listener, LossValues, Progress
from keras_nst.monitors.curves import Curves
from keras_nst.monitors.meter import Meter

MOST_SHOWN = 100  # frames in TensorBoard, so that event files stay small
NO_LOSSES = LossValues(np.zeros(1), {}, {})


class Screen:
    """Shows how far a film is.

    Args:
        folder: of the event files.
        frames: of the film; `done` of them are painted already.
        paintings: how many pictures are to come.
        bar: where the bar is shown, if that is a terminal.
    """

    def __init__(self, folder: Path, frames: int, done: int, paintings: int, bar: IO[str] = sys.stderr):
        self.curves, self.period = Curves(folder, done), max(1, frames // MOST_SHOWN)
        self.bar = Meter(total=paintings, file=bar, disable=None, unit="frame", smoothing=0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()
        self.curves.close()

    def hear(self, number: int) -> Sequence[Listener]:
        """Returns who hears of the steps of a frame: its losses at the end are a point of the curves."""

        def listen(progress: Progress) -> None:
            if progress.final:
                self.curves(progress._replace(step=number, taken=()))

        return [listen]

    def judge(self, number: int, figures: Mapping[str, float]) -> None:
        """Shows figures of a frame."""
        self.curves.judge(figures, number)

    def show(self, number: int, picture: np.ndarray) -> None:
        """Shows a painted frame."""
        self.bar.update()
        if number % self.period == 0:
            self.curves.show(Progress(number + 1, 0, 1, 1, 0, 0, NO_LOSSES, 0.0, lambda: picture[None]))
