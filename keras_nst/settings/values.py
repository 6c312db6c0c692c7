"""Values of settings other than numbers and names: layers of a network, sizes of a picture."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from keras_nst.settings.kinds import Kind, choice, integer, number, several, shortest, text
from keras_nst.settings.networks import SMALLEST_SIDE, Layer
from keras_nst.settings.paper import LARGEST_SIDE, Print, parse_print

# The style losses, and what each takes of a layer's features: their moments, or the whole maps.
STYLE_LOSSES = {
    **dict.fromkeys(("gram", "mean_std", "covariance", "w2", "mmd"), "moments"),
    **dict.fromkeys(("swd", "neighbor"), "maps"),
}
FIRST_PICTURES = ("auto", "content", "noise", "style", "blend", "instant")  # all other values of --init are paths
SEPARATOR = " + "  # between pictures in one setting, if a flag is given several times
ESCAPED = " \\+ "  # the same inside a name


class StyleSource(NamedTuple):
    """A style picture in the form of --style: PICTURE[:WEIGHT][@BLOCKS]."""

    source: str
    weight: float = 1.0
    blocks: tuple[int, int] | None = None  # first and last block of the network that it is used for; None: all

    def __str__(self) -> str:
        weight = "" if self.weight == 1.0 else f":{shortest(self.weight)}"
        return self.source + weight + ("@{}-{}".format(*self.blocks) if self.blocks else "")


def joined(names: Iterable[str]) -> str:
    """Returns several pictures as one setting."""
    return SEPARATOR.join(name.replace(SEPARATOR, ESCAPED) for name in names)


def parted(written: str) -> list[str]:
    """Returns the pictures of one setting."""
    return [part.strip().replace(ESCAPED, SEPARATOR) for part in written.split(SEPARATOR) if part.strip()]


def parse_styles(written: str) -> tuple[StyleSource, ...]:
    """Reads --style: pictures, each optionally with a weight and blocks."""
    return tuple(map(style_source, parted(written)))


def style_source(written: str) -> StyleSource:
    """Reads PICTURE[:WEIGHT][@BLOCKS]."""
    parts = re.split(r"(?::(\d*\.?\d+(?:e[+-]?\d+)?))?(?:@([1-5])(?:-([1-5]))?)?$", written, maxsplit=1)
    source, weight, first, last = parts[:4]
    _check_blocks(source, weight)
    if weight and not 0 < float(weight) < 1e30:
        raise ValueError(f"Expected a weight above 0 after {source}. Received: {weight}")
    if first and int(last or first) < int(first):
        raise ValueError(f"Expected blocks in ascending order, as in @1-3. Received: @{first}-{last}")
    return StyleSource(source, float(weight or 1.0), (int(first), int(last or first)) if first else None)


def _check_blocks(source: str, weight: str | None) -> None:
    """Raises ValueError if the remaining name of a picture ends in something meant as blocks."""
    name, at, meant = source.rpartition("@")
    if not (at and re.fullmatch(r"\d[^./\\]*", meant)):
        return
    if weight and re.fullmatch("[1-5](-[1-5])?", meant):
        expected = f"Expected the weight before the blocks, as in {name}:{weight}@{meant}"
        raise ValueError(f"{expected}. Received: {source}:{weight}")
    raise ValueError(f"Expected blocks from 1 to 5 after {name}, as in @2 or @1-3. Received: @{meant}")


def style_losses() -> Kind:
    """Returns the kind of a list of style losses, each NAME or NAME:WEIGHT."""
    weight = number(above=True)

    def parse(written: str) -> tuple[str, float]:
        name, colon, share = written.partition(":")
        return name, weight.parse(share) if colon else 1.0

    def check(loss: tuple[str, float]) -> None:
        choice(*STYLE_LOSSES).check(loss[0])
        weight.check(loss[1])

    def show(loss: tuple[str, float]) -> str:
        return loss[0] if loss[1] == 1.0 else f"{loss[0]}:{shortest(loss[1])}"

    return several(Kind("NAME", parse, check, show), f"{'|'.join(STYLE_LOSSES)}[:WEIGHT],...")


def layers() -> Kind:
    """Returns the kind of a list of layers, each NAME or NAME:WEIGHT."""
    weight = number()

    def parse(written: str) -> Layer:
        name, colon, share = written.partition(":")
        return Layer(name, weight.parse(share) if colon else None)

    def check(layer: Layer) -> None:
        if layer.weight is not None:
            weight.check(layer.weight)

    return several(Kind("LAYER", parse, check), "LAYER[:WEIGHT],...")


def parse_size(written: str) -> int | tuple[int, int] | Print | None:
    """Reads --size: the longer side, (width, height), a print, or None for the content's own size."""
    if written == "original":
        return None
    if asked := parse_print(written):
        return asked
    match = re.fullmatch(r"(\d+)(?: ?[xX×] ?(\d+))?", written)
    if not match:
        expected = 'Expected a number of pixels, WIDTHxHEIGHT, a print such as 60x40cm, 36in or A3, or "original"'
        raise ValueError(f"{expected}. Received: {written}")
    if any(len(side) > len(str(LARGEST_SIDE)) for side in match.groups() if side):
        raise ValueError(f"Expected at most {LARGEST_SIDE} pixels a side. Received: {written}")
    sides = [int(side) for side in match.groups() if side]
    if min(sides) < SMALLEST_SIDE:
        raise ValueError(f"Expected at least {SMALLEST_SIDE} pixels a side. Received: {written}")
    return (sides[0], sides[1]) if len(sides) == 2 else sides[0]


def parse_color(written: str) -> tuple[float, float, float]:
    """Reads a color as red, green and blue in [0, 1]."""
    digits = re.fullmatch("#([0-9a-fA-F]{6})", {"white": "#ffffff", "black": "#000000"}.get(written, written))
    if not digits:
        raise ValueError(f"Expected white, black or a color as #ff8000. Received: {written}")
    red, green, blue = bytes.fromhex(digits[1])
    return red / 255, green / 255, blue / 255


def parse_span(written: str) -> tuple[int, int] | None:
    """Reads the numbers of the first and the last step, or of a single one; None if the text is empty."""
    if not written:
        return None
    match = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", written)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 0 < first <= last:
        raise ValueError(f"Expected the first and the last step, counted from 1, as in 10-20. Received: {written}")
    return first, last


def steps_by_scale() -> Kind:
    """Returns the kind of --steps: whole numbers, with one ... between two of them."""
    number = integer()

    def check(step: Any) -> None:
        if step is not ...:
            number.check(step)

    def parse(word: str) -> Any:
        return ... if word == "..." else number.parse(word)

    one = Kind("N", parse, check, lambda step: "..." if step is ... else str(step))
    kind = several(one, "N,...,N")

    def check_all(steps: tuple[Any, ...]) -> None:
        kind.check(steps)
        if steps.count(...) > 1 or ... in (*steps[:1], *steps[-1:]):
            raise ValueError(f"Expected at most one ..., between two numbers. Received: {kind.show(steps)}")

    return kind._replace(check=check_all, typed="int | str | Sequence[int | EllipsisType]")


def picture_size() -> Kind:
    """Returns the kind of --size; 300X200 and 300 × 200 are 300x200."""
    kind = text("PIXELS|WxH|WxHcm|A3|original", parse_size)._replace(typed="int | str")
    return kind._replace(parse=lambda written: re.sub(r"(?<=\d) ?[xX×] ?(?=\d)", "x", written))
