"""Draws sheets: pictures side by side, with labels, and values as colors."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SPACE = 3  # pixels around text
SQUARES = 8  # enlarged at least this many times, pixels are drawn as squares


class Look(NamedTuple):
    """The layout of a sheet."""

    width: int  # pixels, of a cell
    height: int
    head: int = 18  # pixels, of a line of text
    font: float | None = None  # size; None: the smallest
    gap: int = 0  # pixels, between cells
    enlarge: bool = False  # whether small pictures fill their cells


Cells = Mapping[tuple[str, str], Image.Image]  # by row and column


def grid(cells: Cells, rows: Sequence[str], columns: Sequence[str], look: Look) -> Image.Image:
    """Returns a sheet of pictures: rows downwards, with a label above each, and columns across."""
    across, down = look.width + look.gap, look.height + look.head + look.gap
    size = (len(columns) * across - look.gap, len(rows) * down - look.gap + look.head)
    whole = Image.new("RGB", size, "white")
    canvas = ImageDraw.Draw(whole)
    if look.font:
        canvas.font = ImageFont.load_default(look.font)
    for number, column in enumerate(columns):
        canvas.text((number * across + SPACE, SPACE), shortened(column, canvas, look.width), "black")
    for number, row in enumerate(rows):
        there = sum((row, column) in cells for column in columns)  # a label may be as wide as its row
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
    """Returns the text, without its middle if it is longer than `width` pixels."""
    kept = len(text)
    shown = text
    while canvas.textlength(shown) > width - 2 * SPACE and kept > 0:
        kept -= 1
        shown = f"{text[: kept // 2]}...{text[len(text) - (kept - kept // 2) :]}"
    return shown


# From zero to the largest value, as dark to light, which works without color as well.
RISING = np.array([[0, 0, 4], [60, 9, 101], [140, 41, 129], [222, 73, 104], [254, 159, 109], [252, 253, 191]]) / 255
# From the lowest negative value over zero to the highest positive one.
AROUND_ZERO = np.array([[33, 84, 166], [120, 170, 215], [247, 247, 247], [239, 138, 98], [165, 15, 34]]) / 255

BAR, FONT = 14, 12  # pixels


def colored(values: np.ndarray, low: float, high: float, colors: np.ndarray = RISING) -> Image.Image:
    """Returns values (h, w) as a picture; values beyond `low` and `high` get the colors of these."""
    return as_image(in_colors(values, low, high, colors))


def glowing(picture: np.ndarray, values: np.ndarray, high: float) -> Image.Image:
    """Returns a picture (h, w, 3) in dim gray, lit up by values (h', w') from 0 to `high`."""
    share = np.clip(over(picture, values) / max(high, 1e-12), 0.0, 1.0)
    return as_image((1.0 - share[..., None]) * 0.6 * gray(picture) + share[..., None] * in_colors(share, 0, 1, RISING))


def tinted(picture: np.ndarray, values: np.ndarray, high: float) -> Image.Image:
    """Returns a picture (h, w, 3) in pale gray, tinted with the colors of values (h', w') from -`high` to `high`."""
    return as_image(in_colors(over(picture, values), -high, high, AROUND_ZERO) * (0.5 + 0.5 * gray(picture)))


def over(picture: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns values resized to the pixels of a picture."""
    h, w, _ = picture.shape
    return np.asarray(Image.fromarray(values.astype("float32")).resize((w, h), Image.Resampling.BICUBIC))


def gray(picture: np.ndarray) -> np.ndarray:
    """Returns the brightness of a picture: (h, w, 1)."""
    return (picture @ np.array([0.3, 0.59, 0.11]))[..., None]


def in_colors(values: np.ndarray, low: float, high: float, colors: np.ndarray) -> np.ndarray:
    """Returns the colors of values: (..., 3) in [0, 1]."""
    share = np.clip((values - low) / max(high - low, 1e-12), 0.0, 1.0)
    stops = np.linspace(0.0, 1.0, len(colors))
    return np.stack([np.interp(share, stops, channel) for channel in colors.T], axis=-1)


def as_image(pixels: np.ndarray) -> Image.Image:
    """Returns pixels (h, w, 3) in [0, 1] as a Pillow picture."""
    return Image.fromarray(np.uint8(np.clip(pixels, 0, 1) * 255 + 0.5))


def legend(width: int, words: tuple[str, str, str], colors: np.ndarray = RISING) -> Image.Image:
    """Returns a bar of the colors, with words at its start, middle and end."""
    bar = colored(np.linspace(0, 1, width)[None].repeat(BAR, axis=0), 0.0, 1.0, colors)
    whole = Image.new("RGB", (width, BAR + FONT + 8), "white")
    whole.paste(bar, (0, 0))
    canvas = ImageDraw.Draw(whole)
    canvas.font = ImageFont.load_default(FONT)
    for share, text in zip((0.0, 0.5, 1.0), words, strict=True):
        canvas.text((share * (width - canvas.textlength(text)), BAR + 2), text, "black")
    return whole


def below(image: Image.Image, under: Image.Image, gap: int = 12) -> Image.Image:
    """Returns one picture with another below it."""
    whole = Image.new("RGB", (max(image.width, under.width), image.height + gap + under.height), "white")
    whole.paste(image, (0, 0))
    whole.paste(under, (0, image.height + gap))
    return whole
