"""Optimizes a volume by the gradients of its slices, until all slices match the content and the style.

    J(volume) = 1/3 sum over the axes of the mean over its slices of J(slice)
                + gamma J_variation(volume) + steady J_steady(volume)

J(slice) is the objective of a picture, without its variation; the variation is that of the volume, along all three
axes. J_steady is taken along the first axis only, and counts where the content is the same in two neighboring slices:
there they should look the same, like frames of a film. A step evaluates some slices along each axis, drawn so that
all of them have their turn: on average its gradient is that of J. Kopf et al. 2007 and Gutierrez et al. 2020 fill
solids this way; the content is our addition.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.descent.steps import as_numpy
from keras_nst.core.network.network import Network
from keras_nst.core.network.programs import compiled
from keras_nst.core.objective import losses
from keras_nst.core.objective.variation import FLATTEST, chroma_of
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Method, Objective
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Style
from keras_nst.core.seeing.teacher import Assignment, Teacher
from keras_nst.settings.networks import stride
from keras_nst.volume.solid import SMALLEST

FALL = 0.2  # factor of the learning rate over a scale
BETA_1, BETA_2 = 0.8, 0.99
ALIKE = 0.08  # neighbors in the content that differ by much less count as the same


class Slices(NamedTuple):
    """The objective of the slices."""

    styles: Sequence[Style]  # of the slices along each axis
    network: Network
    method: Method
    steady: float = 0.0  # the weight of J_steady


class Axis(NamedTuple):
    """The objective of the slices along one axis."""

    number: int  # 0: along the slices of the file, 1: its rows, 2: its columns
    teacher: Teacher
    lesson: Assignment


class Block:
    """A volume at one scale, with its optimizer.

    Args:
        first: (d, h, w, c), the start.
        content: (d, h, w, c), the content.
        asked: the objective of its slices.
        smooth: the variation that counts as 1.
    """

    def __init__(self, first: np.ndarray, content: np.ndarray, asked: "Slices", smooth: float):
        styles, network, method, self.steady = asked
        self.volume, self.content, self.same = tf.Variable(first), tf.constant(content), sameness(content)
        without = method.objective.weighted(variation=0.0)
        self.of_color = method.objective.variation == "chroma"
        self.gamma, self.smooth = method.objective.weight("variation"), max(smooth, FLATTEST / 3)
        self.axes = [
            axis_of(number, content, styles[number], network, method._replace(objective=without))
            for number in usable(content.shape[:3])
        ]
        self.optimizer = keras.optimizers.Adam(1.0, BETA_1, BETA_2)
        self.optimizer.build([self.volume])
        self.program = compiled(self._step, by_xla=False)

    def step(self, number: int, slices: int, seed: int, rate: float) -> LossValues:
        """Takes a step; returns the losses before it of the slices that were evaluated."""
        self.optimizer.learning_rate.assign(rate)
        chosen = [
            tf.constant(turn(number, self.volume.shape[axis.number], slices, [seed, axis.number])) for axis in self.axes
        ]
        values: LossValues = as_numpy(self.program(chosen))
        return values

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables that change during the steps."""
        return [self.volume, *(variable.value for variable in self.optimizer.variables)]

    def _step(self, chosen: list[tf.Tensor]) -> LossValues:
        with tf.GradientTape() as tape:
            volume = self.volume.value()
            seen = [slices(volume, axis.number, of) for axis, of in zip(self.axes, chosen, strict=True)]
            rough = self.gamma * self._variation(volume) + self.steady * unsteadiness(volume, self.same)
            variation = rough / self.smooth
        found, asked = [], []
        for axis, of, shown in zip(self.axes, chosen, seen, strict=True):
            values, gradient = axis.teacher.judge(shown, slices(self.content, axis.number, of), axis.lesson)
            found.append(values)
            asked.append(gradient / (len(self.axes) * shown.shape[0]))
        gradient = tape.gradient([*seen, variation], self.volume, output_gradients=[*asked, tf.constant(1.0)])
        gradient = tf.where(tf.math.is_finite(gradient), gradient, 0.0)
        self.optimizer.apply([gradient], [self.volume])
        self.volume.assign(tf.clip_by_value(self.volume, 0.0, 1.0))
        return of_all(found)

    def _variation(self, volume: tf.Tensor) -> tf.Tensor:
        """Returns the variation of the volume, or that of its color alone, which is 0 for a gray volume."""
        if not self.of_color:
            return variation_of(volume)
        if volume.shape[-1] < 3:
            return tf.zeros((), volume.dtype)
        return 2.0 / 3.0 * variation_of(chroma_of(volume))  # per voxel and channel: two instead of three


class Sculptor(Teacher):
    """Evaluates slices along one axis.

    A slice's distance from its content is relative to the mean content of the slices, not to its own: some slices may
    show nothing.
    """

    factors: dict[str, tf.Tensor] | None = None  # by layer; None: each slice has its own

    def aim(self, photographs: tf.Tensor, lesson: Assignment) -> losses.Aim:
        """Returns the target of slices with this content."""
        aim = super().aim(photographs, lesson)
        content = aim.terms.get("content")
        if content is None or self.factors is None:
            return aim
        return aim._replace(terms=aim.terms | {"content": content._replace(factors=self.factors)})

    def look_at(self, content: tf.Tensor, lesson: Assignment) -> None:
        """Makes distances relative to the mean of these slices."""
        own = [self.aim(one[None], lesson).terms["content"].factors for one in content]
        self.factors = {name: len(own) / tf.add_n([1.0 / each[name] for each in own]) for name in own[0]}


def of_all(found: Sequence[LossValues]) -> LossValues:
    """Returns the losses of the slices along all axes; only those layers that all have: small slices have fewer."""

    def joined(*each: tf.Tensor) -> tf.Tensor:
        return tf.concat(each, axis=0)

    layers = {
        term: {name: joined(*(each.layers[term][name] for each in found)) for name in common(found, term)}
        for term in found[0].layers
    }
    total, terms = tf.nest.map_structure(joined, *((each.total, each.terms) for each in found))
    return LossValues(total, terms, layers)


def common(found: Sequence[LossValues], term: str) -> list[str]:
    """Returns the layers of a term that all axes have."""
    return [name for name in found[0].layers[term] if all(name in each.layers.get(term, {}) for each in found)]


def axis_of(number: int, content: np.ndarray, style: Style, network: Network, method: Method) -> Axis:
    """Returns the objective of the slices along an axis."""
    height, width = (side for axis, side in enumerate(content.shape[:3]) if axis != number)
    method = method._replace(objective=that_fits(method.objective, min(height, width)))
    sculptor, volume = Sculptor(network, method, Size(height, width)), tf.constant(content)
    inside = np.linspace(0.25, 0.75, 3) * (content.shape[number] - 1)  # where there is most to see
    shown = slices(volume, number, tf.constant(inside.astype(int)))
    lesson = sculptor.lesson((style,), round((height * width) ** 0.5), shown.numpy())
    if method.objective.content_layers:
        spread = np.linspace(0, content.shape[number] - 1, 8).astype(int)
        sculptor.look_at(slices(volume, number, tf.constant(spread)), lesson)
    return Axis(number, sculptor, lesson)


def that_fits(objective: Objective, side: int) -> Objective:
    """Returns the objective without the layers that have fewer than two positions on slices of this shorter side.

    A single position has no variation, by which the distances from the style are divided.
    """
    fitting = tuple(layer for layer in objective.style_layers if side >= 2 * stride(layer.name))
    return objective._replace(style_layers=fitting)


def usable(shape: Sequence[int]) -> list[int]:
    """Returns the axes whose slices are large enough for the network."""
    return [axis for axis in range(3) if min(side for other, side in enumerate(shape) if other != axis) >= SMALLEST]


def slices(volume: tf.Tensor, axis: int, numbers: tf.Tensor) -> tf.Tensor:
    """Returns slices along an axis as pictures (n, ., ., 3); gray ones get three equal channels."""
    order = [axis, *(other for other in range(3) if other != axis), 3]
    seen = tf.transpose(tf.gather(volume, numbers, axis=axis), order)  # gathers first: a volume is large
    return seen if seen.shape[-1] == 3 else tf.repeat(seen, 3, axis=-1)


def turn(step: int, count: int, at_once: int, seed: Sequence[int]) -> np.ndarray:
    """Returns the slices that a step evaluates: each has its turn, in a random order, before any is repeated."""
    at_once = min(at_once, count)
    numbers = range(step * at_once, (step + 1) * at_once)
    orders = {number // count: np.random.default_rng([*seed, number // count]).permutation(count) for number in numbers}
    return np.array([orders[number // count][number % count] for number in numbers], np.int32)


def variation_of(volume: tf.Tensor) -> tf.Tensor:
    """Returns the squared differences of neighbors along all three axes, per voxel and channel."""
    squares = [tf.reduce_sum(tf.square(differences(volume, axis))) for axis in range(3)]
    return tf.add_n(squares) / float(np.prod(volume.shape))


def unsteadiness(volume: tf.Tensor, same: tf.Tensor) -> tf.Tensor:
    """Returns the squared differences of neighboring slices where the content is the same, per voxel and channel."""
    return tf.reduce_sum(same * tf.square(differences(volume, 0))) / float(np.prod(volume.shape))


def sameness(content: np.ndarray) -> tf.Tensor:
    """Returns how alike the content is at a voxel and in the next slice, from 0 to 1: (d - 1, h, w, 1)."""
    squares = tf.reduce_mean(tf.square(differences(tf.constant(content), 0)), axis=-1, keepdims=True)
    return tf.exp(-squares / ALIKE**2)


def differences(volume: tf.Tensor, axis: int) -> tf.Tensor:
    """Returns the differences of voxels (d, h, w, c) from those before them along an axis."""
    less = [side - (other == axis) for other, side in enumerate(volume.shape)]
    ahead = tf.slice(volume, [int(other == axis) for other in range(4)], less)
    return ahead - tf.slice(volume, [0] * 4, less)


def rate_at(step: int, steps: int, rate: float) -> float:
    """Returns the learning rate of a step, which falls by the same factor at each step."""
    return float(rate * FALL ** (step / steps))
