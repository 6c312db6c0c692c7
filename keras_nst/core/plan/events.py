"""The progress reports of the optimization loop, and their listeners."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from keras_nst.core.plan.method import Method


class Apart(Exception):
    """Pictures of a batch can no longer share it: one of them needs something that would change the others."""


class LossValues(NamedTuple):
    """The weighted total of each picture, (n,), and the terms before weighting, some of them also layer by layer.

    Tensors on the device; arrays for listeners.
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
        """The total variation's term."""
        return self.terms["variation"]


class Step(NamedTuple):
    """One step that was taken."""

    number: int  # over all scales
    losses: LossValues  # before its update
    learning_rate: float


class Standing(NamedTuple):
    """The state from which a run can be resumed between two chunks."""

    size: tuple[int, int]  # rows and columns of the picture; they identify the scale whatever --steps is
    step: int  # steps taken, over all scales
    scale_step: int  # of these, at this scale
    method: Method  # with the decisions made on the way: the weights, how the network sees the picture
    arrays: Iterable[np.ndarray]  # the state of picture, optimizer and watch, yielded one at a time


class Progress(NamedTuple):
    """The progress of a run after a chunk of steps.

    The losses of step k are those of the picture before its k-th update. `final` marks one more evaluation, of the
    finished picture, which belongs to the last step.
    """

    step: int  # steps taken, over all scales
    steps: int  # those taken and those planned
    scale: int  # 1, 2, ... counting all sizes, also those without steps
    scales: int
    scale_step: int
    scale_steps: int
    losses: LossValues
    learning_rate: float
    picture: Callable[[], np.ndarray]  # returns the current picture, (n, h, w, 3), which is read-only
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
