"""The sizes and scales of a run, coarse to fine, in plain arithmetic."""

import itertools
import math
from collections.abc import Iterable
from types import EllipsisType
from typing import NamedTuple

from keras_nst.settings.networks import SMALLEST_SIDE, stride

COARSEST = 128  # the longer side of the first scale, about
DEAR = 256  # the longer side, about, above which sizes double: more sizes take time and hardly change the picture

FEWEST_POSITIONS = 5  # of a layer, for a style: fewer have no meaningful variance

# At each scale, coarse to fine; ... repeats the number before it as often as needed.
Steps = tuple[int | EllipsisType, ...]

WORTHWHILE = 2.5e6  # pixels times steps: with these, Winograd's convolution saves twice the time of its compilation


class Size(NamedTuple):
    """Rows and columns, in this order, as in arrays."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width} x {self.height}"


class TooSmall(ValueError):
    """A picture that is too small to measure anything."""


class Scale(NamedTuple):
    """One scale of the pyramid."""

    number: int  # 1, 2, ... counting all sizes
    size: Size
    steps: int
    before: int  # steps planned at the scales before it
    coarse: bool = False  # whether it is the first of several


def final_size(request: int | tuple[int, int] | None, source: Size) -> Size:
    """Returns the size of the result: `request` is a longer side, (width, height), or None for the source's size."""
    if request is None:
        size = source
    elif isinstance(request, tuple):
        size = Size(request[1], request[0])
    else:
        size = _scaled(source, request / max(source))
    if min(size) < SMALLEST_SIDE:
        raise ValueError(
            f"Expected a result of at least {SMALLEST_SIDE} pixels a side. "
            f"Received: {size} from a picture of {source}; give both sides as WIDTHxHEIGHT to crop it"
        )
    return size


def same_area(source: Size, area: int) -> Size:
    """Returns the size of the source's shape that has about `area` pixels."""
    return Size(
        *(max(SMALLEST_SIDE, side) for side in _scaled(source, math.sqrt(area / (source.height * source.width))))
    )


def style_size(style: Size, size: Size, scale: float, fit: str, pixels: str = "enlarged") -> Size:
    """Returns the scaled size of a style picture for a picture of this size: of its shape, or with as many pixels.

    If that enlarges it, it may keep its own size, or take the (geometric) mean of both.
    """
    shape = size if fit == "squash" else same_area(style, size.height * size.width)
    area = shape.height * shape.width * scale**2
    own = min(area, style.height * style.width)
    return same_area(shape, round({"enlarged": area, "own": own, "between": math.sqrt(area * own)}[pixels]))


def with_enough_positions(layers: Iterable[str], sizes: Iterable[Size]) -> list[str]:
    """Returns the layers with enough positions for a style at each of these sizes; if no layer has, all of them."""
    layers, least = list(layers), list(sizes)

    def has_enough(layer: str) -> bool:
        step = stride(layer)
        return all((size.height // step) * (size.width // step) >= FEWEST_POSITIONS for size in least)

    return [layer for layer in layers if has_enough(layer)] or layers


def crop_box(source: Size, shape: Size) -> tuple[slice, slice]:
    """Returns the rows and columns of the largest centered part of `source` with the proportions of `shape`."""
    factor = min(source.height / shape.height, source.width / shape.width)
    part = _scaled(shape, factor)
    top, left = (source.height - part.height) // 2, (source.width - part.width) // 2
    return slice(top, top + part.height), slice(left, left + part.width)


def inner_box(size: Size) -> tuple[slice, slice]:
    """Returns the rows and columns away from the border, whose features do not depend on the padding."""
    rows, columns = (slice(side // 8, side - side // 8) for side in size)
    return rows, columns


def compared_size(result: Size, content: Size | None, longest: int) -> Size:
    """Returns the size, of the content's shape, at which a result is compared with it: neither is enlarged.

    Raises:
        ValueError: the proportions differ by more than a pixel of the smaller one.
        TooSmall: a side is below 16 pixels.
    """
    content = content or result
    small, large = sorted((result, content), key=math.prod)
    if abs(small.height / large.height - small.width / large.width) > 1 / large.height + 1 / large.width:
        raise ValueError(f"Expected the proportions of the content, {content}. Received: {result}")
    size = _scaled(content, min(longest, max(result), max(content)) / max(content))
    if min(size) < SMALLEST_SIDE:
        received = f"{result}" if size == result else f"{result}, compared at {size}"
        raise TooSmall(f"Expected at least {SMALLEST_SIDE} pixels a side to compare. Received: {received}")
    return size


def sizes(final: Size, scales: int | None) -> list[Size]:
    """Returns the sizes coarse to fine, ending exactly at `final`: `scales` of them, each sqrt(2) times the last.

    Without `scales`, the longer side grows by sqrt(2) from about 128 to about 256 pixels, and then doubles.
    """
    powers = range(1, scales) if scales is not None else _usual_powers(max(final))
    coarser = [_scaled(final, 2 ** (-power / 2)) for power in reversed(powers)]
    return [size for size in coarser if min(size) >= SMALLEST_SIDE] + [final]


def _usual_powers(longer: int) -> list[int]:
    """Returns the powers of sqrt(2) by which the coarser sizes are smaller: even ones, and all of them below DEAR."""
    doubled, coarsest = (max(0, round(2 * math.log2(longer / side))) for side in (DEAR, COARSEST))
    return [power for power in range(1, coarsest + 1) if power % 2 == 0 or power > doubled]


def plan(final: Size, steps: Steps, scales: int | None) -> list[Scale]:
    """Returns the scales coarse to fine; those without steps are left out, except the last."""
    pyramid = sizes(final, scales)
    counts = steps_per_scale(steps, len(pyramid))
    before = itertools.accumulate(counts, initial=0)
    scales_of_all = map(Scale, itertools.count(1), pyramid, counts, before)
    first, *others = (scale for scale in scales_of_all if scale.steps or scale.number == len(pyramid))
    return [first._replace(coarse=bool(others)), *others]


def steps_per_scale(steps: Steps, scales: int) -> list[int]:
    """Returns the number of steps of each scale: those listed; the number before ..., or else the last, is repeated.

    If there are fewer scales, the numbers after ... belong to the last ones.
    """
    cut = steps.index(...) if ... in steps else len(steps)
    first, last = _numbers(steps[:cut]), _numbers(steps[cut + 1 :])[-scales:]
    own = scales - len(last)
    return [first[min(scale, len(first) - 1)] for scale in range(own)] + last


def _numbers(steps: Steps) -> list[int]:
    return [number for number in steps if isinstance(number, int)]


def repays_compilation(size: Size, steps: int) -> bool:
    """Returns whether N steps at this size save time by convolving with fewer multiplications."""
    return size.height * size.width * steps >= WORTHWHILE


def _scaled(size: Size, factor: float) -> Size:
    return Size(*(max(1, round(side * factor)) for side in size))
