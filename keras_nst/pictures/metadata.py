"""The settings that made a picture, embedded in its file."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from keras_nst.pictures.opening import opened

KEY = "keras_nst"
MARK = b"ASCII\0\0\0" + KEY.encode() + b": "  # EXIF requires the character set first
LIMIT = 1_000_000  # characters
EXIF, COMMENT = 0x8769, 0x9286
X_RESOLUTION, Y_RESOLUTION, UNIT, INCH = 282, 283, 296, 2


def encoded(settings: Mapping[str, str]) -> str:
    """Returns settings as one line of plain ASCII, which every format supports."""
    return json.dumps(dict(settings))


def comment(text: str) -> bytes:
    """Returns the EXIF comment with encoded settings, for formats without named texts (PNG has them)."""
    return MARK + text.encode("ascii")


def exif(text: str | None, dpi: float | None) -> bytes:
    """Returns a block of EXIF with only the comment and the dots per inch; empty without either."""
    block = Image.Exif()
    if text is not None:
        block[EXIF] = {COMMENT: comment(text)}
    for tag, value in resolution(dpi).items() if dpi else ():
        block[tag] = value
    return block.tobytes() if len(block) else b""


def resolution(dpi: float) -> dict[int, float | int]:
    """Returns the TIFF and EXIF tags for dots per inch."""
    return {X_RESOLUTION: dpi, Y_RESOLUTION: dpi, UNIT: INCH}


def read_settings(path: str | Path) -> dict[str, str]:
    """Returns the settings embedded in a picture, which are untrusted.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a picture, or carries no settings.
    """
    with opened(path, max_pixels=sys.maxsize) as image:  # no pixel is decoded
        text = _found(image)
    try:
        settings = json.loads(text) if len(text) <= LIMIT else None
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict):
        raise ValueError("Expected a picture made by keras_nst. Received: one without its settings")
    return {name: value for name, value in settings.items() if isinstance(value, str)}


def _found(image: Image.Image) -> str:
    """Returns the text with the settings, or ""."""
    if isinstance(text := image.info.get(KEY), str):
        return text
    if image.format == "PNG":  # Pillow would decode it to look for EXIF after its pixels
        return ""
    found = image.getexif().get_ifd(EXIF).get(COMMENT, b"")
    return found.removeprefix(MARK).decode("ascii") if isinstance(found, bytes) and found.startswith(MARK) else ""
