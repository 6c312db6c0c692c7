"""The exact loss and nearly its gradient, one tile at a time, in one pass.

The derivatives of the style's term by the moments, dJ/dS and dJ/ds, need the moments of the whole picture, known only
after every tile has been seen. They hardly change from one step to the next. So each step takes the gradient with the
derivatives of the step before, and measures what the next needs: tiles are passed once, not twice. All tiles of a step
use the same derivatives, so no seam and no order of the tiles is visible. The first step takes two passes.
"""

import numpy as np
import tensorflow as tf

from keras_nst.core.objective import losses
from keras_nst.core.plan.events import LossValues
from keras_nst.core.seeing.tiles import Tiled


class OnePass(Tiled):
    """Sees pictures of one size tile by tile, each tile once a step."""

    total: losses.Parts | None = None  # the measurements, in the step before, of the terms that need all tiles
    recalled: tuple[np.ndarray, ...] = ()  # the same as a checkpoint stores it

    def evaluate(self, picture: tf.Tensor, aim: losses.Aim) -> tuple[LossValues, tf.Tensor]:
        """Returns the losses of pictures, and their gradient by the measurements of the step before."""
        first = losses.of_all_tiles(self.objective)
        wanted = losses.slopes(self._before(picture, aim, first), aim, self.size, self.objective)
        parts, pulled = self.pulled(picture, aim, wanted, tuple(losses.terms_of(self.objective)))
        self.total, self.recalled = {name: parts[name] for name in first}, ()
        return losses.evaluate(parts, aim, self.size, self.objective), pulled

    @property
    def memory(self) -> tuple[np.ndarray, ...]:
        """What the next step needs from the one before."""
        return self.recalled if self.total is None else tuple(map(np.asarray, tf.nest.flatten(self.total)))

    @memory.setter
    def memory(self, memory: tuple[np.ndarray, ...]) -> None:
        """Restores that from a checkpoint; empty if the picture is another one."""
        self.total, self.recalled = None, memory

    def _before(self, picture: tf.Tensor, aim: losses.Aim, names: tuple[str, ...]) -> losses.Parts:
        if self.total is None and self.recalled:
            like = self.assessed(self.tiles[0], picture, aim, names)  # gives the structure
            self.total = tf.nest.pack_sequence_as(like, list(map(tf.constant, self.recalled)))
        return self.measured(picture, aim, names) if self.total is None else self.total
