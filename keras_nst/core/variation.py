"""How much pixels differ from their neighbors: the variation terms of the sources.

Each is a sum over pixels, so it adds up over the parts of a picture.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from keras_nst.core.pyramid import Size

# Keeps the balanced term finite where the content is flat: mean squared difference; photographs have ten times that.
FLATTEST = 1e-3
ROWS_AT_ONCE = 256


class Pixels(NamedTuple):
    """A part's pixels, among them neighbors that belong to other parts."""

    values: tf.Tensor  # (n, h, w, 3)
    own: tf.Tensor | None  # (h, w), 1 where a pixel is this part's own, else 0; None: all are
    whole: Size  # of the picture


def whole_picture(picture: tf.Tensor) -> Pixels:
    """Returns the pixels of a picture that is one part."""
    return Pixels(picture, None, Size(*picture.shape[1:3]))


def meeting_borders(picture: tf.Tensor) -> Pixels:
    """Returns the pixels of a picture whose last row and column have the first ones as neighbors."""
    size = Size(*picture.shape[1:3])
    tall = tf.concat([picture, picture[:, :1]], axis=1)
    own = tf.pad(tf.ones(size, picture.dtype), [[0, 1], [0, 1]])
    return Pixels(tf.concat([tall, tall[:, :, :1]], axis=2), own, size)


def squared_variation(pixels: Pixels) -> tf.Tensor:
    """sum dx^2 + dy^2: (n,)."""
    return sum(_down_and_right(pixels, tf.square))


def squared_variation_per_pixel(picture: tf.Tensor) -> tf.Tensor:
    """1 / (H W) sum dx^2 + dy^2, by strips of rows, which take less memory: (n,)."""
    _, height, width, _ = picture.shape
    total = tf.zeros(picture.shape[0], picture.dtype)
    for top in range(0, height, ROWS_AT_ONCE):
        strip = picture[:, top : top + ROWS_AT_ONCE + 1]  # with the row below, where there is one
        own = tf.ones((min(ROWS_AT_ONCE, height - top), width), picture.dtype)
        own = tf.pad(own, [[0, strip.shape[1] - own.shape[0]], [0, 0]])
        total += squared_variation(Pixels(strip, own, Size(height, width)))
    return total / _area((height, width))


def relative_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum dx^2 + dy^2 over the same of the content picture: (n,)."""
    return squared_variation(pixels) / (_area(pixels.whole) * tf.maximum(target, FLATTEST))


def relative_absolute_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum |dx| + |dy| over the pixels times the content's root mean square difference, which keeps edges: (n,)."""
    return sum(_down_and_right(pixels, tf.abs)) / (_area(pixels.whole) * tf.sqrt(tf.maximum(target, FLATTEST)))


def gatys_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum dx^2 + dy^2 in units of 0..255. The paper has no variation term: its weight is 0 unless one is given."""
    return 255.0**2 * squared_variation(pixels)


def keras_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum (dx^2 + dy^2)^1.25 over all but the last row and column, in units of 0..255: (n,)."""
    down, right = _differences(255.0 * pixels.values)
    _, h, w, _ = pixels.values.shape
    down, right = _cut(down, 0, 0, h - 1, w - 1), _cut(right, 0, 0, h - 1, w - 1)
    return _sum(tf.pow(tf.square(down) + tf.square(right), 1.25), pixels.own)


def tensorflow_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum |dx| + |dy|, as tf.image.total_variation: (n,)."""
    return sum(_down_and_right(pixels, tf.abs))


def d2l_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """(mean |dx| + mean |dy|) / 2: (n,). Ours differs pixels in [0, 1], the chapter's are standardized."""
    down, right = _down_and_right(pixels, tf.abs)
    height, width = pixels.whole
    return 0.5 * (down / max(1, 3 * (height - 1) * width) + right / max(1, 3 * height * (width - 1)))


def _down_and_right(pixels: Pixels, size: Callable[[tf.Tensor], tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the sums of the sizes of the differences to the pixel below and to the one to the right: (n,) each.

    The picture's last row and column have none.
    """
    down, right = _differences(pixels.values)
    return _sum(size(down), pixels.own), _sum(size(right), pixels.own)


def _differences(values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns how values (n, h, w, 3) differ from those below, (n, h-1, w, 3), and to the right, (n, h, w-1, 3)."""
    _, h, w, _ = values.shape
    return (
        _cut(values, 1, 0, h - 1, w) - _cut(values, 0, 0, h - 1, w),
        _cut(values, 0, 1, h, w - 1) - _cut(values, 0, 0, h, w - 1),
    )


def _cut(values: tf.Tensor, top: int, left: int, height: int, width: int) -> tf.Tensor:
    """Returns a rectangle; values[:, ...] would do the same with a gradient that takes ten times as long."""
    return tf.slice(values, (0, top, left, 0), (-1, height, width, -1))


def _sum(values: tf.Tensor, own: tf.Tensor | None) -> tf.Tensor:
    """Sums values (n, h or h-1, w or w-1, 3) over the pixels that are the part's own."""
    if own is not None:
        _, h, w, _ = values.shape
        values = values * own[:h, :w, None]
    return tf.reduce_sum(values, axis=[1, 2, 3])


def _area(size: tuple[int, int]) -> float:
    return float(size[0] * size[1])
