"""Estimates the work of an exploration, and how long it takes."""

import math
import time
from collections.abc import Iterable

from keras_nst.core.plan.pyramid import plan
from keras_nst.explore.paintings import Painting
from keras_nst.explore.prepare import Request
from keras_nst.session.planner import convolutions

EXCITED = 96  # pixels a side, at most, of pictures that excite a channel; their inner part is shown
STARTED = 2.0  # seconds to prepare one picture
SHARE = 1.1  # of the multiplications that a single small convolution does in the same time; steps have larger ones
TRIES = 5


class Effort:
    """The time left: predicted seconds, corrected by how long the work so far took."""

    def __init__(self, left: float):
        self.left, self.done, self.seconds = left, 0.0, 0.0

    def note(self, done: float, seconds: float) -> None:
        """Records finished work: its predicted seconds, and its actual ones."""
        self.left, self.done, self.seconds = max(0.0, self.left - done), self.done + done, self.seconds + seconds

    def __str__(self) -> str:
        minutes = self.left * (self.seconds / self.done if self.done else 1.0) / 60
        return f"about {math.ceil(minutes)} minute{'s' * (minutes > 1)}" if minutes > 0 else "no time"


def of_painting(painting: Painting, asked: Request, rate: float) -> float:
    """Returns the seconds that a painting takes, at `rate` multiplications per second."""
    config, size = painting.config(asked), asked.size(painting.inputs[0], painting.longest)
    layers = [layer.name for term in ("content", "style") for layer in config.layers_used(term)]
    pixels = sum(
        scale.size.height * scale.size.width * scale.steps for scale in plan(size, config.steps, config.scales)
    )
    return pixels * per_pixel(config.network, layers) / rate + STARTED


def of_channels(asked: Request, layer: str, count: int, rate: float) -> float:
    """Returns the seconds that the pictures of `count` channels take."""
    settings = asked.settings
    pixels = count * min(settings.size, EXCITED) ** 2 * settings.steps_of_channels
    return pixels * per_pixel(settings.network, [layer]) / rate + STARTED


def per_pixel(network: str, layers: Iterable[str]) -> float:
    """Returns the multiplications per pixel of one step: forward through the layers, and twice as many backward."""
    known = convolutions(network, list(layers))
    return 3 * sum(9 * given * made / 4 ** (block - 1) for block, given, made in known)


def measured_rate(precision: str) -> float:
    """Returns the multiplications per second of steps on this machine, measured by a convolution in this precision."""
    import tensorflow as tf

    features, kernel = tf.ones((1, 64, 64, 256), precision), tf.ones((3, 3, 256, 256), precision)
    seconds = []
    for _ in range(TRIES):  # the first one is slower
        begun = time.perf_counter()
        tf.nn.conv2d(features, kernel, 1, "SAME").numpy()
        seconds.append(time.perf_counter() - begun)
    return SHARE * 64 * 64 * 9 * 256 * 256 / min(seconds)
