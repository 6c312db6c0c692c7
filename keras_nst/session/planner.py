"""Chooses how a picture is seen (whole or in tiles) and how it is convolved, so that it fits into memory."""

from collections.abc import Iterator
from typing import NamedTuple

from keras_nst.core.plan.pyramid import Size, repays_compilation, sizes, steps_per_scale
from keras_nst.core.plan.tiling import TILE_SIZES, shown_at_once, shown_in_all, sides
from keras_nst.settings.config import Config
from keras_nst.settings.networks import CONVOLUTIONS, stride

# Of the free bytes, and of those the user allows: predictions are estimates, and other programs need memory too.
SHARE, SHARE_ALLOWED = 0.85, 0.95
CHANNELS = (3, 64, 128, 256, 512, 512)  # of the picture and of the blocks' convolutions

# Measured on the CPU.
STARTED = 0.95e9  # bytes of the process before the first step: TensorFlow, the network, TensorBoard
ON_GPU = 0.5e9  # bytes for weights and the library's own use; a guess: a run that exceeds it continues in smaller tiles
COPIES = {"float32": 1.95, "bfloat16": 2.05}  # of every activation, forward and backward
# Winograd's convolution adds this, with its kernels and XLA's compiler; with tiles more shapes are in use.
COPIES_WINOGRAD, COPIES_WINOGRAD_TILES, COMPILED = 0.8, 2.2, 0.15e9
PICTURES = 9  # tensors of the picture's shape: itself, targets, gradient, the optimizer's, and temporary ones
# Time of a step relative to a picture seen whole and convolved directly: tiles add one more forward pass, and
# Winograd's convolution takes less than half of the time.
BY_TILES, BY_WINOGRAD = 1.5, 0.45


class Sight(NamedTuple):
    """A way for the network to see pictures, with the memory and the work that it takes."""

    evaluator: str  # whole or tiles
    tile_size: int | None
    convolution: str  # direct, winograd or, to choose it for each scale, auto
    bytes: float
    work: float  # relative to the fastest way with direct convolution

    def __str__(self) -> str:
        how = "as a whole" if self.evaluator == "whole" else f"in tiles of {self.tile_size} pixels"
        return f"Evaluated {how}: needs about {self.bytes / 1e9:.1f} GB"


def choose_sight(size: Size, config: Config, free: float) -> Sight:
    """Returns the fastest way to see a picture of this size that fits into memory. The precision must be resolved.

    Args:
        free: free bytes; they count if the settings set no limit for the process.

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
            f"Expected a picture that fits into {limit / 1e9:.1f} GB, {share:.0%} of the available memory. "
            f"Received: {size}, which needs {least / 1e9:.1f} GB{_what_fits(size, config, limit)}"
        )
    return min(fitting, key=lambda choice: choice.work)


def most_bytes(config: Config, free: float) -> float:
    """Returns the most bytes that the process should use, of those that it may."""
    return SHARE_ALLOWED * config.memory_limit_gb * 1e9 if config.memory_limit_gb else SHARE * free


def has_room_for_all(size: Size, config: Config, free: float, count: int = 1) -> bool:
    """Returns whether all scales of N pictures fit into memory together, seen whole; settings must be resolved."""
    quick = config.convolution != "direct"
    scales = sizes(size, config.scales)
    tensors = sum(predicted_bytes(scale, config, None, quick) - STARTED for scale in scales)
    return STARTED + count * tensors <= most_bytes(config, free)


def most_together(size: Size, config: Config, free: float) -> int:
    """Returns how many pictures of this size fit into memory together, at least one. Settings must be resolved."""
    tile_size = config.tile_size if config.evaluator == "tiles" else None
    started = predicted_bytes(Size(0, 0), config, None, config.convolution != "direct")
    each = predicted_bytes(size, config, tile_size, config.convolution != "direct") - started
    return max(1, int((most_bytes(config, free) - started) / each))


def predicted_bytes(size: Size, config: Config, tile_size: int | None, quick: bool = False) -> float:
    """Returns the predicted peak memory of the process in bytes, with the picture seen whole (None) or in tiles.

    With `quick`, it convolves with fewer multiplications.
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
    remembered = 2 * bytes_remembered(size, config, tile_size)  # before a step and in it
    return started + compiled + activations + area * (_pictures(config) * 12 + kept) + remembered


def bytes_remembered(size: Size, config: Config, tile_size: int | None) -> float:
    """Returns the bytes of the moments of all tiles that a step by one pass needs of the step before."""
    if tile_size is None or config.tile_passes > 1:
        return 0.0
    rows, columns = sides(size, tile_size, config.network, _layers(config))
    channels = [CHANNELS[_block(layer.name)] for layer in config.layers_used("style")]
    return len(rows) * len(columns) * 4.0 * sum(of * (of + 1) for of in channels)


def _pictures(config: Config) -> int:
    """Returns the largest number of tensors of the picture's shape that exist at a time."""
    if config.optimizer == "lbfgs":
        return PICTURES + 2 * config.history
    return PICTURES + bool(config.average)


def _choices(size: Size, config: Config) -> Iterator[Sight]:
    """Yields the ways to see the picture that the settings leave open."""
    tile_sizes: list[int | None] = [None] if config.evaluator in ("auto", "whole") else []
    if config.evaluator != "whole" and not config.needs_whole():
        tile_sizes += [config.tile_size] if config.tile_size else list(TILE_SIZES)
    for tile_size in tile_sizes:
        passes = shown_in_all(size, tile_size, config.network, _layers(config))
        passes *= BY_TILES if tile_size and config.tile_passes > 1 else 1.0
        for convolution in _ways_to_convolve(size, config):
            quick = convolution != "direct"
            taken = predicted_bytes(size, config, tile_size, quick)
            work = passes * (BY_WINOGRAD if quick else 1.0)
            yield Sight("tiles" if tile_size else "whole", tile_size, convolution, taken, work)


def _ways_to_convolve(size: Size, config: Config) -> list[str]:
    """Returns the convolutions that the settings allow."""
    if config.convolution != "auto":
        return [config.convolution]
    pyramid = sizes(size, config.scales)
    gains = map(repays_compilation, pyramid, steps_per_scale(config.steps, len(pyramid)))
    return ["auto", "direct"] if any(gains) else ["direct"]


def _what_fits(size: Size, config: Config, limit: float) -> str:
    """Returns a hint with the largest size of this shape that fits."""
    longest = max(size)
    for longer in range(longest - longest % 32, 0, -32):
        smaller = Size(*(max(16, round(side * longer / longest)) for side in size))
        if any(choice.bytes <= limit for choice in _choices(smaller, config)):
            return f"; --size={longer} would fit"
    return ""


def _layers(config: Config) -> list[str]:
    return [layer.name for term in ("content", "style") for layer in config.layers_used(term)]


def _values_per_pixel(network: str, names: list[str]) -> float:
    """Returns the number of activations per pixel, up to the deepest layer."""
    return sum(channels / 4 ** (block - 1) for block, _, channels in convolutions(network, names))


def _transformed_kernels(network: str, names: list[str]) -> float:
    """Returns the bytes of the kernels that Winograd's convolution keeps: 36 values in float32, for both directions."""
    return sum(2 * 36 * 4 * given * made for _, given, made in convolutions(network, names) if given > CHANNELS[0])


def convolutions(network: str, names: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yields the block, input channels and output channels of each convolution up to the deepest of the layers."""
    deepest = max((_block(name), int(name[-1])) for name in names)
    for block, count in enumerate(CONVOLUTIONS[network], start=1):
        for convolution in range(1, count + 1):
            if (block, convolution) <= deepest:
                yield block, CHANNELS[block if convolution > 1 else block - 1], CHANNELS[block]


def _block(name: str) -> int:
    return int(name[len("block")])
