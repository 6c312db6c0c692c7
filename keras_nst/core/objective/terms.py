"""The terms of the objective: content, style and variation, in a table that can be extended.

    J(picture) = alpha J_content + beta J_style + gamma J_variation

What a term measures of a picture adds up over the picture's parts. So the same code serves a picture seen whole,
which is one part, and one seen tile by tile.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from keras_nst.core.objective import distances, gaussians
from keras_nst.core.objective.definitions import DEFINITIONS, by_layers
from keras_nst.core.objective.likeness import Likeness, Normal, likeness, normal_of, unlikeness
from keras_nst.core.objective.moments import Moments, moments, widened
from keras_nst.core.objective.variation import (
    Pixels,
    relative_absolute_variation,
    relative_chroma_variation,
    relative_roughness,
    squared_roughness_per_pixel,
    squared_variation_per_pixel,
)
from keras_nst.core.plan.method import Objective
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.plan.tiling import Tile
from keras_nst.settings.networks import stride

FARTHEST = 8.0  # that the content may be from the style, whose own measure is 1; photographs are about 1 from paintings

Features = dict[str, tf.Tensor]  # layer: (n, h, w, c)
Masks = dict[str, tf.Tensor]  # layer: (h, w), 1 where a position counts, else 0
Guides = dict[str, tf.Tensor]  # layer: (r, h, w), how much a position counts for each region
StyleMaps = dict[str, list[tuple[tf.Tensor, tf.Tensor]]]  # layer: shares (), feature maps (n, h, w, c) of the styles


class Seen(NamedTuple):
    """A part of pictures, with its features."""

    pixels: Pixels
    features: Features
    own: Masks  # if not all positions are the part's own
    guides: Guides  # if there are regions


class Originals(Protocol):
    """The sources of the terms' targets: the inputs at the size of one scale."""

    @property
    def smooth(self) -> tf.Tensor:
        """The picture whose smoothness is the target: the content, else the style."""

    def content(self, layers: list[str]) -> Features:
        """Returns the content's features."""

    def style(self, layers: list[str]) -> tuple[dict[str, Moments], StyleMaps]:
        """Returns the styles' moments, blended, and if a distance needs them their feature maps."""

    def with_enough_positions(self, layers: list[str]) -> list[str]:
        """Returns the layers at which the picture and the styles have enough positions for a style."""

    def small_content(self) -> Seen | None:
        """Returns the content as the network sees it, at a size that costs next to nothing; None without a content."""


class Value(NamedTuple):
    """A term before weighting, for each picture: (n,); also layer by layer."""

    total: tf.Tensor
    layers: dict[str, tf.Tensor]


class Term(NamedTuple):
    """One term: its target, its measurement of each part of a picture, and the loss of the summed measurements."""

    aim: Callable[[Originals, Objective], Any]  # returns tensors
    part: Callable[[Seen, Any, Objective], Any]  # with the target; returns tensors, to be summed over the parts
    value: Callable[[Any, Any, Size, Objective], Value]  # of the sum, with the target, for pictures of this size
    linear: bool = True  # the value is also a sum over the parts
    here: Callable[[Any, Tile], Any] = lambda aim, tile: aim  # the part of the target that a tile needs


# --- Content ---


class ContentAim(NamedTuple):
    """The content's features P, and the factor of sum (F - P)^2."""

    features: Features
    factors: dict[str, tf.Tensor]  # layer: (n,) or ()


def content_aim(originals: Originals, objective: Objective) -> ContentAim:
    """Returns the content's target."""
    features = originals.content([layer.name for layer in objective.content_layers])
    factor = DEFINITIONS[objective.normalization].content_factor
    exact = originals.smooth.dtype
    return ContentAim(features, {name: tf.convert_to_tensor(factor(of), exact) for name, of in features.items()})


def content_part(seen: Seen, aim: ContentAim, objective: Objective) -> dict[str, tf.Tensor]:
    """Returns sum (F - P)^2 of each layer, times its factor."""
    return {
        name: aim.factors[name] * _squared_distance(seen.features[name], of, seen.own.get(name))
        for name, of in aim.features.items()
    }


def content_value(total: dict[str, tf.Tensor], aim: ContentAim, size: Size, objective: Objective) -> Value:
    """Returns J_content."""
    weights = DEFINITIONS[objective.normalization].layer_weights(objective.content_layers)
    return Value(by_layers(total, objective.content_layers, weights), total)


def content_here(aim: Any, tile: Tile) -> Any:
    """Returns the content's features at the positions of a tile's block."""
    features = {
        name: tf.constant(of[:, tile.rows.block(step), tile.columns.block(step)])
        for name, of in aim.features.items()
        for step in [stride(name)]
    }
    return aim._replace(features=features)


class NormalAim(NamedTuple):
    """The content's features P, and the statistics that give each of their channels mean 0 and variance 1."""

    features: Features
    normals: dict[str, Normal]


def normal_aim(originals: Originals, objective: Objective) -> NormalAim:
    """Returns the content's target for normalized channels."""
    features = originals.content([layer.name for layer in objective.content_layers])
    return NormalAim(features, {name: normal_of(of) for name, of in features.items()})


def normal_part(seen: Seen, aim: NormalAim, objective: Objective) -> dict[str, Likeness]:
    """Returns, for each layer, the sums that determine how similar its channels are to the content's."""
    return {
        name: likeness(seen.features[name], of, aim.normals[name], seen.own.get(name))
        for name, of in aim.features.items()
    }


def normal_value(total: dict[str, Likeness], aim: NormalAim, size: Size, objective: Objective) -> Value:
    """Returns J_content = 1 / (C M) sum (F' - P')^2, F' and P' with mean 0 and variance 1."""
    values = {name: unlikeness(of, aim.normals[name]) for name, of in total.items()}
    weights = DEFINITIONS[objective.normalization].layer_weights(objective.content_layers)
    return Value(by_layers(values, objective.content_layers, weights), values)


# --- Style ---


class StyleAim(NamedTuple):
    """The target of the style's term."""

    moments: dict[str, Moments]  # per position
    gaussians: dict[str, gaussians.Gaussian]  # the styles in the form that w2 takes, if it is used
    maps: StyleMaps  # if a distance needs them
    reins: dict[str, tf.Tensor] = {}  # layer: (n, r), at most 1, a factor of its loss; missing: 1


class StylePart(NamedTuple):
    """The style term's measurements of a part."""

    moments: dict[str, Moments]
    maps: dict[str, tf.Tensor]  # layer: (n,), the distances of feature maps, for whole pictures only


def style_aim(originals: Originals, objective: Objective) -> StyleAim:
    """Returns the styles' target."""
    relative = DEFINITIONS[objective.normalization].relative
    layers = [layer.name for layer in objective.style_layers]
    known, maps = originals.style(originals.with_enough_positions(layers) if relative else layers)
    needed = known if "w2" in dict(objective.distances) else {}
    aim = StyleAim(known, {name: gaussians.gaussian(of) for name, of in needed.items()}, maps)
    content = originals.small_content() if relative else None
    return aim if content is None else aim._replace(reins=_reins(content, aim, objective))


def _reins(content: Seen, aim: StyleAim, objective: Objective) -> dict[str, tf.Tensor]:
    """Returns the factors that keep the content at most FARTHEST from the style, at each layer and in each region.

    A style of one color has nearly nothing of its own that a distance could be relative to.
    """
    size = Size(*content.pixels.values.shape[1:3])
    values = _by_region(style_part(content, aim, objective), aim, size, objective)
    return {name: FARTHEST / tf.maximum(of, FARTHEST) for name, of in values.items()}


def style_part(seen: Seen, aim: StyleAim, objective: Objective) -> StylePart:
    """Returns the moments of each layer."""
    maps = {name: _map_distance(seen.features[name], styles, objective) for name, styles in aim.maps.items()}
    return StylePart(
        {
            name: moments(seen.features[name], counted(seen.own.get(name), seen.guides.get(name)))
            for name in aim.moments
        },
        maps,
    )


def style_value(total: StylePart, aim: StyleAim, size: Size, objective: Objective) -> Value:
    """Returns J_style. Regions count by their number of positions."""
    layers = {}
    for name, values in _by_region(total, aim, size, objective).items():
        count = total.moments[name].count
        share = count / tf.reduce_sum(count, axis=1, keepdims=True)
        layers[name] = tf.reduce_sum(share * values, axis=1)
    weights = DEFINITIONS[objective.normalization].weights_of_style(objective.style_layers)
    return Value(by_layers(layers, objective.style_layers, weights), layers)


def _by_region(total: StylePart, aim: StyleAim, size: Size, objective: Objective) -> dict[str, tf.Tensor]:
    """Returns the distance of each region from its style, layer by layer: (n, r)."""
    distance, found = DEFINITIONS[objective.normalization].style, {}
    for name, of in aim.moments.items():
        values = distance(total.moments[name], of, aim.gaussians.get(name), size, objective)
        values += total.maps[name][:, None] if name in total.maps else 0.0
        found[name] = aim.reins[name] * values if name in aim.reins else values
    return found


def counted(own: tf.Tensor | None, guide: tf.Tensor | None) -> tf.Tensor | None:
    """Returns how much positions count for each region, (r, h, w); None if all count and there are no regions."""
    if guide is None:
        return None if own is None else own[None]
    return guide if own is None else guide * own


def _map_distance(features: tf.Tensor, styles: list[tuple[tf.Tensor, tf.Tensor]], objective: Objective) -> tf.Tensor:
    """Returns the weighted mean of the distances that need feature maps, over all styles: (n,)."""
    return tf.add_n(
        [
            share * part * distances.distance(name)(features, style)
            for name, share in objective.map_distances
            for part, style in styles
        ]
    )


# --- Variation and roughness ---

VARIATIONS = {"absolute": relative_absolute_variation, "chroma": relative_chroma_variation}  # with balanced


def variation_aim(originals: Originals, objective: Objective) -> tf.Tensor:
    """Returns the squared differences per pixel of the content, or without one of the style: (n,)."""
    return squared_variation_per_pixel(originals.smooth)


def variation_part(seen: Seen, aim: tf.Tensor, objective: Objective) -> tf.Tensor:
    """Returns J_variation of a part: (n,)."""
    published = DEFINITIONS[objective.normalization].variation
    return VARIATIONS.get(objective.variation, published)(seen.pixels, aim)


def roughness_aim(originals: Originals, objective: Objective) -> tf.Tensor:
    """Returns the squared Laplacian per pixel of the content, or without one of the style: (n,)."""
    return squared_roughness_per_pixel(originals.smooth)


def roughness_part(seen: Seen, aim: tf.Tensor, objective: Objective) -> tf.Tensor:
    """Returns J_roughness of a part: (n,)."""
    return relative_roughness(seen.pixels, aim)


def total_value(total: tf.Tensor, aim: tf.Tensor, size: Size, objective: Objective) -> Value:
    """Returns the sum over the parts unchanged."""
    return Value(total, {})


NORMALIZED = Term(normal_aim, normal_part, normal_value, linear=False, here=content_here)  # in place of content
TERMS = {
    "content": Term(content_aim, content_part, content_value, here=content_here),
    "style": Term(style_aim, style_part, style_value, linear=False),
    "variation": Term(variation_aim, variation_part, total_value),
    "roughness": Term(roughness_aim, roughness_part, total_value),
}


def _squared_distance(features: tf.Tensor, target: tf.Tensor, own: tf.Tensor | None) -> tf.Tensor:
    squares = tf.square(widened(features) - widened(target))
    squares = squares if own is None else squares * own[:, :, None]
    return tf.reduce_sum(squares, axis=[1, 2, 3])
