"""Many steps in one call, on the device; Python looks at the picture between the calls only."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import losses
from keras_nst.core.events import LossValues
from keras_nst.core.optimizers import Mover
from keras_nst.core.watch import Watch

Evaluator = Callable[[tf.Tensor], tuple[losses.Losses, tf.Tensor]]  # pictures -> losses, gradient

LONGEST = 64  # steps in a chunk, whose losses are all told


class Taken(NamedTuple):
    """What became of a chunk."""

    steps: int
    sound: bool  # else the next step's loss was not
    settled: bool  # the scale is done with before its time
    losses: list[LossValues]  # of each step, before it
    learning_rates: list[float]


def compile_steps(
    picture: tf.Variable, evaluator: Evaluator, mover: Mover, watch: Watch, config: Config, in_one_graph: bool
) -> Callable[[int], Taken]:
    """Returns a function that takes so many steps, LONGEST at most, and ends early where the losses say so."""

    def update(loss: tf.Tensor, gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def move() -> tf.Tensor:
            mover.move(loss, gradient)
            return tf.reduce_all(tf.math.is_finite(picture))

        def note() -> tf.Tensor:
            watch.note(loss)
            return watch.has_settled()

        sound = tf.cond(watch.is_sound(loss, gradient, mover.searches), move, lambda: tf.constant(False))
        return sound, tf.cond(sound, note, lambda: tf.constant(False))

    def take_one(step: tf.Tensor, sound: tf.Tensor, settled: tf.Tensor, record: tuple) -> tuple:
        values, gradient = evaluator(picture.value())
        told = values, mover.learning_rate
        sound, settled = apply(values.total, gradient)
        record = tf.nest.map_structure(lambda array, value: array.write(step, value), record, told)
        return step + tf.cast(sound, tf.int32), sound, settled, record

    def take(count: tf.Tensor) -> tuple:
        start = tf.constant(0), tf.constant(True), tf.constant(False), _empty_record(picture, config)
        *how, record = tf.while_loop(lambda step, sound, settled, _: (step < count) & sound & ~settled, take_one, start)
        return *how, tf.nest.map_structure(lambda array: array.stack(), record)

    # One trace each. Called itself, a tf.function would count the traces of all scales, and warn.
    # Without AutoGraph, which takes longer to read our functions than TensorFlow to run the first step.
    compiled = functools.partial(tf.function, jit_compile=config.xla == "on", autograph=False)
    if in_one_graph:
        apply = update
        take = compiled(take).get_concrete_function(tf.TensorSpec((), tf.int32))
    else:
        loss = tf.TensorSpec(picture.shape[:1], picture.dtype)
        apply = compiled(update).get_concrete_function(loss, tf.TensorSpec(picture.shape, picture.dtype))
    return lambda count: _taken(*take(tf.constant(min(count, LONGEST))))


def _empty_record(picture: tf.Variable, config: Config) -> tuple:
    told = losses.no_losses(picture, config), tf.zeros(())
    return tf.nest.map_structure(
        lambda value: tf.TensorArray(value.dtype, LONGEST, element_shape=value.shape, clear_after_read=False), told
    )


def _taken(steps: tf.Tensor, sound: tf.Tensor, settled: tf.Tensor, record: tuple) -> Taken:
    values, rates = tf.nest.map_structure(np.asarray, record)
    each = [as_numpy(values, step) for step in range(int(steps))]
    return Taken(int(steps), bool(sound), bool(settled), each, [float(rate) for rate in rates[: int(steps)]])


def as_numpy(values: losses.Losses, step: int | None = None) -> LossValues:
    """Returns the loss terms as arrays; of one step, where there are several."""
    return LossValues(*tf.nest.map_structure(lambda term: np.asarray(term)[... if step is None else step], values))
