"""Reads and writes picture files."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from keras_nst.pictures import encoders, metadata
from keras_nst.pictures.color import srgb_profile
from keras_nst.pictures.decoding import decoded
from keras_nst.pictures.opening import MAX_PIXELS, opened
from keras_nst.settings.paper import printed_at
from keras_nst.system.files import written_whole


class Picture(NamedTuple):
    """A picture and its origin."""

    pixels: np.ndarray  # (h, w, 3) float32, sRGB in [0, 1]
    alpha: np.ndarray | None  # (h, w) float32 in [0, 1]; None when opaque
    sha256: str  # of the file
    notes: tuple[str, ...]  # messages for the user, each a part of a line


class Format(NamedTuple):
    """The limits of a file format, and Pillow's options for writing it."""

    name: str
    deep: bool = False  # supports 16 bits per channel
    alpha: bool = True
    longest: int = 2**31 - 1  # pixels a side
    options: Mapping[str, Any] = {}


JPEG = Format("JPEG", alpha=False, longest=65_500, options={"quality": 95, "subsampling": "4:4:4"})
TIFF = Format("TIFF", deep=True)
FORMATS = {
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": Format("PNG", deep=True),
    ".webp": Format("WEBP", longest=16_383, options={"lossless": True, "exact": True}),
    ".tif": TIFF,
    ".tiff": TIFF,
    ".avif": Format("AVIF", longest=65_536, options={"quality": 95, "subsampling": "4:4:4"}),
}
ROWS_AT_ONCE = 256
LONGEST_EXIF = 60_000  # bytes that fit into a JPEG besides EXIF's own


def read_picture(path: str | Path, max_pixels: int = MAX_PIXELS) -> Picture:
    """Reads a picture of any common format as sRGB.

    Raises:
        OSError: the file does not exist, or may not be read.
        ValueError: the file is not a picture, too large or damaged.
    """
    with opened(path, max_pixels) as image:
        samples = decoded(image)
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Picture(samples.pixels, samples.alpha, sha256, samples.notes)


def check_output(path: str | Path, bit_depth: int, alpha: bool, size: tuple[int, int] | None = None) -> None:
    """Checks that a picture can be saved there; `size` is its height and width, if known.

    Raises:
        OSError: the folder is missing or may not be written, or the path is a folder.
        ValueError: the format is unknown or does not support what is requested.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"Expected a name that ends in {', '.join(FORMATS)}. Received: {path.name}")
    format = FORMATS[path.suffix.lower()]
    Image.init()
    if format.name not in Image.SAVE:
        raise ValueError(f"Expected a format that the installed Pillow can write. Received: {format.name}")
    if bit_depth not in (8, 16):
        raise ValueError(f"Expected a bit depth of 8 or 16. Received: {bit_depth}")
    if bit_depth == 16 and not format.deep:
        raise ValueError(f"Expected .png or .tiff for 16 bits. Received: {path.name}, and {format.name} holds 8")
    if alpha and not format.alpha:
        *suffixes, last = (suffix for suffix, of in FORMATS.items() if of.alpha)
        expected = f"Expected {', '.join(suffixes)} or {last} for transparency, or a color behind it, as in "
        raise ValueError(f"{expected}--background=white. Received: {path.name}, which holds none")
    if size and max(size) > format.longest:
        raise ValueError(
            f"Expected at most {format.longest} pixels a side for {format.name}. Received: {size[1]}x{size[0]}"
        )
    _check_place(path)


def _check_place(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(f"Expected the name of a picture to write. Received: {path}, a folder")
    folder = path.parent
    if not folder.exists():
        raise FileNotFoundError(f"Expected a folder that exists. Received: {folder}")
    if not folder.is_dir():
        raise NotADirectoryError(f"Expected a folder. Received: {folder}, a file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"Expected a writable folder. Received: {folder}")


def save_picture(
    path: str | Path,
    pixels: np.ndarray,
    *,
    alpha: np.ndarray | None = None,
    bit_depth: int = 8,
    settings: Mapping[str, str] | None = None,
    overwrite: bool = True,
) -> None:
    """Saves pixels (h, w, 3), sRGB in [0, 1], with alpha (h, w), in the format of the name's suffix.

    An existing file is replaced by a whole picture or not at all; without `overwrite`, never. For a print, the dots per
    inch are written if the format stores them.

    Raises:
        OSError: the file cannot be written, or exists.
        ValueError: the format is unknown or does not support what is requested, or a pixel is not a number.
    """
    path = Path(path)
    check_output(path, bit_depth, alpha is not None, pixels.shape[:2])
    samples = _quantized(pixels if alpha is None else np.dstack([pixels, alpha]), bit_depth)
    about = encoders.About(
        srgb_profile(), None if settings is None else metadata.encoded(settings), printed_at(settings or {})
    )
    with written_whole(path, overwrite) as file:
        _encode(file, samples, FORMATS[path.suffix.lower()], about)


def as_image(values: np.ndarray) -> Image.Image:
    """Returns values (h, w, 3 or 4) in [0, 1] as a Pillow picture with 8 bits."""
    return Image.fromarray(_quantized(values, 8))


def _quantized(values: np.ndarray, bit_depth: int) -> np.ndarray:
    """Returns values in [0, 1] as the nearest integers; strip by strip, since temporary values take memory."""
    top = 2**bit_depth - 1
    samples = np.empty(values.shape, f"uint{bit_depth}")
    for start in range(0, len(values), ROWS_AT_ONCE):
        strip = values[start : start + ROWS_AT_ONCE]
        if not np.isfinite(strip).all():
            raise ValueError("Expected numbers in the picture. Received: NaN or infinity")
        samples[start : start + ROWS_AT_ONCE] = np.floor(np.clip(strip, 0, 1) * np.float32(top) + np.float32(0.5))
    return samples


def _encode(file: IO[bytes], samples: np.ndarray, format: Format, about: encoders.About) -> None:
    if format.name == "TIFF":
        encoders.write_tiff(file, samples, about)
    elif samples.dtype == np.uint16:
        encoders.write_png16(file, samples, about)
    else:
        carried = _carried(format, about)
        Image.fromarray(samples).save(file, format.name, icc_profile=about.profile, **format.options, **carried)


def _carried(format: Format, about: encoders.About) -> dict[str, Any]:
    """Returns Pillow's options that embed the settings, and the dots per inch of a print, in the file."""
    dots = {"dpi": (about.dpi, about.dpi)} if about.dpi else {}
    if format.name == "PNG":
        texts = PngInfo()
        if about.settings is not None:
            texts.add_itxt(metadata.KEY, about.settings)
        return {"pnginfo": texts, **dots}
    # A picture without its settings is better than none.
    fits = about.settings is not None and len(about.settings) <= LONGEST_EXIF
    block = metadata.exif(about.settings if fits else None, about.dpi)
    return {"exif": block, **dots} if block else {}
