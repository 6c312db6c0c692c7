"""Numbers as colors, with a legend that tells which number each color is."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# From nothing to most, as dark to light, which is also told apart without color.
RISING = np.array([[0, 0, 4], [60, 9, 101], [140, 41, 129], [222, 73, 104], [254, 159, 109], [252, 253, 191]]) / 255
# From most below zero over zero to most above it.
AROUND_ZERO = np.array([[33, 84, 166], [120, 170, 215], [247, 247, 247], [239, 138, 98], [165, 15, 34]]) / 255

BAR, FONT = 14, 12  # pixels


def colored(values: np.ndarray, low: float, high: float, colors: np.ndarray = RISING) -> Image.Image:
    """Returns values (h, w) as a picture; what is beyond `low` and `high` has their colors."""
    return as_image(in_colors(values, low, high, colors))


def glowing(picture: np.ndarray, values: np.ndarray, high: float) -> Image.Image:
    """Returns a picture (h, w, 3), gray and dim, which values (h', w') from 0 to `high` light up."""
    share = np.clip(over(picture, values) / max(high, 1e-12), 0.0, 1.0)
    return as_image((1.0 - share[..., None]) * 0.6 * gray(picture) + share[..., None] * in_colors(share, 0, 1, RISING))


def tinted(picture: np.ndarray, values: np.ndarray, high: float) -> Image.Image:
    """Returns a picture (h, w, 3), gray and pale, in the colors of values (h', w') from -`high` to `high`."""
    return as_image(in_colors(over(picture, values), -high, high, AROUND_ZERO) * (0.5 + 0.5 * gray(picture)))


def over(picture: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Returns values for each pixel of a picture."""
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
    """Returns pixels (h, w, 3) in [0, 1] as a picture of Pillow's."""
    return Image.fromarray(np.uint8(np.clip(pixels, 0, 1) * 255 + 0.5))


def legend(width: int, words: tuple[str, str, str], colors: np.ndarray = RISING) -> Image.Image:
    """Returns a bar of the colors, with words at its beginning, middle and end."""
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
