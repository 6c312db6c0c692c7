"""Differences of pixels from their neighbors: the variation terms of the sources, and ours.

Each is a sum over pixels, so it adds up over the parts of a picture.

Squared differences to the pixel below and to the right are largest along the diagonals. A picture that is penalized
for them moves its fine detail into rows and columns, like a woven cloth. So our terms count all directions equally,
and separate color from lightness: fine detail of color alone is noise, that of lightness is strokes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.objective.oklab import LUMA
from keras_nst.core.plan.pyramid import Size

# Keeps the balanced term finite if the content is flat: mean squared difference; photographs have ten times that.
FLATTEST = 1e-3
ROWS_AT_ONCE = 256
# (3, 2): colors minus their luma lie in a plane; these are coordinates in it: |CHROMA^T p| = |p - luma(p)|.
_PLANE = np.linalg.svd(np.eye(3) - np.outer(LUMA, np.ones(3)))
CHROMA = (_PLANE.U * _PLANE.S)[:, :2]
# Of 2 x 2 pixels: the difference of the columns, of the rows, of the diagonals. Squared and weighted by 1/4, 1/4 and
# 1/3 these are 1/3 of the four differences of neighbors and 1/6 of the two diagonal ones, all squared.
_MODES = np.array([[[-1, 1], [-1, 1]], [[-1, -1], [1, 1]], [[1, -1], [-1, 1]]]) / np.sqrt([4, 4, 3])[:, None, None]
CELL = np.einsum("mij,cd->ijcdm", _MODES, CHROMA).reshape(2, 2, 3, -1)
LAPLACIAN = np.multiply.outer(np.array([[1, 4, 1], [4, -20, 4], [1, 4, 1]]) / 6, LUMA)[..., None]


class Pixels(NamedTuple):
    """A part's pixels, with neighbors that belong to other parts."""

    values: tf.Tensor  # (n, h, w, 3)
    own: tf.Tensor | None  # (h, w), 1 if a pixel is this part's own, else 0; None: all are
    whole: Size  # of the picture


def whole_picture(picture: tf.Tensor) -> Pixels:
    """Returns the pixels of a picture that is a single part."""
    return Pixels(picture, None, Size(*picture.shape[1:3]))


def meeting_borders(picture: tf.Tensor) -> Pixels:
    """Returns the pixels of a picture whose last row and column are neighbors of the first ones."""
    size = Size(*picture.shape[1:3])
    tall = tf.concat([picture[:, -1:], picture, picture[:, :1]], axis=1)
    own = tf.pad(tf.ones(size, picture.dtype), [[1, 1], [1, 1]])
    return Pixels(tf.concat([tall[:, :, -1:], tall, tall[:, :, :1]], axis=2), own, size)


def squared_variation(pixels: Pixels) -> tf.Tensor:
    """sum dx^2 + dy^2: (n,)."""
    return sum(_down_and_right(pixels, tf.square))


def squared_variation_per_pixel(picture: tf.Tensor) -> tf.Tensor:
    """1 / (H W) sum dx^2 + dy^2: (n,)."""
    return _per_pixel(squared_variation, picture)


def squared_roughness_per_pixel(picture: tf.Tensor) -> tf.Tensor:
    """1 / (H W) sum (Laplacian of the luma)^2: (n,)."""
    return _per_pixel(squared_roughness, picture)


def _per_pixel(total: Callable[[Pixels], tf.Tensor], picture: tf.Tensor) -> tf.Tensor:
    """Returns a sum over a picture, per pixel, by strips of rows, which takes less memory: (n,)."""
    _, height, width, _ = picture.shape
    strips = []
    for top in range(0, height, ROWS_AT_ONCE):
        first, last = max(0, top - 1), top + ROWS_AT_ONCE + 1  # with the rows above and below, if there are any
        strip = picture[:, first:last]
        own = np.zeros((strip.shape[1], width))
        own[top - first : top - first + ROWS_AT_ONCE] = 1.0
        strips.append(total(Pixels(strip, tf.constant(own, picture.dtype), Size(height, width))))
    return tf.add_n(strips) / _area((height, width))


def relative_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum dx^2 + dy^2 over the same of the content picture: (n,)."""
    return squared_variation(pixels) / (_area(pixels.whole) * tf.maximum(target, FLATTEST))


def relative_chroma_variation(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum 2/3 (dx^2 + dy^2) + 1/6 (d1^2 + d2^2) of the chroma over the content's dx^2 + dy^2: (n,).

    d1 and d2 are the differences along the diagonals; those along the border count half. So the sum depends on a
    wave's angle only in the sixth power of its frequency, where that of dx^2 + dy^2 does in the fourth.
    """
    return squared_response(pixels, CELL) / (_area(pixels.whole) * tf.maximum(target, FLATTEST))


def relative_roughness(pixels: Pixels, target: tf.Tensor) -> tf.Tensor:
    """sum (Laplacian of the luma)^2 over the content's: (n,)."""
    return squared_roughness(pixels) / (_area(pixels.whole) * tf.maximum(target, FLATTEST))


def squared_roughness(pixels: Pixels) -> tf.Tensor:
    """The sum of the squared Laplacian of the luma, except at the picture's outermost pixels: (n,).

    By nine points, 1/6 (1 4 1; 4 -20 4; 1 4 1), which are isotropic up to the fourth power of the frequency.
    """
    return squared_response(pixels, LAPLACIAN)


def squared_response(pixels: Pixels, stencil: np.ndarray) -> tf.Tensor:
    """Returns the sum of the squared outputs of a stencil (rows, columns, 3, outputs) wherever it fits: (n,).

    Its middle (with an even side, the position above or left of it) is at one of the part's own pixels.
    """
    found = tf.nn.conv2d(pixels.values, tf.constant(stencil, pixels.values.dtype), 1, "VALID")
    top, left = ((side - 1) // 2 for side in stencil.shape[:2])
    return _sum(tf.square(found), None if pixels.own is None else pixels.own[top:, left:])


def chroma_of(values: tf.Tensor) -> tf.Tensor:
    """Returns colors (..., 3) minus their luma, in the plane of these differences: (..., 2)."""
    return tf.linalg.einsum("...c,cd->...d", values, tf.constant(CHROMA, values.dtype))


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
    """(mean |dx| + mean |dy|) / 2: (n,). Ours takes pixels in [0, 1], the chapter's are standardized."""
    down, right = _down_and_right(pixels, tf.abs)
    height, width = pixels.whole
    return 0.5 * (down / max(1, 3 * (height - 1) * width) + right / max(1, 3 * height * (width - 1)))


def _down_and_right(pixels: Pixels, size: Callable[[tf.Tensor], tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the sums of the sizes of the differences to the pixel below and to the one on the right: (n,) each.

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
    """Sums values (n, h or h-1, w or w-1, 3) over the part's own pixels."""
    if own is not None:
        _, h, w, _ = values.shape
        values = values * own[:h, :w, None]
    return tf.reduce_sum(values, axis=[1, 2, 3])


def _area(size: tuple[int, int]) -> float:
    return float(size[0] * size[1])
