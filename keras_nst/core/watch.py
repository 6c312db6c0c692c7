"""Looks at the losses of one scale, on the device: are they still sound, and have they settled?"""

import numpy as np
import tensorflow as tf

from keras_nst.core.method import Objective

# A loss that grows by this much has left all that was gained: the first picture is better.
EXPLODED = 10.0
# Of the content's and the style's weights: a balanced loss that begins next to zero may well become so much.
NEXT_TO_NOTHING = 1e-3

RECOVERY = 10  # sound steps after which a failure is forgotten

AHEAD = 15  # steps, in which a loss that has settled falls by less than the share set
MEMORY = 0.85  # of the averaged fall, from a step to the next
STEEPEST = 0.1  # fall of a step that counts: the first ones would be remembered for long
SOONEST = 30  # steps: before, the average tells little


class Watch:
    """What is remembered of the losses of n pictures at one scale."""

    def __init__(self, count: int, settle: float):
        self.settle = settle
        self.floor = tf.Variable(tf.zeros([count]))  # what a first loss is taken for at least
        self.taken = tf.Variable(0)  # steps
        self.failed = tf.Variable(0)  # failures since the last recovery
        self.doubt = tf.Variable(0)  # sound steps still missing to a recovery
        self.limit = tf.Variable(tf.fill([count], float("inf")))
        self.least = tf.Variable(tf.zeros([count]))
        self.fall = tf.Variable(tf.fill([count], STEEPEST))  # of the least loss in a step, averaged

    def begin(self, objective: Objective) -> None:
        """Forgets everything, for other pictures."""
        weights = np.add(objective.weight("content"), objective.weight("style"))
        floor = NEXT_TO_NOTHING * weights if objective.normalization == "balanced" else 0.0
        self.floor.assign(np.broadcast_to(np.float32(floor), self.floor.shape))
        for count in (self.taken, self.failed, self.doubt):
            count.assign(0)
        for values, first in ((self.limit, float("inf")), (self.least, 0.0), (self.fall, STEEPEST)):
            values.assign(tf.fill(values.shape, first))

    @property
    def variables(self) -> list[tf.Variable]:
        """All it remembers."""
        return [self.taken, self.failed, self.doubt, self.limit, self.least, self.fall]

    def is_sound(self, loss: tf.Tensor, gradient: tf.Tensor, tried: bool = False) -> tf.Tensor:
        """Returns whether losses (n,) and gradients are numbers, and the losses not far above the first ones: ().

        Where pictures are only `tried`, the first has to be sound.
        """
        numbers = tf.reduce_all(tf.math.is_finite(loss)) & tf.reduce_all(tf.math.is_finite(gradient))
        sound = numbers & tf.reduce_all(tf.cast(loss, tf.float32) <= self.limit)
        return sound | (self.taken > 0) if tried else sound

    def note(self, loss: tf.Tensor) -> None:
        """Takes note of the losses of one step."""
        loss = tf.cast(loss, tf.float32)
        first = tf.equal(self.taken, 0)
        start = EXPLODED * (loss + self.floor)
        self.limit.assign(tf.where(first, tf.where(start > 0.0, start, float("inf")), self.limit))
        lower = tf.math.is_finite(loss) & (loss < self.least)
        least = tf.where(first | lower, loss, self.least)
        fall = tf.clip_by_value(tf.math.divide_no_nan(self.least - least, tf.abs(least)), 0.0, STEEPEST)
        self.fall.assign(MEMORY * self.fall + (1.0 - MEMORY) * fall)
        self.least.assign(least)
        self.taken.assign_add(1)
        self.doubt.assign(tf.maximum(self.doubt - 1, 0))
        self.failed.assign(tf.where(tf.equal(self.doubt, 0), 0, self.failed))

    def fail(self) -> int:
        """Takes note of losses that are not sound; returns how often this has been without recovery."""
        self.doubt.assign(RECOVERY)
        return int(self.failed.assign_add(1))

    def has_settled(self) -> tf.Tensor:
        """Returns whether the least losses have ceased to fall: ()."""
        falling = AHEAD * self.fall > self.settle
        return (self.settle > 0.0) & (self.taken >= SOONEST) & ~tf.reduce_any(falling)
