"""Runs a chunk of steps in one call on the device; Python sees the picture only between chunks."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.descent.optimizers import Mover
from keras_nst.core.network.programs import traced
from keras_nst.core.objective import losses
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective

# A loss that grows by this factor has lost all that was gained: the first picture is better.
EXPLODED = 10.0
# Of the content's and the style's weights: a balanced loss that starts near zero may well grow to this.
NEXT_TO_NOTHING = 1e-3

RECOVERY = 10  # sound steps after which a failure is forgiven

AHEAD = 15  # steps, in which a settled loss falls by less than the share set
MEMORY = 0.85  # weight of the averaged fall, from one step to the next
STEEPEST = 0.1  # largest fall of a step that counts: the first steps would dominate the average for long
SOONEST = 30  # steps: before that, the average is unreliable


class Watch:
    """Monitors the losses of n pictures at one scale: are they sound, have they settled."""

    def __init__(self, count: int, settle: float):
        self.settle = settle
        self.floor = tf.Variable(tf.zeros([count]))  # a smaller first loss is raised to this
        self.taken = tf.Variable(0)  # steps
        self.failed = tf.Variable(0)  # failures since the last recovery
        self.doubt = tf.Variable(0)  # sound steps still needed to recover
        self.limit = tf.Variable(tf.fill([count], float("inf")))
        self.least = tf.Variable(tf.zeros([count]))
        self.fall = tf.Variable(tf.fill([count], STEEPEST))  # of the least loss per step, averaged

    def begin(self, objective: Objective) -> None:
        """Resets everything, for other pictures."""
        weights = np.add(objective.weight("content"), objective.weight("style"))
        floor = NEXT_TO_NOTHING * weights if objective.normalization == "balanced" else 0.0
        self.floor.assign(np.broadcast_to(np.float32(floor), self.floor.shape))
        for count in (self.taken, self.failed, self.doubt):
            count.assign(0)
        for values, first in ((self.limit, float("inf")), (self.least, 0.0), (self.fall, STEEPEST)):
            values.assign(tf.fill(values.shape, first))

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables of its state."""
        return [self.taken, self.failed, self.doubt, self.limit, self.least, self.fall]

    def is_sound(self, loss: tf.Tensor, gradient: tf.Tensor, tried: bool = False) -> tf.Tensor:
        """Returns whether losses (n,) and gradients are finite, and the losses not far above the first ones: ().

        If pictures are only `tried`, just the first has to be sound.
        """
        numbers = tf.reduce_all(tf.math.is_finite(loss)) & tf.reduce_all(tf.math.is_finite(gradient))
        sound = numbers & tf.reduce_all(tf.cast(loss, tf.float32) <= self.limit)
        return sound | (self.taken > 0) if tried else sound

    def note(self, loss: tf.Tensor) -> None:
        """Records the losses of one step."""
        loss = tf.cast(loss, tf.float32)
        first = tf.equal(self.taken, 0)
        start = EXPLODED * (loss + self.floor)
        self.limit.assign(tf.where(first, tf.where(start > 0.0, start, float("inf")), self.limit))
        lower = tf.math.is_finite(loss) & (loss < self.least)
        least = tf.where(first | lower, loss, self.least)
        fall = tf.clip_by_value(tf.math.divide_no_nan(self.least - least, tf.abs(least)), 0.0, STEEPEST)
        self.fall.assign(MEMORY * self.fall + (1.0 - MEMORY) * fall)
        self.least.assign(least)
        self.taken.assign_add(1)
        self.doubt.assign(tf.maximum(self.doubt - 1, 0))
        self.failed.assign(tf.where(tf.equal(self.doubt, 0), 0, self.failed))

    def fail(self) -> int:
        """Records losses that are not sound; returns how often this has happened without recovery."""
        self.doubt.assign(RECOVERY)
        return int(self.failed.assign_add(1))

    def has_settled(self) -> tf.Tensor:
        """Returns whether the least losses have stopped falling: ()."""
        falling = AHEAD * self.fall > self.settle
        return (self.settle > 0.0) & (self.taken >= SOONEST) & ~tf.reduce_any(falling)


Evaluator = Callable[[tf.Tensor, losses.Aim], tuple[LossValues, tf.Tensor]]  # pictures, target -> losses, gradient

LONGEST = 64  # steps in a chunk, whose losses are all reported


class Taken(NamedTuple):
    """The result of a chunk."""

    steps: int
    sound: bool  # if not, the next step's loss was not sound
    settled: bool  # the scale is finished early
    losses: list[LossValues]  # at each step, before its update
    learning_rates: list[float]


class Stepper:
    """Takes steps in chunks, which end early if the losses settle or explode; serves one picture after the other.

    Args:
        picture: the variable that is optimized.
        in_one_graph: whether a whole chunk is one program; if not, each evaluation is several programs.
    """

    def __init__(self, picture: tf.Variable, evaluator: Evaluator, mover: Mover, watch: Watch, objective: Objective):
        self.picture, self.evaluator, self.mover, self.watch = picture, evaluator, mover, watch
        self.objective = objective

    def compile(self, aim: losses.Aim, in_one_graph: bool, by_xla: bool) -> Callable[[tf.Tensor, losses.Aim], tuple]:
        """Returns the program that takes steps towards targets of this shape; it is traced once for each."""
        if in_one_graph:
            return traced(functools.partial(self._take, self._apply), (tf.constant(0), aim), by_xla)
        picture = self.picture.value()
        return functools.partial(self._take, traced(self._apply, (picture[:, 0, 0, 0], picture), by_xla))

    def _take(self, apply: Callable[..., tuple], count: tf.Tensor, aim: losses.Aim) -> tuple:
        def take_one(step: tf.Tensor, sound: tf.Tensor, settled: tf.Tensor, record: tuple) -> tuple:
            values, gradient = self.evaluator(self.picture.value(), aim)
            told = values, self.mover.learning_rate
            sound, settled = apply(values.total, gradient)
            record = tf.nest.map_structure(lambda array, value: array.write(step, value), record, told)
            return step + tf.cast(sound, tf.int32), sound, settled, record

        start = tf.constant(0), tf.constant(True), tf.constant(False), self._empty_record(aim)
        *how, record = tf.while_loop(lambda step, sound, settled, _: (step < count) & sound & ~settled, take_one, start)
        return *how, tf.nest.map_structure(lambda array: array.stack(), record)

    def _apply(self, loss: tf.Tensor, gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Updates the picture if the loss is sound; returns whether it is, and whether it has settled."""

        def move() -> tf.Tensor:
            self.mover.move(loss, gradient)
            return tf.reduce_all(tf.math.is_finite(self.picture))

        def note() -> tf.Tensor:
            self.watch.note(loss)
            return self.watch.has_settled()

        sound = tf.cond(self.watch.is_sound(loss, gradient, self.mover.searches), move, lambda: tf.constant(False))
        return sound, tf.cond(sound, note, lambda: tf.constant(False))

    def _empty_record(self, aim: losses.Aim) -> tuple:
        told = losses.no_losses(self.picture, aim, self.objective), tf.zeros(())
        return tf.nest.map_structure(
            lambda value: tf.TensorArray(value.dtype, LONGEST, element_shape=value.shape, clear_after_read=False), told
        )


def as_taken(steps: tf.Tensor, sound: tf.Tensor, settled: tf.Tensor, record: tuple) -> Taken:
    """Returns the steps that a program took and recorded."""
    values, rates = tf.nest.map_structure(np.asarray, record)
    each = [as_numpy(values, step) for step in range(int(steps))]
    return Taken(int(steps), bool(sound), bool(settled), each, [float(rate) for rate in rates[: int(steps)]])


def as_numpy(values: LossValues, step: int | None = None) -> LossValues:
    """Returns the losses as arrays; with `step`, those of one step out of several."""
    return tf.nest.map_structure(lambda term: np.asarray(term)[... if step is None else step], values)
