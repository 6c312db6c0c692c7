"""Many steps in one call, on the device; Python looks at the picture between the calls only."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core import losses
from keras_nst.core.events import LossValues
from keras_nst.core.method import Objective
from keras_nst.core.optimizers import Mover
from keras_nst.core.programs import traced
from keras_nst.core.watch import Watch

Evaluator = Callable[[tf.Tensor, losses.Aim], tuple[LossValues, tf.Tensor]]  # pictures, aim -> losses, gradient

LONGEST = 64  # steps in a chunk, whose losses are all told


class Taken(NamedTuple):
    """What became of a chunk."""

    steps: int
    sound: bool  # else the next step's loss was not
    settled: bool  # the scale is done with before its time
    losses: list[LossValues]  # of each step, before it
    learning_rates: list[float]


class Steps:
    """Takes steps of one picture after the other, in chunks that end early where the losses say so.

    Args:
        picture: the variable that is moved.
        in_one_graph: whether a whole chunk is one program; else each evaluation is several.
    """

    def __init__(self, picture: tf.Variable, evaluator: Evaluator, mover: Mover, watch: Watch, objective: Objective):
        self.picture, self.evaluator, self.mover, self.watch = picture, evaluator, mover, watch
        self.objective = objective

    def compile(self, aim: losses.Aim, in_one_graph: bool, by_xla: bool) -> Callable[[tf.Tensor, losses.Aim], tuple]:
        """Returns the program that takes steps towards aims of this shape; one trace each."""
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
        """Moves the picture if the loss is sound; returns whether it is, and whether it has settled."""

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
    """Returns what a program has told of the steps it took."""
    values, rates = tf.nest.map_structure(np.asarray, record)
    each = [as_numpy(values, step) for step in range(int(steps))]
    return Taken(int(steps), bool(sound), bool(settled), each, [float(rate) for rate in rates[: int(steps)]])


def as_numpy(values: LossValues, step: int | None = None) -> LossValues:
    """Returns the losses as arrays; of one step, where there are several."""
    return tf.nest.map_structure(lambda term: np.asarray(term)[... if step is None else step], values)
