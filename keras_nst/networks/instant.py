"""Paints a sketch of any content in any style in one pass: in closed form, near to what the optimizer finds.

The content's deepest features get the statistics of the style's. A decoder, trained once, turns them back into a
picture, block by block; on the way it corrects the means and deviations of the blocks in between, and finally the
colors:

    block4_conv1    m' + T (x - m), T the map that moves one Gaussian onto the other (whitening and coloring, Li et al.
                    2017, by the map that moves least)
    block3, block2  m' + s' (x - m) / s in each channel (adaptive instance normalization, Huang and Belongie 2017)
    pixels          as the deepest features

With a strength below 1, each of these changes is made only in that proportion.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.network.network import Network
from keras_nst.core.network.resizing import enlarged, resize
from keras_nst.core.objective.gaussians import gaussian, transport, variances
from keras_nst.core.objective.guides import guides
from keras_nst.core.objective.moments import Moments, blended, moments, per_position, widened
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size, same_area
from keras_nst.core.seeing.sight import Originals, Pictures, Style, composed, kept_of, serves, style_at
from keras_nst.networks import decoder
from keras_nst.settings.networks import Layer, stride

WEIGHTS = Path(__file__).parent / "decoder.npz"
PIXELS = "block1_conv1"  # has a position at each pixel; the regions of pixels are those of this layer
LAYERS = tuple(Layer(name, 1.0) for name in ("block2_conv1", "block3_conv1", decoder.DEEPEST))
MOST = 1500 * 1500  # pixels painted at a time, which takes about 4 GB
MARGIN = 16  # pixels; features near the border look like a frame
LEAST = 0.1  # of the mean variance: where the content has less, noise is not amplified to make it
LEAST_COLOR = 0.01
TINIEST = 1e-8


class Instant:
    """Paints sketches in one pass.

    Args:
        network: returns the features of `LAYERS`.
        stages: of the decoder.
    """

    def __init__(self, network: Network, stages: Mapping[str, keras.Model]):
        self.network, self.stages = network, stages

    def __call__(self, pictures: Pictures, size: Size, method: Method) -> tf.Tensor:
        """Returns pictures of this size, (n, h, w, 3); large ones are painted at a smaller size, and enlarged."""
        if size.height * size.width <= MOST:
            return self._painted(pictures, size, method)
        painted = self._painted(pictures, same_area(size, MOST), method)
        return composed(enlarged(painted, pictures.content, size), kept_of(pictures, size))

    def _painted(self, pictures: Pictures, size: Size, method: Method) -> tf.Tensor:
        method = method._replace(seeing=method.seeing._replace(rim=0))  # every position changes
        shown = beyond(resize(pictures.content, size))
        styles = self._styles(pictures, size, method)
        change = Change(styles, content_shares(pictures.regions, size, method), method.start.strength)
        seen = {name: widened(of) / decoder.LAYERS[name][1] for name, of in self.network.features(shown).items()}
        values = seen[decoder.DEEPEST]
        for name, stage in self.stages.items():
            if name == decoder.DEEPEST:
                values = change.moved(name, values, LEAST)
            elif name in seen:
                values = change.scaled(name, values, seen[name])
            values = widened(stage(values))
        picture = change.recolored(values, shown)
        return composed(within(picture, size), kept_of(pictures, size))

    def _styles(self, pictures: Pictures, size: Size, method: Method) -> dict[str, Moments]:
        """Returns the styles' moments at each layer, in the decoder's units, and those of their pixels."""
        objective = method.objective._replace(style_layers=LAYERS, map_distances=())
        plain = method._replace(objective=objective, seeing=method.seeing._replace(evaluator="whole"))
        found, _ = Originals(pictures, size, self.network, plain).style([layer.name for layer in LAYERS])
        known = {name: divided(of, decoder.LAYERS[name][1]) for name, of in found.items()}
        colors = [(style.weight, colors_of(style, size, method)) for style in pictures.styles if serves(style, PIXELS)]
        return known | ({PIXELS: blended(colors)} if colors else {})


class Change(NamedTuple):
    """The change of features: their statistics move towards the styles' by the strength."""

    styles: dict[str, Moments]  # layer: per position, region by region, for styles that are used there
    shares: dict[str, tf.Tensor]  # layer: (r, h, w), if there are regions
    strength: float

    def moved(self, name: str, values: tf.Tensor, least: float) -> tf.Tensor:
        """Returns features (n, h, w, c) moved, by the strength, towards the style's mean and covariance."""
        if name not in self.styles:
            return values
        own, style = moments(values, self.shares.get(name)), gaussian(self.styles[name])
        turn = transport(own, style, least)
        mean = per_position(own).first
        way = mixed(tf.eye(turn.shape[-1]), turn, self.strength)
        return self._mapped(name, values, mean, way, mixed(mean, style.mean, self.strength))

    def scaled(self, name: str, values: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
        """Returns features moved, by the strength, to means and deviations between the content's and the style's.

        So with strength 0 they stay what the decoder made of them, which is best.
        """
        if name not in self.styles:
            return values
        shares = self.shares.get(name)
        own, before, style = map(
            means_and_deviations, (moments(values, shares), moments(content, shares), self.styles[name])
        )
        mean, deviation = (mixed(a, b, self.strength) for a, b in zip(before, style, strict=True))
        aimed = self._mapped(name, values, own[0], tf.linalg.diag(deviation / own[1]), mean)
        return mixed(values, aimed, self.strength)

    def recolored(self, values: tf.Tensor, content: tf.Tensor) -> tf.Tensor:
        """Returns pictures whose pixels have the mean and covariance of the content's pixels after their move."""
        shares = self.shares.get(PIXELS)
        own, aim = moments(values, shares), gaussian(moments(self.moved(PIXELS, content, LEAST_COLOR), shares))
        return self._mapped(PIXELS, values, per_position(own).first, transport(own, aim, LEAST_COLOR), aim.mean)

    def _mapped(self, name: str, values: tf.Tensor, mean: tf.Tensor, turn: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        """Returns there + T (x - mean) for each region, weighted by its share of x."""
        shares, result = self.shares.get(name), values
        for region in range(mean.shape[1]):
            centered = values - mean[:, region, None, None]
            change = there[:, region, None, None] + tf.einsum("nhwc,ncd->nhwd", centered, turn[:, region]) - values
            result += change if shares is None else shares[region, :, :, None] * change
        return result


def mixed(one: tf.Tensor, other: tf.Tensor, part: float) -> tf.Tensor:
    """Returns the point at the share `part` of the line from one to the other."""
    return (1.0 - part) * one + part * other


def means_and_deviations(of: Moments) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the mean and the deviation of each channel: (n, r, c)."""
    return per_position(of).first, tf.sqrt(variances(of) + TINIEST)


def divided(of: Moments, scale: float) -> Moments:
    """Returns the moments of features divided by a number."""
    return Moments(of.count, of.first / scale, of.second / scale**2)


def colors_of(style: Style, size: Size, method: Method) -> Moments:
    """Returns the moments of a style's pixels."""
    shown = style_at(style, size, method.seeing)
    shares = guides(style.regions, Size(*shown.shape[1:3]), (Layer(PIXELS, 1.0),), method.seeing)
    return moments(shown, tf.constant(shares[PIXELS]) if shares else None)


def content_shares(regions: np.ndarray | None, size: Size, method: Method) -> dict[str, tf.Tensor]:
    """Returns the content's regions at each layer."""
    if regions is None:
        return {}
    shown = beyond(tf.image.resize(regions[..., None], size, antialias=True))[..., 0]
    told = guides(shown.numpy(), Size(*shown.shape[1:3]), (Layer(PIXELS, 1.0), *LAYERS), method.seeing)
    return {name: tf.constant(of) for name, of in told.items()}


def beyond(picture: tf.Tensor) -> tf.Tensor:
    """Returns pictures (n, h, w, c) with a mirrored margin, and with sides that are multiples of the deepest stride."""
    for axis in (1, 2):
        side = picture.shape[axis]
        places = np.pad(np.arange(side), (MARGIN, MARGIN + -side % stride(decoder.DEEPEST)), "symmetric")
        picture = tf.gather(picture, places, axis=axis)
    return picture


def within(picture: tf.Tensor, size: Size) -> tf.Tensor:
    """Returns pictures without what `beyond` added, clipped."""
    rows, columns = (slice(MARGIN, MARGIN + side) for side in size)
    return tf.clip_by_value(picture[:, rows, columns], 0.0, 1.0)


def stages(precision: str) -> dict[str, keras.Model]:
    """Returns the bundled decoder."""
    found = decoder.stages(precision)
    decoder.load(found, WEIGHTS)
    return found
