"""A frozen 3 x 3 convolution with its bias and ReLU."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf


def wrapped(features: tf.Tensor) -> tf.Tensor:
    """Returns features (n, h, w, c) with a frame one wide of what is at the opposite border."""
    tall = tf.concat([features[:, -1:], features, features[:, :1]], axis=1)
    return tf.concat([tall[:, :, -1:], tall, tall[:, :, :1]], axis=2)


class Convolution(keras.layers.Conv2D):
    """Keras' layer with fixed weights, whose gradient by its input is the same convolution, the kernel turned round.

    TensorFlow's own gradient takes memory for nine times its input on a CPU without oneDNN.
    """

    border = "zero"  # zero: of its input; wrap: of what is opposite; none: its input has a frame

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
        framed = wrapped(features) if self.border == "wrap" else features
        summed = tf.nn.conv2d(framed, kernel, 1, "SAME" if self.border == "zero" else "VALID")
        result = tf.nn.relu(tf.nn.bias_add(summed, bias))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            passed = tf.raw_ops.ReluGrad(gradients=upstream, features=result)
            if self.border == "wrap":
                return tf.nn.conv2d(wrapped(passed), self.turned_kernel, 1, "VALID")
            if self.border == "none":  # what it made is smaller by the frame
                passed = tf.pad(passed, [[0, 0], [1, 1], [1, 1], [0, 0]])
            return tf.nn.conv2d(passed, self.turned_kernel, 1, "SAME")

        return result, gradient
