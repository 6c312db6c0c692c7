"""The training of a network: one step, and the state from which it can be resumed."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.descent.steps import as_numpy
from keras_nst.core.network.programs import compiled
from keras_nst.core.plan.events import LossValues
from keras_nst.core.seeing.teacher import Assignment, Teacher

LONGEST = 1.0  # gradient norm, of all weights together
NEAREST, FARTHEST = 0.9, 1.0  # the part of a photograph that the camera sees after a move
NOISE = 0.02  # of a camera
STREAM = 1  # of random numbers, separate from that of the crops


class Learner:
    """Trains the network.

    Args:
        painter: the network, from photographs and shares of the styles to pictures.
        teacher: judges the pictures.
        lessons: the targets of the styles that are learned, which are the network's last ones.
        weights: the trained variables of the network.
        steady: the weight of pictures staying the same when the camera moves.
    """

    def __init__(
        self,
        painter: keras.Model,
        teacher: Teacher,
        lessons: Sequence[Assignment],
        weights: Sequence[Any],
        steady: float = 0.0,
    ):
        self.painter, self.teacher, self.lessons, self.weights = painter, teacher, lessons, list(weights)
        self.steady = steady
        self.optimizer = keras.optimizers.Adam(1.0, global_clipnorm=LONGEST)
        self.optimizer.build(self.weights)
        self._taught, self._told = compiled(self._teach, by_xla=False), compiled(self._tell, by_xla=False)

    def step(self, number: int, photographs: np.ndarray, learning_rate: float, seed: int) -> "Learned":
        """Takes a step with photographs (n, size, size, 3): one style per step, in turn."""
        self.optimizer.learning_rate.assign(learning_rate)
        style = number % len(self.lessons)
        moves = camera(photographs.shape, np.random.default_rng([seed, number, STREAM])) if self.steady else None
        given = tf.constant(photographs), self.shares(style, len(photographs)), self.lessons[style]
        losses, flicker, sound = self._taught(*given, moves)
        return Learned(as_numpy(losses), float(flicker), bool(sound))

    def judge(self, photographs: np.ndarray) -> list[LossValues]:
        """Returns for each style the current losses of the network's pictures of photographs, one at a time."""
        return [
            joined([as_numpy(self._told(tf.constant(one[None]), self.shares(style, 1), lesson)) for one in photographs])
            for style, lesson in enumerate(self.lessons)
        ]

    def paint(self, photographs: np.ndarray, style: int) -> np.ndarray:
        """Returns pictures in one of the styles that are learned."""
        made = self.painter([tf.constant(photographs), self.shares(style, len(photographs))])
        return np.clip(made.numpy(), 0.0, 1.0)

    def shares(self, style: int, count: int) -> tf.Tensor:
        """Returns the shares for a single style: (n, s). The learned styles are the last ones."""
        styles = self.painter.inputs[1].shape[-1]
        return tf.one_hot([styles - len(self.lessons) + style] * count, styles)

    @property
    def variables(self) -> list[Any]:
        """All variables that change during training."""
        return [*self.weights, *self.optimizer.variables]

    def state(self) -> Iterator[np.ndarray]:
        """Yields the state from which training can be resumed."""
        return (np.asarray(variable) for variable in self.variables)

    def restore(self, arrays: Sequence[np.ndarray]) -> None:
        """Restores the state."""
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array)

    # The bodies of the programs.

    def _teach(self, photographs: tf.Tensor, shares: tf.Tensor, lesson: Assignment, moves: Any) -> tuple:
        with tf.GradientTape() as tape:
            made = self.painter([photographs, shares], training=True)
            flicker = tf.constant(0.0) if moves is None else self._flicker(photographs, made, shares, moves)
            unsteady = self.steady * flicker
        losses, asked = self.teacher.judge(within(made), photographs, lesson)
        asked = possible(made, asked) / float(photographs.shape[0])
        wanted = tape.gradient([made, unsteady], self.weights, output_gradients=[asked, tf.constant(1.0)])
        sound = tf.math.is_finite(tf.linalg.global_norm(wanted))
        tf.cond(sound, lambda: self._apply(wanted), lambda: False)
        return losses, flicker, sound

    def _apply(self, wanted: list[tf.Tensor]) -> bool:
        self.optimizer.apply(wanted)
        return True

    def _flicker(self, photographs: tf.Tensor, made: tf.Tensor, shares: tf.Tensor, moves: "Moves") -> tf.Tensor:
        """Returns how much pictures change beyond the camera's move: the mean squared difference."""
        later = seen_by(moves, photographs) + moves.noise
        return tf.reduce_mean(tf.square(self.painter([later, shares], training=True) - seen_by(moves, made)))

    def _tell(self, photographs: tf.Tensor, shares: tf.Tensor, lesson: Assignment) -> LossValues:
        losses, _ = self.teacher.judge(within(self.painter([photographs, shares])), photographs, lesson)
        return losses


def joined(of_each: list[LossValues]) -> LossValues:
    """Returns the losses of several pictures as those of one batch."""
    together: LossValues = tf.nest.map_structure(lambda *values: np.concatenate(values), *of_each)
    return together


class Learned(NamedTuple):
    """The result of a step."""

    losses: LossValues  # before its update
    flicker: float
    sound: bool  # if not, nothing was learned


class Moves(NamedTuple):
    """The camera's moves from one picture to the next."""

    boxes: tf.Tensor  # (n, 4): the part that it sees after the move: top, left, bottom, right, from 0 to 1
    noise: tf.Tensor  # (n, h, w, 3)


def camera(shape: tuple[int, ...], draw: np.random.Generator) -> Moves:
    """Returns random moves of a camera for pictures of this shape: a little nearer, and a little to the side."""
    sides = draw.uniform(NEAREST, FARTHEST, shape[0])
    top, left = draw.uniform(0.0, 1.0 - sides), draw.uniform(0.0, 1.0 - sides)
    boxes = np.stack([top, left, top + sides, left + sides], axis=1)
    noise = NOISE * draw.standard_normal(shape, np.float32)
    return Moves(tf.constant(boxes, tf.float32), tf.constant(noise))


def seen_by(moves: Moves, pictures: tf.Tensor) -> tf.Tensor:
    """Returns pictures as the camera sees them after its move."""
    count, size = pictures.shape[0], pictures.shape[1:3]
    return tf.image.crop_and_resize(pictures, moves.boxes, tf.range(count), size)


def within(made: tf.Tensor) -> tf.Tensor:
    """Returns pictures clipped to [0, 1]."""
    return tf.clip_by_value(made, 0.0, 1.0)


def possible(made: tf.Tensor, asked: tf.Tensor) -> tf.Tensor:
    """Returns the gradient by unclipped pictures: 0 where it would push values further beyond [0, 1]."""
    useless = ((made <= 0.0) & (asked > 0.0)) | ((made >= 1.0) & (asked < 0.0))
    return tf.where(useless, 0.0, asked)
