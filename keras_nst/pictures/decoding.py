"""Decodes an opened file to upright sRGB samples, whatever its colors, bits and transparency are."""

import os
from typing import Any, NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from keras_nst.pictures.color import separate, srgb_transform, to_srgb
from keras_nst.pictures.sixteen import Deep, deep_samples, has_16_bits, samples_of_deep_mode


def fill_hidden(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Returns pixels (h, w, 3) in which those with alpha 0 get colors that continue their surroundings.

    The file's colors there are leftovers, often black. The visible colors are averaged into ever smaller pictures,
    weighted by their alpha, until a small one has no holes; on the way back these fill the holes of the larger ones.
    A picture without a visible pixel becomes mid gray.
    """
    if not alpha.any():
        return np.full_like(pixels, 0.5)
    return _filled(pixels, alpha)


def laid_on(color: tuple[float, float, float], pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Returns pixels (h, w, 3) blended over a color by their alpha (h, w)."""
    shares = alpha[..., None]
    return pixels * shares + np.array(color, np.float32) * (1 - shares)


def _filled(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    holes = weights[..., None] == 0
    if not holes.any():
        return pixels
    smaller, coarser = _halved(pixels * weights[..., None]), _halved(weights[..., None])
    means = smaller / np.where(coarser > 0, coarser, 1)
    return np.where(holes, _enlarged(_filled(means, coarser[..., 0]), weights.shape), pixels)


def _halved(array: np.ndarray) -> np.ndarray:
    """Returns the sums of blocks of 2 x 2; beyond an odd side, pixels count as 0."""
    h, w, channels = array.shape
    even = np.pad(array, ((0, h % 2), (0, w % 2), (0, 0)))
    return even.reshape((h + 1) // 2, 2, (w + 1) // 2, 2, channels).sum(axis=(1, 3))


def _enlarged(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    h, w = shape
    channels = [Image.fromarray(pixels[..., c]).resize((w, h), Image.Resampling.BILINEAR) for c in range(3)]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


# EXIF's orientation: whether rows and columns are swapped, then the steps along the rows and along the columns.
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
# What several pictures in a file are called. In other formats they are layers, sizes or previews.
FRAMES = dict.fromkeys(("GIF", "WEBP", "PNG", "AVIF"), "animated, {} frames") | {"TIFF": "{} pages"}


class Samples(NamedTuple):
    """The samples of a picture in a file."""

    pixels: np.ndarray  # (h, w, 3) float32, sRGB in [0, 1]
    alpha: np.ndarray | None  # (h, w) float32 in [0, 1]; None when opaque
    notes: tuple[str, ...] = ()  # messages for the user


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
    """Returns a picture that a program passes, by its own rows and columns, with hidden pixels filled."""
    image.load()
    deep = samples_of_deep_mode(image)
    return finished(_eight(image, has_16=False) if deep is None else _sixteen(deep, image))


def finished(samples: Samples) -> Samples:
    """Returns samples with hidden pixels filled; an alpha that hides nothing is dropped."""
    pixels, alpha, notes = samples
    if alpha is not None and alpha.min() == 1:
        alpha = None
    if alpha is not None:
        pixels = fill_hidden(pixels, alpha)
        notes = (*notes, "" if alpha.any() else "all of it is transparent: gray is used")
    return Samples(np.ascontiguousarray(pixels), alpha, tuple(note for note in notes if note))


def _check_rows(image: ImageFile.ImageFile) -> None:
    """Raises ValueError for a TIFF that lists too few strips: Pillow would make its last rows black."""
    if isinstance(image, TiffImageFile):
        ends, height = [tile.extents[3] for tile in image.tile if tile.extents], image.tag_v2[ROWS]
        if max(ends, default=0) < height:
            raise ValueError(f"it ends at row {max(ends, default=0)} of {height}")


def _check_bytes(image: ImageFile.ImageFile) -> None:
    """Raises ValueError for a JPEG with less than a bit for each block of 8 x 8: Pillow would make it gray."""
    size, blocks = os.stat(image.filename).st_size, image.width * image.height // 64
    if image.format in ("JPEG", "MPO") and 8 * size < blocks:
        raise ValueError(f"{size} bytes are too few for {image.width}x{image.height}")


def _eight(image: Image.Image, has_16: bool) -> Samples:
    """Returns the samples of a picture that can only be read with 8 bits."""
    colors, alpha = separate(image)
    transform, note = srgb_transform(image.info.get("icc_profile"), colors.mode)
    lost = "read with 8 of its 16 bits" if has_16 else ""
    return Samples(_unit(to_srgb(colors, transform)), None if alpha is None else _unit(alpha), (note, lost))


def _sixteen(deep: Deep, image: Image.Image) -> Samples:
    """Returns the samples of a picture with more bits; a color conversion reduces them to 8."""
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
    """Returns a note about the pictures that are left out."""
    kind = FRAMES.get(image.format or "")
    count = getattr(image, "n_frames", 1) if kind else 1
    return f"{kind.format(count)}: the first is used" if kind and count > 1 else ""


def _orientation(image: ImageFile.ImageFile) -> int:
    if image.format == "TIFF":  # Pillow has rotated it already
        return 1
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF raises almost any type, and does not affect the pixels
        return 1


def _turned(array: np.ndarray, orientation: int) -> np.ndarray:
    swapped, along_rows, along_columns = TURNS.get(orientation, TURNS[1])
    return (array.swapaxes(0, 1) if swapped else array)[::along_rows, ::along_columns]


SHAPES = "shape (height, width) or (height, width, 1 to 4 channels)"


def samples_of(given: Any) -> Samples:
    """Returns the samples of a Pillow picture, or of an array.

    Arrays are (h, w) or (h, w, c): gray, gray and alpha, RGB or RGBA, of unsigned integers or floats in [0, 1].

    Raises:
        ValueError: it is neither, or damaged.
        OSError: its file cannot be read.
    """
    if isinstance(given, Image.Image):
        return decoded_as_it_lies(given)
    array = np.asarray(given)
    if not array.shape:
        raise ValueError(f"Expected a picture of {SHAPES}, a path or one of Pillow's. Received: {type(given).__name__}")
    if array.ndim not in (2, 3) or not array.size or array.shape[2:] > (4,):
        raise ValueError(f"Expected a picture of {SHAPES}. Received: {array.shape}")
    values = _in_unit(array).reshape(*array.shape[:2], -1)  # (h, w, c)
    channels = values.shape[2]
    alpha = values[..., -1] if channels in (2, 4) else None
    colors = values[..., :1] if channels < 3 else values[..., :3]
    return finished(Samples(np.broadcast_to(colors, (*values.shape[:2], 3)), alpha))


def _in_unit(array: np.ndarray) -> np.ndarray:
    """Returns the values of an array as float32 in [0, 1]."""
    if array.dtype.kind == "u":
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    if array.dtype.kind not in "bf":  # for signed integers, the value of white is unknown
        raise ValueError(f"Expected floats in [0, 1], or unsigned integers such as uint8. Received: {array.dtype}")
    values = array.astype(np.float32)
    if not (np.isfinite(values).all() and 0 <= values.min() and values.max() <= 1):
        received = f"{values.min():g} to {values.max():g}"
        raise ValueError(f"Expected floats in [0, 1], or unsigned integers such as uint8. Received: {received}")
    return values
