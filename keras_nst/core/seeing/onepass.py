"""The loss exactly, and nearly its gradient, one tile at a time in one pass.

What the style asks of the moments, dJ/dS and dJ/ds, needs those of the whole picture, which are known only once every
tile has been seen. From one step to the next they hardly move. So each step takes the gradient by what was asked in
the step before, and measures on the way what the next one needs: the tiles are passed once, not twice. All tiles of a
step are asked for the same, so no seam and no order of the tiles can be seen. The first step takes two passes.
"""

import numpy as np
import tensorflow as tf

from keras_nst.core.objective import losses
from keras_nst.core.plan.events import LossValues
from keras_nst.core.seeing.tiles import Tiled


class OnePass(Tiled):
    """Looks at pictures of one size tile by tile, each once a step."""

    total: losses.Parts | None = None  # what the terms that need all tiles measured in the step before
    recalled: tuple[np.ndarray, ...] = ()  # the same as a checkpoint has it

    def evaluate(self, picture: tf.Tensor, aim: losses.Aim) -> tuple[LossValues, tf.Tensor]:
        """Returns the losses of pictures, and their gradient by what was measured in the step before."""
        first = losses.of_all_tiles(self.objective)
        wanted = losses.slopes(self._before(picture, aim, first), aim, self.size, self.objective)
        parts, pulled = self.pulled(picture, aim, wanted, tuple(losses.terms_of(self.objective)))
        self.total, self.recalled = {name: parts[name] for name in first}, ()
        return losses.evaluate(parts, aim, self.size, self.objective), pulled

    @property
    def memory(self) -> tuple[np.ndarray, ...]:
        """All that the next step has to know of the one before."""
        return self.recalled if self.total is None else tuple(map(np.asarray, tf.nest.flatten(self.total)))

    @memory.setter
    def memory(self, memory: tuple[np.ndarray, ...]) -> None:
        """Goes on from there; from nothing where the picture is another one."""
        self.total, self.recalled = None, memory

    def _before(self, picture: tf.Tensor, aim: losses.Aim, names: tuple[str, ...]) -> losses.Parts:
        if self.total is None and self.recalled:
            like = self.assessed(self.tiles[0], picture, aim, names)  # of the same structure
            self.total = tf.nest.pack_sequence_as(like, list(map(tf.constant, self.recalled)))
        return self.measured(picture, aim, names) if self.total is None else self.total
