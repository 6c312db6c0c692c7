"""The optimization loop: takes steps scale by scale and reports progress to listeners."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

from keras_nst.core.descent.stage import Stage
from keras_nst.core.descent.steps import Taken
from keras_nst.core.plan.events import Apart, Listener, LossValues, Progress, Step
from keras_nst.core.plan.pyramid import Scale

# Starts work on another thread; returns a function that waits for the result, and returns it or raises the error.
Beside = Callable[[Callable[[], Any]], Callable[[], Any]]


class ComingScales:
    """A listener that prepares the next scales in the background once the first steps are taken, if there is a thread.

    Measuring, tracing and compiling before a scale's first step keep one core busy while the others wait. In parallel
    with the steps of earlier scales they use the time of idle cores. The programs are the same, so the results are
    bit-identical.
    """

    def __init__(self, scales: Sequence[Scale], ready: Callable[[Scale], Stage], beside: Beside | None):
        self.scales, self.ready, self.beside = scales, ready, beside
        self.waits: dict[Scale, Callable[[], Stage]] = {}

    def __call__(self, progress: Progress) -> None:
        if self.beside:
            coming = [scale for scale in self.scales if scale.number > progress.scale]
            self.waits = {scale: self.beside(functools.partial(self.ready, scale)) for scale in coming}
            self.beside = None  # all of it has started

    def stage(self, scale: Scale) -> Stage | None:
        """Waits for the stage of a scale; None if it was not started, or failed."""
        if scale not in self.waits:
            return None
        try:
            stage = self.waits.pop(scale)()
        except Exception:  # the error will be raised again, and reported, where the steps are taken
            return None
        return stage


# Scale, steps left in it -> steps of the next chunk. 0 ends the scale, and all further ones if it has not begun; None
# stops the run.
Pace = Callable[[int, int], int | None]
Tell = Callable[[str], None]
Answer = TypeVar("Answer")

# What TensorFlow raises when memory runs out: on a GPU, and occasionally on the CPU.
OUT_OF_MEMORY = (tf.errors.ResourceExhaustedError, tf.errors.AbortedError)
RETREATS = 5  # in a row, before the run ends


class Audience(NamedTuple):
    """What a run calls back: pace control, listeners, messages, and an optional background thread."""

    pace: Pace
    listeners: Sequence[Listener] = ()
    tell: Tell = lambda line: None
    beside: Beside | None = None  # a thread that may compile programs in parallel with the steps


class Run:
    """Takes the steps of one scale after the other, and reports them to the audience.

    If memory runs out, it continues from the current picture in smaller tiles. If the loss explodes, it continues more
    carefully from the last sound picture. It reports both.
    """

    def __init__(self, scales: Sequence[Scale], audience: Audience):
        self.scales, self.audience = scales, audience
        self.last: Stage | None = None  # the last one with steps taken, or without any planned
        self.stopped = self.diverged = False

    @property
    def steps(self) -> int:
        """The number of steps taken, over all scales."""
        return self.last.before + self.last.steps if self.last else 0

    def descend(self, stage: Stage) -> bool:
        """Takes the steps of a scale; returns whether to continue with the next scale."""
        if stage.steps or not stage.scale.steps:  # resumed, or nothing to do
            self.last = stage
        self._take_all(stage)
        return self.last is stage and not (self.stopped or self.diverged)

    def judge(self) -> LossValues | None:
        """Returns the losses of the finished picture, and reports them; None if the run ended early."""
        if self.last is None or self.stopped or self.diverged:
            return None
        values = self._with_the_memory_there_is(self.last, self.last.judge)
        self._tell(self.last, values, self.last.learning_rate, final=True)
        if np.isfinite(values.total).all():
            return values
        if self.last.count > 1:
            raise Apart
        self.last.retreat()  # the very last step was one too many
        self.diverged = True
        return None

    def _take_all(self, stage: Stage) -> None:
        settled = stage.steps > 0 and bool(stage.watch.has_settled())
        while stage.steps < stage.scale.steps and not settled and not self.diverged:
            left = stage.scale.steps - stage.steps
            count = self.audience.pace(stage.scale.number, left)
            if not count:
                self.stopped = count is None
                return
            self.last = stage  # which frees the stage before
            taken = self._with_the_memory_there_is(stage, functools.partial(stage.take, min(count, left)))
            settled = taken.settled
            if taken.steps:
                self._tell_of(stage, taken)
            self.diverged = not taken.sound and not self._retreat(stage)

    def _with_the_memory_there_is(self, stage: Stage, work: Callable[[], Answer]) -> Answer:
        """Returns the result of the work, in ever smaller tiles until the memory suffices."""
        while True:
            try:
                return work()
            except OUT_OF_MEMORY:
                if not stage.see_less_at_once():
                    raise
            size, tile = stage.scale.size, stage.method.seeing.tile_size
            self.audience.tell(f"Not enough memory for {size} pixels: continuing in tiles of {tile}.")

    def _retreat(self, stage: Stage) -> bool:
        """Returns to the last sound picture; returns whether there is one that is worth another try.

        Raises:
            Apart: there are other pictures in the batch, which need not go back.
        """
        if stage.count > 1:
            raise Apart
        stage.retreat()
        if stage.watch.fail() > RETREATS or not stage.steps:
            return False
        step = stage.before + stage.steps
        self.audience.tell(
            f"The loss exploded after step {step}: the run returns to that step with half the learning rate."
        )
        return True

    def _tell_of(self, stage: Stage, taken: Taken) -> None:
        """Reports the steps taken to every listener."""
        last = stage.before + stage.steps
        numbers = range(last - taken.steps + 1, last + 1)
        steps = [Step(*step) for step in zip(numbers, taken.losses, taken.learning_rates, strict=True)]
        self._tell(stage, steps[-1].losses, steps[-1].learning_rate, taken=steps)

    def _tell(
        self, stage: Stage, values: LossValues, rate: float, final: bool = False, taken: Sequence[Step] = ()
    ) -> None:
        scale, end = stage.scale, self.scales[-1]
        progress = Progress(
            step=stage.before + stage.steps,
            steps=stage.before + end.before + end.steps - scale.before,
            scale=scale.number,
            scales=end.number,
            scale_step=stage.steps,
            scale_steps=scale.steps,
            losses=values,
            learning_rate=rate,
            picture=lambda: np.asarray(stage.shown()),
            final=final,
            taken=taken,
            standing=stage.standing,
        )
        for listen in self.audience.listeners:
            listen(progress)
