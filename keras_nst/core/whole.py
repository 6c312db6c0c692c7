"""The losses and the gradient of the whole picture at once."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import losses
from keras_nst.core.guides import Guides
from keras_nst.core.pyramid import Size
from keras_nst.core.stats import Moments, moments
from keras_nst.core.variation import meeting_borders, whole_picture


class Whole:
    """Looks at pictures of one size as a whole."""

    in_one_graph = True  # many steps can be compiled into one program

    def __init__(self, features: keras.Model, size: Size, config: Config, told: Guides | None = None):
        self.features, self.size, self.config = features, size, config
        self.told = {name: tf.constant(regions, features.input.dtype) for name, regions in (told or {}).items()}

    def maps(self, picture: tf.Tensor, names: list[str]) -> losses.Features:
        """Returns feature maps (n, h, w, c) of pictures (n, H, W, 3)."""
        return _run_once(lambda: self._see(picture, names))

    def moments(self, picture: tf.Tensor, names: list[str]) -> dict[str, Moments]:
        """Returns the moments of feature maps."""
        return _run_once(lambda: self._measure(self._see(picture, names)))

    def _measure(self, seen: losses.Features) -> dict[str, Moments]:
        return {name: moments(values, self.told.get(name)) for name, values in seen.items()}

    def _see(self, picture: tf.Tensor, names: list[str]) -> losses.Features:
        seen = self.features(picture)
        return {name: seen[name] for name in names}

    def evaluator(self, targets: losses.Targets) -> Callable[[tf.Tensor], tuple[losses.Losses, tf.Tensor]]:
        """Returns the function from pictures to their losses and gradient."""

        def evaluator(picture: tf.Tensor) -> tuple[losses.Losses, tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(picture)
                values = self._losses(picture, targets)
            return values, tape.gradient(values.total, picture)

        return evaluator

    def judge(self, picture: tf.Tensor, targets: losses.Targets) -> losses.Losses:
        """Returns the losses alone."""
        return _run_once(lambda: self._losses(picture, targets))

    def _losses(self, picture: tf.Tensor, targets: losses.Targets) -> losses.Losses:
        pixels = meeting_borders(picture) if self.config.seamless else whole_picture(picture)
        total = losses.part(pixels, self.features(picture), targets, self.config, told=self.told)
        return losses.evaluate(total, targets, self.size, self.config)


def _run_once(work: Callable[[], Any]) -> Any:
    """Runs it as a program, which takes less memory than step by step: what is not needed any more is let go."""
    return tf.function(work, autograph=False).get_concrete_function()()
