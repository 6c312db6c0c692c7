"""Inputs and targets at one scale: what the network sees, and what the objective compares it with."""

import functools
import hashlib
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.network.network import ALONE, Crew, Network
from keras_nst.core.network.resizing import Images, resize
from keras_nst.core.objective import losses
from keras_nst.core.objective.guides import Shares, away_from_the_border, guides
from keras_nst.core.objective.moments import Moments, blended, widened
from keras_nst.core.objective.terms import Features, Seen, StyleMaps
from keras_nst.core.objective.variation import whole_picture
from keras_nst.core.plan.method import Method, Objective, Seeing, Start
from keras_nst.core.plan.pyramid import Size, same_area, style_size, with_enough_positions
from keras_nst.core.plan.tiling import TILE_SIZES, shown_at_once
from keras_nst.core.seeing.once import OncePerStep
from keras_nst.core.seeing.tiles import Tiled
from keras_nst.core.seeing.whole import Whole
from keras_nst.settings.networks import block_of

SMALL = 256 * 256  # pixels of a picture whose features cost next to nothing


class Style(NamedTuple):
    """A style picture and its share of the style."""

    picture: Images
    weight: float = 1.0
    scale: float = 1.0  # relative to its size: smaller gives finer strokes
    blocks: tuple[int, int] | None = None  # first and last block of the network that it is used for; None: all
    regions: np.ndarray | None = None  # (r, h, w), shares of its positions in each region; None: all in one


class Pictures(NamedTuple):
    """The inputs; None for each that is missing."""

    content: Images | None
    styles: tuple[Style, ...]
    first: Images | None = None  # if --init names a picture
    regions: np.ndarray | None = None  # (r, h, w), shares of the result's positions in each region; None: one region
    free: np.ndarray | None = None  # (h, w), 1 where the picture may change, 0 where it stays the content

    @property
    def number(self) -> int:
        """The number of pictures in the batch."""
        return len(self.styles[0].picture if self.content is None else self.content)


class Originals:
    """The inputs at the size of one scale, as the terms compare them with the picture."""

    def __init__(self, pictures: Pictures, size: Size, network: Network, method: Method):
        self.pictures, self.size, self.network, self.method = pictures, size, network, method
        self.smooth = resize(pictures.styles[0].picture if pictures.content is None else pictures.content, size)

    def content(self, layers: list[str]) -> Features:
        """Returns the content's features."""
        return self._look(self.size).maps(self.smooth, layers)

    def style(self, layers: list[str]) -> tuple[dict[str, Moments], StyleMaps]:
        """Returns the styles' moments, blended, and if a distance needs them their feature maps."""
        key = tuple(map(digest, self.pictures.styles)) if self.network.styles.most else ()
        asked = self.method.objective._replace(weights=()), self.method.seeing, tuple(layers)
        return self.network.styles.get((key, self.size, *asked), lambda: self._style(layers))

    def with_enough_positions(self, layers: list[str]) -> list[str]:
        """Returns the layers at which the picture and the styles have enough positions for a style."""
        shown = [size_of_style(style, self.size, self.method.seeing) for style in self.pictures.styles]
        return with_enough_positions(layers, [self.size, *shown])

    def small_content(self) -> Seen | None:
        """Returns the content as the network sees it, at a size that costs next to nothing; None without a content."""
        if self.pictures.content is None:
            return None
        size = same_area(self.size, min(SMALL, self.size.height * self.size.width))
        shown = tf.cast(resize(self.pictures.content, size), self.smooth.dtype)
        told = guides(self.pictures.regions, size, self.method.objective.style_layers, self.method.seeing)
        return Seen(whole_picture(shown), self.network.features(shown), {}, as_tensors(told, self.network))

    def _style(self, layers: list[str]) -> tuple[dict[str, Moments], StyleMaps]:
        moments: dict[str, list[tuple[float, Moments]]] = {}
        maps: dict[str, list[tuple[float, tf.Tensor]]] = {}
        for style in self.pictures.styles:
            shown = style_at(style, self.size, self.method.seeing)
            look, names = self._look(Size(*shown.shape[1:3])), [name for name in layers if serves(style, name)]
            for name, seen in look.moments(shown, names, self._guides(style, look.size)).items():
                moments.setdefault(name, []).append((style.weight, seen))
            for name, seen in (look.maps(shown, names) if self.method.objective.map_distances else {}).items():
                maps.setdefault(name, []).append((style.weight, seen))
        return {name: blended(parts) for name, parts in moments.items()}, with_shares(maps)

    def _guides(self, style: Style, shape: Size) -> dict[str, tf.Tensor]:
        layers, seeing = self.method.objective.style_layers, self.method.seeing
        told = guides(style.regions, shape, layers, seeing)
        if seeing.seamless and not told:  # opposite borders of the style picture do not meet
            told = away_from_the_border(shape, layers, seeing.network)
        return as_tensors(told, self.network)

    def _look(self, size: Size) -> Whole | Tiled:
        seeing = self.method.seeing
        return look_at(size, self.network.features, self.method.objective, seeing, self.network.crew)


def with_shares(maps: dict[str, list[tuple[float, tf.Tensor]]]) -> StyleMaps:
    """Returns the styles' feature maps, with weights turned into shares."""

    def share(weight: float, of: list[tuple[float, tf.Tensor]], seen: tf.Tensor) -> tf.Tensor:
        return tf.constant(weight / sum(other for other, _ in of), widened(seen).dtype)

    return {name: [(share(weight, of, seen), seen) for weight, seen in of] for name, of in maps.items()}


def aim_at(pictures: Pictures, size: Size, network: Network, method: Method) -> losses.Aim:
    """Returns the target that the inputs set for a picture of this size."""
    objective, originals = method.objective, Originals(pictures, size, network, method)
    aims = {name: term.aim(originals, objective) for name, term in losses.terms_of(objective).items()}
    weights = {name: tf.constant(weight, originals.smooth.dtype) for name, weight in objective.weights}
    told = guides(pictures.regions, size, objective.style_layers, method.seeing)
    return losses.Aim(aims, weights, as_tensors(told, network), kept_of(pictures, size))


def kept_of(pictures: Pictures, size: Size) -> tuple[tf.Tensor, ...]:
    """Returns the arguments of `composed` if a part of the picture stays the content; else nothing."""
    if pictures.free is None:
        return ()
    return resize(pictures.free[None, :, :, None], size), resize(pictures.content, size)


def as_tensors(shares: Shares, network: Network) -> dict[str, tf.Tensor]:
    """Returns the shares of regions as tensors in the network's exact precision."""
    return {name: tf.constant(of, network.features.input.dtype) for name, of in shares.items()}


def look_at(
    size: Size, features: keras.Model, objective: Objective, seeing: Seeing, crew: Crew = ALONE, steps: int = 0
) -> Whole | Tiled:
    """Returns the evaluator for pictures of this size: in tiles if requested and there are several, else whole.

    With one pass over the tiles a step, the evaluator needs to know how many `steps` are planned.
    """
    if seeing.evaluator == "tiles":
        one_pass = steps and seeing.tile_passes == 1 and len(crew.devices) == 1  # devices at work at once are exact
        how: Callable[..., Tiled] = functools.partial(OncePerStep, steps) if one_pass else Tiled
        tiled = how(features, size, objective, seeing, crew)
        if len(tiled.tiles) > 1:
            return tiled
    return Whole(features, size, objective, seeing)


def in_smaller_tiles(seeing: Seeing, size: Size, layers: list[str]) -> Seeing | None:
    """Returns the settings with which the network sees clearly less at a time; None if that is impossible."""
    tile_size = seeing.tile_size if seeing.evaluator == "tiles" else None
    shown = shown_at_once(size, tile_size, seeing.network, layers)
    for smaller in TILE_SIZES:
        if shown_at_once(size, smaller, seeing.network, layers) < 0.8 * shown:
            return seeing._replace(evaluator="tiles", tile_size=smaller)
    return None


def evaluator_of(look: Whole | Tiled) -> Callable[[tf.Tensor, losses.Aim], tuple]:
    """Returns a function that evaluates the composed picture: its losses, and their gradient by the picture itself."""

    def evaluate(picture: tf.Tensor, aim: losses.Aim) -> tuple:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            seen = composed(picture, aim.kept)
        values, gradient = look.evaluate(seen, aim)
        return values, tape.gradient(seen, picture, gradient)

    return evaluate


def composed(picture: tf.Tensor, kept: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """Returns the picture with the content put back where it may not change."""
    if not kept:
        return picture
    free, content = kept
    return free * picture + (1.0 - free) * content


def digest(style: Style) -> tuple[str, ...]:
    """Returns the key that identifies a style."""
    arrays = (np.ascontiguousarray(of) for of in (style.picture, style.regions) if of is not None)
    hashes = (f"{of.shape} {hashlib.sha256(of.tobytes()).hexdigest()}" for of in arrays)
    return *hashes, str((style.weight, style.scale, style.blocks))


def serves(style: Style, layer: str) -> bool:
    """Returns whether the style picture is used for this layer."""
    return style.blocks is None or style.blocks[0] <= block_of(layer) <= style.blocks[1]


def style_at(style: Style, size: Size, seeing: Seeing) -> tf.Tensor:
    """Returns the style picture, scaled, for a picture of this size: of its shape, or with as many pixels."""
    return resize(style.picture, size_of_style(style, size, seeing))


def size_of_style(style: Style, size: Size, seeing: Seeing) -> Size:
    """Returns the size at which the style picture is seen for a picture of this size."""
    shape = Size(*style.picture.shape[1:3])
    return style_size(shape, size, style.scale, seeing.style_fit, seeing.style_pixels)


def first_picture(pictures: Pictures, size: Size, start: Start) -> tf.Tensor:
    """Returns the picture from which the first step starts, (n, h, w, 3)."""
    if pictures.first is not None:
        return resize(pictures.first, size)
    source = pictures.styles[0].picture if start.source == "style" else pictures.content
    share = {"noise": 1.0, "blend": start.noise}.get(start.source, 0.0 if source is not None else 1.0)
    picture = 0.0 if source is None else (1.0 - share) * resize(source, size)
    noise = np.random.default_rng(start.seed).random((1, *size, 3), np.float32)
    return picture + share * tf.repeat(noise, pictures.number, axis=0)
