"""The losses and the gradient of the whole picture in one evaluation."""

import keras
import tensorflow as tf

from keras_nst.core.network.programs import Programs, run_once
from keras_nst.core.objective import losses
from keras_nst.core.objective.moments import Moments, moments
from keras_nst.core.objective.terms import Features, Guides, Seen
from keras_nst.core.objective.variation import meeting_borders, whole_picture
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective, Seeing
from keras_nst.core.plan.pyramid import Size


class Whole:
    """Sees pictures of one size as a whole."""

    in_one_graph = True  # many steps can be compiled into one program

    def __init__(self, features: keras.Model, size: Size, objective: Objective, seeing: Seeing):
        self.features, self.size, self.objective = features, size, objective
        self.pixels = meeting_borders if seeing.seamless else whole_picture
        self.programs = Programs()

    def maps(self, picture: tf.Tensor, names: list[str]) -> Features:
        """Returns feature maps (n, h, w, c) of pictures (n, H, W, 3)."""
        return run_once(self._see, tuple(names), picture)

    def moments(self, picture: tf.Tensor, names: list[str], guides: Guides) -> dict[str, Moments]:
        """Returns the moments of feature maps."""
        return run_once(self._measure, tuple(names), picture, guides)

    def evaluate(self, picture: tf.Tensor, aim: losses.Aim) -> tuple[LossValues, tf.Tensor]:
        """Returns the losses of pictures and their gradient, as part of a larger program."""
        with tf.GradientTape() as tape:
            tape.watch(picture)
            values = self._judge((), picture, aim)
        return values, tape.gradient(values.total, picture)

    def judge(self, picture: tf.Tensor, aim: losses.Aim) -> LossValues:
        """Returns the losses without a gradient."""
        return self.programs.run(self._judge, (), picture, aim)

    # The bodies of the programs.

    def _see(self, names: tuple[str, ...], picture: tf.Tensor) -> Features:
        seen = self.features(picture)
        return {name: seen[name] for name in names}

    def _measure(self, names: tuple[str, ...], picture: tf.Tensor, guides: Guides) -> dict[str, Moments]:
        return {name: moments(seen, guides.get(name)) for name, seen in self._see(names, picture).items()}

    def _judge(self, names: tuple[str, ...], picture: tf.Tensor, aim: losses.Aim) -> LossValues:
        seen = Seen(self.pixels(picture), self.features(picture), {}, aim.guides)
        return losses.evaluate(losses.measure(seen, aim, self.objective), aim, self.size, self.objective)
