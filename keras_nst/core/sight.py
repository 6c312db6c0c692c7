"""What the network is shown and asked at one scale: the inputs, the targets they set, the objective."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import keras
import numpy as np
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import losses
from keras_nst.core.chunk import Evaluator, Taken, compile_steps
from keras_nst.core.guides import Guides, away_from_the_border, guides
from keras_nst.core.optimizers import Mover
from keras_nst.core.pyramid import Size, same_area
from keras_nst.core.stats import Moments, blended
from keras_nst.core.tiles import Tiled
from keras_nst.core.tiling import TILE_SIZES, shown_at_once
from keras_nst.core.watch import Watch
from keras_nst.core.whole import Whole
from keras_nst.terms import block_of

Images: TypeAlias = tf.Tensor | np.ndarray  # (n, h, w, 3), RGB in [0, 1]


class Style(NamedTuple):
    """A style picture and its part in the style."""

    picture: Images
    weight: float = 1.0
    scale: float = 1.0  # of its size: smaller gives finer strokes
    blocks: tuple[int, int] | None = None  # first and last block of the network that it serves; None: all
    regions: np.ndarray | None = None  # (r, h, w), shares of its positions in each region; None: all in one


class Pictures(NamedTuple):
    """The inputs; None where there is none."""

    content: Images | None
    styles: tuple[Style, ...]
    first: Images | None = None  # where --init names a picture
    regions: np.ndarray | None = None  # (r, h, w), shares of the result's positions in each region; None: one region
    free: np.ndarray | None = None  # (h, w), 1 where the picture may change, 0 where it stays the content


class Sight(NamedTuple):
    """The objective at one scale, seen as the settings say."""

    take_steps: Callable[[int], Taken]
    judge: Callable[[tf.Tensor], losses.Losses]


def see(
    pictures: Pictures,
    variable: tf.Variable,
    mover: Mover,
    watch: Watch,
    features: keras.Model,
    quickest: keras.Model,
    config: Config,
) -> Sight:
    """Returns the objective for the picture in `variable`; `quickest` is the network that takes the steps."""
    size = Size(*variable.shape[1:3])
    told = guides(pictures.regions, size, config)
    targets = make_targets(pictures, look_at(size, features, config), features, config)
    look = look_at(size, quickest, config, told)
    compose = composer(pictures, size)
    evaluator = composed(look.evaluator(targets), compose)
    take_steps = compile_steps(variable, evaluator, mover, watch, config, look.in_one_graph)
    return Sight(take_steps, lambda picture: look.judge(compose(picture), targets))


def look_at(size: Size, features: keras.Model, config: Config, told: Guides | None = None) -> Whole | Tiled:
    """Returns what shows pictures of this size to the network: by tiles if so set and if there is more than one."""
    if config.evaluator == "tiles":
        tiled = Tiled(features, size, config, told)
        if len(tiled.tiles) > 1:
            return tiled
    return Whole(features, size, config, told)


def in_smaller_tiles(config: Config, size: Size, features: keras.Model) -> Config | None:
    """Returns the settings by which the network is shown clearly less at once; None where it cannot be."""
    layers = list(features.output)
    tile_size = config.tile_size if config.evaluator == "tiles" else None
    shown = shown_at_once(size, tile_size, config.network, layers)
    for smaller in TILE_SIZES:
        if shown_at_once(size, smaller, config.network, layers) < 0.8 * shown:
            return config.resolved(evaluator="tiles", tile_size=smaller)
    return None


def make_targets(pictures: Pictures, look: Whole | Tiled, features: keras.Model, config: Config) -> losses.Targets:
    """Returns what the content and the style pictures ask of a picture of the size looked at."""
    content: losses.Features = {}
    style: dict[str, Moments] = {}
    style_maps: losses.StyleMaps = {}
    smoothness = resize(pictures.styles[0].picture if pictures.content is None else pictures.content, look.size)
    if config.content_weight:
        content = look.maps(smoothness, [layer.name for layer in config.layers_used("content")])
    if config.style_weight:
        style, style_maps = _style_targets(pictures.styles, look.size, features, config)
    return losses.make_targets(content, style, style_maps, smoothness, config)


def _style_targets(
    styles: tuple[Style, ...], size: Size, features: keras.Model, config: Config
) -> tuple[dict[str, Moments], losses.StyleMaps]:
    """Returns the styles' moments, blended, and where a distance needs them their weights and feature maps."""
    moments: dict[str, list[tuple[float, Moments]]] = {}
    maps: losses.StyleMaps = {}
    for style in styles:
        shown = style_at(style, size, config)
        shape = Size(*shown.shape[1:3])
        told = guides(style.regions, shape, config)
        if config.seamless and told is None:  # the style picture's own borders do not meet
            told = away_from_the_border(shape, config)
        look = look_at(shape, features, config, told)
        names = [layer.name for layer in config.layers_used("style") if serves(style, layer.name)]
        for name, seen in look.moments(shown, names).items():
            moments.setdefault(name, []).append((style.weight, seen))
        if config.needs_maps():
            for name, seen in look.maps(shown, names).items():
                maps.setdefault(name, []).append((style.weight, seen))
    return {name: blended(parts) for name, parts in moments.items()}, maps


def serves(style: Style, layer: str) -> bool:
    """Returns whether the style picture has a part in this layer."""
    return style.blocks is None or style.blocks[0] <= block_of(layer) <= style.blocks[1]


def style_at(style: Style, size: Size, config: Config) -> tf.Tensor:
    """Returns the style picture for a picture of this size: of its shape, or of as many pixels; times its scale."""
    if config.style_fit == "squash":
        shape = size
    else:
        shape = same_area(Size(*style.picture.shape[1:3]), size.height * size.width)
    return resize(style.picture, same_area(shape, round(shape.height * shape.width * style.scale**2)))


def composer(pictures: Pictures, size: Size) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function that puts the content back where the picture may not change."""
    if pictures.free is None:
        return lambda picture: picture
    content, free = resize(pictures.content, size), resize(pictures.free[None, :, :, None], size)
    return lambda picture: free * picture + (1.0 - free) * content


def composed(evaluator: Evaluator, compose: Callable[[tf.Tensor], tf.Tensor]) -> Evaluator:
    """Returns the evaluator of what `compose` makes of a picture, with the gradient by the picture itself."""

    def evaluate(picture: tf.Tensor) -> tuple[losses.Losses, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            seen = compose(picture)
        values, gradient = evaluator(seen)
        return values, tape.gradient(seen, picture, gradient)

    return evaluate


def first_picture(pictures: Pictures, size: Size, config: Config) -> tf.Tensor:
    """Returns the picture the first step starts from, (n, h, w, 3)."""
    if pictures.first is not None:
        return resize(pictures.first, size)
    source = pictures.styles[0].picture if config.init == "style" else pictures.content
    share = {"noise": 1.0, "blend": config.noise}.get(config.init, 0.0 if source is not None else 1.0)
    picture = 0.0 if source is None else (1.0 - share) * resize(source, size)
    count = len(pictures.styles[0].picture if pictures.content is None else pictures.content)
    noise = np.random.default_rng(config.seed).random((1, *size, 3), np.float32)
    return picture + share * tf.repeat(noise, count, axis=0)


def resize(picture: Images, size: Size) -> tf.Tensor:
    """Returns pictures of another size, smoothed where they shrink, within [0, 1]."""
    if tuple(picture.shape[1:3]) == size:
        return tf.convert_to_tensor(picture)
    if isinstance(picture, np.ndarray) and picture.shape[-1] > 1:  # TensorFlow's copy is of one color at a time
        return tf.concat([resize(picture[..., color, None], size) for color in range(picture.shape[-1])], axis=-1)
    return tf.clip_by_value(tf.image.resize(picture, size, "bicubic", antialias=True), 0.0, 1.0)
