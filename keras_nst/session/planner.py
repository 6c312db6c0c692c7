"""How a picture is to be seen, at once or tile by tile, and convolved, so that it fits into memory."""

from collections.abc import Iterator
from typing import NamedTuple

from keras_nst.core.plan.pyramid import Size, repays_compilation, sizes, steps_per_scale
from keras_nst.core.plan.tiling import TILE_SIZES, shown_at_once, shown_in_all
from keras_nst.settings.config import Config
from keras_nst.settings.networks import CONVOLUTIONS, stride

# Of what is free, and of what the user allows: predictions are estimates, and other programs want memory too.
SHARE, SHARE_ALLOWED = 0.85, 0.95
CHANNELS = (3, 64, 128, 256, 512, 512)  # of the picture and of the blocks' convolutions

# Measured on the CPU.
STARTED = 0.95e9  # bytes of the process before the first step: TensorFlow, the network, TensorBoard
ON_GPU = 0.5e9  # bytes for weights and the library's own use; a guess, and a run that it misleads goes on in tiles
COPIES = {"float32": 1.95, "bfloat16": 2.05}  # of every activation, forward and backward
# What Winograd's convolution takes besides, with its kernels and XLA's compiler; of tiles more shapes are about.
COPIES_WINOGRAD, COPIES_WINOGRAD_TILES, COMPILED = 0.8, 2.2, 0.15e9
PICTURES = 9  # tensors of the picture's shape: itself, targets, gradient, the optimizer's, and some on the way
# The steps' time, as that of the picture seen whole and convolved directly: by tiles there is one more pass forward,
# and Winograd's convolution does the same in less than half of it.
BY_TILES, BY_WINOGRAD = {"whole": 1.0, "tiles": 1.5, "onepass": 1.0}, 0.45


class Sight(NamedTuple):
    """How the network is to see pictures, the memory that takes and how long it lasts."""

    evaluator: str  # whole, tiles or onepass
    tile_size: int | None
    convolution: str  # direct, winograd or, where that is left to each scale, auto
    bytes: float
    work: float  # relative to the fastest by direct convolution

    def __str__(self) -> str:
        passes = ", each once a step" if self.evaluator == "onepass" else ""
        how = "as a whole" if self.evaluator == "whole" else f"in tiles of {self.tile_size} pixels{passes}"
        return f"Seen {how}, about {self.bytes / 1e9:.1f} GB"


def choose_sight(size: Size, config: Config, free: float) -> Sight:
    """Returns the fastest way to see a picture of this size that fits into memory; the precision is resolved.

    Args:
        free: bytes, counted if the settings do not say how many the process may have.

    Raises:
        ValueError: none fits.
    """
    limit = most_bytes(config, free)
    choices = list(_choices(size, config))
    fitting = [choice for choice in choices if choice.bytes <= limit]
    if not fitting:
        share = limit / (config.memory_limit_gb * 1e9 or free)
        least = min(choice.bytes for choice in choices)
        raise ValueError(
            f"Expected a picture for {limit / 1e9:.1f} GB, {share:.0%} of what may be taken. "
            f"Received: {size}, which takes {least / 1e9:.1f} GB{_what_fits(size, config, limit)}"
        )
    return min(fitting, key=lambda choice: choice.work)


def most_bytes(config: Config, free: float) -> float:
    """Returns the bytes that the process is to take at most, of those that it may have in all."""
    return SHARE_ALLOWED * config.memory_limit_gb * 1e9 if config.memory_limit_gb else SHARE * free


def has_room_for_all(size: Size, config: Config, free: float, count: int = 1) -> bool:
    """Returns whether all scales of so many pictures fit into memory together, seen whole, by resolved settings."""
    quick = config.convolution != "direct"
    scales = sizes(size, config.scales)
    tensors = sum(predicted_bytes(scale, config, None, quick) - STARTED for scale in scales)
    return STARTED + count * tensors <= most_bytes(config, free)


def most_together(size: Size, config: Config, free: float) -> int:
    """Returns how many pictures of this size fit into memory at once, at least one; the settings are resolved."""
    tile_size = config.tile_size if config.by_tiles() else None
    started = predicted_bytes(Size(0, 0), config, None, config.convolution != "direct")
    each = predicted_bytes(size, config, tile_size, config.convolution != "direct") - started
    return max(1, int((most_bytes(config, free) - started) / each))


def predicted_bytes(size: Size, config: Config, tile_size: int | None, quick: bool = False) -> float:
    """Returns the peak memory of the process, with the picture seen whole (None) or in tiles.

    `quick` tells that it convolves with fewer multiplications.
    """
    area = float(size.height * size.width)
    names = _layers(config)
    shown = shown_at_once(size, tile_size, config.network, names)
    width = 2 if config.precision == "bfloat16" else 4
    copies = COPIES[config.precision]
    if quick:
        copies += COPIES_WINOGRAD_TILES if tile_size else COPIES_WINOGRAD
    activations = copies * width * _values_per_pixel(config.network, names) * shown
    kept = sum(
        width * CHANNELS[_block(layer.name)] / stride(layer.name) ** 2 for layer in config.layers_used("content")
    )
    started = ON_GPU if config.device == "gpu" else STARTED
    compiled = COMPILED + _transformed_kernels(config.network, names) if quick else 0.0
    return started + compiled + activations + area * (_pictures(config) * 12 + kept)


def _pictures(config: Config) -> int:
    """Returns how many tensors of the picture's shape there are at most."""
    if config.optimizer == "lbfgs":
        return PICTURES + 2 * config.history
    return PICTURES + bool(config.average)


def _choices(size: Size, config: Config) -> Iterator[Sight]:
    """Yields the ways to see the picture that the settings leave open."""
    for evaluator, tile_size in _ways_to_see(config):
        passes = shown_in_all(size, tile_size, config.network, _layers(config)) * BY_TILES[evaluator]
        for convolution in _ways_to_convolve(size, config):
            quick = convolution != "direct"
            taken = predicted_bytes(size, config, tile_size, quick)
            work = passes * (BY_WINOGRAD if quick else 1.0)
            yield Sight(evaluator, tile_size, convolution, taken, work)


def _ways_to_see(config: Config) -> Iterator[tuple[str, int | None]]:
    """Yields evaluators and the sides of their tiles."""
    if config.evaluator in ("auto", "whole"):
        yield "whole", None
    if config.evaluator != "whole" and not config.needs_whole():
        by_tiles = config.evaluator if config.by_tiles() else "tiles"
        for side in [config.tile_size] if config.tile_size else TILE_SIZES:
            yield by_tiles, side


def _ways_to_convolve(size: Size, config: Config) -> list[str]:
    """Returns the ways to convolve that the settings leave open."""
    if config.convolution != "auto":
        return [config.convolution]
    pyramid = sizes(size, config.scales)
    gains = map(repays_compilation, pyramid, steps_per_scale(config.steps, len(pyramid)))
    return ["auto", "direct"] if any(gains) else ["direct"]


def _what_fits(size: Size, config: Config, limit: float) -> str:
    """Returns a hint at the largest picture of this shape that would fit."""
    longest = max(size)
    for longer in range(longest - longest % 32, 0, -32):
        smaller = Size(*(max(16, round(side * longer / longest)) for side in size))
        if any(choice.bytes <= limit for choice in _choices(smaller, config)):
            return f"; --size={longer} would fit"
    return ""


def _layers(config: Config) -> list[str]:
    return [layer.name for term in ("content", "style") for layer in config.layers_used(term)]


def _values_per_pixel(network: str, names: list[str]) -> float:
    """Returns how many activations the network has for each pixel, up to the deepest layer."""
    return sum(channels / 4 ** (block - 1) for block, _, channels in convolutions(network, names))


def _transformed_kernels(network: str, names: list[str]) -> float:
    """Returns the bytes of the kernels that Winograd's convolution keeps: 36 values in float32, both ways round."""
    return sum(2 * 36 * 4 * given * made for _, given, made in convolutions(network, names) if given > CHANNELS[0])


def convolutions(network: str, names: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yields the block, the channels taken and those made of each convolution up to the deepest of the layers."""
    deepest = max((_block(name), int(name[-1])) for name in names)
    for block, count in enumerate(CONVOLUTIONS[network], start=1):
        for convolution in range(1, count + 1):
            if (block, convolution) <= deepest:
                yield block, CHANNELS[block if convolution > 1 else block - 1], CHANNELS[block]


def _block(name: str) -> int:
    return int(name[len("block")])
