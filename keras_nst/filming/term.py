"""What is asked of a frame besides content and style: to look as other frames do where they show the same.

    J_steady = 1 / (3 H W) sum seen (picture - moved)^2

of Ruder et al. 2016: `moved` are other painted frames, moved to where things are now, `seen` is 1 where they show what
is to be seen now, else 0.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.method import Objective
from keras_nst.core.pyramid import Size
from keras_nst.core.sight import resize
from keras_nst.core.terms import Originals, Seen, Term, Value
from keras_nst.core.tiling import Tile
from keras_nst.filming.motion import Past

NAME = "steady"


class SteadyAim(NamedTuple):
    """What other frames tell."""

    moved: tf.Tensor  # (1, h, w, 3)
    seen: tf.Tensor  # (1, h, w, 1)


class Steady:
    """The term, and what other frames tell of the frame that is painted next."""

    def __init__(self) -> None:
        self.past = Past(np.zeros((1, 1, 3), np.float32), np.zeros((1, 1), np.float32))
        self.term = Term(self.aim, part, value, here=here)

    def aim(self, originals: Originals, objective: Objective) -> SteadyAim:
        """Returns what other frames tell, at the size of a scale."""
        _, height, width, _ = originals.smooth.shape
        size, exact = Size(height, width), originals.smooth.dtype
        told = (
            np.asarray(self.past.picture[None], np.float32),
            np.asarray(self.past.seen[None, :, :, None], np.float32),
        )
        return SteadyAim(*(tf.cast(resize(each, size), exact) for each in told))


def part(seen: Seen, aim: SteadyAim, objective: Objective) -> tf.Tensor:
    """Returns J_steady of a part of a picture: (n,)."""
    pixels = seen.pixels
    squares = aim.seen * tf.square(pixels.values - aim.moved)
    if pixels.own is not None:
        squares = squares * pixels.own[:, :, None]
    height, width = pixels.whole
    return tf.reduce_sum(squares, axis=[1, 2, 3]) / (3.0 * height * width)


def value(total: Any, aim: SteadyAim, size: Size, objective: Objective) -> Value:
    """Returns J_steady."""
    return Value(total, {})


def here(aim: SteadyAim, tile: Tile) -> SteadyAim:
    """Returns what other frames tell of a tile's block."""
    rows, columns = tile.rows.block(1), tile.columns.block(1)
    return SteadyAim(*(tf.constant(each[:, rows, columns]) for each in aim))
