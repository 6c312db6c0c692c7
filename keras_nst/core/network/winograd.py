"""3 x 3 convolution with a quarter of the multiplications: Winograd's F(4 x 4, 3 x 3), as Lavin and Gray (2016) use it.

    Y = A^T [(G g G^T) * (B^T d B)] A

Each 4 x 4 tile of the output Y comes from a 6 x 6 tile d of the input and the kernel g: 36 products in place of 144.
B^T and A^T are a few additions along one axis, then the other; G g G^T is computed once. The products of all tiles,
summed over the channels, are 36 matrix products. If the kernel is small, the picture is processed in bands of so few
rows that their tiles stay in the processor's cache. XLA compiles one program per shape, shared by all layers of that
shape and both directions: the gradient by the input is the same convolution with the kernel rotated.
"""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.network.pooling import QuickMaxPooling

FEWEST_CHANNELS = 64  # of the input: with fewer, the additions cost more than the saved multiplications
FEWEST_TILES = 128  # in a band: with fewer, the matrix products are slower
# Channels of the input times those of the output: larger kernels fill the cache by themselves.
LARGEST_IN_BANDS = 128 * 128
G = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / [[24]]


class Winograd(keras.layers.Layer):
    """A frozen 3 x 3 convolution with its bias and ReLU in float32; equal to the direct one except for rounding."""

    def __init__(self, convolution: keras.layers.Conv2D):
        super().__init__(name=convolution.name, dtype="float32", trainable=False)
        kernel, bias = convolution.get_weights()
        self.kernel = tf.constant(transformed(kernel))
        self.turned_kernel = tf.constant(transformed(kernel[::-1, ::-1].swapaxes(2, 3)))
        self.bias = tf.constant(bias)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return *input_shape[:-1], len(self.bias)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        return self._convolve(features)

    @tf.custom_gradient
    def _convolve(self, features: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        result = convolve(features, self.kernel, self.bias, 0.0)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            passed = tf.where(result > 0, upstream, 0.0)
            return convolve(passed, self.turned_kernel, tf.zeros(features.shape[-1]), -np.inf)

        return result, gradient


def faster(features: keras.Model) -> keras.Model:
    """Returns the same network with Winograd's convolution in each layer that gains by it, and faster pooling."""

    def rebuilt(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.layers.MaxPooling2D):
            return QuickMaxPooling(name=layer.name)
        return Winograd(layer) if suits(layer) else layer

    return keras.models.clone_model(features, clone_function=rebuilt)


def suits(layer: keras.layers.Layer) -> bool:
    """Returns whether the layer is a convolution that gains by it."""
    plain = isinstance(layer, keras.layers.Conv2D) and getattr(layer, "border", "zero") == "zero"
    return plain and layer.kernel.shape[2] >= FEWEST_CHANNELS


def transformed(kernel: np.ndarray) -> np.ndarray:
    """Returns G g G^T of a kernel (3, 3, c, k): (36, c, k)."""
    products = np.kron(G, G) @ kernel.reshape(9, -1)  # in float64
    return products.astype(kernel.dtype).reshape(36, *kernel.shape[2:])


def convolve(features: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, least: float) -> tf.Tensor:
    """Returns max(convolution + bias, least) of feature maps (n, h, w, c) with a transformed kernel: (n, h, w, k)."""
    program = _program(tuple(features.shape), kernel.shape[-1])
    # If a tape watched the features, the program would return what its own gradient needs. We have another gradient.
    return program(tf.stop_gradient(features), kernel, bias, tf.constant(least))


@functools.lru_cache(maxsize=64)
def _program(shape: tuple[int, ...], channels: int) -> tf.types.experimental.ConcreteFunction:
    n, h, w, c = shape
    columns = -(-w // 4)  # of tiles
    rows = _rows(-(-h // 4), columns, c * channels)  # of tiles in a band
    bands = -(-h // (4 * rows))

    def run(features: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor, least: tf.Tensor) -> tf.Tensor:
        padded = tf.pad(features, [[0, 0], [1, 4 * rows * bands + 1 - h], [1, 4 * columns + 1 - w], [0, 0]])

        def band(number: tf.Tensor) -> tf.Tensor:
            corner = [number // bands, 4 * rows * (number % bands), 0, 0]
            seen = tf.slice(padded, corner, [1, 4 * rows + 2, 4 * columns + 2, c])[0]
            down = tf.stack(_spread([seen[i : i + 4 * rows - 3 : 4] for i in range(6)]))  # (6, rows, w + 2, c)
            across = tf.stack(_spread([down[:, :, j : j + 4 * columns - 3 : 4] for j in range(6)]), axis=1)
            products = tf.linalg.matmul(tf.reshape(across, (36, -1, c)), kernel)
            products = tf.reshape(products, (6, 6, rows, columns, channels))
            up = tf.stack(_gathered(tf.unstack(products)))  # (4, 6, rows, columns, k)
            tiles = tf.stack(_gathered(tf.unstack(up, axis=1)), axis=3)  # (4, rows, columns, 4, k)
            whole = tf.reshape(tf.transpose(tiles, (1, 0, 2, 3, 4)), (4 * rows, 4 * columns, channels))
            return tf.maximum(whole[:, :w] + bias, least)

        made = tf.map_fn(band, tf.range(n * bands), fn_output_signature=tf.TensorSpec((4 * rows, w, channels)))
        return tf.reshape(made, (n, 4 * rows * bands, w, channels))[:, :h]

    # One trace each. Calling the tf.function itself would count the traces of all shapes, and warn.
    signature = [tf.TensorSpec(of) for of in (shape, (36, c, channels), (channels,), ())]
    return tf.function(run, jit_compile=True, autograph=False).get_concrete_function(*signature)


def _rows(all_rows: int, columns: int, kernel: int) -> int:
    """Returns the number of rows of tiles in a band."""
    return all_rows if kernel > LARGEST_IN_BANDS else min(all_rows, -(-FEWEST_TILES // columns))


def _spread(d: list[tf.Tensor]) -> list[tf.Tensor]:
    """B^T d: six sums of six inputs."""
    even, odd = d[4] - 4 * d[2], d[3] - 4 * d[1]
    near, far = d[4] - d[2], 2 * (d[3] - d[1])
    first, last = 4 * (d[0] - d[2]) + near, 4 * (d[1] - d[3]) + d[5] - d[3]
    return [first, even + odd, even - odd, near + far, near - far, last]


def _gathered(m: list[tf.Tensor]) -> list[tf.Tensor]:
    """A^T m: four outputs of six products."""
    even, odd = m[1] + m[2], m[1] - m[2]
    far_even, far_odd = m[3] + m[4], m[3] - m[4]
    return [m[0] + even + far_even, odd + 2 * far_odd, even + 4 * far_even, odd + 8 * far_odd + m[5]]
