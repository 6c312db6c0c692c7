"""The picture tile by tile in one pass: nearly the losses and gradient of the whole picture.

Two passes give every tile the derivatives by the moments of the whole picture as it is. Here the derivatives are by a
running sum. When its turn comes, a tile's measurements of the step before leave the sum, and its new ones take their
place. So the tiles before it count as they are, and those after it as they were a step ago. The order is reversed from
step to step. The first steps, which change the picture most, take two passes.
"""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.network.network import ALONE, Crew
from keras_nst.core.objective import losses
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective, Seeing
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.tiles import Eye, Tiled, add_to

EXACT = 1 / 4  # of the steps, the first ones, take two passes

Sums = list[tf.Tensor]  # the measurements of some tiles together, without their names


class OncePerStep(Tiled):
    """Sees pictures of one size tile by tile, each tile once in a step.

    Args:
        steps: planned at this size.
    """

    def __init__(
        self, steps: int, features: keras.Model, size: Size, objective: Objective, seeing: Seeing, crew: Crew = ALONE
    ):
        super().__init__(features, size, objective, seeing, crew)
        self.exact_steps = math.ceil(EXACT * steps)
        self.forget()

    def forget(self) -> None:
        """Forgets the steps taken before: the picture is another one now."""
        self.taken = 0
        self.before: list[Sums] = []  # of each of our own tiles, in the step before
        self.others: list[Sums] = []  # of the other processes' tiles together, if there are any

    def remembered(self) -> list[np.ndarray]:
        """Returns all that the next step needs of the steps before.

        Several processes share one checkpoint, but not their tiles: they go on with a step of two passes.
        """
        sums = self.before if self.crew.processes == 1 else []
        return [np.asarray([self.taken, len(sums)]), *(np.asarray(value) for of in sums for value in of)]

    def remember(self, arrays: Sequence[np.ndarray]) -> None:
        """Goes on from what `remembered` returned; with other tiles by a step of two passes."""
        (taken, tiles), *sums = arrays
        self.taken = int(taken)
        if tiles == len(self.own) and sums:
            count = len(sums) // tiles
            self.before = [list(map(tf.constant, sums[start : start + count])) for start in range(0, len(sums), count)]

    def evaluate(self, picture: tf.Tensor, aim: losses.Aim) -> tuple[LossValues, tf.Tensor]:
        """Returns the losses of pictures, exact, and their gradient, nearly so."""
        exact = not self.before or self.taken < self.exact_steps
        self.taken += 1
        return super().evaluate(picture, aim) if exact else self._in_one_pass(picture, aim)

    def measured_first(self, picture: tf.Tensor, aim: losses.Aim, names: tuple[str, ...]) -> losses.Parts:
        """Returns, and remembers, the measurements of the terms whose gradient in one tile depends on all others."""
        each = [self.assessed(tile, picture, aim, names) for tile in self.own]
        total = self._added_up(iter(each))
        self._note([tf.nest.flatten(parts) for parts in each], tf.nest.flatten(total))
        return total

    def _in_one_pass(self, picture: tf.Tensor, aim: losses.Aim) -> tuple[LossValues, tf.Tensor]:
        first = losses.of_all_tiles(self.objective)
        summed = losses.Aim({name: aim.terms[name] for name in first}, aim.weights, {}, ())
        gradient, now = tf.Variable(tf.zeros_like(picture)), list(self.before)
        running, total = added([*self.others, *now]), None
        order = range(len(self.own)) if self.taken % 2 else reversed(range(len(self.own)))
        for number in order:
            tile, rest = self.own[number], without(running, now[number])
            parts, pulled = self._run(Eye.follow, tile, picture, first, self._here(tile, aim), summed, rest)
            add_to(gradient, tile, pulled)
            now[number] = tf.nest.flatten({name: parts[name] for name in first})
            running = added([rest, now[number]])
            total = parts if total is None else tf.nest.map_structure(tf.add, total, parts)
        total, pulled = self.crew.total((total, gradient.value()))
        self._note(now, tf.nest.flatten({name: total[name] for name in first}))
        return losses.evaluate(total, aim, self.size, self.objective), pulled

    def _note(self, own: list[Sums], total: Sums) -> None:
        self.before, self.others = own, [without(total, added(own))] if self.crew.processes > 1 else []


def added(groups: Sequence[Sums]) -> Sums:
    """Returns the sum of measurements."""
    return [tf.add_n(values) for values in zip(*groups, strict=True)]


def without(sums: Sums, part: Sums) -> Sums:
    """Returns the measurements without those of a part."""
    return list(map(tf.subtract, sums, part))
