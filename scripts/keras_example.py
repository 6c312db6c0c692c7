"""The Keras example "Neural style transfer" as a baseline: its objective and its optimizer as published, written anew.

In every step three pictures go through the network together: content, style and the one being made, the combination.

    J = 2.5e-8 sum (F - P)^2 + 1e-6 / 5 sum_l sum (S_l - A_l)^2 / (4 * 3^2 * (rows * columns)^2)
      + 1e-6 sum (dx^2 + dy^2)^1.25

F, P: the features of the combination and of the content at block5_conv2; S_l, A_l: the Gram matrices, sums over the
positions, of the combination and of the style at block1_conv1 to block5_conv1; dx, dy: differences between neighboring
pixels of the combination. The combination is a variable in VGG's own units, BGR in 0..255 minus the means, and is never
clipped on the way. SGD moves it at a rate of 100, times 0.96 per 100 steps.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from problem import Kernels

from keras_nst.core.network.features import MEANS_BGR
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer
from keras_nst.settings.recipes import STYLE_LAYERS

CONTENT_LAYER = "block5_conv2"
CONTENT_WEIGHT, STYLE_WEIGHT, VARIATION_WEIGHT = 2.5e-8, 1e-6, 1e-6
LEARNING_RATE, DECAY_STEPS, DECAY_RATE = 100.0, 100, 0.96

# Settings with its layers, to load the network's weights and to count its FLOP by.
LAYERS = Config(content_layers=(Layer(CONTENT_LAYER),), style_layers=STYLE_LAYERS, precision="float32").resolved()


class KerasExample:
    """The combination on its way.

    Args:
        content, style: (1, h, w, 3), RGB in [0, 1], of the same size.
        kernels: the weights of VGG19 up to block5_conv2.
    """

    def __init__(self, content: np.ndarray, style: np.ndarray, kernels: Kernels):
        self.network = published_network(kernels)
        self.content, self.style = as_vgg(content), as_vgg(style)
        self.combination = tf.Variable(self.content)
        schedule = keras.optimizers.schedules.ExponentialDecay(LEARNING_RATE, DECAY_STEPS, DECAY_RATE)
        self.optimizer = keras.optimizers.SGD(schedule)
        self.loss_and_gradient = tf.function(self._loss_and_gradient)

    def take(self, count: int) -> float:
        """Takes so many steps and returns the loss before the last one."""
        for _ in range(count):
            value, gradient = self.loss_and_gradient()
            self.optimizer.apply_gradients([(gradient, self.combination)])
        return float(value)

    def picture(self) -> np.ndarray:
        """Returns the combination as a picture, (1, h, w, 3), RGB in [0, 1]."""
        bgr = self.combination.numpy() + np.array(MEANS_BGR, np.float32)
        return np.clip(bgr[..., ::-1] / 255, 0, 1)

    def loss(self) -> tf.Tensor:
        """Returns J of the combination: ()."""
        features = self.network(tf.concat([self.content, self.style, self.combination], axis=0))
        content, _, combination = tf.unstack(features[CONTENT_LAYER])
        loss = CONTENT_WEIGHT * tf.reduce_sum(tf.square(combination - content))
        area = self.combination.shape[1] * self.combination.shape[2]
        for layer in STYLE_LAYERS:
            _, style, combination = tf.unstack(features[layer.name])
            distance = tf.reduce_sum(tf.square(gram_sum(style) - gram_sum(combination)))
            loss += STYLE_WEIGHT / len(STYLE_LAYERS) * distance / (4.0 * 3**2 * area**2)
        return loss + VARIATION_WEIGHT * variation(self.combination)

    def _loss_and_gradient(self) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = self.loss()
        return loss, tape.gradient(loss, self.combination)


class Shortcut:
    """The steps of the example with all that does not change computed once: the same pictures but for rounding, sooner.

    For the losses it comes to; what its steps cost is measured by KerasExample.

    Args:
        content: as of KerasExample.
        evaluator: of the example's objective, from pictures in [0, 1] to losses and gradient.
    """

    def __init__(self, content: np.ndarray, evaluator: Callable[[tf.Tensor], tuple[Any, tf.Tensor]]):
        self.evaluator = evaluator
        self.combination = tf.Variable(content)
        self.taken = tf.Variable(0.0)
        self.step = tf.function(self._step, autograph=False)

    def take(self, count: int) -> None:
        """Takes so many steps."""
        for _ in range(count):
            self.step()

    def picture(self) -> np.ndarray:
        """Returns the combination as a picture, (1, h, w, 3), RGB in [0, 1]."""
        return np.clip(self.combination.numpy(), 0, 1)

    def _step(self) -> None:
        _, gradient = self.evaluator(self.combination.value())
        rate = LEARNING_RATE * tf.pow(DECAY_RATE, self.taken / DECAY_STEPS)
        self.combination.assign_sub(rate / 255**2 * gradient)  # pixels and gradient in [0, 1] for 0..255
        self.taken.assign_add(1.0)


def published_network(kernels: Kernels) -> keras.Model:
    """Returns Keras' own VGG19, from pictures in VGG's units to the features of the layers of the objective.

    The example asks for all layers; TensorFlow leaves out of its program what the loss does not need.
    """
    vgg = keras.applications.VGG19(include_top=False, weights=None)
    for name, weights in kernels.items():
        vgg.get_layer(name).set_weights(weights)
    names = [CONTENT_LAYER, *(layer.name for layer in STYLE_LAYERS)]
    return keras.Model(vgg.input, {name: vgg.get_layer(name).output for name in names})


def as_vgg(picture: np.ndarray) -> tf.Tensor:
    """Returns a picture in VGG's units."""
    return tf.constant(keras.applications.vgg19.preprocess_input(255.0 * np.asarray(picture)), tf.float32)


def gram_sum(features: tf.Tensor) -> tf.Tensor:
    """Returns sum_{h,w} F[h, w, c] F[h, w, d] of features (h, w, c): (c, c)."""
    channels = tf.reshape(tf.transpose(features, (2, 0, 1)), (features.shape[-1], -1))  # (c, hw)
    return tf.matmul(channels, channels, transpose_b=True)


def variation(picture: tf.Tensor) -> tf.Tensor:
    """Returns sum (dx^2 + dy^2)^1.25 over all but the last row and column: ()."""
    inner = picture[:, :-1, :-1]
    squares = tf.square(picture[:, 1:, :-1] - inner) + tf.square(picture[:, :-1, 1:] - inner)
    return tf.reduce_sum(tf.pow(squares, 1.25))
