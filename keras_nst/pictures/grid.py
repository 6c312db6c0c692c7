"""Pictures side by side, with what they have in common at the heads of the lines."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

SPACE = 3  # pixels around text
SQUARES = 8  # times enlarged, from which on the pixels themselves are to be seen


class Look(NamedTuple):
    """How a sheet is drawn."""

    width: int  # pixels, of a cell
    height: int
    head: int = 18  # pixels, for a line of text
    font: float | None = None  # its size; None: the smallest
    gap: int = 0  # pixels, between cells
    enlarge: bool = False  # whether small pictures are to fill their cells


Cells = Mapping[tuple[str, str], Image.Image]  # by row and column


def grid(cells: Cells, rows: Sequence[str], columns: Sequence[str], look: Look) -> Image.Image:
    """Returns a sheet of pictures: row by row downwards, each below its name, columns across."""
    across, down = look.width + look.gap, look.height + look.head + look.gap
    size = (len(columns) * across - look.gap, len(rows) * down - look.gap + look.head)
    whole = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(whole)
    if look.font:
        canvas.font = ImageFont.load_default(look.font)
    for number, column in enumerate(columns):
        canvas.text((number * across + SPACE, SPACE), shortened(column, canvas, look.width), "black")
    for number, row in enumerate(rows):
        there = sum((row, column) in cells for column in columns)  # a name may be as wide as its row
        name = shortened(row, canvas, max(1, there) * across - look.gap)
        canvas.text((SPACE, look.head + number * down + SPACE), name, "black")
    for (row, column), image in cells.items():
        left, top = columns.index(column) * across, look.head + rows.index(row) * down + look.head
        whole.paste(fitted(image, look), (left, top))
    return whole


def fitted(image: Image.Image, look: Look) -> Image.Image:
    """Returns a picture that fits into a cell."""
    if look.enlarge and image.width < look.width and image.height < look.height:
        factor = min(look.width / image.width, look.height / image.height)
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        return image.resize(size, Image.Resampling.NEAREST if factor > SQUARES else Image.Resampling.BICUBIC)
    shown = image.copy()
    shown.thumbnail((look.width, look.height), Image.Resampling.LANCZOS)
    return shown


def shortened(text: str, canvas: ImageDraw.ImageDraw, width: int) -> str:
    """Returns the text, its middle left out if it is longer than so many pixels."""
    kept = len(text)
    shown = text
    while canvas.textlength(shown) > width - 2 * SPACE and kept > 0:
        kept -= 1
        shown = f"{text[: kept // 2]}...{text[len(text) - (kept - kept // 2) :]}"
    return shown
