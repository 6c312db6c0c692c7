"""How much there is to be made, and how long that takes."""

import math
from collections.abc import Iterable

from keras_nst.core.pyramid import plan
from keras_nst.seeing.asked import Asked
from keras_nst.seeing.paintings import Painting
from keras_nst.session.planner import convolutions

EXCITED = 96  # pixels a side of pictures that excite a channel, at most; of which the inner ones are shown
STARTED = 3e11  # multiplications that could be done while one picture is got ready
RATE = 1.5e11  # multiplications a second, of two cores with bfloat16; a guess, until the first picture is made


class Effort:
    """What is left to be made, in multiplications, and how fast that goes."""

    def __init__(self, left: float):
        self.left, self.done, self.seconds = left, 0.0, 0.0

    def note(self, done: float, seconds: float) -> None:
        """Takes note of something made."""
        self.left, self.done, self.seconds = max(0.0, self.left - done), self.done + done, self.seconds + seconds

    def __str__(self) -> str:
        minutes = self.left / (self.done / self.seconds if self.seconds else RATE) / 60
        return f"about {math.ceil(minutes)} minute{'s' * (minutes > 1)}" if minutes > 0 else "no time"


def of_painting(painting: Painting, asked: Asked) -> float:
    """Returns the multiplications that a painting takes."""
    config, size = painting.config(asked), asked.size(painting.inputs[0], painting.longest)
    layers = [layer.name for term in ("content", "style") for layer in config.layers_used(term)]
    pixels = sum(
        scale.size.height * scale.size.width * scale.steps for scale in plan(size, config.steps, config.scales)
    )
    return pixels * per_pixel(config.network, layers) + STARTED


def of_channels(asked: Asked, layer: str, count: int) -> float:
    """Returns the multiplications that the pictures which excite so many channels take."""
    settings = asked.settings
    pixels = count * min(settings.size, EXCITED) ** 2 * settings.channel_steps
    return pixels * per_pixel(settings.network, [layer]) + STARTED


def per_pixel(network: str, layers: Iterable[str]) -> float:
    """Returns the multiplications of one pixel of one step: through the layers and twice as many back."""
    known = convolutions(network, list(layers))
    return 3 * sum(9 * given * made / 4 ** (block - 1) for block, given, made in known)
