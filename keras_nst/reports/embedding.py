"""Pictures inside a page, as small as the page needs them."""

import base64
import io
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageFile

from keras_nst.pictures.files import read_picture
from keras_nst.pictures.opening import opened

QUALITY = 84
SMALLEST = 24  # pixels; no picture is shrunk further, whatever it takes
MOST_PIXELS = 2_000_000_000


class Embedded(NamedTuple):
    """A picture as an address that holds it."""

    address: str
    width: int
    height: int


def embedded(image: Image.Image, most: int, longest: int) -> Embedded:
    """Returns the picture in at most so many bytes, and so many pixels on its longer side."""
    while True:
        small = image.copy()
        small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        small.save(file, "WEBP", quality=QUALITY)
        data = file.getvalue()
        if len(data) <= most * 3 / 4 or max(small.size) <= SMALLEST:  # of three bytes base64 makes four
            return Embedded("data:image/webp;base64," + base64.b64encode(data).decode("ascii"), *small.size)
        longest = int(max(small.size) * 0.8)


def image_of(picture: Path | bytes) -> Image.Image | None:
    """Returns a picture from a file, or from what an event file holds; None where there is none any more."""
    try:
        if isinstance(picture, bytes):
            with Image.open(io.BytesIO(picture)) as file:
                return file.convert("RGB")
        return image_of_file(picture)
    except (OSError, ValueError, SyntaxError):
        return None


def image_of_file(path: Path) -> Image.Image:
    """Returns the result in a file, of whatever size."""
    with opened(path, MOST_PIXELS) as image:
        if image.mode in ("RGB", "RGBA"):
            return shown(image)
    return Image.fromarray((read_picture(path).pixels * 255 + 0.5).astype("uint8"))


def shown(image: ImageFile.ImageFile) -> Image.Image:
    """Returns the pixels; those of a JPEG no finer than a page shows them."""
    image.draft("RGB", (2048, 2048))
    image.load()
    return image.copy()
