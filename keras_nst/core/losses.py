"""The objective: content, style and variation, as each source publishes them.

    J(picture) = alpha J_content + beta J_style + gamma J_variation

Every source defines J_content as a multiple of sum (F - P)^2 and J_style as a multiple of sum (G - A)^2, where F and P
are the features of the picture and of the content, and G = S / M and A the Gram matrices per position of the picture
and of the style. So a source is its two factors, its weights of the layers and its own variation term.

What has to be known of the picture adds up over its parts (`Part`), so the same lines serve a picture seen as a whole,
which is one part, and one seen tile by tile.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import distances
from keras_nst.core.pyramid import Size
from keras_nst.core.stats import FAINTEST, Moments, gram, moments, widened
from keras_nst.core.variation import (
    Pixels,
    d2l_variation,
    gatys_variation,
    keras_variation,
    relative_absolute_variation,
    relative_variation,
    squared_variation_per_pixel,
    tensorflow_variation,
)
from keras_nst.terms import Layer, block_of

STRIP = 64  # rows
FALL = 1 / 4  # of balanced's weights of the style's layers, from block to block

Features = dict[str, tf.Tensor]  # layer: (n, h, w, c)
Masks = dict[str, tf.Tensor]  # layer: (h, w), 1 where a position counts, else 0
Guides = dict[str, tf.Tensor]  # layer: (r, h, w), how much a position counts for each region
StyleMaps = dict[str, list[tuple[float, tf.Tensor]]]  # layer: weights and feature maps (n, h, w, c) of the styles


class Targets(NamedTuple):
    """What the picture is moved towards."""

    content: Features
    content_factors: dict[str, tf.Tensor]  # layer: (n,) or (), what sum (F - P)^2 is multiplied by
    style: dict[str, Moments]  # per position
    style_roots: dict[str, tf.Tensor]  # of their covariances, where a distance needs them
    style_maps: StyleMaps  # where a distance needs them
    variation: tf.Tensor  # (n,), squared differences per pixel of the content, or else of the style picture


class Part(NamedTuple):
    """What a part of a picture adds to the terms of the objective."""

    content: dict[str, tf.Tensor]  # layer: (n,), sum (F - P)^2 times its factor
    style: dict[str, Moments]
    style_maps: dict[str, tf.Tensor]  # layer: (n,), the distances of feature maps, which are of whole pictures only
    variation: tf.Tensor  # (n,)


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

    content_factor: Callable[[tf.Tensor], tf.Tensor | float]  # P (n, h, w, c) -> (n,) or ()
    # The picture's, the style's, the root of its covariance, rows * cols -> (n, r).
    style: Callable[[Moments, Moments, tf.Tensor | None, int, Config], tf.Tensor]
    variation: Callable[[Pixels, tf.Tensor], tf.Tensor]  # pixels, the target's -> (n,), to be added up over the parts
    layer_weights: Callable[[tuple[Layer, ...]], list[float]]
    style_layer_weights: Callable[[tuple[Layer, ...]], list[float]] | None = None  # where they are others


def make_targets(
    content: Features, style: dict[str, Moments], style_maps: StyleMaps, smoothness: tf.Tensor, config: Config
) -> Targets:
    """Returns the targets from the content's features, the style's moments and the picture to be as smooth as."""
    factor = DEFINITIONS[config.normalization].content_factor
    factors = {name: tf.convert_to_tensor(factor(target), smoothness.dtype) for name, target in content.items()}
    needed = style if "w2" in config.style_shares("moments") else {}
    roots = {name: distances.leading_root(of) for name, of in needed.items()}
    return Targets(content, factors, style, roots, style_maps, squared_variation_per_pixel(smoothness))


def part(
    pixels: Pixels,
    features: Features,
    targets: Targets,
    config: Config,
    own: Masks | None = None,
    told: Guides | None = None,
) -> Part:
    """Returns what a part of pictures adds, from its features and the targets at the same positions.

    Where not all positions are the part's own, `own` tells them by layer; where there are regions, `told` tells them.
    """
    own, told = own or {}, told or {}
    content = {
        name: targets.content_factors[name] * _squared_distance(features[name], target, own.get(name))
        for name, target in targets.content.items()
    }
    style = {name: moments(features[name], counted(own.get(name), told.get(name))) for name in targets.style}
    maps = {name: _map_distance(features[name], styles, config) for name, styles in targets.style_maps.items()}
    variation = tf.zeros(pixels.values.shape[0], pixels.values.dtype)
    if config.variation_weight:
        variation = _variation(config)(pixels, targets.variation)
    return Part(content, style, maps, variation)


def counted(own: tf.Tensor | None, told: tf.Tensor | None) -> tf.Tensor | None:
    """Returns how much positions count for each region, (r, h, w); None where all count and there are no regions."""
    if told is None:
        return None if own is None else own[None]
    return told if own is None else told * own


def evaluate(total: Part, targets: Targets, size: Size, config: Config) -> Losses:
    """Returns the losses of pictures of this size from the sum of their parts; `config` is resolved."""
    definition = DEFINITIONS[config.normalization]
    area = size.height * size.width
    style_layers = {
        name: style_loss(total.style[name], target, area, config, targets.style_roots.get(name))
        + total.style_maps.get(name, 0.0)
        for name, target in targets.style.items()
    }
    zero = tf.zeros_like(total.variation)
    content = _weighted(total.content, config.layers_used("content"), definition.layer_weights, zero)
    by_layer = definition.style_layer_weights or definition.layer_weights
    style = _weighted(style_layers, config.layers_used("style"), by_layer, zero)
    weighted = config.content_weight * content + config.style_weight * style
    return Losses(
        content,
        style,
        total.variation,
        weighted + config.variation_weight * total.variation,
        total.content,
        style_layers,
    )


def style_gradient(seen: dict[str, Moments], targets: Targets, size: Size, config: Config) -> dict[str, Moments]:
    """Returns the derivatives of the weighted style term by the picture's moments; None where it does not use them."""
    sums = {name: (of.first, of.second) for name, of in seen.items()}
    zero = tf.zeros_like(targets.variation)
    nothing = Part(dict.fromkeys(targets.content, zero), {}, {}, zero)
    with tf.GradientTape() as tape:
        tape.watch(sums)
        style = {name: Moments(seen[name].count, *sums[name]) for name in seen}
        values = evaluate(nothing._replace(style=style), targets, size, config)
    return {name: Moments(None, *slopes) for name, slopes in tape.gradient(values.total, sums).items()}


def linear_objective(of: Part, slopes: dict[str, Moments], config: Config) -> tf.Tensor:
    """Returns the weighted terms of a part, the style's by its slopes: (n,). Its gradient is that of the objective."""
    definition, zero = DEFINITIONS[config.normalization], tf.zeros_like(of.variation)
    content = _weighted(of.content, config.layers_used("content"), definition.layer_weights, zero)
    style = sum(
        (
            _sum(slope * value)
            for name, by_moment in slopes.items()
            for slope, value in zip(by_moment, of.style[name], strict=True)
            if slope is not None
        ),
        start=zero,
    )
    return config.content_weight * content + style + config.variation_weight * of.variation


def no_losses(picture: tf.Tensor, config: Config) -> Losses:
    """Returns losses of zero, of the shapes that `evaluate` returns for these pictures."""
    zero = tf.zeros(picture.shape[0], picture.dtype)
    content = {layer.name: zero for layer in config.layers_used("content")}
    style = {layer.name: zero for layer in config.layers_used("style")}
    return Losses(zero, zero, zero, zero, content, style)


def style_loss(picture: Moments, style: Moments, area: int, config: Config, root: tf.Tensor | None = None) -> tf.Tensor:
    """Returns the style loss of one layer: (n,). Regions have a part in it by their number of positions."""
    share = picture.count / tf.reduce_sum(picture.count, axis=1, keepdims=True)
    values = DEFINITIONS[config.normalization].style(picture, style, root, area, config)
    return tf.reduce_sum(share * values, axis=1)


def squared_gram(factor: Callable[[Moments, int], tf.Tensor | float]) -> Callable[..., tf.Tensor]:
    """Returns the sources' style loss, factor * sum_{c,d} (G[c, d] - A[c, d])^2: (n, r).

    They take sums S where we take S / M; the factor undoes it. Where the style picture has another number of positions
    than the picture, their literal formula would compare sums over different numbers of terms: ours then compares the
    Gram matrices per position, which is the same number where the sizes agree.
    """

    def style(picture: Moments, style: Moments, root: tf.Tensor | None, area: int, config: Config) -> tf.Tensor:
        return factor(picture, area) * tf.reduce_sum(tf.square(gram(picture) - gram(style)), axis=[-2, -1])

    return style


def chosen_distances(picture: Moments, style: Moments, root: tf.Tensor | None, area: int, config: Config) -> tf.Tensor:
    """Returns the weighted mean of the distances in --style_loss that need moments only: (n, r)."""
    total = tf.zeros_like(picture.count)
    for name, share in config.style_shares("moments").items():
        known = {"root": root, "by_products": config.xla == "on"} if name == "w2" else {}
        total += share * distances.distance(name)(picture, style, **known)
    return total


def _map_distance(features: tf.Tensor, styles: list[tuple[float, tf.Tensor]], config: Config) -> tf.Tensor:
    """Returns the weighted mean of the distances in --style_loss that need feature maps, and of the styles: (n,)."""
    weights = sum(weight for weight, _ in styles)
    return tf.add_n(
        [
            share * weight / weights * distances.distance(name)(features, style)
            for name, share in config.style_shares("maps").items()
            for weight, style in styles
        ]
    )


def _variation(config: Config) -> Callable[[Pixels, tf.Tensor], tf.Tensor]:
    if config.normalization == "balanced" and config.variation == "absolute":
        return relative_absolute_variation
    return DEFINITIONS[config.normalization].variation


def _weighted(
    terms: dict[str, tf.Tensor],
    layers: tuple[Layer, ...],
    weights_of: Callable[[tuple[Layer, ...]], list[float]],
    zero: tf.Tensor,
) -> tf.Tensor:
    weights = dict(zip((layer.name for layer in layers), weights_of(layers), strict=True))
    return sum((weights[name] * term for name, term in terms.items()), start=zero)


def _squared_distance(features: tf.Tensor, target: tf.Tensor, own: tf.Tensor | None) -> tf.Tensor:
    squares = tf.square(widened(features) - widened(target))
    return _sum(squares if own is None else squares * own[:, :, None])


def _squared_norm(target: tf.Tensor) -> tf.Tensor:
    """sum P^2, by strips of rows, since a large picture's features fill much of the memory: (n,)."""
    strips = (target[:, top : top + STRIP] for top in range(0, target.shape[1], STRIP))
    return tf.add_n([_sum(tf.square(widened(tf.convert_to_tensor(strip)))) for strip in strips])


def _sum(values: tf.Tensor) -> tf.Tensor:
    """Sums over all but the first axis."""
    return tf.reduce_sum(values, axis=list(range(1, len(values.shape))))


def _channels(of: Moments) -> float:
    return float(of.first.shape[-1])


def _per_value(target: tf.Tensor) -> float:
    """1 / (H W C): turns the sum over a feature map into its mean."""
    _, h, w, c = target.shape
    return 1.0 / (h * w * c)


# --- Weights of the layers ---


def shares(layers: tuple[Layer, ...]) -> list[float]:
    """The weights divided by their sum."""
    total = sum(weights_as_given(layers))
    return [weight / total if total else 0.0 for weight in weights_as_given(layers)]


def shares_by_block(layers: tuple[Layer, ...]) -> list[float]:
    """The weights divided by their sum; where none is given, a quarter of the weight of the block before."""
    fallen = [FALL ** block_of(layer.name) if layer.weight is None else layer.weight for layer in layers]
    return shares(tuple(layer._replace(weight=weight) for layer, weight in zip(layers, fallen, strict=True)))


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
    # Ours: content sum (F - P)^2 / sum P^2, style |G - A|^2 / |A|^2 or as chosen, variation over the content's own.
    "balanced": Definition(
        content_factor=lambda target: 1.0 / (_squared_norm(target) + FAINTEST / _per_value(target)),
        style=chosen_distances,
        variation=relative_variation,
        layer_weights=shares,
        style_layer_weights=shares_by_block,
    ),
    # Gatys, Ecker, Bethge: content 1/2 sum (F - P)^2, style w_l / (4 C^2 M^2) sum (S - S_style)^2.
    # The lecture notes' 1 / (2 H W C)^2 is the same number.
    "gatys": Definition(
        content_factor=lambda target: 0.5,
        style=squared_gram(lambda picture, area: 1.0 / (4.0 * _channels(picture) ** 2)),
        variation=gatys_variation,
        layer_weights=weights_or_equal,
    ),
    # The Keras example: content sum (F - P)^2, style sum (S - S_style)^2 / (4 * 3^2 * (rows * cols)^2), where rows and
    # cols are the picture's at every layer.
    "keras": Definition(
        content_factor=lambda target: 1.0,
        style=squared_gram(lambda picture, area: tf.square(picture.count / area) / (4.0 * 3.0**2)),
        variation=keras_variation,
        layer_weights=weights_over_count,
    ),
    # The TensorFlow tutorial: content mean (F - P)^2, style mean (G - A)^2.
    "tensorflow": Definition(
        content_factor=_per_value,
        style=squared_gram(lambda picture, area: 1.0 / _channels(picture) ** 2),
        variation=tensorflow_variation,
        layer_weights=weights_over_count,
    ),
    # Dive into Deep Learning: content mean (F - P)^2, style mean (G / C - A / C)^2.
    "d2l": Definition(
        content_factor=_per_value,
        style=squared_gram(lambda picture, area: 1.0 / _channels(picture) ** 4),
        variation=d2l_variation,
        layer_weights=weights_as_given,
    ),
}
