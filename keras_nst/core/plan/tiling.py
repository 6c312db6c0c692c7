"""Cuts a picture into tiles whose features are exactly those of the whole picture, in plain arithmetic.

A tile has a core, the pixels that are its own, inside a block, the pixels that the network sees: the core and a halo
as wide as the deepest layer sees beyond a position. Where a block touches the picture's border it has the same padding
there as the whole picture.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

from keras_nst.core.plan.pyramid import Size
from keras_nst.settings.networks import reach, stride

TILE_SIZES = (2048, 1536, 1024, 768, 512, 384, 256, 192, 128)  # pixels, largest first


class Span(NamedTuple):
    """One side of a tile, in pixels of the picture."""

    block_start: int
    block_stop: int
    start: int  # of the core
    stop: int
    last: bool  # the core ends at the picture's end

    def in_block(self, stride: int) -> slice:
        """Returns the core's positions in a feature map of the block."""
        first = (self.start - self.block_start) // stride
        return slice(first, None if self.last else first + (self.stop - self.start) // stride)

    def in_picture(self, stride: int) -> slice:
        """Returns the core's positions in a feature map of the picture."""
        return slice(self.start // stride, None if self.last else self.stop // stride)

    def block(self, stride: int) -> slice:
        """Returns the block's positions in a feature map of the picture."""
        return slice(self.block_start // stride, None if self.last else self.block_stop // stride)


class Tile(NamedTuple):
    """A rectangle of a picture."""

    rows: Span
    columns: Span


def tiles(size: Size, tile_size: int, network: str, layers: Iterable[str]) -> list[Tile]:
    """Returns the tiles of a picture, row by row; one if the picture is small enough."""
    rows, columns = sides(size, tile_size, network, layers)
    return [Tile(row, column) for row in rows for column in columns]


def sides(size: Size, tile_size: int, network: str, layers: Iterable[str]) -> tuple[list[Span], list[Span]]:
    """Returns the cuts of the rows and of the columns of a picture."""
    names = list(layers)
    step = max(stride(name) for name in names)
    halo = _rounded_up(max(reach(network, name) for name in names), step)
    return spans(size.height, tile_size, halo, step), spans(size.width, tile_size, halo, step)


def shown_at_once(size: Size, tile_size: int | None, network: str, layers: Iterable[str]) -> int:
    """Returns the pixels of the largest block that the network sees; `tile_size` None: the whole picture."""
    if tile_size is None:
        return size.height * size.width
    rows, columns = sides(size, tile_size, network, layers)
    height, width = (max(span.block_stop - span.block_start for span in spans) for spans in (rows, columns))
    return height * width


def shown_in_all(size: Size, tile_size: int | None, network: str, layers: Iterable[str]) -> float:
    """Returns the pixels that the network sees in one pass over the picture, divided by the picture's own."""
    if tile_size is None:
        return 1.0
    height, width = (
        sum(span.block_stop - span.block_start for span in spans) for spans in sides(size, tile_size, network, layers)
    )
    return height * width / (size.height * size.width)


def spans(length: int, tile_size: int, halo: int, step: int) -> list[Span]:
    """Returns the tiles of one side, cores of about `tile_size` between halos, on multiples of `step`.

    The first core has no halo outside and takes its pixels; the last block begins earlier than necessary. So all blocks
    have the same length except the last, which ends where the picture does. That makes two lengths for any picture,
    since each length needs its own program.
    """
    if length <= tile_size + 2 * halo:
        return [Span(0, length, 0, length, last=True)]
    count = math.ceil((length - 2 * halo) / tile_size)
    core = _rounded_up(math.ceil((length - 2 * halo) / count), step)
    block = core + 2 * halo
    bounds = [0, *range(halo + core, length - halo, core), length]
    latest = (length - block) // step * step
    starts = [min(max(0, start - halo), latest) for start in bounds[:-1]]
    return [
        Span(first, length if stop == length else first + block, start, stop, last=stop == length)
        for first, start, stop in zip(starts, bounds, bounds[1:], strict=False)
    ]


def _rounded_up(value: int, step: int) -> int:
    return -(-value // step) * step
