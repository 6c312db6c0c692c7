"""The terms as each source publishes them.

Every source defines J_content as a multiple of sum (F - P)^2 and J_style as a multiple of sum (G - A)^2. F and P are
the features of the picture and of the content; G = S / M and A are the Gram matrices per position of the picture and
of the style. So a source is defined by its two factors, its weights of the layers and its own variation term.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from keras_nst.core.objective import distances
from keras_nst.core.objective.gaussians import Gaussian
from keras_nst.core.objective.moments import FAINTEST, Moments, gram, widened
from keras_nst.core.objective.variation import (
    Pixels,
    d2l_variation,
    gatys_variation,
    keras_variation,
    relative_variation,
    tensorflow_variation,
)
from keras_nst.core.plan.method import Objective
from keras_nst.core.plan.pyramid import Size
from keras_nst.settings.networks import Layer, block_of

ROWS_AT_ONCE = 64
FALL = 1 / 4  # of balanced's weights of the style's layers, from each block to the next

WeightsOf = Callable[[tuple[Layer, ...]], list[float]]
# The picture's, the style's, the style in the form that w2 takes, the picture's size -> (n, r).
StyleDistance = Callable[[Moments, Moments, Gaussian | None, Size, Objective], tf.Tensor]


class Definition(NamedTuple):
    """The scaling of the terms by one source."""

    content_factor: Callable[[tf.Tensor], tf.Tensor | float]  # P (n, h, w, c) -> (n,) or ()
    style: StyleDistance
    variation: Callable[[Pixels, tf.Tensor], tf.Tensor]  # pixels, the target's -> (n,), to be summed over the parts
    layer_weights: WeightsOf
    style_layer_weights: WeightsOf | None = None  # if they differ
    relative: bool = False  # the style's loss is divided by the style's own measure, which may be tiny

    @property
    def weights_of_style(self) -> WeightsOf:
        """The weights of the style's layers."""
        return self.style_layer_weights or self.layer_weights


def by_layers(terms: dict[str, tf.Tensor], layers: tuple[Layer, ...], weights: list[float]) -> tf.Tensor:
    """Returns the weighted sum of the layers' values: (n,)."""
    of = dict(zip((layer.name for layer in layers), weights, strict=True))
    return sum(of[name] * term for name, term in terms.items())


# --- Style ---


def squared_gram(factor: Callable[[Moments, Size], tf.Tensor | float]) -> StyleDistance:
    """Returns the sources' style loss, factor * sum_{c,d} (G[c, d] - A[c, d])^2: (n, r).

    They use sums S where we use S / M; the factor corrects for it. If the style picture and the picture have different
    numbers of positions, their literal formula would compare sums over different numbers of terms. Ours then compares
    the Gram matrices per position, which gives the same number if the sizes agree.
    """

    def style(picture: Moments, style: Moments, known: Gaussian | None, size: Size, objective: Objective) -> tf.Tensor:
        return factor(picture, size) * tf.reduce_sum(tf.square(gram(picture) - gram(style)), axis=[-2, -1])

    return style


def chosen_distances(
    picture: Moments, style: Moments, known: Gaussian | None, size: Size, objective: Objective
) -> tf.Tensor:
    """Returns the weighted mean of the distances in --style_loss that need only moments: (n, r)."""
    total = tf.zeros_like(picture.count)
    for name, share in objective.distances:
        more = {"known": known, "by_products": objective.by_products} if name == "w2" else {}
        total += share * distances.distance(name)(picture, style, **more)
    return total


# --- Weights of the layers ---


def shares(layers: tuple[Layer, ...]) -> list[float]:
    """Returns the weights divided by their sum."""
    total = sum(weights_as_given(layers))
    return [weight / total if total else 0.0 for weight in weights_as_given(layers)]


def shares_by_block(layers: tuple[Layer, ...]) -> list[float]:
    """Returns the weights divided by their sum; by default each block has a quarter of the weight of the last."""
    fallen = [FALL ** block_of(layer.name) if layer.weight is None else layer.weight for layer in layers]
    return shares(tuple(layer._replace(weight=weight) for layer, weight in zip(layers, fallen, strict=True)))


def weights_as_given(layers: tuple[Layer, ...]) -> list[float]:
    """Returns the weights unchanged, by default 1: d2l sums its layers."""
    return [1.0 if layer.weight is None else layer.weight for layer in layers]


def weights_over_count(layers: tuple[Layer, ...]) -> list[float]:
    """Returns the weights divided by the number of layers."""
    return [weight / len(layers) for weight in weights_as_given(layers)]


def weights_or_equal(layers: tuple[Layer, ...]) -> list[float]:
    """Returns the weights w_l (the notes' lambda_l) unchanged, by default 1 / (number of layers)."""
    return [1.0 / len(layers) if layer.weight is None else layer.weight for layer in layers]


# --- Factors ---


def _squared_norm(target: tf.Tensor) -> tf.Tensor:
    """Returns sum P^2, by strips of rows, since a large picture's features fill much of the memory: (n,)."""
    strips = (target[:, top : top + ROWS_AT_ONCE] for top in range(0, target.shape[1], ROWS_AT_ONCE))
    squares = (tf.square(widened(tf.convert_to_tensor(strip))) for strip in strips)
    return tf.add_n([tf.reduce_sum(of, axis=[1, 2, 3]) for of in squares])


def _channels(of: Moments) -> float:
    return float(of.first.shape[-1])


def _per_value(target: tf.Tensor) -> float:
    """Returns 1 / (H W C), which turns the sum over a feature map into its mean."""
    _, h, w, c = target.shape
    return 1.0 / (h * w * c)


# --- The sources ---

DEFINITIONS = {
    # Ours: content sum (F - P)^2 / sum P^2, style |G - A|^2 / |A|^2 or as chosen, variation over the content's own.
    "balanced": Definition(
        content_factor=lambda target: 1.0 / (_squared_norm(target) + FAINTEST / _per_value(target)),
        style=chosen_distances,
        variation=relative_variation,
        layer_weights=shares,
        style_layer_weights=shares_by_block,
        relative=True,
    ),
    # Gatys, Ecker, Bethge: content 1/2 sum (F - P)^2, style w_l / (4 C^2 M^2) sum (S - S_style)^2.
    # The lecture notes' 1 / (2 H W C)^2 is the same number.
    "gatys": Definition(
        content_factor=lambda target: 0.5,
        style=squared_gram(lambda picture, size: 1.0 / (4.0 * _channels(picture) ** 2)),
        variation=gatys_variation,
        layer_weights=weights_or_equal,
    ),
    # The Keras example: content sum (F - P)^2, style sum (S - S_style)^2 / (4 * 3^2 * (rows * cols)^2), where rows and
    # cols are the picture's at every layer.
    "keras": Definition(
        content_factor=lambda target: 1.0,
        style=squared_gram(
            lambda picture, size: tf.square(picture.count / (size.height * size.width)) / (4.0 * 3.0**2)
        ),
        variation=keras_variation,
        layer_weights=weights_over_count,
    ),
    # The TensorFlow tutorial: content mean (F - P)^2, style mean (G - A)^2.
    "tensorflow": Definition(
        content_factor=_per_value,
        style=squared_gram(lambda picture, size: 1.0 / _channels(picture) ** 2),
        variation=tensorflow_variation,
        layer_weights=weights_over_count,
    ),
    # Dive into Deep Learning: content mean (F - P)^2, style mean (G / C - A / C)^2.
    "d2l": Definition(
        content_factor=_per_value,
        style=squared_gram(lambda picture, size: 1.0 / _channels(picture) ** 4),
        variation=d2l_variation,
        layer_weights=weights_as_given,
    ),
}
