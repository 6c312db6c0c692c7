"""Our own optimization steps, to be timed, and a matrix product to time them against.

Whatever takes steps is a function `take`: it takes so many of them, waits until they are done and returns the loss
before the last one.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from measuring import sample

from keras_nst.config import Config
from keras_nst.core import transfer
from keras_nst.core.chunk import LONGEST
from keras_nst.core.pyramid import Size
from keras_nst.core.sight import Pictures, Style, first_picture, see

Take = Callable[[int], float]
Kernels = dict[str, list[np.ndarray]]  # layer: kernel (3, 3, c, d), bias (d,)

DECAYING = 100  # steps, of which the learning rate decays within a third


def pictures(size: Size) -> Pictures:
    """Returns the sample pictures, and a blend of them to start from, so that no term of the objective is 0."""
    content, style = (sample(name, size)[None].astype(np.float32) / 255 for name in ("harbor", "night"))
    content, style = map(tf.constant, (content, style))
    return Pictures(content, (Style(style),), 0.7 * content + 0.3 * style)


def our_steps(shown: Pictures, size: Size, config: Config, features: keras.Model) -> Take:
    """Returns what takes our steps; the settings say how, and are resolved."""
    scale = transfer.Scale(1, size, DECAYING, 0)
    stage = transfer.Stage(scale, first_picture(shown, size, config), config, None)
    [quickest] = transfer.networks(features, [scale], config)
    sight = see(shown, stage.picture, stage.mover, stage.watch, features, quickest, config)

    def take(count: int) -> float:
        while count > LONGEST:
            sight.take_steps(LONGEST)
            count -= LONGEST
        return float(sight.take_steps(count).losses[-1].total[0])

    return take


def kernels(features: keras.Model) -> Kernels:
    """Returns the weights of the network's convolutions."""
    return {layer.name: layer.get_weights() for layer in features.layers if layer.get_weights()}


def product(side: int, precision: str) -> Take:
    """Returns what multiplies two matrices of this many rows and columns, so many times."""
    generator = np.random.default_rng(0)
    one, other = (tf.cast(generator.random((side, side), np.float32), precision) for _ in range(2))
    return lambda count: [float(tf.matmul(one, other)[0, 0]) for _ in range(count)][-1]
