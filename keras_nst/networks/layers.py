"""What the networks that paint are built of. Keras alone, so that they may be trained by any of its backends."""

from typing import Any

import keras
import numpy as np
from keras import ops

FAINTEST = 1e-5  # variance of features, to which it is added
PALEST = 1e-3  # variance of colors, likewise: what is nearly gray stays so


@keras.saving.register_keras_serializable("keras_nst")
class Mirrored(keras.layers.Conv2D):
    """A convolution that sees the picture mirrored beyond its border: no frame, and with stride 1 the size stays."""

    def __init__(self, filters: int, kernel_size: int = 3, **settings: object):
        super().__init__(filters, kernel_size, **settings)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Returns features (n, h / stride, w / stride, filters) of features (n, h, w, c)."""
        rows, columns = (size // 2 for size in self.kernel_size)
        return self.within(ops.pad(inputs, [[0, 0], [rows, rows], [columns, columns], [0, 0]], mode="reflect"))

    def within(self, framed: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the same of features that have their frame, of half a kernel on each side."""
        return super().call(framed)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns that of the inputs, as many times smaller as the stride, with this layer's own channels."""
        number, *sides, _ = input_shape
        sides = [side and -(-side // stride) for side, stride in zip(sides, self.strides, strict=True)]
        return (number, *sides, self.filters)


@keras.saving.register_keras_serializable("keras_nst")
class Doubled(keras.layers.Layer):
    """Features with each position repeated 2 x 2. Written so that other runtimes see how many channels there are."""

    def call(self, values: Any) -> Any:
        """Returns features (n, 2h, 2w, c) of features (n, h, w, c)."""
        (number, height, width, _), channels = ops.shape(values), values.shape[-1]
        wide = ops.reshape(ops.concatenate([values, values], axis=-1), (number, height, 2 * width, channels))
        return ops.reshape(ops.concatenate([wide, wide], axis=2), (number, 2 * height, 2 * width, channels))

    def compute_output_shape(self, values_shape: tuple) -> tuple:
        """Returns that of the features, with sides twice as long."""
        number, *sides, channels = values_shape
        return (number, *(side and 2 * side for side in sides), channels)


class OfStyles(keras.layers.Layer):
    """A layer that has weights for each of several styles, and mixes them as a picture's styles are mixed."""

    def __init__(self, styles: int, **settings: object):
        super().__init__(**settings)
        self.styles = styles

    def mixed(self, table: Any, shares: Any) -> Any:
        """Returns what a table of each style's weights (s, ...) is for pictures with these shares (n, s): (n, ...)."""
        return ops.tensordot(ops.cast(shares, "float32"), ops.cast(table, "float32"), axes=1)

    def get_config(self) -> dict[str, Any]:
        """Returns what it takes to build the same layer."""
        return {**super().get_config(), "styles": self.styles}


@keras.saving.register_keras_serializable("keras_nst")
class Styled(OfStyles):
    """Features, normalized picture by picture and channel by channel, with means and deviations that are a style's.

        y = gamma_s (x - mean) / sqrt(variance + 1e-5) + beta_s

    Conditional instance normalization (Dumoulin et al. 2017), whose table of gamma and beta is all of a style.
    """

    def build(self, values_shape: tuple, shares_shape: tuple) -> None:
        """Makes the tables."""
        shape = (self.styles, values_shape[-1])
        self.gamma = self.add_weight(shape=shape, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")

    def call(self, values: Any, shares: Any) -> Any:
        """Returns features (n, h, w, c) of features, for pictures with these shares of the styles (n, s)."""
        mean, variance = ops.moments(ops.cast(values, "float32"), axes=(1, 2), keepdims=True)
        return self.by(values, shares, mean, variance)

    def by(self, values: Any, shares: Any, mean: Any, variance: Any) -> Any:
        """Returns the same where means and variances (n, 1, 1, c) are known, of a whole picture whose part this is."""
        slope = self.mixed(self.gamma, shares)[:, None, None] / ops.sqrt(variance + FAINTEST)
        offset = self.mixed(self.beta, shares)[:, None, None] - mean * slope
        return values * ops.cast(slope, values.dtype) + ops.cast(offset, values.dtype)

    def compute_output_shape(self, values_shape: tuple, shares_shape: tuple) -> tuple:
        """Returns that of the features."""
        return values_shape


@keras.saving.register_keras_serializable("keras_nst")
class Recolored(OfStyles):
    """A picture in each style's own colors: its channels, normalized, are mixed anew.

        y = (x - mean) / sqrt(variance + 1e-3) M_s + b_s

    So a dark photograph and a bright one come out alike.
    """

    def build(self, picture_shape: tuple, shares_shape: tuple) -> None:
        """Makes the tables; without better knowledge it begins with a gray mean and the picture's own hues."""
        colors, constant = picture_shape[-1], keras.initializers.Constant
        self.matrices = self.add_weight(
            shape=(self.styles, colors, colors), initializer=constant(0.25 * np.eye(colors)), name="matrices"
        )
        self.means = self.add_weight(shape=(self.styles, colors), initializer=constant(0.5), name="means")

    def call(self, picture: Any, shares: Any) -> Any:
        """Returns pictures (n, h, w, 3)."""
        return self.by(picture, shares, *ops.moments(picture, axes=(1, 2), keepdims=True))

    def by(self, picture: Any, shares: Any, mean: Any, variance: Any) -> Any:
        """Returns the same where means and variances (n, 1, 1, 3) are known, of a whole picture whose part this is."""
        standard = (picture - mean) / ops.sqrt(variance + PALEST)
        mixed = ops.einsum("nhwc,ncd->nhwd", standard, self.mixed(self.matrices, shares))
        return mixed + self.mixed(self.means, shares)[:, None, None]

    def compute_output_shape(self, picture_shape: tuple, shares_shape: tuple) -> tuple:
        """Returns that of the picture."""
        return picture_shape
