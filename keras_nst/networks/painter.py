"""The network that is trained for some styles and then paints any photograph in one pass.

Johnson et al. 2016, with a few later changes: mirrored borders, instance normalization with parameters per style
(Ulyanov et al. 2017, Dumoulin et al. 2017), enlargement by repetition before a convolution (Odena et al. 2016). Our
addition is that the photograph in the style's colors is added at the end: the network starts with it, and need not
learn to copy it.

    photograph -> 1/1 -> 1/2 -> 1/4 -> residual blocks -> 1/2 -> 1/1 -> + photograph recolored = picture
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from keras_nst.networks.model import Card, Shape, read_weights

FAINTEST = 1e-5  # added to the variance of features
PALEST = 1e-3  # added to the variance of colors: nearly gray ones stay so


@keras.saving.register_keras_serializable("keras_nst")
class Mirrored(keras.layers.Conv2D):
    """A convolution whose input is mirrored beyond its border: no frame appears, and with stride 1 the size stays."""

    def __init__(self, filters: int, kernel_size: int = 3, **settings: object):
        super().__init__(filters, kernel_size, **settings)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        """Returns features (n, h / stride, w / stride, filters) of features (n, h, w, c)."""
        rows, columns = (size // 2 for size in self.kernel_size)
        return self.within(ops.pad(inputs, [[0, 0], [rows, rows], [columns, columns], [0, 0]], mode="reflect"))

    def within(self, framed: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the same for features that have their margin already, half a kernel on each side."""
        return super().call(framed)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Returns the shape of the inputs divided by the stride, with this layer's own channels."""
        number, *sides, _ = input_shape
        sides = [side and -(-side // stride) for side, stride in zip(sides, self.strides, strict=True)]
        return (number, *sides, self.filters)


@keras.saving.register_keras_serializable("keras_nst")
class Doubled(keras.layers.Layer):
    """Repeats each position of features 2 x 2, in a form in which other runtimes see the number of channels."""

    def call(self, values: Any) -> Any:
        """Returns features (n, 2h, 2w, c) of features (n, h, w, c)."""
        (number, height, width, _), channels = ops.shape(values), values.shape[-1]
        wide = ops.reshape(ops.concatenate([values, values], axis=-1), (number, height, 2 * width, channels))
        return ops.reshape(ops.concatenate([wide, wide], axis=2), (number, 2 * height, 2 * width, channels))

    def compute_output_shape(self, values_shape: tuple) -> tuple:
        """Returns the shape of the features with doubled sides."""
        number, *sides, channels = values_shape
        return (number, *(side and 2 * side for side in sides), channels)


class OfStyles(keras.layers.Layer):
    """A layer with weights for each of several styles, which it mixes by a picture's shares."""

    def __init__(self, styles: int, **settings: object):
        super().__init__(**settings)
        self.styles = styles

    def mixed(self, table: Any, shares: Any) -> Any:
        """Returns a table of each style's weights (s, ...), mixed for pictures with these shares (n, s): (n, ...)."""
        return ops.tensordot(ops.cast(shares, "float32"), ops.cast(table, "float32"), axes=1)

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration from which the same layer can be built."""
        return {**super().get_config(), "styles": self.styles}


@keras.saving.register_keras_serializable("keras_nst")
class Styled(OfStyles):
    """Normalizes features per picture and channel, then applies a style's means and deviations.

        y = gamma_s (x - mean) / sqrt(variance + 1e-5) + beta_s

    Conditional instance normalization (Dumoulin et al. 2017): gamma and beta are all that a style adds.
    """

    def build(self, values_shape: tuple, shares_shape: tuple) -> None:
        """Creates the tables."""
        shape = (self.styles, values_shape[-1])
        self.gamma = self.add_weight(shape=shape, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")

    def call(self, values: Any, shares: Any) -> Any:
        """Returns features (n, h, w, c), for pictures with these shares of the styles (n, s)."""
        mean, variance = ops.moments(ops.cast(values, "float32"), axes=(1, 2), keepdims=True)
        return self.by(values, shares, mean, variance)

    def by(self, values: Any, shares: Any, mean: Any, variance: Any) -> Any:
        """Returns the same with given means and variances (n, 1, 1, c): those of the picture that this is a part of."""
        slope = self.mixed(self.gamma, shares)[:, None, None] / ops.sqrt(variance + FAINTEST)
        offset = self.mixed(self.beta, shares)[:, None, None] - mean * slope
        return values * ops.cast(slope, values.dtype) + ops.cast(offset, values.dtype)

    def compute_output_shape(self, values_shape: tuple, shares_shape: tuple) -> tuple:
        """Returns the shape of the features."""
        return values_shape


@keras.saving.register_keras_serializable("keras_nst")
class Recolored(OfStyles):
    """Gives a picture each style's own colors: its channels are normalized and mixed.

        y = (x - mean) / sqrt(variance + 1e-3) M_s + b_s

    So a dark photograph and a bright one get the same colors.
    """

    def build(self, picture_shape: tuple, shares_shape: tuple) -> None:
        """Creates the tables; they start with a gray mean and the picture's own hues."""
        colors, constant = picture_shape[-1], keras.initializers.Constant
        self.matrices = self.add_weight(
            shape=(self.styles, colors, colors), initializer=constant(0.25 * np.eye(colors)), name="matrices"
        )
        self.means = self.add_weight(shape=(self.styles, colors), initializer=constant(0.5), name="means")

    def call(self, picture: Any, shares: Any) -> Any:
        """Returns pictures (n, h, w, 3)."""
        return self.by(picture, shares, *ops.moments(picture, axes=(1, 2), keepdims=True))

    def by(self, picture: Any, shares: Any, mean: Any, variance: Any) -> Any:
        """Returns the same with given means and variances (n, 1, 1, 3): those of the picture that this is a part of."""
        standard = (picture - mean) / ops.sqrt(variance + PALEST)
        mixed = ops.einsum("nhwc,ncd->nhwd", standard, self.mixed(self.matrices, shares))
        return mixed + self.mixed(self.means, shares)[:, None, None]

    def compute_output_shape(self, picture_shape: tuple, shares_shape: tuple) -> tuple:
        """Returns the shape of the picture."""
        return picture_shape


EDGE = 7  # kernel of the first and the last convolution
SHRUNK = 4  # sides of the network's input are multiples of this


class Unit(NamedTuple):
    """A convolution, with the operations before and after it."""

    convolve: Mirrored
    style: Styled
    enlarge: bool = False  # whether each position is first repeated 2 x 2
    rectify: bool = True  # ReLU after
    resume: int = 0  # the features of the unit this many units back are added after; 0: none


class Parts(NamedTuple):
    """A network as its layers in order, for processing them one by one."""

    units: list[Unit]
    change: Mirrored  # turns the last features into a change of the colors
    recolor: Recolored


def parts(shape: Shape, precision: str) -> Parts:
    """Returns the layers; the last ones are in float32, since they make the picture."""
    width = shape.width

    def unit(channels: int, kernel: int = 3, strides: int = 1, **more: Any) -> Unit:
        convolve = Mirrored(channels, kernel, strides=strides, use_bias=False, dtype=precision)
        return Unit(convolve, Styled(shape.styles, dtype=precision), **more)

    units = [unit(width, EDGE), unit(2 * width, strides=2), unit(4 * width, strides=2)]
    for _ in range(shape.blocks):
        units += [unit(4 * width), unit(4 * width, rectify=False, resume=2)]
    units += [unit(2 * width, enlarge=True), unit(width, enlarge=True)]
    change = Mirrored(3, EDGE, kernel_initializer="zeros", dtype="float32")
    return Parts(units, change, Recolored(shape.styles, dtype="float32"))


def network(shape: Shape, precision: str = "float32") -> keras.Model:
    """Returns the network from photographs (n, h, w, 3) and shares of the styles (n, s) to pictures of that size."""
    return joined(parts(shape, precision), shape, precision)


def joined(parts: Parts, shape: Shape, precision: str) -> keras.Model:
    """Returns the layers as one network."""
    photograph, shares = keras.Input((None, None, 3)), keras.Input((shape.styles,))
    seen: list[Any] = [photograph]
    for unit in parts.units:
        values = seen[-1]
        if unit.enlarge:
            values = Doubled(dtype=precision)(values)
        values = unit.style(unit.convolve(values), shares)
        if unit.rectify:
            values = keras.layers.ReLU(dtype=precision)(values)
        if unit.resume:
            values = keras.layers.Add(dtype=precision)([values, seen[-unit.resume]])
        seen.append(values)
    picture = keras.layers.Add(dtype="float32")([parts.change(seen[-1]), parts.recolor(photograph, shares)])
    return keras.Model([photograph, shares], picture)


def policy(precision: str) -> str:
    """Returns Keras' policy name for layers that compute in this precision and keep their weights in float32."""
    return precision if precision == "float32" else f"mixed_{precision}"


FLATTEST = 1e-4  # variance added to a style's colors: a drawing may have none in some direction


def first_colors(photographs: Sequence[np.ndarray], style: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns M and b that give normalized photographs, on average, the covariance and mean of a style's colors.

    M = R^-1/2 (R^1/2 C R^1/2)^1/2 R^-1/2, of all such maps the one that moves least; R is their mean correlation.

    Args:
        photographs: (h, w, 3), in any unit that starts at 0.
        style: (h, w, 3) in [0, 1].
    """
    correlation = np.mean([_correlation(photograph) for photograph in photographs], axis=0)
    pixels = style.reshape(-1, 3).astype(float)
    covariance = np.cov(pixels.T) + FLATTEST * np.eye(3)
    root, inverse = _power(correlation, 0.5), _power(correlation, -0.5)
    return inverse @ _power(root @ covariance @ root, 0.5) @ inverse, pixels.mean(axis=0)


def _correlation(photograph: np.ndarray) -> np.ndarray:
    pixels = photograph.reshape(-1, 3) / 255.0
    standard = (pixels - pixels.mean(axis=0)) / np.sqrt(pixels.var(axis=0) + PALEST)
    return standard.T @ standard / len(standard) + PALEST * np.eye(3)


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T


def begin_with(painter: keras.Model, folder: Path, card: Card) -> None:
    """Copies the weights of a network with fewer styles; further styles start with the mean of those."""
    tables = {id(weight) for weight in tables_of(painter)}
    shapes = [
        (card.shape.styles, *weight.shape[1:]) if id(weight) in tables else tuple(weight.shape)
        for weight in painter.weights
    ]
    for weight, array in zip(painter.weights, read_weights(folder, card, shapes), strict=True):
        missing = weight.shape[0] - len(array) if id(weight) in tables else 0
        more = [np.mean(array, axis=0, keepdims=True)] * missing
        weight.assign(np.concatenate([array, *more]))


def tables_of(painter: keras.Model) -> list[Any]:
    """Returns the weights that are separate for each style."""
    return [weight for layer in painter.layers if isinstance(layer, OfStyles) for weight in layer.weights]
