"""Volumes in and out of files: NumPy, TIFF stacks, NIfTI, DICOM series, folders of pictures."""

import gzip
import importlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from keras_nst.pictures.lists import PICTURES
from keras_nst.settings.declared import InputError
from keras_nst.system.atomic import written_whole
from keras_nst.volumes.solid import Solid, solid

NIFTI = (".nii", ".nii.gz")
STACKS = (".tif", ".tiff")
SUFFIXES = (".npy", *STACKS, *NIFTI)
RAS = np.diag([-1.0, -1.0, 1.0, 1.0])  # DICOM's millimeters go to the left and back, NIfTI's to the right and front


def suffix(path: Path) -> str:
    """Returns the ending of a file's name that tells its format."""
    return next((ending for ending in SUFFIXES[::-1] if path.name.lower().endswith(ending)), path.suffix.lower())


def read_volume(path: Path) -> Solid:
    """Returns the volume of a file or a folder.

    Raises:
        ValueError: it is none.
        OSError: it cannot be read.
        InputError: what it takes is not installed.
    """
    if path.is_dir():
        return read_folder(path)
    ending = suffix(path)
    if ending in NIFTI:
        return read_nifti(path)
    if ending in STACKS:
        with Image.open(path) as image:
            return solid(np.stack([np.asarray(page) for page in ImageSequence.Iterator(image)]))
    if ending == ".npy":
        try:
            return solid(np.load(path, allow_pickle=False))
        except EOFError:
            raise ValueError("Expected an array. Received: an empty file") from None
    raise ValueError(f"Expected {', '.join(SUFFIXES)} or a folder. Received: {path.name}")


def needed(module: str, name: str) -> Any:
    """Returns a module that comes with the extra.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f'Expected {name}, for this kind of volume: pip install "keras-nst[volume]"') from None


def read_nifti(path: Path) -> Solid:
    """Returns the volume of a NIfTI file, with its places in millimeters."""
    nibabel = needed("nibabel", "nibabel")
    try:
        image = nibabel.load(path)
        array = np.asanyarray(image.dataobj)
    except (nibabel.filebasedimages.ImageFileError, EOFError, ValueError) as error:
        raise ValueError(f"Expected a volume. Received: a file that cannot be read as one ({error})") from None
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise ValueError(f"Expected one volume. Received: an array of {' x '.join(map(str, array.shape))}")
    first, second, third = (float(size) or 1.0 for size in image.header.get_zooms()[:3])
    return solid(array, spacing=(first, second, third), affine=image.affine, header=image.header)


def read_folder(path: Path) -> Solid:
    """Returns the volume of a folder of slices: a DICOM series, or pictures in the order of their names."""
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    if not pictures:
        return read_series(files)
    pages = [read_page(file) for file in sorted(pictures, key=in_order)]
    if len({page.shape for page in pages}) > 1:
        raise ValueError("Expected slices of one size and kind. Received: several")
    return solid(np.stack(pages))


def read_page(path: Path) -> np.ndarray:
    """Returns a picture as it is in its file; gray ones without colors."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB") if image.mode in ("P", "RGBA", "CMYK", "YCbCr") else image)


def in_order(path: Path) -> list[Any]:
    """Returns what names are sorted by: slice2 before slice10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name.lower())]


def read_series(files: list[Path]) -> Solid:
    """Returns the volume of a DICOM series, its slices by their places."""
    pydicom = needed("pydicom", "pydicom")
    found = []
    for file in files:
        try:
            data = pydicom.dcmread(file)
            found.append((data, data.pixel_array.astype(np.float32)))
        except (pydicom.errors.InvalidDicomError, AttributeError):
            continue  # an index or a report beside the slices
    if not found:
        raise ValueError("Expected a folder with a DICOM series, or with pictures. Received: neither")
    if len({data.SeriesInstanceUID for data, _ in found}) > 1 or len({array.shape for _, array in found}) > 1:
        raise ValueError("Expected slices of one series and size. Received: several")
    found.sort(key=lambda slice_: place(slice_[0]))
    first, last = found[0][0], found[-1][0]
    slopes = [float(getattr(data, "RescaleSlope", 1)) for data, _ in found]
    shifts = [float(getattr(data, "RescaleIntercept", 0)) for data, _ in found]
    array = np.stack([slope * each + shift for slope, shift, (_, each) in zip(slopes, shifts, found, strict=True)])
    down, across = (float(size) for size in getattr(first, "PixelSpacing", (1.0, 1.0)))
    thick = float(getattr(first, "SliceThickness", None) or 1.0)
    apart = (place(last) - place(first)) / (len(found) - 1) if len(found) > 1 else thick
    spacing = (apart or thick, down, across)
    whole = (array == np.rint(array)).all() and abs(array).max() < 2**15
    return solid(array.astype(np.int16) if whole else array, spacing=spacing, affine=affine(first, spacing))


def directions(data: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns in which directions slices, rows and columns of a DICOM slice follow each other."""
    told = np.array([float(part) for part in getattr(data, "ImageOrientationPatient", (1, 0, 0, 0, 1, 0))])
    return np.cross(told[:3], told[3:]), told[3:], told[:3]


def place(data: Any) -> float:
    """Returns where a DICOM slice is along its axis, in millimeters; its number where it does not tell."""
    position = getattr(data, "ImagePositionPatient", None)
    if position is None:
        return float(getattr(data, "InstanceNumber", 0) or 0)
    return float(np.dot([float(part) for part in position], directions(data)[0]))


def affine(first: Any, spacing: tuple[float, float, float]) -> np.ndarray:
    """Returns where voxels (slice, row, column) of a DICOM series are, as NIfTI has it."""
    matrix = np.eye(4)
    for axis, (direction, size) in enumerate(zip(directions(first), spacing, strict=True)):
        matrix[:3, axis] = direction * size
    matrix[:3, 3] = [float(part) for part in getattr(first, "ImagePositionPatient", (0, 0, 0))]
    return RAS @ matrix


# --- Writing ---


def write_volume(path: Path, array: np.ndarray, like: Solid) -> None:
    """Writes an array (d, h, w) or (d, h, w, 3); a NIfTI file with the places of another volume.

    Raises:
        OSError: it cannot be written; what was there stays.
    """
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
    """Returns slices as pictures of Pillow's; numbers that no picture has as 8 bits."""
    if array.dtype not in (np.uint8, np.uint16):
        low, high = float(array.min()), float(array.max())
        array = np.rint(255 * (array - low) / ((high - low) or 1.0)).astype(np.uint8)
    return [Image.fromarray(each) for each in array]


def write_stack(file: Any, array: np.ndarray) -> None:
    """Writes a TIFF stack; whole numbers that TIFF has not become 32 bit floats."""
    kept = array if array.dtype in (np.uint8, np.uint16) else array.astype(np.float32)
    first, *others = [Image.fromarray(each) for each in kept]
    stack = io.BytesIO()  # Pillow reads again what it has written
    first.save(stack, "TIFF", save_all=True, append_images=others)
    file.write(stack.getbuffer())


def write_nifti(file: Any, array: np.ndarray, like: Solid, packed: bool) -> None:
    """Writes a NIfTI file, with the header of another one."""
    nibabel = needed("nibabel", "nibabel")
    if array.ndim == 4:  # NIfTI has colors as triples
        array = np.ascontiguousarray(array).view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    affine = np.diag([*like.spacing, 1.0]) if like.affine is None else like.affine
    header = None if like.header is None else like.header.copy()
    if header is not None:
        header.set_data_dtype(array.dtype)
        header.set_slope_inter(1, 0)
    image = nibabel.Nifti1Image(array, affine, header)
    data = image.to_bytes()
    if packed:
        data = gzip.compress(data, mtime=0)
    file.write(data)
