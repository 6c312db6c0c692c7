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

# Begins work on another thread; what it returns waits for the answer, and returns it or raises what the work raised.
Beside = Callable[[Callable[[], Any]], Callable[[], Any]]


class ComingScales:
    """A listener that has the scales to come made ready once the first steps are taken, if there is a thread.

    What is measured, traced and compiled before a scale's first step keeps one core busy, and the others wait. Beside
    the steps of the scales before it takes the time of cores that there are to spare. The programs are the same, and so
    are the bits.
    """

    def __init__(self, scales: Sequence[Scale], ready: Callable[[Scale], Stage], beside: Beside | None):
        self.scales, self.ready, self.beside = scales, ready, beside
        self.waits: dict[Scale, Callable[[], Stage]] = {}

    def __call__(self, progress: Progress) -> None:
        if self.beside:
            coming = [scale for scale in self.scales if scale.number > progress.scale]
            self.waits = {scale: self.beside(functools.partial(self.ready, scale)) for scale in coming}
            self.beside = None  # all of it is begun

    def stage(self, scale: Scale) -> Stage | None:
        """Waits for the stage of a scale; None where it was not begun, or went wrong."""
        if scale not in self.waits:
            return None
        try:
            stage = self.waits.pop(scale)()
        except Exception:  # what is wrong will be met again, and told, where the steps are taken
            return None
        return stage


# Scale, steps left in it -> steps of the next chunk; 0 ends the scale, and if it has not begun all further ones; None
# stops the run.
Pace = Callable[[int, int], int | None]
Tell = Callable[[str], None]
Answer = TypeVar("Answer")

# What TensorFlow raises where there is no more memory: on a GPU, and now and then on the CPU.
OUT_OF_MEMORY = (tf.errors.ResourceExhaustedError, tf.errors.AbortedError)
RETREATS = 5  # in a row, before a run is given up


class Audience(NamedTuple):
    """What a run calls back: pace control, listeners, messages, and an optional background thread."""

    pace: Pace
    listeners: Sequence[Listener] = ()
    tell: Tell = lambda line: None
    beside: Beside | None = None  # a thread that may make programs beside the steps


class Run:
    """Takes the steps of one scale after the other, and tells the audience.

    Where memory ends, it goes on from the picture as it is in smaller tiles; where the loss explodes, from the last
    picture that was sound and with more care; and tells so.
    """

    def __init__(self, scales: Sequence[Scale], audience: Audience):
        self.scales, self.audience = scales, audience
        self.last: Stage | None = None  # that was begun, or which has no steps
        self.stopped = self.diverged = False

    @property
    def steps(self) -> int:
        """The steps taken, over all scales."""
        return self.last.before + self.last.steps if self.last else 0

    def descend(self, stage: Stage) -> bool:
        """Takes the steps of a scale; returns whether the next scale is to follow."""
        if stage.steps or not stage.scale.steps:  # resumed, or with nothing to do
            self.last = stage
        self._take_all(stage)
        return self.last is stage and not (self.stopped or self.diverged)

    def judge(self) -> LossValues | None:
        """Returns the losses of the finished picture, and tells them; None where the run ended early."""
        if self.last is None or self.stopped or self.diverged:
            return None
        values = self._with_the_memory_there_is(self.last, self.last.judge)
        self._tell(self.last, values, self.last.learning_rate, final=True)
        if np.isfinite(values.total).all():
            return values
        if self.last.count > 1:
            raise Apart
        self.last.retreat()  # the last step of all was one too many
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
            self.last = stage  # and the one before it is let go
            taken = self._with_the_memory_there_is(stage, functools.partial(stage.take, min(count, left)))
            settled = taken.settled
            if taken.steps:
                self._tell_of(stage, taken)
            self.diverged = not taken.sound and not self._retreat(stage)

    def _with_the_memory_there_is(self, stage: Stage, work: Callable[[], Answer]) -> Answer:
        """Returns what the work returns, in tiles that become smaller until there is memory enough."""
        while True:
            try:
                return work()
            except OUT_OF_MEMORY:
                if not stage.see_less_at_once():
                    raise
            size, tile = stage.scale.size, stage.method.seeing.tile_size
            self.audience.tell(f"Not enough memory for {size} pixels: goes on in tiles of {tile}.")

    def _retreat(self, stage: Stage) -> bool:
        """Goes back to the last sound picture; returns whether there is one and it is worth another try.

        Raises:
            Apart: there are others, which need not.
        """
        if stage.count > 1:
            raise Apart
        stage.retreat()
        if stage.watch.fail() > RETREATS or not stage.steps:
            return False
        step = stage.before + stage.steps
        self.audience.tell(
            f"The loss explodes after step {step}: the run goes back to it, with half the learning rate."
        )
        return True

    def _tell_of(self, stage: Stage, taken: Taken) -> None:
        """Tells every listener of the steps taken."""
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
