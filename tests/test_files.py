"""Pictures into files and back."""

import hashlib
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_nst.pictures import encoders
from keras_nst.pictures.color import srgb_profile
from keras_nst.pictures.files import FORMATS, check_output, read_picture, save_picture

EXACT = (".png", ".webp", ".tif", ".tiff")
DEEP = (".png", ".tif", ".tiff")
GENERATOR = np.random.default_rng(0)
LEVELS = GENERATOR.integers(0, 256, (20, 30, 3), np.uint8)
PIXELS = np.float32(LEVELS / 255)
ALPHA = np.float32(GENERATOR.integers(1, 256, (20, 30)) / 255)


@pytest.mark.parametrize("with_alpha", [False, True])
@pytest.mark.parametrize("suffix", EXACT)
def test_8_bits_there_and_back(suffix: str, with_alpha: bool, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    save_picture(path, PIXELS, alpha=ALPHA if with_alpha else None)
    picture = read_picture(path)
    assert np.array_equal(np.rint(picture.pixels * 255), LEVELS)
    assert (picture.alpha is not None) == with_alpha
    if picture.alpha is not None:
        assert np.array_equal(picture.alpha, ALPHA)
    with Image.open(path) as image:  # as others see it
        assert np.array_equal(np.asarray(image)[..., :3], LEVELS)


@pytest.mark.parametrize("with_alpha", [False, True])
@pytest.mark.parametrize("suffix", DEEP)
def test_16_bits_there_and_back(suffix: str, with_alpha: bool, tmp_path: Path) -> None:
    pixels = GENERATOR.random((20, 30, 3), np.float32)
    save_picture(tmp_path / f"x{suffix}", pixels, alpha=ALPHA if with_alpha else None, bit_depth=16)
    picture = read_picture(tmp_path / f"x{suffix}")
    assert abs(picture.pixels - pixels).max() <= 0.5001 / 65535
    assert (picture.alpha is not None) == with_alpha


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".avif"])
def test_lossy_formats_stay_near(suffix: str, tmp_path: Path) -> None:
    """A picture whose colors change from pixel to pixel: color at half the resolution would be far off."""
    pixels = np.zeros((16, 16, 3), np.float32) + np.float32([0.8, 0.2, 0.2])
    pixels[:, ::2] = (0.2, 0.4, 0.8)
    save_picture(tmp_path / f"x{suffix}", pixels)
    assert abs(read_picture(tmp_path / f"x{suffix}").pixels - pixels).max() < 0.05


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_tagged_as_srgb(suffix: str, bit_depth: int, tmp_path: Path) -> None:
    if bit_depth == 16 and suffix not in DEEP:
        pytest.skip("holds 8 bits only")
    save_picture(tmp_path / f"x{suffix}", PIXELS, bit_depth=bit_depth)
    with Image.open(tmp_path / f"x{suffix}") as image:
        profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(profile)


@pytest.mark.parametrize(("bit_depth", "levels"), [(8, [0, 0, 0, 1, 127, 128, 255, 255]), (16, [0, 0, 126, 128])])
def test_rounding(bit_depth: int, levels: list[int], tmp_path: Path) -> None:
    """To the nearest level, halves up; what is outside of [0, 1] is clipped."""
    if bit_depth == 8:
        values = np.float32([-1, 0, 0.49 / 255, 0.51 / 255, 127.4 / 255, 127.6 / 255, 254.6 / 255, 2])
    else:
        values = np.float32([-1, 0.4 / 65535, 126.4 / 65535, 127.6 / 65535])
    save_picture(tmp_path / "x.tif", np.repeat(values[None, :, None], 3, 2), bit_depth=bit_depth)
    read = read_picture(tmp_path / "x.tif").pixels[0, :, 0]
    assert np.rint(read * (2**bit_depth - 1)).tolist() == levels


def test_hash_is_that_of_the_file(tmp_path: Path) -> None:
    save_picture(tmp_path / "x.png", PIXELS)
    assert read_picture(tmp_path / "x.png").sha256 == hashlib.sha256((tmp_path / "x.png").read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", FORMATS)
def test_same_picture_same_bytes(suffix: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_picture(tmp_path / f"{name}{suffix}", PIXELS, settings={"a": "b"})
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(b"an older result")
    save_picture(path, PIXELS)
    assert os.listdir(tmp_path) == ["x.png"]
    assert np.array_equal(np.rint(read_picture(path).pixels * 255), LEVELS)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_others_may_read_what_the_user_lets_them(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        save_picture(tmp_path / "x.png", PIXELS)
    finally:
        os.umask(before)
    assert (tmp_path / "x.png").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failure_leaves_the_older_picture(
    failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: BytesIO, *_: object) -> None:
        file.write(b"half of ")
        raise failure

    monkeypatch.setattr(encoders, "write_tiff", fail)
    (tmp_path / "x.tif").write_bytes(b"an older result")
    with pytest.raises(type(failure)):
        save_picture(tmp_path / "x.tif", PIXELS)
    assert os.listdir(tmp_path) == ["x.tif"]
    assert (tmp_path / "x.tif").read_bytes() == b"an older result"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="a folder in which nobody can make a file")
def test_a_failure_names_the_picture() -> None:
    with pytest.raises(OSError, match="'/proc/x.png'$"):
        save_picture("/proc/x.png", PIXELS)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_a_number(value: float, tmp_path: Path) -> None:
    pixels = PIXELS.copy()
    pixels[3, 4, 1] = value
    with pytest.raises(ValueError, match="Expected numbers in the picture"):
        save_picture(tmp_path / "x.png", pixels)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "bit_depth", "alpha", "size", "message"),
    [
        ("x", 8, False, None, "Expected a name that ends in .jpg, .jpeg, .png, .webp, .tif, .tiff, .avif. Received: x"),
        ("x.gif", 8, False, None, "Expected a name that ends in"),
        ("x.png", 12, False, None, "Expected a bit depth of 8 or 16. Received: 12"),
        ("x.jpg", 16, False, None, "Expected .png or .tiff for 16 bits. Received: x.jpg, and JPEG holds 8"),
        ("x.WebP", 16, False, None, "Expected .png or .tiff for 16 bits"),
        (
            *("x.jpeg", 8, True, None),
            "Expected .png, .webp, .tif, .tiff or .avif for transparency, or a color behind it, as in "
            "--background=white. Received: x.jpeg, which holds none",
        ),
        ("x.webp", 8, False, (9, 17_000), "Expected at most 16383 pixels a side for WEBP. Received: 17000x9"),
    ],
)
def test_what_a_format_cannot_hold(
    name: str, bit_depth: int, alpha: bool, size: tuple[int, int] | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        check_output(tmp_path / name, bit_depth, alpha, size)


@pytest.mark.parametrize("name", ["x.png", "x.TIFF", "y.Tif"])
def test_what_it_can(name: str, tmp_path: Path) -> None:
    check_output(tmp_path / name, 16, True, (60_000, 9))
    assert not os.listdir(tmp_path)


def test_format_that_pillow_was_built_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.init()
    monkeypatch.delitem(Image.SAVE, "WEBP")
    with pytest.raises(ValueError, match="^Expected a format that the installed Pillow can write. Received: WEBP$"):
        check_output(tmp_path / "x.webp", 8, False)


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    for name, error, received in (
        ("none/x.png", FileNotFoundError, "none"),
        ("file/x.png", NotADirectoryError, "file, a file"),
        ("folder.png", IsADirectoryError, "folder.png, a folder"),
    ):
        with pytest.raises(error, match=f"^Expected .* Received: .*{received}$"):
            check_output(tmp_path / name, 8, False)


def test_folder_that_may_not_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # root may write everywhere
    with pytest.raises(PermissionError, match="Expected a writable folder"):
        check_output(tmp_path / "x.png", 8, False)


def test_transparent_pixels_keep_their_alpha(tmp_path: Path) -> None:
    alpha = ALPHA.copy()
    alpha[:5] = 0
    save_picture(tmp_path / "x.png", PIXELS, alpha=alpha)
    read = read_picture(tmp_path / "x.png").alpha
    assert read is not None and np.array_equal(read, alpha)


def test_no_tensorflow() -> None:
    """Bad pictures are to be refused before the seconds that it takes to import it."""
    code = "import sys, keras_nst.pictures.files, keras_nst.pictures.download; print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_profile_does_not_change_what_is_read(tmp_path: Path) -> None:
    """The gray of a picture of ours, read without color management, is the gray that was saved."""
    save_picture(tmp_path / "x.png", PIXELS)
    with Image.open(tmp_path / "x.png") as image:
        assert image.info["icc_profile"] == srgb_profile()
    assert read_picture(tmp_path / "x.png").notes == ()


def test_an_existing_file_may_be_protected(tmp_path: Path) -> None:
    """Also one that somebody else has just made."""
    pixels = np.zeros((4, 4, 3), np.float32)
    save_picture(tmp_path / "a.png", pixels, overwrite=False)
    kept = (tmp_path / "a.png").read_bytes()
    with pytest.raises(FileExistsError):
        save_picture(tmp_path / "a.png", pixels + 1, overwrite=False)
    assert (tmp_path / "a.png").read_bytes() == kept and len(list(tmp_path.iterdir())) == 1
