"""The picture that excites a channel most: activation is maximized from noise, while the picture is shaken.

    J(picture) = - 1 / M sum_p F[p, c]

What still excites the channel when it is moved, turned and scaled a little is a shape, not a pattern of single pixels.
"""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from keras_nst.core.programs import traced
from keras_nst.core.pyramid import Size, inner_box
from keras_nst.core.spectrum import as_pictures, first_waves
from keras_nst.core.stats import widened

LEARNING_RATE = 0.05
JITTER = 1 / 16  # of the side
ANGLE = 10.0  # degrees
SCALING = 0.1


class Excitement:
    """One picture for each channel of a layer, all moved at the same time.

    Args:
        features: from pictures to {layer: features}.
        layer: one of them.
        channels: which of its channels.
        side: pixels, of square pictures.
        seed: of the first pictures and of how they are shaken.
    """

    def __init__(self, features: keras.Model, layer: str, channels: Sequence[int], side: int, seed: int):
        self.features, self.layer, self.channels, self.seed = features, layer, list(channels), seed
        self.waves = tf.Variable(first_waves(len(channels), side, seed))
        self.optimizer = keras.optimizers.Adam(LEARNING_RATE)
        self.optimizer.build([self.waves])
        self.program = traced(self._take, (tf.constant(0),), by_xla=False)

    def take(self, steps: int) -> None:
        """Takes so many steps of Adam."""
        self.program(tf.constant(steps))

    def pictures(self) -> tf.Tensor:
        """Returns the pictures as they stand: (n, h, w, 3)."""
        return as_pictures(self.waves.value())

    def shown(self) -> tf.Tensor:
        """Returns of the pictures what excites the channels: not the border, which is not asked to."""
        pictures = self.pictures()
        rows, columns = inner_box(Size(*pictures.shape[1:3]))
        return pictures[:, rows, columns]

    def activations(self, pictures: tf.Tensor) -> tf.Tensor:
        """Returns the mean activation of each channel in its picture, away from the border: (n,)."""
        seen = widened(self.features(pictures)[self.layer])
        rows, columns = inner_box(Size(*seen.shape[1:3]))
        seen = tf.gather(seen[:, rows, columns], self.channels, axis=-1)
        return tf.linalg.diag_part(tf.reduce_mean(seen, axis=(1, 2)))

    def _take(self, steps: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(lambda step: step < steps, self._take_one, (tf.constant(0),))[0]

    def _take_one(self, step: tf.Tensor) -> tf.Tensor:
        waves = self.waves.value()
        with tf.GradientTape() as tape:
            tape.watch(waves)
            seed = tf.stack([self.seed + 1, tf.cast(self.optimizer.iterations.value, tf.int32)])
            loss = -tf.reduce_sum(self.activations(shaken(as_pictures(waves), seed)))
        self.optimizer.apply([tape.gradient(loss, waves)], [self.waves])
        return step + 1


def shaken(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns each picture moved, turned and scaled at random; what comes in at the borders is mirrored."""
    count, side = pictures.shape[:2]
    scaled, turned, right, down = tf.unstack(tf.random.stateless_uniform((4, count), seed, -1.0, 1.0))
    factor, angle = 1.0 + SCALING * scaled, turned * math.radians(ANGLE)
    cosine, sine = tf.cos(angle) / factor, tf.sin(angle) / factor
    middle, reach = (side - 1) / 2, JITTER * side
    x = middle - cosine * middle + sine * middle + reach * right
    y = middle - sine * middle - cosine * middle + reach * down
    zero = tf.zeros(count)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack([cosine, -sine, x, sine, cosine, y, zero, zero], axis=1),
        output_shape=(side, side),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
