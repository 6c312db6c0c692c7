"""Pictures in, an array out."""

from pathlib import Path

import numpy as np
import pytest
from conftest import smooth_picture
from PIL import Image

import keras_nst
from keras_nst.pictures.files import read_picture, save_picture

SMALL = {
    "weights": "random",
    "size": "32",
    "steps": (2,),
    "scales": 1,
    "precision": "float32",
    "style_layers": (),
    "style_weight": 0.0,
}


def stylized(*pictures: object, **settings: object) -> np.ndarray:
    return keras_nst.stylize(*pictures, **settings).array


def test_arrays_as_from_python() -> None:
    content, seen = smooth_picture(24, 32), []
    result = stylized(content, None, listeners=[seen.append], **SMALL)
    assert result.shape == (24, 32, 3) and result.dtype == np.float32
    assert [progress.step for progress in seen] == [1, 2, 2]
    same = stylized(np.uint8(np.round(content * 255)), None, **{**SMALL, "steps": (0,)})
    np.testing.assert_allclose(same, content, atol=1 / 255)


def test_arrays_are_cropped_to_the_shape_asked() -> None:
    content = smooth_picture(24, 32)
    result = stylized(content, None, **{**SMALL, "size": "24x24", "steps": (0,)})
    np.testing.assert_array_equal(result, content[:, 4:28])


def unchanged(content: object, **settings: object) -> np.ndarray:
    """Returns what comes of a content without a step."""
    return stylized(content, None, **{**SMALL, "size": "original", "steps": 0, **settings})


def test_pictures_of_every_kind(tmp_path: Path) -> None:
    """All are what the command reads from a file."""
    path = tmp_path / "a.png"
    levels = np.uint8(np.round(smooth_picture(24, 32) * 255))
    Image.fromarray(levels).save(path)
    expected = read_picture(path).pixels
    arrays = (levels, np.float64(levels) / 255, (levels / 255).tolist())
    for given in (path, str(path), Image.open(path), Image.fromarray(levels), *arrays):
        np.testing.assert_allclose(unchanged(given), expected, atol=1e-7)
    assert unchanged("sample:harbor", size=48).shape == (32, 48, 3)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "LA", "I;16", "RGBA"])
def test_pillow_s_pictures_are_read_as_their_files(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    levels = np.uint8(np.round(smooth_picture(24, 32) * 255))
    if mode == "I;16":
        image = Image.fromarray(np.uint16(levels[..., 0]) * 257)
    elif mode == "RGBA":
        image = Image.fromarray(np.dstack([levels, levels[..., :1]]))
    else:
        image = Image.fromarray(levels).convert(mode)
    assert image.mode == mode
    image.save(path)
    read = read_picture(path)
    expected = read.pixels if read.alpha is None else np.dstack([read.pixels, read.alpha])
    np.testing.assert_allclose(unchanged(image), expected, atol=1e-6)


def test_pillow_s_pictures_lie_as_they_do_in_memory(tmp_path: Path) -> None:
    """A file is turned upright; what a program has may be turned already."""
    turned = Image.Exif()
    turned[274] = 6
    Image.fromarray(np.uint8(smooth_picture(24, 32) * 255)).save(tmp_path / "a.png", exif=turned)
    assert unchanged(tmp_path / "a.png").shape == (32, 24, 3)
    assert unchanged(Image.open(tmp_path / "a.png")).shape == (24, 32, 3)


def test_gray_arrays() -> None:
    gray = smooth_picture(24, 32)[..., 0]
    for given in (gray, gray[..., None]):
        np.testing.assert_array_equal(unchanged(given), np.repeat(gray[..., None], 3, axis=2))
    np.testing.assert_array_equal(unchanged(gray > 0.5), np.float32(gray > 0.5)[..., None].repeat(3, axis=2))


def test_a_transparent_content_gives_a_transparent_result() -> None:
    content, alpha = smooth_picture(24, 32), np.linspace(0, 1, 32, dtype=np.float32) * np.ones((24, 1), np.float32)
    result = unchanged(np.dstack([content, alpha]))
    assert result.shape == (24, 32, 4) and result.dtype == np.float32
    np.testing.assert_array_equal(result[..., 3], alpha)
    np.testing.assert_array_equal(result[:, 1:, :3], content[:, 1:])  # the first column cannot be seen
    opaque = np.dstack([content, np.ones_like(alpha)])
    assert unchanged(opaque).shape == (24, 32, 3)
    laid = unchanged(np.dstack([content, alpha]), background="white")
    np.testing.assert_allclose(laid, content * alpha[..., None] + 1 - alpha[..., None], atol=1e-6)
    cut = unchanged(np.dstack([content, alpha]), size="24x24")
    np.testing.assert_array_equal(cut[..., 3], alpha[:, 4:28])


def test_what_is_transparent_in_a_style_does_not_count() -> None:
    """As with the command: whatever colors lie there."""
    content, style = smooth_picture(24, 32), smooth_picture(32, 32, seed=1)
    alpha = np.float32(np.arange(32) < 20) * np.ones((32, 1), np.float32)
    made = {**SMALL, "style_layers": ("block1_conv1",), "style_weight": 5.0, "style_fit": "aspect"}
    black, white = (
        stylized(content, np.dstack([np.where(alpha[..., None] > 0, style, np.float32(hidden)), alpha]), **made)
        for hidden in (0.0, 1.0)
    )
    np.testing.assert_array_equal(black, white)
    assert abs(black - stylized(content, style, **made)).max() > 1e-3


def test_styles_and_masks_of_mixed_kinds(tmp_path: Path) -> None:
    save_picture(tmp_path / "s.png", smooth_picture(20, 20, seed=3))
    made = {**SMALL, "style_layers": ("block1_conv1",), "style_weight": 5.0}
    halves = np.zeros((24, 32), np.uint8)
    halves[:12] = 255
    styles = [smooth_picture(20, 20, seed=2), tmp_path / "s.png"]
    masked = stylized(smooth_picture(24, 32), styles, content_mask=Image.fromarray(halves), **made)
    arrays = [styles[0], smooth_picture(20, 20, seed=3)]
    same = stylized(smooth_picture(24, 32), arrays, content_mask=halves, **made)
    np.testing.assert_allclose(masked, same, atol=0.02)  # the file has 8 bits


PICTURE = smooth_picture(24, 32)
ALONE = {"style_weight": 0.0}
SHAPE = r"Expected a picture of shape \(height, width\) or \(height, width, 1 to 4 channels\)"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((None, None), r"^content: Expected a picture.*only with content_weight=0"),
        ((PICTURE, None), r"^style: Expected a picture.*only with style_weight=0"),
        ((PICTURE, []), r"^style: Expected a picture"),
        ((np.zeros((4, 4, 5)), PICTURE), rf"^content: {SHAPE}. Received: \(4, 4, 5\)"),
        ((np.zeros((1, 4, 4, 3)), PICTURE), rf"^content: {SHAPE}. Received: \(1, 4, 4, 3\)"),
        ((np.zeros((0, 4, 3)), PICTURE), rf"^content: {SHAPE}. Received: \(0, 4, 3\)"),
        ((5, PICTURE), rf"^content: {SHAPE}, a path or one of Pillow's. Received: int"),
        ((PICTURE, [PICTURE, {}]), r"^style\[1\]: Expected a picture .* Received: dict"),
        (
            (PICTURE, "sample:nigth"),
            r"^style='sample:nigth': Expected one of sample:harbor, sample:ink, sample:night",
        ),
        ((PICTURE, [PICTURE, "none.png"]), r"^style\[1\]='none.png': Expected a picture file. Received: no such file"),
        ((PICTURE * 255, None, ALONE), r"^content: Expected floats in \[0, 1\], or unsigned integers.* 255"),
        ((np.int64(PICTURE * 255), None, ALONE), r"^content: Expected floats .* Received: int64"),
        ((PICTURE * np.nan, None, ALONE), "^content: Expected floats"),
        ((PICTURE, None, ALONE | {"output": "a.png"}), "Received: output, which is for files"),
        ((PICTURE, None, ALONE | {"tensorboard": True}), "Received: tensorboard, which is for files"),
        ((PICTURE, None, ALONE | {"init": "style"}), "^init=style: Expected style as well"),
        ((PICTURE, None, ALONE | {"init": "a.png"}), "^init=a.png: Expected .*blend.* first"),
        ((PICTURE, None, ALONE | {"first": "none.png"}), "^first='none.png': Expected a picture file"),
        ((PICTURE, None, ALONE | {"steps": 1.5}), "^steps=1.5: Expected a whole number"),
        ((PICTURE, None, ALONE | {"size": "300x15"}), "^size=300x15: Expected at least 16 pixels"),
        ((smooth_picture(3, 5000), None, ALONE), "^size=512: Expected a result of at least 16 pixels"),
        ((PICTURE, PICTURE, {"style_mask": PICTURE}), "^style_mask=.*: Expected content_mask as well"),
        (
            (PICTURE, PICTURE, {"style_weights": [1, 2]}),
            "^style_weights: Expected one for each of 1 styles. Received: 2",
        ),
        (("sample:harbor", PICTURE, {"max_megapixels": 0.1}), r"^content='sample:harbor': .*100000 pixels \(max_mega"),
        ((PICTURE, PICTURE, {"style_weights": [-1]}), r"^style_weights: Expected numbers above 0. Received: \[-1\]"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_wrong_arguments(given: tuple, message: str) -> None:
    """They are named as arguments, not as flags."""
    content, style, *settings = given
    with pytest.raises((ValueError, OSError), match=message) as caught:
        stylized(content, style, **{"weights": "random", **(settings[0] if settings else {})})
    assert "--" not in str(caught.value)


def test_a_missing_file_is_one_for_python_too() -> None:
    with pytest.raises(FileNotFoundError, match="^content='my--own.png': "):
        stylized(Path("my--own.png"), None, **SMALL)


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"^sice: There is no such setting\. Did you mean size.*\?$"):
        stylized(smooth_picture(24, 32), None, sice=3)
    with pytest.raises(TypeError, match=r"^qqq: There is no such setting\. Expected one of content, .*figures\.$"):
        stylized(smooth_picture(24, 32), None, qqq=3)


def test_who_cannot_listen() -> None:
    with pytest.raises(TypeError, match=r"^listeners: Expected functions that take a Progress\. Received: 3$"):
        stylized(smooth_picture(24, 32), None, listeners=[print, 3], **SMALL)


def test_no_style_at_all() -> None:
    for none in (None, []):
        with pytest.raises(ValueError, match=r"^style: Expected a picture: .* only with style_weight=0\.$"):
            stylized(smooth_picture(24, 32), none)


def test_settings_as_python_has_them() -> None:
    content = smooth_picture(24, 32)
    plain = stylized(content, None, **SMALL)
    written = stylized(content, None, **{**SMALL, "size": 32, "steps": 2, "scales": "1", "style_weight": "0"})
    np.testing.assert_array_equal(plain, written)
    deep = np.uint16(np.round(content * 65535))
    np.testing.assert_allclose(stylized(deep, None, **{**SMALL, "steps": 0}), content, atol=1e-4)


def test_a_loss_that_is_no_number_is_an_error() -> None:
    wild = {**SMALL, "normalization": "keras", "variation_weight": 1e30, "content_weight": 1e30, "init": "noise"}
    with pytest.raises(ValueError, match="Expected settings whose loss stays finite"):
        stylized(smooth_picture(24, 32), None, **wild)
