"""What the loop tells while it runs, and to whom."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_nst.core.plan.method import Method


class Apart(Exception):
    """Pictures that were moved together can be no longer: one of them asks for what would change the others."""


class LossValues(NamedTuple):
    """The weighted total of each picture, (n,), and the terms before weighting, some of them also layer by layer.

    Tensors on the device, arrays for those who listen.
    """

    total: Any
    terms: dict[str, Any]  # (n,), by name: content, style, variation
    layers: dict[str, dict[str, Any]]  # (n,), by term and layer

    @property
    def content(self) -> Any:
        """The content's term."""
        return self.terms["content"]

    @property
    def style(self) -> Any:
        """The style's term."""
        return self.terms["style"]

    @property
    def variation(self) -> Any:
        """The term of the total variation."""
        return self.terms["variation"]


class Step(NamedTuple):
    """One step that was taken."""

    number: int  # over all scales
    losses: LossValues  # before it
    learning_rate: float


class Standing(NamedTuple):
    """All that a run needs to resume between two chunks."""

    size: tuple[int, int]  # rows and columns of the picture, which tell the scale whatever --steps there are
    step: int  # steps taken, over all scales
    scale_step: int  # of these, at this scale
    method: Method  # with what was decided on the way: the weights, how the network is shown the picture
    arrays: Iterable[np.ndarray]  # the picture, what moves it, what watches the losses: one at a time


class Progress(NamedTuple):
    """Where the run is after a chunk of steps.

    The losses of step k are those of the picture before its k-th update; `final` marks one more evaluation, of the
    finished picture, which belongs to the last step.
    """

    step: int  # steps taken, over all scales
    steps: int  # those, and what is planned to come
    scale: int  # 1, 2, ... of all sizes, also where some have no steps
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
    last = start - start % period

    def listen(progress: Progress) -> None:
        nonlocal last
        finished_anew = progress.final and progress.step != last
        if progress.step // period > last // period or finished_anew:
            last = progress.step
            listener(progress)

    return listen


def at_scale_ends(listener: Listener) -> Listener:
    """Returns a listener that passes on the last progress of each scale but the last, and the finished picture."""

    def listen(progress: Progress) -> None:
        scale_ends = progress.scale < progress.scales and progress.scale_step == progress.scale_steps
        if progress.final or scale_ends:
            listener(progress)

    return listen
