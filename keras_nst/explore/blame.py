"""The contribution of each position of a picture to a layer's style loss."""

import tensorflow as tf

from keras_nst.core.objective.moments import Moments, gram, moments


def blame(features: tf.Tensor, style: Moments) -> tf.Tensor:
    """Returns the share of each position in |G - A|^2 / |A|^2, which is their sum: (n, h, w) for features (n, h, w, c).

    The Gram matrix is a mean over the M positions, G = 1/M sum_p f_p f_p^T. With D = G - A,

        |D|^2 = <D, G> - <D, A> = 1/M sum_p (f_p^T D f_p - <D, A>)

    Above zero: this position has more of what the picture has too much of, or less of what it lacks. Below zero: the
    position compensates for others.
    """
    of_picture, target = gram(moments(features)), gram(style)
    difference = of_picture - target  # (n, 1, c, c)
    own = tf.linalg.einsum("nhwc,ncd,nhwd->nhw", features, difference[:, 0], features)
    shared = tf.reduce_sum(difference * target, axis=(-2, -1))[:, :, None]
    _, h, w, _ = features.shape
    return (own - shared) / (h * w * tf.reduce_sum(tf.square(target)))
