"""What the loop tells while it runs, and to whom."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from keras_nst.config import Config


class LossValues(NamedTuple):
    """The loss terms of each picture, before weighting, and their weighted total; also layer by layer."""

    content: np.ndarray  # (n,)
    style: np.ndarray  # (n,)
    variation: np.ndarray  # (n,)
    total: np.ndarray  # (n,)
    content_layers: dict[str, np.ndarray]  # layer: (n,)
    style_layers: dict[str, np.ndarray]  # layer: (n,)


class Step(NamedTuple):
    """One step that was taken."""

    number: int  # over all scales
    losses: LossValues  # before it
    learning_rate: float


class Standing(NamedTuple):
    """All that a run needs to go on from between two chunks."""

    scale: int  # 1, 2, ...
    config: Config  # with every choice that was left open, and all that was decided on the way
    arrays: Iterable[np.ndarray]  # the picture, what moves it, what watches the losses: one at a time


class Progress(NamedTuple):
    """Where the run is after a chunk of steps.

    The losses of step k are those of the picture before its k-th update; `final` marks the last evaluation, of the
    finished picture, which stands at one step more than there were updates.
    """

    step: int  # over all scales
    steps: int  # planned, over all scales
    scale: int  # 1, 2, ...
    scales: int
    scale_step: int
    scale_steps: int
    losses: LossValues
    learning_rate: float
    picture: Callable[[], np.ndarray]  # the picture as it stands, (n, h, w, 3); not to be written to
    final: bool = False
    taken: Sequence[Step] = ()  # the steps of the chunk
    standing: Callable[[], Standing] | None = None


Listener = Callable[[Progress], None]


def every(period: int, listener: Listener, start: int = 0) -> Listener:
    """Returns a listener that passes on the first progress of every `period` steps, and the finished picture.

    `start` is the number of steps already taken.
    """
    last = start

    def listen(progress: Progress) -> None:
        nonlocal last
        updates = progress.step - progress.final
        finished_anew = progress.final and updates != last
        if updates // period > last // period or finished_anew:
            last = updates
            listener(progress)

    return listen
