"""The training objective of a network: the program's own, with photographs instead of one content picture."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.network.network import Network
from keras_nst.core.objective import losses
from keras_nst.core.objective.guides import guides
from keras_nst.core.objective.moments import Moments
from keras_nst.core.objective.terms import Features, Seen, StyleMaps
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Originals, Pictures, Style, as_tensors
from keras_nst.core.seeing.strength import calibrated
from keras_nst.core.seeing.whole import Whole

ASKED = 8  # photographs that are used to turn a strength into weights


class Assignment(NamedTuple):
    """The targets and weights of one style: tensors only."""

    styles: dict[str, Any]  # the target of the style's term, by its name, if it takes part
    weights: dict[str, tf.Tensor]  # of the terms


class Crops:
    """The photographs as the terms' originals, inside a program: an `Originals` of core/objective/terms.py."""

    def __init__(self, smooth: tf.Tensor, network: Network):
        self.smooth, self.network = smooth, network

    def content(self, layers: list[str]) -> Features:
        """Returns the photographs' features."""
        seen = self.network.features(self.smooth)
        return {name: tf.stop_gradient(seen[name]) for name in layers}

    def style(self, layers: list[str]) -> tuple[dict[str, Moments], StyleMaps]:
        """Not available: the style's target is made before the first step."""
        raise NotImplementedError

    def with_enough_positions(self, layers: list[str]) -> list[str]:
        """Not available, for the same reason."""
        raise NotImplementedError

    def small_content(self) -> Seen | None:
        """Not available, for the same reason."""
        raise NotImplementedError


class Teacher:
    """Evaluates pictures of photographs: their losses and gradients.

    Args:
        network: returns features.
        method: has the objective.
        size: of the photographs.
    """

    def __init__(self, network: Network, method: Method, size: Size):
        self.network, self.method, self.size = network, method, size
        self.look = Whole(network.features, self.size, method.objective, method.seeing)
        self.guides = as_tensors(guides(None, size, method.objective.style_layers, method.seeing), network)

    def lesson(self, styles: tuple[Style, ...], style_size: int, photographs: np.ndarray) -> Assignment:
        """Returns the targets of a style or a blend, seen with as many pixels as a square of side `style_size`."""
        shown = Pictures(photographs[:ASKED], styles)
        method = calibrated(shown, Size(style_size, style_size), self.network, self.method)
        one = shown._replace(content=photographs[:1])  # a style's target is the same for all photographs
        originals = Originals(one, Size(style_size, style_size), self.network, method)
        terms = losses.terms_of(self.method.objective)
        aims = {"style": terms["style"].aim(originals, method.objective)} if "style" in terms else {}
        return Assignment(aims, {name: tf.constant(middle(method.objective.weight(name))) for name in terms})

    def aim(self, photographs: tf.Tensor, lesson: Assignment) -> losses.Aim:
        """Returns the target for pictures of these photographs, as part of a program."""
        crops, objective = Crops(photographs, self.network), self.method.objective
        content = {
            name: term.aim(crops, objective)
            for name, term in losses.terms_of(objective).items()
            if name not in lesson.styles
        }
        return losses.Aim(content | lesson.styles, lesson.weights, self.guides, ())

    def judge(self, pictures: tf.Tensor, photographs: tf.Tensor, lesson: Assignment) -> tuple[LossValues, tf.Tensor]:
        """Returns the losses of the pictures made from photographs, and their gradient by the pictures."""
        return self.look.evaluate(pictures, self.aim(photographs, lesson))


def middle(weights: float | Sequence[float]) -> float:
    """Returns the geometric mean of the photographs' weights."""
    return float(np.exp(np.mean(np.log(weights))))
