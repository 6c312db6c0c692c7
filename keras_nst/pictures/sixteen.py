"""Pictures with more than 8 bits a channel, of which Pillow keeps 8 where they are in color."""

import sys
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile

OPPOSITE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}  # byte orders
BITS, INTERPRETATION = 258, 262  # tags of TIFF
WHITE_IS_ZERO = 0
WHITES = {"I": (255, 65_535), "F": (1, 255, 65_535)}  # of 32-bit integers and floating-point samples


class Deep(NamedTuple):
    """Samples of more than 8 bits."""

    colors: np.ndarray  # (h, w, 1 or 3) float32 in [0, 1]
    alpha: np.ndarray | None  # (h, w) float32 in [0, 1]
    note: str = ""  # what the user should know


def deep_samples(image: ImageFile.ImageFile) -> Deep | None:
    """Returns the samples of a picture not loaded yet; None where there are 8 bits, or no more can be had."""
    if (deep := samples_of_deep_mode(image)) is not None:
        return deep
    rawmode = _rawmode(image)
    if rawmode == "LA;16B":  # the four bytes of a pixel are handed out as if they were four channels
        return _scaled(_decoded(image, "RGBA").view(">u2"), image)
    if ";16" in rawmode and rawmode.partition(";")[0] in ("RGB", "RGBA", "RGBX"):
        return _scaled(_both_bytes(image, rawmode), image)
    if _tag(image, BITS, 8) == 16 and rawmode == "R":  # which Pillow reads as if they were 8 bits
        raise ValueError("16 bits in separate planes: save it with interleaved channels")
    return None


def samples_of_deep_mode(image: Image.Image) -> Deep | None:
    """Returns the samples of a picture in a mode of Pillow's with more than 8 bits; None in others."""
    if image.mode.startswith("I;16"):
        return _scaled(np.asarray(image)[..., None], image)
    if image.mode in ("I", "F"):
        return _wide(np.asarray(image, np.float32)[..., None], image.mode)
    return None


def has_16_bits(image: ImageFile.ImageFile) -> bool:
    """Tells whether a picture not loaded yet has 16 bits a channel, in any colors."""
    return ";16" in _rawmode(image)


def _rawmode(image: ImageFile.ImageFile) -> str:
    """Returns Pillow's word for how samples are laid out in the file; "" where that says nothing about their bits."""
    if image.format not in ("PNG", "TIFF") or not (tiles := getattr(image, "tile", None)):
        return ""
    arguments = tiles[0].args
    return arguments[0] if isinstance(arguments, tuple) else str(arguments)


def _both_bytes(image: ImageFile.ImageFile, rawmode: str) -> np.ndarray:
    """Returns 16-bit samples (h, w, 3 or 4).

    Pillow keeps the high byte of each sample. Told that the bytes come in the opposite order, it keeps the low one.
    """
    high, low = _decoded(image, rawmode), _decoded(image, rawmode[:-1] + OPPOSITE[rawmode[-1]])
    return high.astype(np.uint16) << 8 | low


def _decoded(image: ImageFile.ImageFile, rawmode: str) -> np.ndarray:
    """Returns what Pillow makes of the file when told that its samples are laid out as `rawmode` says."""
    with Image.open(image.filename, formats=[image.format or ""]) as again:
        again.tile = [_told(tile, rawmode) for tile in again.tile]
        return np.asarray(again)


def _told(tile: ImageFile._Tile, rawmode: str) -> ImageFile._Tile:
    return tile._replace(args=(rawmode, *tile.args[1:]) if isinstance(tile.args, tuple) else rawmode)


def _scaled(samples: np.ndarray, image: Image.Image) -> Deep:
    """Returns integer samples (h, w, 1 to 4) in [0, 1], the color that the file declares transparent taken out."""
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
    """Returns samples of 32 bits in [0, 1]; what white is, the file does not say."""
    samples = np.nan_to_num(samples, posinf=0, neginf=0)
    largest = float(samples.max())
    white = next((top for top in WHITES[mode] if largest <= top), largest)
    note = f"its samples have 32 bits and reach {largest:g}: {white:g} is taken as white"
    return Deep(np.clip(samples / np.float32(white), 0, 1), None, note)
