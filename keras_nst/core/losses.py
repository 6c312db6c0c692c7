"""The objective: content, style and variation, as each source publishes them.

    J(picture) = alpha J_content + beta J_style + gamma J_variation

Every source defines J_content as a multiple of sum (F - P)^2 and J_style as a multiple of sum (G - A)^2, where F and P
are the features of the picture and of the content, and G = S / M and A the Gram matrices per position of the picture
and of the style. So a source is its two factors, its weights of the layers and its own variation term.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from keras_nst.config import Config, Layer
from keras_nst.core.stats import Moments, gram, widened

# Keep a balanced term finite where the content or the style picture has next to nothing to divide by.
FAINTEST = 1e-6  # mean squared feature
FLATTEST = 1e-3  # mean squared difference between neighboring pixels; photographs have ten times that

Features = dict[str, tf.Tensor]  # layer: (n, h, w, c)


class Targets(NamedTuple):
    """What the picture is moved towards."""

    content: Features
    style: dict[str, Moments]
    variation: tf.Tensor  # (n,), squared differences per pixel of the content, or else of the style picture


class Losses(NamedTuple):
    """The terms before weighting and their weighted total, per picture."""

    content: tf.Tensor  # (n,)
    style: tf.Tensor  # (n,)
    variation: tf.Tensor  # (n,)
    total: tf.Tensor  # (n,)
    content_layers: dict[str, tf.Tensor]  # layer: (n,)
    style_layers: dict[str, tf.Tensor]  # layer: (n,)


class Definition(NamedTuple):
    """How one source scales the terms."""

    content_factor: Callable[[tf.Tensor], tf.Tensor]  # P (n, h, w, c) -> (n,) or ()
    style_factor: Callable[[Moments, tf.Tensor, int], tf.Tensor]  # moments, A (n, c, c), rows * cols -> (n,) or ()
    variation: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # picture (n, h, w, 3), the target's -> (n,)
    layer_weights: Callable[[tuple[Layer, ...]], list[float]]


def evaluate(
    picture: tf.Tensor, features: Features, style: dict[str, Moments], targets: Targets, config: Config
) -> Losses:
    """Returns the losses of pictures (n, h, w, 3) from their features and moments; `config` is resolved."""
    definition = DEFINITIONS[config.normalization]
    content_layers = {
        name: definition.content_factor(target) * _sum(tf.square(widened(features[name]) - widened(target)))
        for name, target in targets.content.items()
    }
    area = picture.shape[1] * picture.shape[2]
    style_layers = {name: style_loss(style[name], target, area, definition) for name, target in targets.style.items()}
    zero = tf.zeros(picture.shape[0], picture.dtype)
    content = _weighted(content_layers, config.layers_used("content"), definition, zero)
    texture = _weighted(style_layers, config.layers_used("style"), definition, zero)
    variation = definition.variation(picture, targets.variation) if config.variation_weight else zero
    total = config.content_weight * content + config.style_weight * texture + config.variation_weight * variation
    return Losses(content, texture, variation, total, content_layers, style_layers)


def no_losses(picture: tf.Tensor, config: Config) -> Losses:
    """Returns losses of zero, of the shapes that `evaluate` returns for these pictures."""
    zero = tf.zeros(picture.shape[0], picture.dtype)
    content = {layer.name: zero for layer in config.layers_used("content")}
    style = {layer.name: zero for layer in config.layers_used("style")}
    return Losses(zero, zero, zero, zero, content, style)


def style_loss(picture: Moments, style: Moments, area: int, definition: Definition) -> tf.Tensor:
    """Returns the style loss of one layer, factor * sum_{c,d} (G[c, d] - A[c, d])^2: (n,).

    The sources take sums S where we take S / M; the factor undoes it. Where the style picture has another number of
    positions than the picture, their literal formula would compare sums over different numbers of terms: ours then
    compares the Gram matrices per position, which is the same number where the sizes agree.
    """
    target = gram(style)
    return definition.style_factor(picture, target, area) * _sum(tf.square(gram(picture) - target))


def _weighted(
    terms: dict[str, tf.Tensor], layers: tuple[Layer, ...], definition: Definition, zero: tf.Tensor
) -> tf.Tensor:
    weights = dict(zip((layer.name for layer in layers), definition.layer_weights(layers), strict=True))
    return sum((weights[name] * term for name, term in terms.items()), start=zero)


def _sum(values: tf.Tensor) -> tf.Tensor:
    """Sums over all but the first axis."""
    return tf.reduce_sum(values, axis=list(range(1, len(values.shape))))


def _channels(gram_matrix: tf.Tensor) -> float:
    return float(gram_matrix.shape[-1])


def _per_value(target: tf.Tensor) -> float:
    """1 / (H W C): turns the sum over a feature map into its mean."""
    _, h, w, c = target.shape
    return 1.0 / (h * w * c)


# --- Variation: differences between neighboring pixels ---


def differences(picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what each pixel differs by from the one above, (n, h-1, w, 3), and to the left, (n, h, w-1, 3)."""
    return picture[:, 1:] - picture[:, :-1], picture[:, :, 1:] - picture[:, :, :-1]


def squared_variation(picture: tf.Tensor) -> tf.Tensor:
    """sum dx^2 + dy^2: (n,)."""
    down, right = differences(picture)
    return _sum(tf.square(down)) + _sum(tf.square(right))


def squared_variation_per_pixel(picture: tf.Tensor) -> tf.Tensor:
    """1 / (H W) sum dx^2 + dy^2: (n,)."""
    return squared_variation(picture) / float(picture.shape[1] * picture.shape[2])


def relative_variation(picture: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """sum dx^2 + dy^2 over the same of the content picture: (n,)."""
    return squared_variation_per_pixel(picture) / tf.maximum(target, FLATTEST)


def gatys_variation(picture: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """sum dx^2 + dy^2 in units of 0..255. The paper has no variation term: its weight is 0 unless one is given."""
    return squared_variation(255.0 * picture)


def keras_variation(picture: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """sum (dx^2 + dy^2)^1.25 over all but the last row and column, in units of 0..255: (n,)."""
    down, right = differences(255.0 * picture)
    return _sum(tf.pow(tf.square(down[:, :, :-1]) + tf.square(right[:, :-1]), 1.25))


def tensorflow_variation(picture: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """sum |dx| + |dy|: (n,)."""
    return tf.image.total_variation(picture)


def d2l_variation(picture: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """(mean |dx| + mean |dy|) / 2: (n,). Ours differs pixels in [0, 1], the chapter's are standardized."""
    down, right = differences(picture)
    return 0.5 * (tf.reduce_mean(tf.abs(down), [1, 2, 3]) + tf.reduce_mean(tf.abs(right), [1, 2, 3]))


# --- Weights of the layers ---


def shares(layers: tuple[Layer, ...]) -> list[float]:
    """The weights divided by their sum."""
    total = sum(weights_as_given(layers))
    return [weight / total if total else 0.0 for weight in weights_as_given(layers)]


def weights_as_given(layers: tuple[Layer, ...]) -> list[float]:
    """The weights as they are, 1 where none is given: d2l adds its layers up."""
    return [1.0 if layer.weight is None else layer.weight for layer in layers]


def weights_over_count(layers: tuple[Layer, ...]) -> list[float]:
    """The weights divided by the number of layers."""
    return [weight / len(layers) for weight in weights_as_given(layers)]


def weights_or_equal(layers: tuple[Layer, ...]) -> list[float]:
    """The weights w_l (the notes' lambda_l) as they are, and 1 / (number of layers) where none is given."""
    return [1.0 / len(layers) if layer.weight is None else layer.weight for layer in layers]


# --- The sources ---

DEFINITIONS = {
    # Ours: content sum (F - P)^2 / sum P^2, style |G - A|^2 / |A|^2, variation over the content's own.
    "balanced": Definition(
        content_factor=lambda target: 1.0 / (_sum(tf.square(widened(target))) + FAINTEST / _per_value(target)),
        style_factor=lambda picture, target, area: 1.0 / (_sum(tf.square(target)) + FAINTEST * _channels(target)),
        variation=relative_variation,
        layer_weights=shares,
    ),
    # Gatys, Ecker, Bethge: content 1/2 sum (F - P)^2, style w_l / (4 C^2 M^2) sum (S - S_style)^2.
    # The lecture notes' 1 / (2 H W C)^2 is the same number.
    "gatys": Definition(
        content_factor=lambda target: 0.5,
        style_factor=lambda picture, target, area: 1.0 / (4.0 * _channels(target) ** 2),
        variation=gatys_variation,
        layer_weights=weights_or_equal,
    ),
    # The Keras example: content sum (F - P)^2, style sum (S - S_style)^2 / (4 * 3^2 * (rows * cols)^2), where rows and
    # cols are the picture's at every layer.
    "keras": Definition(
        content_factor=lambda target: 1.0,
        style_factor=lambda picture, target, area: tf.square(picture.count / area) / (4.0 * 3.0**2),
        variation=keras_variation,
        layer_weights=weights_over_count,
    ),
    # The TensorFlow tutorial: content mean (F - P)^2, style mean (G - A)^2.
    "tensorflow": Definition(
        content_factor=_per_value,
        style_factor=lambda picture, target, area: 1.0 / _channels(target) ** 2,
        variation=tensorflow_variation,
        layer_weights=weights_over_count,
    ),
    # Dive into Deep Learning: content mean (F - P)^2, style mean (G / C - A / C)^2.
    "d2l": Definition(
        content_factor=_per_value,
        style_factor=lambda picture, target, area: 1.0 / _channels(target) ** 4,
        variation=d2l_variation,
        layer_weights=weights_as_given,
    ),
}
