"""Reads DICOM series as volumes: slices in the order of their positions, values in their unit."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_nst.volume.solid import Solid, needed, solid

UNEVEN = 0.02  # of the distance between slices
RAS = np.diag([-1.0, -1.0, 1.0, 1.0])  # DICOM's axes point to the left and back, NIfTI's to the right and front


def read_series(files: list[Path]) -> Solid:
    """Returns the volume of a DICOM series, with its slices sorted by position.

    Raises:
        ValueError: it is not a series, or its slices do not form one volume.
    """
    found = [(data, array) for file in files for data, array in [read_slice(file)] if array is not None]
    if not found:
        raise ValueError("Expected a folder with a DICOM series, or with pictures. Received: neither")
    known = {(str(told(data, "SeriesInstanceUID", "")), array.shape) for data, array in found}
    if len(known) > 1:
        raise ValueError(f"Expected slices of one series and size. Received: {len(known)} kinds")
    found.sort(key=lambda each: place(each[0]))
    first, last = found[0][0], found[-1][0]
    gaps = np.diff([place(data) for data, _ in found])
    if len(gaps) and (min(gaps) <= 0 or not np.allclose(gaps, gaps.mean(), rtol=UNEVEN)):
        shown = ", ".join(f"{gap:g}" for gap in sorted({round(float(gap), 3) for gap in gaps})[:4])
        raise ValueError(f"Expected evenly spaced slices. Received: distances of {shown}")
    array = np.stack([rescaled(data, each) for data, each in found])
    down, across = (float(size) for size in told(first, "PixelSpacing", (1.0, 1.0)))
    thick = float(told(first, "SpacingBetweenSlices", None) or told(first, "SliceThickness", 1.0))
    placed = told(first, "ImagePositionPatient", None) is not None and len(gaps)
    spacing = (float(gaps.mean()) if placed else thick, down, across)
    notes = []
    if told(first, "PixelSpacing", None) is None:
        notes.append("The DICOM files do not contain the distance of their pixels: 1 mm is used.")
    if len(found) > 1 and not placed:
        notes.append(
            "The DICOM files do not contain the positions of their slices: the order of their numbers is used."
        )
    whole = array.dtype.kind == "f" and (array == np.rint(array)).all() and abs(array).max() < 2**15
    return solid(
        array.astype(np.int16) if whole else array,
        spacing=spacing,
        affine=affine(first, last, spacing, len(found)),
        notes=tuple(notes),
    )


def read_slice(path: Path) -> tuple[Any, np.ndarray | None]:
    """Returns a DICOM file and its pixels; None for an index or a report next to the slices.

    Raises:
        ValueError: its pixels cannot be unpacked.
    """
    pydicom = needed("pydicom", "pydicom")
    try:
        data = pydicom.dcmread(path)
    except pydicom.errors.InvalidDicomError:
        if path.suffix.lower() == ".dcm":
            raise ValueError(f"Expected DICOM slices. Received: {path.name}, which cannot be read as one") from None
        return None, None
    if "PixelData" not in data:
        return data, None
    try:
        return data, data.pixel_array
    except (RuntimeError, NotImplementedError, AttributeError, ValueError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise ValueError(f"Expected slices that can be decompressed. Received: {path.name}: {reason}") from None


def told(data: Any, name: str, otherwise: Any) -> Any:
    """Returns a field of a DICOM file; `otherwise` if it is missing or empty."""
    value = getattr(data, name, None)
    return otherwise if value is None or value == "" else value


def rescaled(data: Any, array: np.ndarray) -> np.ndarray:
    """Returns the pixels of a DICOM file in their unit; colors unchanged."""
    if array.ndim == 3:
        return array
    slope, shift = float(told(data, "RescaleSlope", 1)), float(told(data, "RescaleIntercept", 0))
    scaled: np.ndarray = slope * array.astype(np.float32) + np.float32(shift)
    return scaled


def directions(data: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the directions in which slices, rows and columns of a DICOM slice follow each other."""
    known = np.array([float(part) for part in told(data, "ImageOrientationPatient", (1, 0, 0, 0, 1, 0))])
    return np.cross(known[:3], known[3:]), known[3:], known[:3]


def position(data: Any) -> np.ndarray:
    """Returns the position of the first voxel of a DICOM slice, in millimeters."""
    return np.array([float(part) for part in told(data, "ImagePositionPatient", (0, 0, 0))])


def place(data: Any) -> float:
    """Returns the position of a DICOM slice along its axis, in millimeters; its number if it has no position."""
    if told(data, "ImagePositionPatient", None) is None:
        return float(told(data, "InstanceNumber", 0))
    return float(np.dot(position(data), directions(data)[0]))


def affine(first: Any, last: Any, spacing: tuple[float, float, float], count: int) -> np.ndarray:
    """Returns NIfTI's matrix from voxels (slice, row, column) of a DICOM series to positions."""
    matrix = np.eye(4)
    for axis, (direction, size) in enumerate(zip(directions(first), spacing, strict=True)):
        matrix[:3, axis] = direction * size
    if count > 1 and told(first, "ImagePositionPatient", None) is not None:  # a tilted gantry shifts them
        matrix[:3, 0] = (position(last) - position(first)) / (count - 1)
    matrix[:3, 3] = position(first)
    return RAS @ matrix


# --- Writing ---
