"""Resizes pictures."""

from typing import TypeAlias

import numpy as np
import tensorflow as tf

from keras_nst.core.plan.pyramid import Size

Images: TypeAlias = tf.Tensor | np.ndarray  # (n, h, w, 3), RGB in [0, 1]


def enlarged(pictures: tf.Tensor, content: Images | None, size: Size) -> tf.Tensor:
    """Returns pictures at a larger size, with the detail that the content has there and not at their own size.

    So only the change from the content is enlarged, and a finer scale need not find the content's edges again.
    """
    there = Size(*pictures.shape[1:3])
    if content is None or there == size:
        return resize(pictures, size)

    def of_color(color: int) -> tf.Tensor:  # one at a time: large pictures take much memory
        picture, own = pictures[..., color, None], content[..., color, None]
        detail = resize(own, size) - resize(resize(own, there), size)
        return tf.clip_by_value(resize(picture, size) + detail, 0.0, 1.0)

    return tf.concat([of_color(color) for color in range(pictures.shape[-1])], axis=-1)


def resize(picture: Images, size: Size) -> tf.Tensor:
    """Returns pictures at another size, smoothed if they shrink, within [0, 1]."""
    if tuple(picture.shape[1:3]) == size:
        return tf.convert_to_tensor(picture)
    if isinstance(picture, np.ndarray) and picture.shape[-1] > 1:  # TensorFlow then copies one color at a time
        return tf.concat([resize(picture[..., color, None], size) for color in range(picture.shape[-1])], axis=-1)
    return tf.clip_by_value(tf.image.resize(picture, size, "bicubic", antialias=True), 0.0, 1.0)
