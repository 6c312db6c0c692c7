"""From an opened file to upright sRGB samples, whatever the file's colors, bits and transparency are."""

import os
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from keras_nst.pictures.alpha import fill_hidden
from keras_nst.pictures.color import separate, srgb_transform, to_srgb
from keras_nst.pictures.sixteen import Deep, deep_samples, has_16_bits, samples_of_deep_mode

# EXIF's orientation: whether rows and columns are swapped, then the step along the rows and along the columns.
TURNS = {
    1: (False, 1, 1),
    2: (False, 1, -1),
    3: (False, -1, -1),
    4: (False, -1, 1),
    5: (True, 1, 1),
    6: (True, 1, -1),
    7: (True, -1, -1),
    8: (True, -1, 1),
}
ROWS = 257  # a tag of TIFF
# What the several pictures of a file are to its user. Those of other formats are layers, sizes or previews.
FRAMES = dict.fromkeys(("GIF", "WEBP", "PNG", "AVIF"), "animated, {} frames") | {"TIFF": "{} pages"}


class Samples(NamedTuple):
    """What a file says of its picture."""

    pixels: np.ndarray  # (h, w, 3) float32, sRGB in [0, 1]
    alpha: np.ndarray | None  # (h, w) float32 in [0, 1]; None when opaque
    notes: tuple[str, ...] = ()  # what the user should know


def decoded(image: ImageFile.ImageFile) -> Samples:
    """Returns the first picture of a file, upright, with hidden pixels filled."""
    _check_rows(image)
    _check_bytes(image)
    frames, has_16 = _frames(image), has_16_bits(image)
    deep = deep_samples(image)
    samples = _eight(image, has_16) if deep is None else _sixteen(deep, image)
    turn = _orientation(image)
    alpha = None if samples.alpha is None else _turned(samples.alpha, turn)
    return finished(Samples(_turned(samples.pixels, turn), alpha, (frames, *samples.notes)))


def decoded_as_it_lies(image: Image.Image) -> Samples:
    """Returns a picture that a program has, by its own rows and columns, with hidden pixels filled."""
    image.load()
    deep = samples_of_deep_mode(image)
    return finished(_eight(image, has_16=False) if deep is None else _sixteen(deep, image))


def finished(samples: Samples) -> Samples:
    """Returns samples with hidden pixels filled, without an alpha that hides nothing."""
    pixels, alpha, notes = samples
    if alpha is not None and alpha.min() == 1:
        alpha = None
    if alpha is not None:
        pixels = fill_hidden(pixels, alpha)
        notes = (*notes, "" if alpha.any() else "all of it is transparent: taken as gray")
    return Samples(np.ascontiguousarray(pixels), alpha, tuple(note for note in notes if note))


def _check_rows(image: ImageFile.ImageFile) -> None:
    """Raises ValueError for a TIFF that lists fewer strips than it needs, whose last rows Pillow would make black."""
    if isinstance(image, TiffImageFile):
        ends, height = [tile.extents[3] for tile in image.tile if tile.extents], image.tag_v2[ROWS]
        if max(ends, default=0) < height:
            raise ValueError(f"it ends at row {max(ends, default=0)} of {height}")


def _check_bytes(image: ImageFile.ImageFile) -> None:
    """Raises ValueError for a JPEG without a bit for each block of 8 x 8, which Pillow would make gray."""
    size, blocks = os.stat(image.filename).st_size, image.width * image.height // 64
    if image.format in ("JPEG", "MPO") and 8 * size < blocks:
        raise ValueError(f"{size} bytes are too few for {image.width}x{image.height}")


def _eight(image: Image.Image, has_16: bool) -> Samples:
    """Returns the samples of a picture of which only 8 bits can be had."""
    colors, alpha = separate(image)
    transform, note = srgb_transform(image.info.get("icc_profile"), colors.mode)
    lost = "read with 8 of its 16 bits" if has_16 else ""
    return Samples(_unit(to_srgb(colors, transform)), None if alpha is None else _unit(alpha), (note, lost))


def _sixteen(deep: Deep, image: Image.Image) -> Samples:
    """Returns the samples of a picture with more bits, which a conversion of its colors cuts down to 8."""
    gray = deep.colors.shape[2] == 1
    transform, note = srgb_transform(image.info.get("icc_profile"), "L" if gray else "RGB")
    if transform is None:
        return Samples(np.broadcast_to(deep.colors, (*deep.colors.shape[:2], 3)), deep.alpha, (deep.note, note))
    levels = np.rint(deep.colors * 255).astype(np.uint8)
    pixels = _unit(to_srgb(Image.fromarray(levels[..., 0] if gray else levels), transform))
    return Samples(pixels, deep.alpha, (deep.note, f"{note}, with 8 of its 16 bits"))


def _unit(image: Image.Image) -> np.ndarray:
    return np.asarray(image) / np.float32(255)


def _frames(image: ImageFile.ImageFile) -> str:
    """Returns a note on the pictures that are left out."""
    kind = FRAMES.get(image.format or "")
    count = getattr(image, "n_frames", 1) if kind else 1
    return f"{kind.format(count)}: the first is used" if kind and count > 1 else ""


def _orientation(image: ImageFile.ImageFile) -> int:
    if image.format == "TIFF":  # Pillow has turned it already
        return 1
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF raises nearly any type, and says nothing about the pixels
        return 1


def _turned(array: np.ndarray, orientation: int) -> np.ndarray:
    swapped, along_rows, along_columns = TURNS.get(orientation, TURNS[1])
    return (array.swapaxes(0, 1) if swapped else array)[::along_rows, ::along_columns]
