"""Which masks, styles and colors go together, and what becomes of them."""

import numpy as np
import pytest
from conftest import smooth_picture

from keras_nst.config import Config, SettingError
from keras_nst.pictures import palette
from keras_nst.scene import Guidance, colored, guided, numbered, recolored

CONTENT = smooth_picture(40, 60)
NOTHING = Guidance(None, (None,), None)
STYLES = {"style": smooth_picture(30, 30, seed=1), "style_2": smooth_picture(20, 50, seed=2)}


def mask(height: int, width: int, *levels: float) -> np.ndarray:
    """Stripes of gray levels side by side."""
    columns = np.repeat(np.float32(levels), -(-width // len(levels)))[:width]
    return np.tile(columns[None, :, None], (height, 1, 3))


def settings(styles: str = "a", **given: object) -> Config:
    return Config(content="c", style=styles, **given).resolved()


def test_names() -> None:
    assert numbered("style", 3) == ["style", "style_2", "style_3"] and numbered("style", 0) == []


def test_nothing_said_is_no_guidance() -> None:
    assert guided({"content": CONTENT, **STYLES}, {}, settings("a + b")) == (None, (None, None), None)


def test_styles_go_to_regions_from_dark_to_light() -> None:
    arrays = {"content": CONTENT, **STYLES, "content_mask": mask(40, 60, 1.0, 0.0)}
    guidance = guided(arrays, {}, settings("a + b", content_mask="m"))
    dark, light = guidance.content
    assert dark[:, :30].max() == 0 and dark[:, 30:].min() == 1 and np.all(light == 1 - dark)
    for own, of in enumerate(guidance.styles):
        assert of[own].min() == 1 and of[1 - own].max() == 0
    assert guidance.styles[1].shape == (2, 20, 50) and guidance.free is None


def test_style_masks_match_by_color() -> None:
    arrays = {"content": CONTENT, "style": STYLES["style"], "content_mask": mask(40, 60, 0.0, 1.0)}
    arrays["style_mask"] = mask(30, 30, 1.0, 0.0)
    guidance = guided(arrays, {}, settings(content_mask="m", style_mask="n"))
    assert guidance.styles[0][0, :, 15:].min() == 1 and guidance.styles[0][0, :, :15].max() == 0


def test_what_is_kept_is_no_region() -> None:
    arrays = {"content": CONTENT, "style": STYLES["style"], "content_mask": mask(40, 60, 0.0, 1.0)}
    guidance = guided(arrays, {}, settings(content_mask="m", keep=True))
    assert guidance.content.shape == (1, 40, 60)
    np.testing.assert_array_equal(guidance.free, guidance.content[0])
    assert guidance.free[:, :30].max() == 0 and guidance.free[:, 30:].min() == 1


def test_what_is_transparent_does_not_count() -> None:
    alpha = np.float32(np.arange(60) < 20) * np.ones((40, 1), np.float32)
    guidance = guided({"content": CONTENT, "style": STYLES["style"]}, {"content": alpha}, settings())
    np.testing.assert_array_equal(guidance.content, alpha[None])
    arrays = {"content": CONTENT, "style": STYLES["style"], "content_mask": mask(40, 60, 0.0, 1.0)}
    both = guided(arrays, {"content": alpha}, settings(content_mask="m")).content
    np.testing.assert_array_equal(both.sum(axis=0), alpha)
    # Of a picture that cannot be seen at all everything counts.
    assert guided({"content": CONTENT}, {"content": 0 * alpha}, settings()).content is None


@pytest.mark.parametrize(
    ("given", "masks", "expected"),
    [
        ({"style_mask": "n"}, {}, "--style_mask=n: Expected --content_mask as well"),
        ({"keep": True}, {}, "--keep=true: Expected --content_mask as well"),
        ({"content_mask": "m", "keep": True}, {"content_mask": (0.5,)}, "two colors or more"),
        ({"content_mask": "m", "styles": "a + b"}, {"content_mask": (0, 0.5, 1)}, "a style picture for each of 3"),
        (
            {"content_mask": "m", "style_mask": "n", "styles": "a + b"},
            {"content_mask": (0, 1), "style_mask": (0, 1)},
            "as many masks as style pictures, 2. Received: 1",
        ),
        (
            {"content_mask": "m", "style_mask": "n"},
            {"content_mask": (0, 0.5, 1), "style_mask": (0, 1)},
            "No style picture has a region for #808080 of --content_mask=m",
        ),
    ],
)
def test_what_does_not_go_together(given: dict, masks: dict, expected: str) -> None:
    config = settings(**given)
    arrays = {"content": CONTENT, **{name: STYLES[name] for name in numbered("style", len(config.styles()))}}
    arrays |= {name: mask(40, 60, *levels) for name, levels in masks.items()}
    with pytest.raises(SettingError, match=expected.replace("(", r"\(")):
        guided(arrays, {}, config)


def chroma(picture: np.ndarray) -> np.ndarray:
    return picture.max(axis=-1) - picture.min(axis=-1)


@pytest.mark.parametrize("color", ["match", "luminance"])
def test_colors_of_what_does_not_count_are_not_asked(color: str) -> None:
    """A style of which half is transparent has the colors of the other half, and so has a content."""
    half = np.float32(np.arange(60) < 30) * np.ones((40, 1), np.float32)
    config, style = settings(color=color), smooth_picture(40, 60, seed=1)
    for name, whole in (("style", {"content": CONTENT}), ("content", {"style": style})):
        found = []
        for hidden in (0.0, 1.0):
            picture = np.where(half[..., None] > 0, {"style": style, "content": CONTENT}[name], np.float32(hidden))
            arrays = {**whole, name: picture}
            found.append(colored(arrays, guided(arrays, {name: half}, config), config)["style"][:, :30])
        np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    arrays = {"content": CONTENT, "style": style}
    seen = guided(arrays, {"style": half}, config)
    expected = colored(arrays | {"style": style[:, :30]}, guided(arrays, {}, config), config)["style"]
    np.testing.assert_allclose(colored(arrays, seen, config)["style"][:, :30], expected, atol=1e-6)


def test_a_style_without_a_region_of_its_own_keeps_to_all_of_its_colors() -> None:
    arrays = {"content": CONTENT, **STYLES, "content_mask": mask(40, 60, 0.0, 1.0)}
    arrays |= {"style_mask": mask(30, 30, 0.0, 1.0), "style_mask_2": np.full((20, 50, 3), 0.5, np.float32)}
    config = settings("a + b", content_mask="m", style_mask="n + o", color="match")
    matched = colored(arrays, guided(arrays, {}, config), config)["style_2"]
    np.testing.assert_allclose(matched, palette.match_colors(STYLES["style_2"], CONTENT), atol=1e-6)


def test_colors() -> None:
    arrays = {"content": CONTENT, "style": STYLES["style"]}
    assert colored(arrays, NOTHING, settings()) == arrays
    matched = colored(arrays, NOTHING, settings(color="match"))
    np.testing.assert_allclose(matched["style"].mean((0, 1)), CONTENT.mean((0, 1)), atol=0.03)
    assert matched["content"] is CONTENT
    gray = colored(arrays, NOTHING, settings(color="luminance"))
    assert max(chroma(gray[name]).max() for name in gray) < 1e-3
    result = recolored(gray["content"], CONTENT, settings(color="luminance"))
    np.testing.assert_allclose(result, CONTENT, atol=0.01)
    assert recolored(STYLES["style"], CONTENT, settings()) is STYLES["style"]
    assert colored({"style": STYLES["style"]}, NOTHING, settings(color="match"))["style"] is STYLES["style"]
