"""Optimizers and schedules by name, and their state carried to the next scale."""

from typing import NamedTuple

import keras
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core.pyramid import Size


class RestartedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that begins anew at the step a scale begins, while Adam's count of steps goes on."""

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, start: int):
        super().__init__()
        self.schedule, self.start = schedule, start

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return self.schedule(step - self.start)


class State(NamedTuple):
    """What an optimizer remembers: its count of steps and one picture-shaped tensor for each moment."""

    step: int
    moments: list[tf.Tensor]  # each (n, h, w, 3)


def make_optimizer(config: Config, steps: int, picture: tf.Variable, state: State | None) -> keras.optimizers.Optimizer:
    """Returns the optimizer of one scale, going on from `state` (of the same size); `config` is resolved."""
    start = state.step if state else 0
    decay = keras.optimizers.schedules.ExponentialDecay(
        config.learning_rate, config.decay_steps or max(1, steps // 3), config.decay_rate, config.decay_staircase
    )
    schedule = RestartedSchedule(decay, start)
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(schedule, config.beta_1, config.beta_2, config.epsilon)
    else:
        optimizer = keras.optimizers.SGD(schedule)
    optimizer.build([picture])
    if state:
        optimizer.iterations.assign(state.step)
        for variable, moment in zip(_moments(optimizer, picture), state.moments, strict=True):
            variable.assign(moment)
    return optimizer


def bounded(gradient: tf.Tensor, config: Config) -> tf.Tensor:
    """Returns the gradients (n, h, w, 3), shortened where SGD's step would move a picture by more than `max_step`.

    The Keras example's learning rate suits its 400 rows; the gradient per pixel of a smaller picture is so much larger
    that the example's own steps overshoot until the loss is not a number. Adam's steps are bounded by themselves.
    """
    if config.optimizer != "sgd":
        return gradient
    step = config.learning_rate * tf.sqrt(tf.reduce_mean(tf.square(gradient), axis=[1, 2, 3], keepdims=True))
    return gradient * tf.minimum(1.0, tf.math.divide_no_nan(config.max_step, step))


def state_of(optimizer: keras.optimizers.Optimizer, picture: tf.Variable) -> State:
    """Returns what the optimizer remembers."""
    moments = [tf.convert_to_tensor(variable) for variable in _moments(optimizer, picture)]
    return State(int(optimizer.iterations), moments)


def resized(state: State, size: Size) -> State:
    """Returns the state for a picture of another size.

    A loss that does not grow with the picture spreads its gradient over the pixels: with k times as many of them, first
    moments are k times smaller, second moments k^2 times.
    """

    def resize(moment: tf.Tensor, power: int) -> tf.Tensor:
        factor = (moment.shape[1] * moment.shape[2] / (size.height * size.width)) ** power
        # Bilinear, since it keeps second moments from going below zero.
        return factor * tf.image.resize(moment, size, antialias=True)

    return State(state.step, [resize(moment, power) for power, moment in enumerate(state.moments, start=1)])


def _moments(optimizer: keras.optimizers.Optimizer, picture: tf.Variable) -> list[keras.Variable]:
    return [variable for variable in optimizer.variables if variable.shape == picture.shape]
