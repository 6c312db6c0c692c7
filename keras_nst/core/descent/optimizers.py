"""The optimizers by name, with their schedule and the state that is carried to the next scale."""

from typing import NamedTuple, Protocol

import keras
import tensorflow as tf

from keras_nst.core.descent.lbfgs import Lbfgs
from keras_nst.core.plan.method import Movement
from keras_nst.core.plan.pyramid import Size


class State(NamedTuple):
    """The state carried to the next scale: the count of steps, and tensors of the pictures' shape."""

    step: int
    moments: list[tf.Tensor]  # each (n, h, w, 3); the k-th grows with the k-th power of the gradient


class Mover(Protocol):
    """Optimizes the pictures in a variable, by one evaluation of the objective at a time."""

    @property
    def variables(self) -> list[tf.Variable]:
        """All of the optimizer's state except the pictures."""

    @property
    def learning_rate(self) -> tf.Tensor:
        """The learning rate of the next step."""

    @property
    def searches(self) -> bool:
        """Whether it tries pictures, and rejects those that are worse or not finite."""

    def begin(self, state: State | None) -> None:
        """Starts from the current pictures, with the state of another scale, resized to their size."""

    def move(self, loss: tf.Tensor, gradient: tf.Tensor) -> None:
        """Updates the pictures by their loss (n,) and its gradient (n, h, w, 3)."""

    def shown(self) -> tf.Tensor:
        """Returns the pictures to show: not trials, and averaged if the settings request it."""

    def retreat(self) -> None:
        """Returns to the last sound pictures, to continue more carefully."""

    def state(self) -> State | None:
        """Returns the state for the next scale."""


def make_optimizer(movement: Movement, steps: int, picture: tf.Variable) -> Mover:
    """Returns the optimizer for the pictures of one scale with `steps` steps."""
    if movement.optimizer == "lbfgs":
        return Quasinewton(picture, movement.history)
    return Descent(movement, steps, picture)


class RestartedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that restarts at the first step of a scale, while Adam's count of steps continues."""

    def __init__(
        self, schedule: keras.optimizers.schedules.LearningRateSchedule, start: tf.Variable, caution: tf.Variable
    ):
        super().__init__()
        self.schedule, self.start, self.caution = schedule, start, caution

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return self.caution * self.schedule(step - self.start)


class Descent:
    """Adam or SGD with exponential decay, within [0, 1]; averages the last pictures if the settings request it."""

    searches = False

    def __init__(self, movement: Movement, steps: int, picture: tf.Variable):
        self.movement, self.picture = movement, picture
        self.start = tf.Variable(0)
        self.caution = tf.Variable(1.0)  # halved at each retreat
        self.sound = tf.Variable(picture)
        decay = keras.optimizers.schedules.ExponentialDecay(
            movement.learning_rate,
            movement.decay_steps or max(1, steps // 3),
            movement.decay_rate,
            movement.decay_staircase,
        )
        schedule = RestartedSchedule(decay, self.start, self.caution)
        if movement.optimizer == "adam":
            self.optimizer = keras.optimizers.Adam(schedule, movement.beta_1, movement.beta_2, movement.epsilon)
        else:
            self.optimizer = keras.optimizers.SGD(schedule)
        self.optimizer.build([picture])
        self.share = movement.average  # the weight of the old average at each step
        self.average = tf.Variable(tf.zeros_like(picture)) if self.share else None

    def begin(self, state: State | None) -> None:
        """Starts from the current pictures, with the state of another scale, resized to their size."""
        step = state.step if state else 0
        self.start.assign(step)
        self.caution.assign(1.0)
        self.sound.assign(self.picture)
        self.optimizer.iterations.assign(step)
        moments = self._moments()
        for variable, moment in zip(moments, state.moments if state else map(tf.zeros_like, moments), strict=True):
            variable.assign(moment)
        if self.average is not None:
            self.average.assign(tf.zeros_like(self.picture))

    @property
    def variables(self) -> list[tf.Variable]:
        """All of the optimizer's state except the pictures."""
        own = [self.start, self.caution, self.sound, *([] if self.average is None else [self.average])]
        return own + [variable.value for variable in self.optimizer.variables]

    @property
    def learning_rate(self) -> tf.Tensor:
        """The learning rate of the next step."""
        return tf.convert_to_tensor(self.optimizer.learning_rate)

    def move(self, loss: tf.Tensor, gradient: tf.Tensor) -> None:
        """Takes a step of the optimizer and clips the pictures to [0, 1]."""
        self.sound.assign(self.picture)
        self.optimizer.apply([bounded(gradient, self.movement)], [self.picture])
        self.picture.assign(tf.clip_by_value(self.picture, 0.0, 1.0))
        if self.average is not None:
            self.average.assign(self.share * self.average + (1.0 - self.share) * self.picture)

    def shown(self) -> tf.Tensor:
        """Returns the pictures, or their average over about the last 1 / (1 - average) steps of this scale.

        Enlarged pictures of smaller scales would blur the average.
        """
        if self.average is None or not self._taken():
            return self.picture.value()
        return tf.clip_by_value(self.average / (1.0 - self.share ** self._taken()), 0.0, 1.0)

    def retreat(self) -> None:
        """Returns to before the last step, with half the learning rate and without moments."""
        self.caution.assign(0.5 * self.caution)
        self.picture.assign(self.sound)
        for moment in self._moments():
            moment.assign(tf.zeros_like(moment))
        if self.average is not None:  # includes the bias that `shown` removes
            self.average.assign((1.0 - self.share ** self._taken()) * self.picture)

    def state(self) -> State:
        """Returns the state for the next scale."""
        return State(int(self.optimizer.iterations), [tf.convert_to_tensor(variable) for variable in self._moments()])

    def _taken(self) -> int:
        """Returns the number of steps taken at this scale."""
        return int(self.optimizer.iterations) - int(self.start)

    def _moments(self) -> list[keras.Variable]:
        return [variable for variable in self.optimizer.variables if variable.shape == self.picture.shape]


class Quasinewton(Lbfgs):
    """L-BFGS as one of the optimizers: it has no learning rate, and its history lasts for one scale."""

    searches = True
    learning_rate = tf.constant(1.0)

    def begin(self, state: State | None) -> None:
        """Starts a new search: gradients at another size say little about the curvature."""
        self.search_anew()

    def shown(self) -> tf.Tensor:
        """Returns the best pictures so far."""
        return self.accepted()

    def retreat(self) -> None:
        """Returns to the best pictures so far."""
        self.picture.assign(self.accepted())

    def state(self) -> None:
        """Returns no state for the next scale."""


def bounded(gradient: tf.Tensor, movement: Movement) -> tf.Tensor:
    """Returns the gradients (n, h, w, 3), shortened if SGD's step would change a picture by more than `max_step`.

    The Keras example's learning rate suits its 400 rows. The gradient per pixel of a smaller picture is so much larger
    that the example's own steps overshoot until the loss is not a number. Adam bounds its own steps.
    """
    if movement.optimizer != "sgd":
        return gradient
    step = movement.learning_rate * tf.sqrt(tf.reduce_mean(tf.square(gradient), axis=[1, 2, 3], keepdims=True))
    return gradient * tf.minimum(1.0, tf.math.divide_no_nan(movement.max_step, step))


def resized(state: State, size: Size) -> State:
    """Returns the state resized for pictures of another size.

    A loss that does not grow with the picture spreads its gradient over the pixels: with k times as many of them, first
    moments are k times smaller, second moments k^2 times.
    """

    def resize(values: tf.Tensor, power: int) -> tf.Tensor:
        factor = (values.shape[1] * values.shape[2] / (size.height * size.width)) ** power
        # Bilinear, which keeps second moments from going below zero.
        return factor * tf.image.resize(values, size, antialias=True)

    return State(state.step, [resize(moment, power) for power, moment in enumerate(state.moments, start=1)])
