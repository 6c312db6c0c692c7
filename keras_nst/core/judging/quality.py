"""Quality figures (metrics) of a result, measured against the content and the style themselves.

docs/reference/figures.md explains how to read them, and what they cannot see.
"""

import itertools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.judging.clouds import NormalCloud, across, normal_of, quantiles, sliced, w2_of_normals
from keras_nst.core.judging.strokes import stroke_figures
from keras_nst.core.judging.words import Figures
from keras_nst.core.network.features import Extractor
from keras_nst.core.network.resizing import resize
from keras_nst.core.objective.moments import gram, moments
from keras_nst.core.objective.oklab import to_oklab
from keras_nst.core.plan.pyramid import Size, compared_size, same_area

# No run has these among its style layers unless its settings name them.
STYLE_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv2", "block4_conv2")
CONTENT_LAYER = "block4_conv2"
STRUCTURE_LAYER = "block3_pool"  # a position covers 8 x 8 pixels
LAYERS = (*STYLE_LAYERS, STRUCTURE_LAYER)  # that the extractor must provide
LONGEST = 512  # pixels; larger pictures are shrunk, so that previews and prints are judged alike, except for strokes

COLOR_LINES = np.array([line for line in itertools.product((-1, 0, 1), repeat=3) if line > (0, 0, 0)], float)
COLOR_LINES /= np.linalg.norm(COLOR_LINES, axis=1, keepdims=True)  # (13, 3): a cube's edges and diagonals
FRAME = 32  # the shorter side divided by this is the width of the frame

# Smaller values come from rounding.
NO_STYLE = 1e-5  # of the style's own features
NO_CONTRAST = 1e-5  # of pixels in [0, 1]


class Measured(NamedTuple):
    """The measurements of one picture."""

    directions: np.ndarray  # (h, w, c): unit vectors, how the features of a position differ from the average
    alike: np.ndarray  # (m, m): log of the similarities of a position to all positions, which sum to 1
    grams: dict[str, np.ndarray]  # (c, c)
    normals: dict[str, NormalCloud]
    slices: dict[str, np.ndarray]  # (levels, directions): quantiles
    colors: np.ndarray  # (levels, lines): quantiles
    sharpness: float
    grain: float
    frame: float


class Judge:
    """Computes the figures of results of one content and one style, which are measured once per size."""

    def __init__(
        self, content: np.ndarray | None, style: np.ndarray | None, features: Extractor, longest: int = LONGEST
    ):
        self.content, self.style, self.features, self.longest = content, style, features, longest
        self.looks: dict[tuple[str, Size], Measured] = {}

    def __call__(self, result: np.ndarray) -> Figures:
        """Returns the figures of a picture (1, h, w, 3)."""
        size = self.size(result)
        content, style = self._known("content", size), self._known("style", size)
        seen = compare(content, style, look(resize(result, size), self.features))
        return seen._replace(**stroke_figures(self.content, self.style, result))

    def size(self, result: np.ndarray) -> Size:
        """Returns the size at which a result is compared."""
        return compared_size(size_of(result), None if self.content is None else size_of(self.content), self.longest)

    def _known(self, name: str, size: Size) -> Measured | None:
        picture = getattr(self, name)
        if picture is None:
            return None
        if name == "style":
            size = same_area(size_of(picture), size.height * size.width)
        if (name, size) not in self.looks:
            self.looks[name, size] = look(resize(picture, size), self.features)
        return self.looks[name, size]


def figures(
    content: np.ndarray | None,
    style: np.ndarray | None,
    result: np.ndarray,
    features: Extractor,
    longest: int = LONGEST,
) -> Figures:
    """Returns the figures of one result; pictures are (1, h, w, 3), RGB in [0, 1], of any sizes.

    Args:
        features: returns `LAYERS` of a picture.
        longest: the longer side at which pictures are compared. Neither content nor result is enlarged; the style is
            compared with as many pixels in its own proportions.

    Raises:
        ValueError: the result does not have the content's proportions, or has a side below 16 pixels.
    """
    return Judge(content, style, features, longest)(result)


def size_of(picture: np.ndarray) -> Size:
    """Returns the size of pictures (n, h, w, 3)."""
    return Size(*picture.shape[1:3])


def look(picture: tf.Tensor, features: Extractor) -> Measured:
    """Returns the measurements of a picture (1, h, w, 3)."""
    told = features(picture)
    seen = {name: tf.cast(told[name], tf.float64) for name in LAYERS}
    of = {name: moments(seen[name]) for name in STYLE_LAYERS}
    pixels = np.asarray(picture[0], np.float64)
    return Measured(
        directions=directions(seen[CONTENT_LAYER].numpy()[0]),
        alike=likeness(seen[STRUCTURE_LAYER].numpy()[0]),
        grams={name: gram(each).numpy()[0, 0] for name, each in of.items()},
        normals={name: normal_of(each) for name, each in of.items()},
        slices={name: quantiles(told[name].numpy(), across(told[name].shape[-1])) for name in STYLE_LAYERS},
        colors=quantiles(pixels, COLOR_LINES.T),
        sharpness=roughness(pixels),
        grain=roughness(to_oklab(pixels)[..., 1:]),
        frame=frame(pixels),
    )


def compare(content: Measured | None, style: Measured | None, result: Measured) -> Figures:
    """Returns the figures from the measurements, except those of strokes, which need the picture's own size."""
    found: dict[str, float] = {}
    if content:
        found["content"] = content_distance(result.directions, content.directions)
        found["structure"] = structure_distance(result.alike, content.alike)
        found["sharpness"] = balance(result.sharpness, content.sharpness, NO_CONTRAST)
        found["grain_to_content"] = ratio(result.grain, content.grain, NO_CONTRAST)
        found["borders"] = excess(result.frame, content.frame)
    if style:
        found["sharpness_to_style"] = balance(result.sharpness, style.sharpness, NO_CONTRAST)
        found["grain"] = ratio(result.grain, style.grain, NO_CONTRAST)
    if content and style:
        for name, distance in {"gram": gram_distance, "w2": w2_distance, "sliced": sliced_distance}.items():
            found[name] = float(np.mean([distance(result, content, style, layer) for layer in STYLE_LAYERS]))
        far, reference = (sliced(each.colors, style.colors) for each in (result, content))
        found["color"] = relative(far, reference, NO_CONTRAST)
    return Figures(**found)


def relative(distance: float, reference: float, nothing: float) -> float:
    """Returns 2 d / (d + d_reference): 0 for no distance, 1 for the reference's, 2 for an infinitely larger one.

    If both are zero it is 0: a distance counts only if it exceeds `nothing`.
    """
    return 2 * distance / (distance + reference + nothing)


def balance(amount: float, reference: float, nothing: float) -> float:
    """Returns 2 e / (e + e_reference), which is 1 if both are zero."""
    return 2 * (amount + nothing) / (amount + reference + 2 * nothing)


def ratio(amount: float, reference: float, nothing: float) -> float:
    """Returns e / e_reference, which is 1 if both are zero."""
    return (amount + nothing) / (reference + nothing)


def excess(amount: float, reference: float) -> float:
    """Returns e / (1 + e) for e = max(0, amount - reference)."""
    more = max(0.0, amount - reference)
    return more / (1 + more)


def directions(features: np.ndarray) -> np.ndarray:
    """Returns (F - mean F) / |F - mean F| for features (h, w, c), at each position; 0 if there is no difference."""
    centered = features - features.mean(axis=(0, 1))
    length = np.linalg.norm(centered, axis=-1, keepdims=True)
    return np.divide(centered, length, out=np.zeros_like(centered), where=length > 0)


def content_distance(result: np.ndarray, content: np.ndarray) -> float:
    """Returns 1 - mean cosine, in [0, 2], of unit vectors (h, w, c) by position; equal vectors, even zeros, give 0."""
    cosine = (result * content).sum(axis=-1)
    alike = (result == content).all(axis=-1)
    return float(np.mean(np.where(alike, 0.0, 1 - np.clip(cosine, -1, 1))))


def likeness(features: np.ndarray) -> np.ndarray:
    """Returns log p (m, m) for features (h, w, c) at m positions.

    p_i(j) is the softmax over all positions j of the similarity of i and j, F_i . F_j / mean |F|^2, which has no unit.
    """
    vectors = features.reshape(-1, features.shape[-1])
    scale = np.mean(np.sum(vectors**2, axis=-1))
    alike = vectors @ vectors.T / (scale or 1.0)
    alike -= alike.max(axis=-1, keepdims=True)
    return alike - np.log(np.sum(np.exp(alike), axis=-1, keepdims=True))


def structure_distance(result: np.ndarray, content: np.ndarray) -> float:
    """Returns mean_i KL(p_i, q_i) = mean_i sum_j p_i(j) log(p_i(j) / q_i(j)); p is the content's, q the result's.

    The content feature structural distance of Chung et al. (2024, StyleID).
    """
    return max(0.0, float(np.mean(np.sum(np.exp(content) * (content - result), axis=-1))))


def gram_distance(result: Measured, content: Measured, style: Measured, layer: str) -> float:
    """Returns |G - A|_F of a layer, relative to the content's."""
    target = style.grams[layer]
    far, reference = (float(np.linalg.norm(each.grams[layer] - target)) for each in (result, content))
    return relative(far, reference, NO_STYLE * float(np.linalg.norm(target)) or NO_STYLE)


def w2_distance(result: Measured, content: Measured, style: Measured, layer: str) -> float:
    """Returns the 2-Wasserstein distance of a layer's distributions, relative to the content's."""
    target = style.normals[layer]
    far, reference = (w2_of_normals(each.normals[layer], target) for each in (result, content))
    size = float(np.hypot(np.linalg.norm(target.mean), np.linalg.norm(target.factor)))
    return relative(far, reference, NO_STYLE * size or NO_STYLE)


def sliced_distance(result: Measured, content: Measured, style: Measured, layer: str) -> float:
    """Returns the sliced 2-Wasserstein distance of a layer's distributions, relative to the content's."""
    target = style.slices[layer]
    far, reference = (sliced(each.slices[layer], target) for each in (result, content))
    size = float(np.sqrt(np.mean(np.square(target))))
    return relative(far, reference, NO_STYLE * size or NO_STYLE)


def roughness(values: np.ndarray) -> float:
    """Returns the root mean square of the Laplacian of values (h, w, c), without the outermost pixels."""
    around = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return float(np.sqrt(np.mean(np.square(4 * values[1:-1, 1:-1] - around))))


def frame(pixels: np.ndarray) -> float:
    """Returns how much the frame of pixels (h, w, 3) differs from what is next to it.

    That is the root mean square over the four sides of the 2-Wasserstein distance, as of normal distributions, between
    the outermost strip and the next one. It compares colors and their slopes (x, dx, dy), each divided by its standard
    deviation over the whole picture; the result is divided by the root of their number.
    """
    x = pixels[:-1, :-1]
    values = np.concatenate([x, pixels[:-1, 1:] - x, pixels[1:, :-1] - x], axis=-1)  # (h - 1, w - 1, 9)
    deviation = values.std(axis=(0, 1))
    values = np.where(deviation > NO_CONTRAST, values / np.maximum(deviation, NO_CONTRAST), 0.0)
    width = max(1, min(pixels.shape[:2]) // FRAME)
    squares = []
    for turns in range(4):
        turned = np.rot90(values, turns)
        outer, next_one = turned[:width], turned[width : 2 * width]
        squares.append(
            w2_of_normals(*(normal_of(moments(tf.constant(strip[None]))) for strip in (outer, next_one))) ** 2
        )
    return float(np.sqrt(np.mean(squares) / values.shape[-1]))
