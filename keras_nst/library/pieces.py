"""Building blocks for other training loops: the network, and losses as functions of its feature maps."""

from collections.abc import Iterable
from typing import Literal

import keras
import tensorflow as tf

from keras_nst.core.network import features
from keras_nst.core.objective import distances, moments, variation
from keras_nst.settings.values import STYLE_LOSSES
from keras_nst.system.weights import weights_path

StyleLoss = Literal["gram", "mean_std", "covariance", "w2", "mmd", "swd", "neighbor"]


def extractor(
    layers: Iterable[str],
    *,
    network: Literal["vgg19", "vgg16"] = "vgg19",
    weights: str = "imagenet",
    pooling: Literal["max", "average"] = "max",
    padding: Literal["zero", "replicate", "reflect", "wrap"] = "zero",
    precision: Literal["float32", "bfloat16"] = "float32",
) -> keras.Model:
    """Returns a model from pictures (n, h, w, 3), RGB in [0, 1], to {layer: features (n, h', w', c)}.

    `weights` are imagenet, which are downloaded once, random, or a file. Its kernels are frozen.

    >>> model = extractor(["block1_conv1", "block2_conv1"], weights="random")
    >>> {name: tuple(seen.shape) for name, seen in model(tf.zeros((1, 32, 48, 3))).items()}
    {'block1_conv1': (1, 32, 48, 64), 'block2_conv1': (1, 16, 24, 128)}
    """
    known = 0 if weights == "random" else weights_path(network, weights)
    made: keras.Model = features.extractor(
        network, layers, weights=known, pooling=pooling, padding=padding, precision=precision
    )
    return made


def gram_matrix(features: tf.Tensor) -> tf.Tensor:
    """Returns G (n, c, c), G[c, d] = sum over the M = h w positions of F[c] F[d], over M, of features (n, h, w, c).

    >>> import numpy as np
    >>> gram_matrix(tf.constant([[[[1.0, 2.0]], [[3.0, 4.0]]]])).numpy()
    array([[[ 5.,  7.],
            [ 7., 10.]]], dtype=float32)
    """
    return moments.gram(moments.moments(features))[:, 0]


def content_loss(features: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
    """Returns sum (F - P)^2 / sum P^2 of each picture's features F (n, h, w, c), P those of the content: (n,).

    >>> float(content_loss(tf.fill((1, 2, 2, 3), 3.0), tf.fill((1, 2, 2, 3), 2.0))[0])
    0.25
    """
    difference, own = (tf.reduce_sum(tf.square(of), axis=[1, 2, 3]) for of in (features - content, content))
    return tf.math.divide_no_nan(difference, own)


def style_loss(features: tf.Tensor, style: tf.Tensor, loss: StyleLoss = "gram") -> tf.Tensor:
    """Returns how far features (n, h, w, c) are from a style's (n or 1, h', w', c): (n,); 0: alike, about 1: unrelated.

    The losses are those of --style_loss; see docs/explanation/style.md.

    >>> some = tf.random.stateless_uniform((1, 8, 8, 4), seed=(1, 2))
    >>> [round(float(style_loss(some, tf.reverse(some, [1]), loss)[0]), 3) for loss in ("gram", "w2", "swd")]
    [0.0, 0.0, 0.0]
    """
    measured = distances.distance(loss)
    if STYLE_LOSSES[loss] == "maps":
        return measured(features, style)
    return measured(moments.moments(features), moments.moments(style))[:, 0]


def variation_loss(pictures: tf.Tensor) -> tf.Tensor:
    """Returns the squared differences of neighbors, per pixel, of pictures (n, h, w, 3): (n,).

    >>> float(variation_loss(tf.constant([0.0, 0.5, 0.0, 0.5], shape=(1, 2, 2, 1)))[0])
    0.125
    """
    return variation.squared_variation_per_pixel(pictures)
