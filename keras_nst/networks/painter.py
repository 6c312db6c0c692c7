"""The network that is trained for some styles, and then paints any photograph in one pass.

Johnson et al. 2016, with a few changes of those who came after: mirrored borders, instance normalization whose numbers
are the style's (Ulyanov et al. 2017, Dumoulin et al. 2017), enlargement by repetition before a convolution (Odena et
al. 2016). Ours is that the photograph in the style's colors is added at the end: the network begins with it, and need
not learn to copy it.

    photograph -> 1/1 -> 1/2 -> 1/4 -> residual blocks -> 1/2 -> 1/1 -> + photograph recolored = picture
"""

from typing import Any, NamedTuple

import keras

from keras_nst.networks.layers import Doubled, Mirrored, Recolored, Styled
from keras_nst.networks.model import Shape

EDGE = 7  # kernel of the first and the last convolution
SHRUNK = 4  # sides of what it is given are multiples of this


class Unit(NamedTuple):
    """A convolution, what is before it, and what is made of its features."""

    convolve: Mirrored
    style: Styled
    enlarge: bool = False  # each position is repeated 2 x 2 before
    rectify: bool = True  # ReLU after
    resume: int = 0  # so many units back are the features that are added after; 0: none


class Parts(NamedTuple):
    """A network by its layers, in their order, for who has to go through them one by one."""

    units: list[Unit]
    change: Mirrored  # the last features as a change of the colors
    recolor: Recolored


def parts(shape: Shape, precision: str) -> Parts:
    """Returns the layers; the last ones are exact, since what they make is the picture."""
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
    """Returns the network from photographs (n, h, w, 3) and shares of the styles (n, s) to pictures of their size."""
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
    """Returns Keras' name for layers that compute in this precision and keep their weights in float32."""
    return precision if precision == "float32" else f"mixed_{precision}"
