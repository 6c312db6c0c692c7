"""Pictures with more than 8 bits per channel, which Pillow reduces to 8 if they have colors."""

import sys
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile

OPPOSITE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # byte orders
BITS, INTERPRETATION = 258, 262  # tags of TIFF
WHITE_IS_ZERO = 0
WHITES = {"I": (255, 65_535), "F": (1, 255, 65_535)}  # candidates for white: 32-bit integers, floating-point samples


class Deep(NamedTuple):
    """Samples of more than 8 bits."""

    colors: np.ndarray  # (h, w, 1 or 3) float32 in [0, 1]
    alpha: np.ndarray | None  # (h, w) float32 in [0, 1]
    note: str = ""  # message for the user


def deep_samples(image: ImageFile.ImageFile) -> Deep | None:
    """Returns the samples of a picture not loaded yet; None if it has 8 bits, or more cannot be read."""
    if (deep := samples_of_deep_mode(image)) is not None:
        return deep
    rawmode = _rawmode(image)
    if rawmode == "LA;16B":  # Pillow returns the four bytes of a pixel as four channels
        return _scaled(_decoded(image, "RGBA").view(">u2"), image)
    if ";16" in rawmode and rawmode.partition(";")[0] in ("RGB", "RGBA", "RGBX"):
        return _scaled(_both_bytes(image, rawmode), image)
    if _tag(image, BITS, 8) == 16 and rawmode == "R":  # Pillow reads it as 8 bits
        raise ValueError("16 bits in separate planes: save it with interleaved channels")
    return None


def samples_of_deep_mode(image: Image.Image) -> Deep | None:
    """Returns the samples of a picture in a Pillow mode with more than 8 bits; None for other modes."""
    if image.mode.startswith("I;16"):
        return _scaled(np.asarray(image)[..., None], image)
    if image.mode in ("I", "F"):
        return _wide(np.asarray(image, np.float32)[..., None], image.mode)
    return None


def has_16_bits(image: ImageFile.ImageFile) -> bool:
    """Returns whether a picture not loaded yet has 16 bits per channel, in any colors."""
    return ";16" in _rawmode(image)


def _rawmode(image: ImageFile.ImageFile) -> str:
    """Returns Pillow's name for the layout of samples in the file; "" if it says nothing about their bits."""
    if image.format not in ("PNG", "TIFF") or not (tiles := getattr(image, "tile", None)):
        return ""
    arguments = tiles[0].args
    return arguments[0] if isinstance(arguments, tuple) else str(arguments)


def _both_bytes(image: ImageFile.ImageFile, rawmode: str) -> np.ndarray:
    """Returns 16-bit samples (h, w, 3 or 4).

    Pillow keeps the high byte of each sample. With the opposite byte order it keeps the low one.
    """
    high, low = _decoded(image, rawmode), _decoded(image, rawmode[:-1] + OPPOSITE[rawmode[-1]])
    return high.astype(np.uint16) << 8 | low


def _decoded(image: ImageFile.ImageFile, rawmode: str) -> np.ndarray:
    """Returns Pillow's reading of the file with the sample layout `rawmode`."""
    with Image.open(image.filename, formats=[image.format or ""]) as again:
        again.tile = [_told(tile, rawmode) for tile in again.tile]
        return np.asarray(again)


def _told(tile: ImageFile._Tile, rawmode: str) -> ImageFile._Tile:
    return tile._replace(args=(rawmode, *tile.args[1:]) if isinstance(tile.args, tuple) else rawmode)


def _scaled(samples: np.ndarray, image: Image.Image) -> Deep:
    """Returns integer samples (h, w, 1 to 4) in [0, 1]; the color that the file declares transparent becomes alpha."""
    channels = 3 if samples.shape[2] > 2 else 1
    top = np.float32(2 ** min(16, _tag(image, BITS, 16)) - 1)
    alpha = samples[..., channels] / top if samples.shape[2] > channels else None
    if (key := image.info.get("transparency")) is not None:
        alpha = (samples[..., :channels] != key).any(axis=2).astype(np.float32)
    colors = samples[..., :channels] / top
    return Deep(1 - colors if _tag(image, INTERPRETATION, 1) == WHITE_IS_ZERO else colors, alpha)


def _tag(image: Image.Image, tag: int, default: int) -> int:
    value = getattr(image, "tag_v2", {}).get(tag, default)
    return value[0] if isinstance(value, tuple) else value


def _wide(samples: np.ndarray, mode: str) -> Deep:
    """Returns 32-bit samples in [0, 1]; the file does not say which value is white."""
    samples = np.nan_to_num(samples, posinf=0, neginf=0)
    largest = float(samples.max())
    white = next((top for top in WHITES[mode] if largest <= top), largest)
    note = f"its samples have 32 bits and reach {largest:g}: {white:g} is taken as white"
    return Deep(np.clip(samples / np.float32(white), 0, 1), None, note)
