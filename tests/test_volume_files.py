"""Volumes in and out of files of every kind; their range, places and shape."""

from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from keras_nst.volume.files import read_volume, write_volume
from keras_nst.volume.solid import Solid, even, in_its_range, resampled, solid, within

SHAPE = (5, 18, 20)


def numbers(dtype: str = "int16", shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(0).integers(-900, 1200, shape).astype(dtype)


def restored(volume: Solid) -> np.ndarray:
    return in_its_range(volume.values, volume)


def write_series(folder: Path, array: np.ndarray, series: str | None = None) -> None:
    """Writes a DICOM series, its files in another order than its slices: 2.5 mm apart, pixels of 0.8 x 0.5 mm."""
    folder.mkdir(exist_ok=True, parents=True)
    series = series or generate_uid()
    for number, page in enumerate(array):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
        data.SeriesInstanceUID, data.Rows, data.Columns = series, *page.shape
        data.PixelSpacing, data.SliceThickness = [0.8, 0.5], 2
        data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-10, -20, 30 + 2.5 * number]
        data.RescaleSlope, data.RescaleIntercept = 1, -1000
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 0
        data.PixelData = (page + 1000).astype(np.uint16).tobytes()
        data.save_as(folder / f"{(number * 7) % 11:02d}.dcm", enforce_file_format=True)


# --- Reading ---


@pytest.mark.parametrize("dtype", ["int16", "uint8", "uint16", "float32", "float64"])
def test_numpy_keeps_range_and_type(tmp_path: Path, dtype: str) -> None:
    array = abs(numbers()).astype(dtype) if dtype[0] == "u" else numbers(dtype)
    np.save(tmp_path / "a.npy", array)
    volume = read_volume(tmp_path / "a.npy")
    assert volume.values.shape == (*SHAPE, 1) and volume.values.min() == 0 and volume.values.max() == 1
    back = restored(volume)
    assert back.dtype == array.dtype
    np.testing.assert_allclose(back, array, atol=0 if dtype[0] in "iu" else 1e-3)


def test_stacks_are_read_and_written(tmp_path: Path) -> None:
    for dtype in (np.uint8, np.uint16):
        array = numbers().astype(dtype)
        write_volume(tmp_path / "a.tiff", array, solid(array))
        np.testing.assert_array_equal(restored(read_volume(tmp_path / "a.tiff")), array)
    colors = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
    write_volume(tmp_path / "b.tif", colors, solid(colors))
    np.testing.assert_array_equal(restored(read_volume(tmp_path / "b.tif")), colors)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_nifti_keeps_its_places(tmp_path: Path, name: str) -> None:
    array, places = numbers(), np.array([[0, 2, 0, 5], [3, 0, 0, 6], [0, 0, 1.5, 7], [0, 0, 0, 1]], float)
    nibabel.save(nibabel.Nifti1Image(array, places), tmp_path / name)
    volume = read_volume(tmp_path / name)
    assert volume.spacing == (3, 2, 1.5)
    write_volume(tmp_path / f"out-{name}", restored(volume), volume)
    back = nibabel.load(tmp_path / f"out-{name}")
    np.testing.assert_array_equal(np.asanyarray(back.dataobj), array)
    np.testing.assert_array_equal(back.affine, places)
    assert back.get_data_dtype() == np.int16


def test_colors_in_nifti(tmp_path: Path) -> None:
    colors = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
    write_volume(tmp_path / "a.nii", colors, solid(colors, spacing=(1.0, 2.0, 3.0)))
    back = nibabel.load(tmp_path / "a.nii")
    assert back.header.get_zooms() == (1, 2, 3)
    there = np.ascontiguousarray(np.asanyarray(back.dataobj))
    np.testing.assert_array_equal(there.view("u1").reshape(colors.shape), colors)


def test_a_dicom_series_is_put_in_order(tmp_path: Path) -> None:
    array = numbers()
    write_series(tmp_path / "series", array)
    (tmp_path / "series" / "INDEX").write_bytes(b"no slice")
    volume = read_volume(tmp_path / "series")
    np.testing.assert_array_equal(restored(volume), array)
    assert volume.spacing == (2.5, 0.8, 0.5)
    # NIfTI counts to the right and to the front, DICOM to the left and to the back.
    np.testing.assert_allclose(volume.affine @ [1, 2, 3, 1], [10 - 3 * 0.5, 20 - 2 * 0.8, 32.5, 1])


def test_series_that_are_mixed_are_told(tmp_path: Path) -> None:
    write_series(tmp_path, numbers()[:2])
    write_series(tmp_path, numbers()[2:])
    for number, path in enumerate(sorted(tmp_path.iterdir())):
        path.rename(path.with_name(f"other{number}.dcm"))
    write_series(tmp_path, numbers()[:3])
    with pytest.raises(ValueError, match="Expected slices of one series and size. Received: 2 kinds"):
        read_volume(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda paths: paths[2].write_bytes(b"damaged"), "Expected DICOM slices. Received: .*, which cannot be read"),
        (lambda paths: paths[2].unlink(), "Expected evenly spaced slices. Received: distances of 2.5, 5"),
        (
            lambda paths: (paths[2].parent / "twice.dcm").write_bytes(paths[2].read_bytes()),
            "Received: distances of 0, 2.5",
        ),
    ],
)
def test_series_with_gaps_or_damage_are_told(tmp_path: Path, change: object, said: str) -> None:
    write_series(tmp_path, numbers())
    change(sorted(tmp_path.iterdir(), key=lambda path: pydicom.dcmread(path).ImagePositionPatient[2]))
    with pytest.raises(ValueError, match=said):
        read_volume(tmp_path)


def test_what_dicom_leaves_empty_is_as_usual(tmp_path: Path) -> None:
    write_series(tmp_path, numbers())
    for number, path in enumerate(sorted(tmp_path.iterdir(), key=lambda path: path.name)):
        data = pydicom.dcmread(path)
        del data.SeriesInstanceUID
        data.RescaleSlope, data.ImagePositionPatient, data.InstanceNumber = None, None, number
        data.save_as(path)
    volume = read_volume(tmp_path)
    assert volume.spacing == (2, 0.8, 0.5) and volume.shape == SHAPE


def test_colors_of_any_type_come_out_in_all_formats(tmp_path: Path) -> None:
    for dtype in ("uint8", "uint16", "float32"):
        colors = (np.random.default_rng(0).integers(0, 256, (*SHAPE, 3)) / 1.0).astype(dtype)
        colors.flat[:2] = 0, 255
        for name in ("a.nii.gz", "a.tiff"):
            write_volume(tmp_path / name, colors, solid(colors))
            np.testing.assert_array_equal(restored(read_volume(tmp_path / name)), colors.astype(np.uint8))


@pytest.mark.parametrize("dtype", ["int64", "uint64", "bool", "float16"])
def test_seldom_types_come_out_in_all_formats(tmp_path: Path, dtype: str) -> None:
    array = abs(numbers("int32")).astype(dtype)
    array.flat[0] = 0
    for name in ("a.nii", "a.tif"):
        write_volume(tmp_path / name, array, solid(array))
        assert read_volume(tmp_path / name).shape == SHAPE


def test_pictures_with_palettes_and_transparency(tmp_path: Path) -> None:
    gray = np.random.default_rng(0).integers(0, 256, (20, 24)).astype(np.uint8)
    for mode, channels in (("LA", 1), ("P", 3), ("RGBA", 3)):
        folder = tmp_path / mode
        folder.mkdir()
        for number in range(2):
            Image.fromarray(gray + number).convert(mode).save(folder / f"{number}.png")
        assert read_volume(folder).values.shape == (2, 20, 24, channels)


def test_folders_of_pictures_are_volumes(tmp_path: Path) -> None:
    array = numbers("uint8")
    for number in (0, 1, 2, 10, 3):
        place = [0, 1, 2, 3, 10].index(number)
        Image.fromarray(array[place]).save(tmp_path / f"slice{number}.png")
    np.testing.assert_array_equal(restored(read_volume(tmp_path)), array)
    write_volume(tmp_path / "out", array, solid(array))
    np.testing.assert_array_equal(restored(read_volume(tmp_path / "out")), array)


def test_one_slice_is_a_volume() -> None:
    assert solid(numbers()[0]).shape == (1, 18, 20)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.full((3, 4, 5), np.nan), "Expected numbers in all voxels. Received: NaN or infinity in 60 of 60"),
        (np.zeros((2, 3, 4, 5)), "Received: an array of 2 x 3 x 4 x 5"),
        (np.zeros(7), "Received: an array of 7"),
        (np.full((3, 4, 5), 7), "Expected values that differ. Received: 7 everywhere"),
        (np.zeros((0, 4, 5)), "Expected numbers. Received: an empty array"),
        (np.array([[["a"]]]), "Expected numbers. Received: <U1"),
    ],
)
def test_what_is_no_volume_is_told(array: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        solid(array)


def test_files_that_are_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"")
    (tmp_path / "b.nii").write_bytes(b"nothing")
    (tmp_path / "c.txt").write_text("nothing")
    (tmp_path / "d").mkdir()
    (tmp_path / "f.nii.gz").write_bytes(b"\x1f\x8b\x08\x00damaged")
    np.savez(tmp_path / "g", numbers())
    (tmp_path / "g.npz").rename(tmp_path / "g.npy")
    np.save(tmp_path / "e.npy", np.array([{}], object), allow_pickle=True)
    for name in "a.npy", "b.nii", "c.txt", "d", "e.npy", "f.nii.gz", "g.npy":
        with pytest.raises(ValueError, match="Expected|Object arrays"):
            read_volume(tmp_path / name)


# --- Shapes ---


def test_voxels_become_cubes() -> None:
    assert even((1, 1, 1), (10, 20, 30), 30) == (10, 20, 30)
    assert even((5, 0.5, 0.5), (10, 100, 80), 100) == (100, 100, 80)
    assert even((1, 1, 1), (10, 20, 30), 15) == (5, 10, 15)


def test_resampling_keeps_means_and_straight_lines() -> None:
    values = np.random.default_rng(0).random((6, 8, 10, 1), np.float32)
    smaller = resampled(values, (3, 4, 5))
    np.testing.assert_allclose(smaller[1, 2, 3], values[2:4, 4:6, 6:8].mean(axis=(0, 1, 2)), rtol=1e-5)
    assert resampled(values, (4, 3, 7)).mean() == pytest.approx(values.mean(), rel=1e-5)
    ramp = np.arange(8, dtype=np.float32)[:, None, None, None] * np.ones((1, 2, 2, 1), np.float32)
    np.testing.assert_allclose(resampled(ramp, (16, 2, 2))[:, 0, 0, 0], np.clip(np.arange(16) / 2 - 0.25, 0, 7))
    np.testing.assert_array_equal(resampled(values, (6, 8, 10)), values)
    assert resampled(values[:1], (4, 8, 10)).shape == (4, 8, 10, 1)


# --- What is painted of it ---


def head(outliers: dict[tuple[int, int, int], float], dtype: str = "int16") -> np.ndarray:
    """Returns values from -1000 to 1500, but for a few."""
    array = np.linspace(-1000, 1500, 20 * 24 * 28).reshape(20, 24, 28).astype(dtype)
    for place, value in outliers.items():
        array[place] = value
    return array


def test_a_few_voxels_far_away_do_not_take_the_range() -> None:
    known = solid(head({(3, 4, 5): 32000, (9, 9, 9): -32000}))
    found = within(known, ())
    assert found.low == pytest.approx(-1000, abs=5) and found.high == pytest.approx(1500, abs=5)
    assert found.values[3, 4, 5] == 1 and found.values[9, 9, 9] == 0
    np.testing.assert_allclose(restored(found)[10:], head({})[10:], atol=3)
    (note,) = found.notes
    assert "from -32000 to 32000" in note and "--window=LOW,HIGH" in note


def test_a_range_that_is_filled_stays() -> None:
    for array in (head({}), head({(3, 4, 5): 1700}), numbers("float32")):
        known = solid(array)
        assert within(known, ()) is known
    rare = np.zeros((20, 24, 28), np.uint8)
    rare[8:12, 8:12, 8:12] = 200  # half a percent
    assert within(solid(rare), ()).high == 200


def test_a_window_is_what_is_painted() -> None:
    found = within(solid(head({(3, 4, 5): 32000})), (-100.0, 300.0))
    assert (found.low, found.high, found.notes) == (-100, 300, ())
    np.testing.assert_array_equal(restored(found), np.clip(head({(3, 4, 5): 32000}), -100, 300))


def test_nifti_keeps_the_numbers_that_stand_for_values(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(numbers(), np.eye(4))
    image.header.set_slope_inter(2.0, -500.0)
    nibabel.save(image, tmp_path / "a.nii")
    values = np.asanyarray(nibabel.load(tmp_path / "a.nii").dataobj)
    volume = read_volume(tmp_path / "a.nii")
    write_volume(tmp_path / "out.nii", restored(volume), volume)
    back = nibabel.load(tmp_path / "out.nii")
    assert back.get_data_dtype() == np.int16 and (back.dataobj.slope, back.dataobj.inter) == (2, -500)
    np.testing.assert_array_equal(np.asanyarray(back.dataobj), values)


def test_dicom_as_nifti_is_in_millimeters_of_the_scanner(tmp_path: Path) -> None:
    write_series(tmp_path / "series", numbers())
    volume = read_volume(tmp_path / "series")
    write_volume(tmp_path / "out.nii.gz", restored(volume), volume)
    header = nibabel.load(tmp_path / "out.nii.gz").header
    assert header.get_xyzt_units()[0] == "mm" and header["sform_code"] == header["qform_code"] == 1
    np.testing.assert_allclose(header.get_best_affine(), volume.affine, atol=1e-5)


def test_dicom_without_places_is_told(tmp_path: Path) -> None:
    write_series(tmp_path, numbers())
    for number, path in enumerate(sorted(tmp_path.iterdir())):
        data = pydicom.dcmread(path)
        del data.PixelSpacing, data.ImagePositionPatient
        data.InstanceNumber = number
        data.save_as(path)
    pixels, places = read_volume(tmp_path).notes
    assert "1 mm is used" in pixels and "the order of their numbers is used" in places


def test_what_is_named_one_level_off_is_told(tmp_path: Path) -> None:
    write_series(tmp_path / "disc" / "series1", numbers())
    with pytest.raises(ValueError, match="Received: one with folders, such as series1"):
        read_volume(tmp_path / "disc")
    with pytest.raises(ValueError, match="a single slice: name its folder"):
        read_volume(tmp_path / "disc" / "series1" / "00.dcm")
