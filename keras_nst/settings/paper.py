"""Sizes of prints, such as 60x40cm, 36in, A3, and their pixels."""

import re
from collections.abc import Mapping
from typing import NamedTuple

USUAL_DPI = 300.0  # dots per inch of prints that are seen from close up
MILLIMETERS = {"mm": 1.0, "cm": 10.0, "in": 25.4}
LARGEST_PAPER = 841, 1189  # A0, in millimeters
OTHER_PAPERS = {"letter": (216, 279), "legal": (216, 356), "tabloid": (279, 432)}
LARGEST_SIDE = 999_999  # pixels: the most digits that are read
SERIES = 11  # A0 to A10, each half of the one before


class Print(NamedTuple):
    """The sides of a print in millimeters: the longer one, or width and height; `turns`: oriented like the content."""

    sides: tuple[float, ...]
    turns: bool = False

    def pixels(self, dpi: float, lies: bool) -> int | tuple[int, int]:
        """Returns its longer side, or its width and height, in pixels; `lies`: the content is wider than high."""
        sides = [max(1, round(side / MILLIMETERS["in"] * dpi)) for side in self.sides]
        if max(sides) > LARGEST_SIDE:
            raise ValueError(f"Expected at most {LARGEST_SIDE} pixels a side. Received: {max(sides)} at {dpi:g} dpi")
        if self.turns:
            sides.sort(reverse=lies)
        return (sides[0], sides[1]) if len(sides) == 2 else sides[0]


def parse_print(written: str) -> Print | None:
    """Reads a size in mm, cm or in, or that of a paper format; None if it is in pixels."""
    if paper := re.fullmatch(r"a(\d+)", written.lower()):
        number = int(paper[1][:4])
        if number >= SERIES:
            raise ValueError(f"Expected a paper from A0 to A{SERIES - 1}. Received: {written}")
        return Print(_halved(number), turns=True)
    if written.lower() in OTHER_PAPERS:
        return Print(OTHER_PAPERS[written.lower()], turns=True)
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(?: ?[xX×] ?(\d{1,9}(?:\.\d{1,9})?))? ?(mm|cm|in)", written)
    if not match:
        return None
    sides = tuple(float(side) * MILLIMETERS[match[3]] for side in match.groups()[:2] if side)
    return Print(sides)


def _halved(times: int) -> tuple[int, int]:
    short, long = LARGEST_PAPER
    for _ in range(times):
        short, long = long // 2, short
    return short, long


def printed_at(settings: Mapping[str, str]) -> float | None:
    """Returns the dots per inch that a picture is made for; None if none were requested.

    The settings are as a picture carries them, and so not trusted.
    """
    try:
        dpi = settings.get("dpi", "auto")
        return float(dpi) if dpi != "auto" else USUAL_DPI if parse_print(settings.get("size", "")) else None
    except ValueError:
        return None
