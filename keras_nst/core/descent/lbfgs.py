"""L-BFGS within the bounds [0, 1], which needs one loss and gradient at a time.

The changes y of the gradient over the last m moves s of the picture describe the curvature of the loss J. They turn
the gradient g into a direction that suits J better than the steepest descent (Nocedal and Wright, Numerical
Optimization, algorithm 7.4):

    s = x' - x    y = g' - g    d = -H g,    H from the pairs (s, y) on top of H_0 = (s.y / y.y) I

A pixel value is free unless the plain step -H_0 g takes it to a bound. Values that are not free take the plain step,
cut off at the bound; s, y, g and d contain the free values only (Bertsekas 1982, two-metric projection). The picture
then moves along the straight line to that point, as far as the loss decreases enough (Armijo):

    path = clip(x + d, 0, 1) - x    J(x + t path) <= J(x) + c_1 g.(t path)

If the loss does not, t shrinks. Two departures: J may stay as steep there (no second Wolfe condition), so that an
accepted step costs one evaluation; and d is shortened to LONGEST, since most of a longer one would be cut off.
"""

import itertools
from typing import NamedTuple

import tensorflow as tf

# Root mean square changes of the pixel values.
FIRST = 0.02  # of a step without knowledge of the curvature
LONGEST = 0.1  # of a plain step, and of d

DECREASE = 1e-4  # c_1
CURVED = 1e-3  # the cosine between s and y above which J curves upward along s, and the pair is used
WIDER = 4.0  # a step that met no such curvature was too short: factor for the next one
LEAST, MOST = 0.1, 0.5  # the share of a failed step that is tried next
PATIENCE = 6  # failures in a row after which the history is dropped


class Lbfgs:
    """The search for the pictures with the least loss, separate for each picture of a batch.

    The variable `picture` holds the pictures to evaluate next. They may be worse than the best ones, `accepted()`.

    Args:
        picture: (n, h, w, 3), within [0, 1]; the start of the search.
        history: the number of pairs (s, y) kept, m, at least 1.
    """

    def __init__(self, picture: tf.Variable, history: int):
        count, number = picture.shape[0], picture.dtype
        self.picture = picture
        self.best = tf.Variable(picture.value())  # x
        self.gradient = tf.Variable(tf.zeros_like(picture))  # g at x
        self.path = tf.Variable(tf.zeros_like(picture))
        # One variable for each age of a pair, newest first: in a single one XLA cannot look up a position per picture.
        self.moves = [tf.Variable(tf.zeros_like(picture)) for _ in range(history)]  # s
        self.changes = [tf.Variable(tf.zeros_like(picture)) for _ in range(history)]  # y
        self.loss = tf.Variable(tf.fill((count,), tf.constant(float("inf"), number)))  # J(x)
        self.share = tf.Variable(tf.ones(count, number))  # t
        self.reach = tf.Variable(tf.fill((count,), tf.constant(FIRST, number)))  # of a step without history
        self.remembered = tf.Variable(tf.zeros(count, tf.int64))  # pairs since the history was dropped, may exceed m
        self.failures = tf.Variable(tf.zeros(count, tf.int64))  # in a row

    @property
    def variables(self) -> list[tf.Variable]:
        """The state of the search, without the picture."""
        return [
            self.best,
            self.gradient,
            self.path,
            *self.moves,
            *self.changes,
            self.loss,
            self.share,
            self.reach,
            self.remembered,
            self.failures,
        ]

    def search_anew(self) -> None:
        """Restarts at the current picture, without a history."""
        self.best.assign(self.picture)
        for pictures in (self.gradient, self.path, *self.moves, *self.changes):
            pictures.assign(tf.zeros_like(pictures))
        for values, first in ((self.loss, float("inf")), (self.share, 1.0), (self.reach, FIRST)):
            values.assign(tf.fill(values.shape, tf.constant(first, values.dtype)))
        for count in (self.remembered, self.failures):
            count.assign(tf.zeros_like(count))

    def accepted(self) -> tf.Tensor:
        """Returns the best pictures so far, (n, h, w, 3)."""
        return self.best.value()

    def move(self, loss: tf.Tensor, gradient: tf.Tensor) -> None:
        """Updates the pictures, whose loss (n,) and gradient (n, h, w, 3) are given, to the ones to evaluate next."""
        trial = self.picture.value()
        move = trial - self.best
        slope = _dot(self.gradient, move)
        sound = tf.math.is_finite(loss) & tf.reduce_all(tf.math.is_finite(gradient), axis=[1, 2, 3])
        better = sound & (loss <= self.loss + DECREASE * slope)
        left = tf.where(sound, left_of_step(loss - self.loss, slope, _dot(gradient, move)), LEAST)
        share = tf.where(better, tf.ones_like(left), left * self.share)
        failures = tf.where(better, tf.zeros_like(self.failures), self.failures + 1)
        tired = failures >= PATIENCE

        self._remember(move, gradient - self.gradient, better, slope)
        self._forget(tired, left * _size(move))
        self.failures.assign(tf.where(tired, tf.zeros_like(failures), failures))
        self.share.assign(tf.where(tired, tf.ones_like(share), share))
        self.loss.assign(tf.where(better, loss, self.loss))
        self.best.assign(_choose(better, trial, self.best))
        self.gradient.assign(_choose(better, gradient, self.gradient))
        self._aim(better | tired)
        self.picture.assign(tf.clip_by_value(self.best + _wide(self.share) * self.path, 0.0, 1.0))

    def _remember(self, move: tf.Tensor, change: tf.Tensor, better: tf.Tensor, slope: tf.Tensor) -> None:
        """Keeps the pair if the move was accepted and met curvature; a first move that met none widens the reach."""
        curved = _bend(move, change).is_clear
        short = better & ~curved & (slope < 0) & (self.remembered == 0)
        self.reach.assign(tf.where(short, tf.minimum(WIDER * self.reach, LONGEST), self.reach))
        keep = better & curved
        for pairs, newest in ((self.moves, move), (self.changes, change)):
            for older, newer in itertools.pairwise(reversed(pairs)):
                older.assign(_choose(keep, newer, older))
            pairs[0].assign(_choose(keep, newest, pairs[0]))
        self.remembered.assign_add(tf.cast(keep, tf.int64))

    def _forget(self, tired: tf.Tensor, reach: tf.Tensor) -> None:
        """Drops the history after repeated failures; the next step is no longer than the last one."""
        self.reach.assign(tf.where(tired, tf.minimum(reach, FIRST), self.reach))
        self.remembered.assign(tf.where(tired, tf.zeros_like(self.remembered), self.remembered))

    def _aim(self, anew: tf.Tensor) -> None:
        """Sets a new path for the pictures that need one."""
        x, gradient = self.best.value(), self.gradient.value()
        scale = self._scale(x, gradient)
        plain = x - _wide(scale) * gradient
        free = (plain > 0) & (plain < 1)
        plain = tf.clip_by_value(plain, 0.0, 1.0) - x
        direction = self._direction(free, scale)
        path = tf.where(free, tf.clip_by_value(x + direction, 0.0, 1.0) - x, plain)
        uphill = _dot(gradient, path) >= 0  # cutting off at the bounds can turn it uphill
        self._forget(anew & uphill, self.reach)
        self.path.assign(_choose(anew, _choose(uphill, plain, path), self.path))

    def _scale(self, x: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
        """Returns H_0 from the newest pair; without pairs, one that makes the plain step as long as its reach: (n,)."""
        outward = ((x <= 0) & (gradient > 0)) | ((x >= 1) & (gradient < 0))
        per_size = tf.math.reciprocal_no_nan(_size(tf.where(outward, tf.zeros_like(gradient), gradient)))
        newest = tf.minimum(_bend(self.moves[0], self.changes[0]).scale, LONGEST * per_size)
        return tf.where(self.remembered > 0, newest, self.reach * per_size)

    def _direction(self, free: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        """Returns d = -H g of the free values by two loops over the pairs, newest first and then oldest first."""
        d, steps = -_where_free(free, self.gradient), []
        met = tf.zeros_like(self.remembered, tf.bool)
        for age in range(len(self.moves)):
            move, change = self._pair(age, free)
            bend = _bend(move, change)
            usable = bend.is_clear & (age < self.remembered)
            inverse = tf.where(usable, tf.math.reciprocal_no_nan(bend.product), tf.zeros_like(scale))
            step = inverse * _dot(move, d)
            d -= _wide(step) * change
            scale = tf.where(usable & ~met, bend.scale, scale)
            met |= usable
            steps.append((inverse, step))
        d *= _wide(scale)
        for age, (inverse, step) in reversed(list(enumerate(steps))):
            move, change = self._pair(age, free)
            d += _wide(step - inverse * _dot(change, d)) * move
        return d * _wide(tf.minimum(1.0, LONGEST * tf.math.reciprocal_no_nan(_size(d))))

    def _pair(self, age: int, free: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _where_free(free, self.moves[age]), _where_free(free, self.changes[age])


class Bend(NamedTuple):
    """The curvature of J along a move, as a pair measures it, for each picture: (n,)."""

    product: tf.Tensor  # s.y
    scale: tf.Tensor  # s.y / y.y
    is_clear: tf.Tensor  # whether s.y is clearly positive


def _bend(move: tf.Tensor, change: tf.Tensor) -> Bend:
    product, square = _dot(move, change), _dot(change, change)
    is_clear = product > CURVED * tf.sqrt(_dot(move, move)) * tf.sqrt(square)
    return Bend(product, tf.math.divide_no_nan(product, square), is_clear)


def left_of_step(rise: tf.Tensor, slope: tf.Tensor, slope_there: tf.Tensor) -> tf.Tensor:
    """Returns the share of a step at which the cubic through both ends is least, kept within LEAST and MOST: (n,).

    Nocedal and Wright, equation 3.59, divided by the slope at the start (which becomes -1), so that J's unit cancels.

    Args:
        rise: the loss at the end of the step minus the loss at its start.
        slope, slope_there: the gradient at the start and at the end times the step.
    """
    rise, there = -rise / slope, -slope_there / slope
    middle = there - 1.0 - 3.0 * rise
    root = tf.sqrt(tf.square(middle) + there)
    left = 1.0 - (there + root - middle) / (there + 1.0 + 2.0 * root)
    return tf.where(tf.math.is_finite(left), tf.clip_by_value(left, LEAST, MOST), MOST)


def _dot(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(a * b, axis=[1, 2, 3])


def _size(values: tf.Tensor) -> tf.Tensor:
    """Returns the root mean square: (n,)."""
    return tf.sqrt(tf.reduce_mean(tf.square(values), axis=[1, 2, 3]))


def _wide(values: tf.Tensor) -> tf.Tensor:
    """Returns (n,) as (n, 1, 1, 1)."""
    return values[:, None, None, None]


def _choose(condition: tf.Tensor, pictures: tf.Tensor, others: tf.Tensor) -> tf.Tensor:
    return tf.where(_wide(condition), pictures, others)


def _where_free(free: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    return tf.where(free, values, tf.zeros_like(values))
