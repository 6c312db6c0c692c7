"""Reads and writes volumes: NumPy, TIFF stacks, NIfTI, folders of pictures or of a DICOM series."""

import gzip
import io
import logging
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from keras_nst.pictures.sources import PICTURES, in_order
from keras_nst.system.files import written_whole
from keras_nst.volume.series import read_series
from keras_nst.volume.solid import Solid, needed, solid

NIFTI = (".nii", ".nii.gz")
SCANNER = 1  # NIfTI's code for coordinates of the scanner
STACKS = (".tif", ".tiff")
SUFFIXES = (".npy", *STACKS, *NIFTI)


def suffix(path: Path) -> str:
    """Returns the suffix of a file's name, which names its format."""
    return next((ending for ending in SUFFIXES[::-1] if path.name.lower().endswith(ending)), path.suffix.lower())


def read_volume(path: Path) -> Solid:
    """Returns the volume in a file or a folder.

    Raises:
        ValueError: it is not a volume.
        OSError: it cannot be read.
        InputError: a package that it needs is not installed.
    """
    if path.is_dir():
        return read_folder(path)
    ending = suffix(path)
    if ending in NIFTI:
        return read_nifti(path)
    if ending in STACKS:
        with opened(path) as image:
            return solid(np.stack([page_of(page) for page in ImageSequence.Iterator(image)]))
    if ending == ".npy":
        try:
            array = np.load(path, allow_pickle=False)
        except (EOFError, ValueError):
            raise ValueError("Expected an array of numbers. Received: a damaged file, or Python objects") from None
        if not isinstance(array, np.ndarray):
            raise ValueError(f"Expected one array. Received: an archive of {len(array.files)}")
        return solid(array)
    hint = ", a single slice: name its folder" if ending == ".dcm" else ""
    raise ValueError(f"Expected {', '.join(SUFFIXES)} or a folder. Received: {path.name}{hint}")


def read_nifti(path: Path) -> Solid:
    """Returns the volume in a NIfTI file, with its coordinates in millimeters."""
    nibabel = needed("nibabel", "nibabel")
    nibabel.imageglobals.logger.setLevel(logging.CRITICAL)  # its errors are reported here
    damaged = (nibabel.filebasedimages.ImageFileError, nibabel.spatialimages.HeaderDataError, zlib.error)
    try:
        image = nibabel.load(path)
        array = np.asanyarray(image.dataobj)
    except (*damaged, EOFError, ValueError) as error:
        raise ValueError(f"Expected a volume. Received: a file that cannot be read as one ({error})") from None
    if array.dtype.names:  # colors stored as triples
        array = np.stack([array[name] for name in array.dtype.names], axis=-1)
        return solid(array, spacing=spacing_of(image), affine=image.affine, header=image.header)
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise ValueError(f"Expected one volume. Received: an array of {' x '.join(map(str, array.shape))}")
    scaling = float(image.dataobj.slope), float(image.dataobj.inter)
    return solid(array, spacing=spacing_of(image), affine=image.affine, header=image.header, scaling=scaling)


def spacing_of(image: Any) -> tuple[float, float, float]:
    """Returns the sides of the voxels of a NIfTI file, in millimeters."""
    first, second, third = (float(size) or 1.0 for size in image.header.get_zooms()[:3])
    return first, second, third


def read_folder(path: Path) -> Solid:
    """Returns the volume of a folder of slices: a DICOM series, or pictures in the order of their names."""
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    if not pictures:
        inside = next((each for each in sorted(path.iterdir()) if each.is_dir()), None)
        if not files and inside:
            raise ValueError(f"Expected a folder with slices. Received: one with folders, such as {inside.name}")
        return read_series(files)
    pages = [read_page(file) for file in sorted(pictures, key=in_order)]
    shapes = sorted({page.shape for page in pages})
    if len(shapes) > 1:
        shown = ", ".join(" x ".join(map(str, shape)) for shape in shapes[:3])
        raise ValueError(f"Expected slices of one size and kind. Received: {shown}")
    return solid(np.stack(pages))


def read_page(path: Path) -> np.ndarray:
    """Returns the picture in a file."""
    with opened(path) as image:
        return page_of(image)


def opened(path: Path) -> Image.Image:
    """Opens a picture.

    Raises:
        ValueError: it is too large for a slice.
    """
    try:
        return Image.open(path)
    except Image.DecompressionBombError as error:
        raise ValueError(f"Expected slices. Received: {error}") from None


def page_of(image: Image.Image) -> np.ndarray:
    """Returns a picture unchanged from its file: gray, or with three colors."""
    if image.mode in ("LA", "La"):
        return np.asarray(image.convert("L"))
    return np.asarray(
        image if image.mode in ("1", "L", "I", "F", "RGB") or image.mode.startswith("I;") else image.convert("RGB")
    )


def storable(array: np.ndarray) -> np.ndarray:
    """Returns an array of a type that all formats support: colors with 8 bits, numbers of a common type."""
    if array.ndim == 4 and array.dtype != np.uint8:
        low, high = float(array.min()), float(array.max())
        return np.rint(255 * (array - low) / ((high - low) or 1.0)).astype(np.uint8)
    small = {"int64": "int32", "uint64": "uint32", "bool": "uint8", "float16": "float32"}.get(array.dtype.name)
    if small is None:
        return array
    fits = array.dtype.kind == "f" or array.size == 0 or int(array.max()) <= np.iinfo(small).max
    return array.astype(small if fits else "float64")


def write_volume(path: Path, array: np.ndarray, like: Solid) -> None:
    """Writes an array (d, h, w) or (d, h, w, 3); NIfTI files get the coordinates of another volume.

    Raises:
        OSError: it cannot be written; an existing file stays.
    """
    array = array if suffix(path) == ".npy" else storable(array)
    if not path.suffix:
        path.mkdir(exist_ok=True)
        for number, page in enumerate(pages(array)):
            page.save(path / f"{number:04d}.png")
        return
    writers: dict[str, Callable[[Any], None]] = {
        ".npy": lambda file: np.save(file, array),
        **dict.fromkeys(STACKS, lambda file: write_stack(file, array)),
        **dict.fromkeys(NIFTI, lambda file: write_nifti(file, array, like, packed=path.name.lower().endswith(".gz"))),
    }
    with written_whole(path) as file:
        writers[suffix(path)](file)


def pages(array: np.ndarray) -> list[Image.Image]:
    """Returns slices as Pillow pictures; numbers that pictures do not support become 8 bits."""
    if array.dtype not in (np.uint8, np.uint16):
        low, high = float(array.min()), float(array.max())
        array = np.rint(255 * (array - low) / ((high - low) or 1.0)).astype(np.uint8)
    return [Image.fromarray(each) for each in array]


def write_stack(file: Any, array: np.ndarray) -> None:
    """Writes a TIFF stack; whole numbers that TIFF does not support become 32 bit floats."""
    kept = array if array.dtype in (np.uint8, np.uint16) else array.astype(np.float32)
    first, *others = [Image.fromarray(each) for each in kept]
    stack = io.BytesIO()  # Pillow reads what it has written
    first.save(stack, "TIFF", save_all=True, append_images=others)
    file.write(stack.getbuffer())


def packed_as(dtype: np.dtype, array: np.ndarray, scaling: tuple[float, float]) -> np.ndarray:
    """Returns values as the whole numbers that a file stores for them; unchanged if it stores no whole numbers."""
    if dtype.kind not in "ui":
        return array
    slope, offset = scaling
    ends = np.iinfo(dtype)
    return np.clip(np.rint((array - offset) / slope), ends.min, ends.max).astype(dtype)


def write_nifti(file: Any, array: np.ndarray, like: Solid, packed: bool) -> None:
    """Writes a NIfTI file, with the header of another one."""
    nibabel = needed("nibabel", "nibabel")
    if array.ndim == 4:  # NIfTI stores colors as triples
        array = np.ascontiguousarray(array).view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    affine = np.diag([*like.spacing, 1.0]) if like.affine is None else like.affine
    header = None if like.header is None else like.header.copy()
    if header is not None and like.scaling != (1.0, 0.0) and array.ndim == 3:
        array = packed_as(header.get_data_dtype(), array, like.scaling)
    if header is not None:
        header.set_data_dtype(array.dtype)
    image = nibabel.Nifti1Image(array, affine, header)
    if header is not None:  # keeps the meaning of the coordinates
        image.header.set_slope_inter(*(like.scaling if array.dtype.kind in "ui" else (1, 0)))
        image.set_sform(affine, int(header["sform_code"]))
        image.set_qform(affine, int(header["qform_code"]))
    elif like.affine is not None:  # from DICOM: millimeters, in scanner coordinates
        image.header.set_xyzt_units("mm")
        image.set_sform(affine, SCANNER)
        image.set_qform(affine, SCANNER)
    data = image.to_bytes()
    if packed:
        data = gzip.compress(data, mtime=0)
    file.write(data)
