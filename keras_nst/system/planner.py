"""How a picture is to be seen, at once or tile by tile, so that it fits into memory."""

from typing import NamedTuple

from keras_nst.config import Config
from keras_nst.core.pyramid import Size
from keras_nst.core.tiling import TILE_SIZES, shown_at_once, stride
from keras_nst.terms import CONVOLUTIONS

SHARE = 0.85  # of what is free: predictions are estimates, and other programs want memory too
CHANNELS = (64, 128, 256, 512, 512)  # of the blocks' convolutions

# Measured on the CPU and rounded up.
STARTED = 0.9e9  # bytes of the process before the first step: TensorFlow, the network, TensorBoard
ON_GPU = 0.5e9  # bytes for weights and the library's own use; a guess, and a run that it misleads goes on in tiles
COPIES = {"float32": 3.3, "bfloat16": 3.8}  # of every activation, forward and backward
# What several programs, one for each kind of tile, keep beside what one of them needs.
SEVERAL = 2.25
PICTURES = 12  # tensors of the picture's shape: itself, targets, gradient, the optimizer's, and some on the way


class Sight(NamedTuple):
    """How the network is to see pictures, and the memory that takes."""

    evaluator: str  # whole or tiles
    tile_size: int | None
    bytes: float

    def __str__(self) -> str:
        how = "as a whole" if self.evaluator == "whole" else f"in tiles of {self.tile_size} pixels"
        return f"Seen {how}, about {self.bytes / 1e9:.1f} GB"


def choose_sight(size: Size, config: Config, free: float) -> Sight:
    """Returns the fastest way to see a picture of this size that fits into `free` bytes; the precision is resolved.

    Raises:
        ValueError: none fits.
    """
    limit = SHARE * free
    choices = [choice for choice in _choices(size, config) if choice.bytes <= limit]
    if not choices:
        least = min(_choices(size, config), key=lambda choice: choice.bytes)
        raise ValueError(
            f"Expected a picture for {limit / 1e9:.1f} GB, {SHARE:.0%} of what is free. "
            f"Received: {size}, which takes {least.bytes / 1e9:.1f} GB{_what_fits(size, config, limit)}"
        )
    return choices[0]


def predicted_bytes(size: Size, config: Config, tile_size: int | None) -> float:
    """Returns the peak memory of the process, with the picture seen whole (None) or in tiles."""
    area = float(size.height * size.width)
    names = [layer.name for term in ("content", "style") for layer in config.layers_used(term)]
    shown = float(shown_at_once(size, tile_size, config.network, names))
    if shown < area:
        shown *= SEVERAL
    width = 2 if config.precision == "bfloat16" else 4
    activations = COPIES[config.precision] * width * _values_per_pixel(config.network, names) * shown
    kept = sum(
        width * CHANNELS[_block(layer.name)] / stride(layer.name) ** 2 for layer in config.layers_used("content")
    )
    return (ON_GPU if config.device == "gpu" else STARTED) + activations + area * (PICTURES * 12 + 2 * kept)


def _choices(size: Size, config: Config) -> list[Sight]:
    """Returns the ways to see the picture that the settings leave open, fastest first."""
    sizes: list[int | None] = [None] if config.evaluator in ("auto", "whole") else []
    if config.evaluator != "whole":
        sizes += [config.tile_size] if config.tile_size else list(TILE_SIZES)
    return [Sight("tiles" if tile else "whole", tile, predicted_bytes(size, config, tile)) for tile in sizes]


def _what_fits(size: Size, config: Config, limit: float) -> str:
    """Returns a hint at the largest picture of this shape that would fit."""
    longest = max(size)
    for longer in range(longest - longest % 32, 0, -32):
        smaller = Size(*(max(16, round(side * longer / longest)) for side in size))
        if any(choice.bytes <= limit for choice in _choices(smaller, config)):
            return f"; --size={longer} would fit"
    return ""


def _values_per_pixel(network: str, names: list[str]) -> float:
    """Returns how many activations the network has for each pixel, up to the deepest layer."""
    last = max((_block(name), int(name[-1])) for name in names)
    counts = [*CONVOLUTIONS[network][: last[0]], last[1]]
    return sum(count * CHANNELS[block] / 4**block for block, count in enumerate(counts))


def _block(name: str) -> int:
    """Returns the block of a layer, from 0."""
    return int(name[len("block")]) - 1
