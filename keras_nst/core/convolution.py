"""A frozen 3 x 3 convolution with its bias and ReLU."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf


class Convolution(keras.layers.Conv2D):
    """Keras' layer with fixed weights, whose gradient by its input is the same convolution, the kernel turned round.

    TensorFlow's own gradient takes memory for nine times its input on a CPU without oneDNN.
    """

    def set_weights(self, weights: list[np.ndarray]) -> None:
        super().set_weights(weights)
        kernel, bias = (tf.constant(values, self.compute_dtype) for values in weights)
        self.fixed = kernel, bias
        self.turned_kernel = tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2))

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self._convolve(features)

    @tf.custom_gradient
    def _convolve(self, features: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        kernel, bias = self.fixed
        result = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(features, kernel, 1, "SAME"), bias))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            passed = tf.raw_ops.ReluGrad(gradients=upstream, features=result)
            return tf.nn.conv2d(passed, self.turned_kernel, 1, "SAME")

        return result, gradient
