"""Our own optimization steps, to be timed, and a matrix product to time them against."""

import keras
import numpy as np
import tensorflow as tf
from measuring import sample
from problem import DECAYING, Constants, Kernels, Problem, Take

from keras_nst.core.descent.stage import stage_for
from keras_nst.core.descent.steps import LONGEST
from keras_nst.core.network.features import MEANS_BGR
from keras_nst.core.network.network import Network
from keras_nst.core.objective.moments import FAINTEST
from keras_nst.core.objective.variation import FLATTEST
from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.core.seeing.sight import Pictures, Style, first_picture
from keras_nst.session.method import method_of
from keras_nst.settings.config import Resolved

CONSTANTS = Constants(MEANS_BGR, FAINTEST, FLATTEST)


def pictures(size: Size) -> Pictures:
    """Returns the sample pictures, and a blend of them to start from, so that no term of the objective is 0."""
    content, style = (sample(name, size)[None].astype(np.float32) / 255 for name in ("harbor", "night"))
    content, style = map(tf.constant, (content, style))
    return Pictures(content, (Style(style),), 0.7 * content + 0.3 * style)


def our_steps(shown: Pictures, size: Size, config: Resolved, features: keras.Model) -> Take:
    """Returns what takes our steps; the settings say how."""
    method, scale = method_of(config), Scale(1, size, DECAYING, 0)
    stage = stage_for(scale, shown.number, method, Network(features))
    stage.begin(shown, first_picture(shown, size, method.start), None, method, before=0)

    def take(count: int) -> float:
        while count > LONGEST:
            stage.take(LONGEST)
            count -= LONGEST
        return float(stage.take(count).losses[-1].total[0])

    return take


def kernels(features: keras.Model) -> Kernels:
    """Returns the weights of the network's convolutions."""
    return {layer.name: layer.get_weights() for layer in features.layers if layer.get_weights()}


def problem(shown: Pictures, config: Resolved, features: keras.Model) -> Problem:
    """Returns what our steps optimize, for those who know no TensorFlow."""
    content, style, first = (of.numpy() for of in (shown.content, shown.styles[0].picture, shown.first))
    return Problem(content, style, first, kernels(features), config, CONSTANTS)


def product(side: int, precision: str) -> Take:
    """Returns what multiplies two matrices of this many rows and columns, so many times."""
    generator = np.random.default_rng(0)
    one, other = (tf.cast(generator.random((side, side), np.float32), precision) for _ in range(2))
    return lambda count: [float(tf.matmul(one, other)[0, 0]) for _ in range(count)][-1]
