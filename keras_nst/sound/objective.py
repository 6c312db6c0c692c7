"""The objective of a sound, in one dimension, with random filters instead of a trained network.

    F = relu(sum_j W_j x(t + j)): (t, n), the features of x (t, c); W: (width, c, n), drawn at random and never changed
    J = alpha sum (F - P)^2 / sum P^2  +  beta |G - A|^2 / |A|^2  +  gamma |R - S|^2 / |S|^2

with G = F^T F / t the Gram matrix, R the autocorrelation of each feature; P, A and S are those of content and style. x
is the logarithm of the loudness, whose channels are frequencies (Ulyanov and Lebedev 2016), or series unchanged. R is
Antognini et al.'s (2018): Gram matrices cannot represent rhythm.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.descent.lbfgs import Lbfgs
from keras_nst.core.network.programs import compiled

HISTORY = 10  # of L-BFGS
LAGS = 0.5  # of the shorter of both: the longest lag of the autocorrelation
AT_ONCE = 5  # steps per call


class Weights(NamedTuple):
    """The weights of the terms."""

    content: float
    style: float
    rhythm: float


class Manner(NamedTuple):
    """The targets of a style, for each set of filters."""

    grams: list[tf.Tensor]  # (m, n, n)
    rhythms: list[tf.Tensor]  # (m, n, lags)


class Ear:
    """Random filters, N for each width.

    Args:
        channels: of the sound.
        filters: N, the number for each width.
    """

    def __init__(self, channels: int, filters: int, widths: Sequence[int], seed: int):
        draw = np.random.default_rng(seed)
        self.filters = [
            tf.constant(
                draw.standard_normal((width, channels, filters), np.float32)
                * np.float32(np.sqrt(2) * np.sqrt(2.0 / ((channels + filters) * width)))
            )
            for width in widths
        ]

    def __call__(self, heard: tf.Tensor) -> list[tf.Tensor]:
        """Returns the features (m, t', n) of a sound (m, t, c), which is mirrored at its ends.

        Otherwise fewer filters would see its ends than its middle, and the ends would be unconstrained.
        """
        seen = [(mirrored(heard, weights.shape[0] - 1), weights) for weights in self.filters]
        return [tf.nn.relu(tf.nn.conv1d(wider, weights, 1, "VALID")) for wider, weights in seen]


def mirrored(heard: tf.Tensor, by: int) -> tf.Tensor:
    """Returns a sound (m, t, c) extended at both ends by its mirror image."""
    return tf.pad(heard, [[0, 0], [by, by], [0, 0]], "REFLECT")


def gram(features: tf.Tensor) -> tf.Tensor:
    """Returns G of features (m, t, n): (m, n, n)."""
    return tf.linalg.einsum("mta,mtb->mab", features, features) / float(features.shape[1])


def rhythm(features: tf.Tensor, lags: int) -> tf.Tensor:
    """Returns the mean products of features (m, t, n) with their own later values: (m, n, lags)."""
    count = features.shape[1]
    turned = tf.transpose(features, [0, 2, 1])
    turned -= tf.reduce_mean(turned, axis=2, keepdims=True)
    spectrum = tf.signal.rfft(turned, [2 * count])
    products = tf.signal.irfft(spectrum * tf.math.conj(spectrum), [2 * count])[..., :lags]
    return products / (float(count) - tf.range(lags, dtype=tf.float32))


class SoundObjective:
    """Measures the distance of a sound from a content and from a style.

    Args:
        content: (m, t, c).
        style: (m, t', c), or (1, t', c).
    """

    def __init__(self, ear: Ear, content: np.ndarray, style: np.ndarray, weights: Weights):
        self.ear, self.weights = ear, weights
        self.content = ear(tf.constant(content, tf.float32))
        shorter = min(content.shape[1], style.shape[1])
        heard = ear(tf.constant(style, tf.float32))
        self.lags = [max(1, int(LAGS * (shorter - int(each.shape[0])))) for each in ear.filters]
        self.manner = Manner(
            [gram(each) for each in heard], [rhythm(*each) for each in zip(heard, self.lags, strict=True)]
        )

    def losses(self, heard: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the terms before weighting for sounds (m, t, c): (m,) each."""
        features = self.ear(heard)
        content = [relative(own, there) for own, there in zip(features, self.content, strict=True)]
        style = [relative(gram(own), there) for own, there in zip(features, self.manner.grams, strict=True)]
        rhythms = [
            relative(rhythm(own, lags), there)
            for own, lags, there in zip(features, self.lags, self.manner.rhythms, strict=True)
        ]
        count = float(len(features))
        return tf.add_n(content) / count, tf.add_n(style) / count, tf.add_n(rhythms) / count


def relative(values: tf.Tensor, aim: tf.Tensor) -> tf.Tensor:
    """Returns sum (values - aim)^2 / sum aim^2, for each: (m,)."""
    axes = range(1, len(values.shape))
    return tf.reduce_sum(tf.square(values - aim), axes) / (tf.reduce_sum(tf.square(aim), axes) + 1e-12)


class Search:
    """Optimizes a sound (m, t, c), within 0 and 1, by L-BFGS."""

    def __init__(self, first: np.ndarray, listener: SoundObjective):
        self.listener, self.weights = listener, listener.weights
        self.heard = tf.Variable(np.clip(first, 0, 1).astype(np.float32)[..., None])
        self.mover = Lbfgs(self.heard, HISTORY)
        self.mover.search_anew()
        self.program = compiled(self._steps, by_xla=False)

    def steps(self, count: int) -> list[float]:
        """Takes `count` steps; returns the means of J and of its terms, before weighting, at the last step."""
        return [float(value) for value in self.program(tf.constant(count))]

    def found(self) -> np.ndarray:
        """Returns the best sound so far: (m, t, c)."""
        return self.mover.accepted().numpy()[..., 0]

    def _steps(self, count: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(
            lambda step, told: step < count, lambda step, told: (step + 1, self._step()), (0, tf.zeros(4))
        )[1]

    def _step(self) -> tf.Tensor:
        picture = self.heard.value()
        with tf.GradientTape() as tape:
            tape.watch(picture)
            terms = self.listener.losses(picture[..., 0])
            total = tf.add_n([weight * term for weight, term in zip(self.weights, terms, strict=True)])
        self.mover.move(total, tape.gradient(total, picture))
        return tf.stack([tf.reduce_mean(each) for each in (total, *terms)])
