"""Which masks, styles and colors go together, and what becomes of them."""

import numpy as np
import pytest
from conftest import smooth_picture

from keras_nst.pictures import palette
from keras_nst.pictures.files import Picture
from keras_nst.session.scene import Guidance, Masks, Scene, colored, guided, numbered, scene_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError

CONTENT = smooth_picture(40, 60)
STYLES = {"style": smooth_picture(30, 30, seed=1), "style_2": smooth_picture(20, 50, seed=2)}


def mask(height: int, width: int, *levels: float) -> np.ndarray:
    """Stripes of gray levels side by side."""
    columns = np.repeat(np.float32(levels), -(-width // len(levels)))[:width]
    return np.tile(columns[None, :, None], (height, 1, 3))


def settings(styles: str = "a", **given: object) -> Config:
    return Config(content="c", style=styles, size="60x40", **given)


def picture(pixels: np.ndarray | None, alpha: np.ndarray | None = None) -> Picture | None:
    return None if pixels is None else Picture(pixels, alpha, "", ())


def scene(config: Config, arrays: dict[str, np.ndarray], **alphas: np.ndarray) -> Scene:
    """Returns the scene of arrays by name: content, style, style_2, content_mask, style_mask, style_mask_2."""
    made = {name: picture(pixels, alphas.get(name)) for name, pixels in arrays.items()}
    styles, masks = ([made[name] for name in (kind, f"{kind}_2") if name in made] for kind in ("style", "style_mask"))
    return scene_of(
        made.get("content"), styles, None, Masks(made.get("content_mask"), masks), config, lambda line: None
    )


def guidance_of(config: Config, arrays: dict[str, np.ndarray], **alphas: np.ndarray) -> Guidance:
    return guided(scene(config, arrays, **alphas), config)


def colors_of(config: Config, arrays: dict[str, np.ndarray], **alphas: np.ndarray) -> dict[str, np.ndarray]:
    made = scene(config, arrays, **alphas)
    content, styles = colored(made, guided(made, config), config.color)
    return {"content": content, **numbered("style", styles)}


def test_names() -> None:
    one, other = picture(CONTENT), picture(STYLES["style"])
    assert numbered("style", [one, other, one]) == {"style": one, "style_2": other, "style_3": one}
    assert numbered("style", []) == {}
    named = scene(settings("a + b"), {"content": CONTENT, **STYLES}).named()
    assert list(named) == ["content", "style", "style_2"]


def test_nothing_said_is_no_guidance() -> None:
    assert guidance_of(settings("a + b"), {"content": CONTENT, **STYLES}) == (None, (None, None), None)


def test_styles_go_to_regions_from_dark_to_light() -> None:
    arrays = {"content": CONTENT, **STYLES, "content_mask": mask(40, 60, 1.0, 0.0)}
    guidance = guidance_of(settings("a + b", content_mask="m"), arrays)
    dark, light = guidance.content
    assert dark[:, :30].max() == 0 and dark[:, 30:].min() == 1 and np.all(light == 1 - dark)
    for own, of in enumerate(guidance.styles):
        assert of[own].min() == 1 and of[1 - own].max() == 0
    assert guidance.styles[1].shape == (2, 20, 50) and guidance.free is None


def test_style_masks_match_by_color() -> None:
    arrays = {"content": CONTENT, "style": STYLES["style"], "content_mask": mask(40, 60, 0.0, 1.0)}
    arrays["style_mask"] = mask(30, 30, 1.0, 0.0)
    guidance = guidance_of(settings(content_mask="m", style_mask="n"), arrays)
    assert guidance.styles[0][0, :, 15:].min() == 1 and guidance.styles[0][0, :, :15].max() == 0


def test_what_is_kept_is_no_region() -> None:
    arrays = {"content": CONTENT, "style": STYLES["style"], "content_mask": mask(40, 60, 0.0, 1.0)}
    guidance = guidance_of(settings(content_mask="m", keep=True), arrays)
    assert guidance.content.shape == (1, 40, 60)
    np.testing.assert_array_equal(guidance.free, guidance.content[0])
    assert guidance.free[:, :30].max() == 0 and guidance.free[:, 30:].min() == 1


def test_what_is_transparent_does_not_count() -> None:
    alpha = np.float32(np.arange(60) < 20) * np.ones((40, 1), np.float32)
    guidance = guidance_of(settings(), {"content": CONTENT, "style": STYLES["style"]}, content=alpha)
    np.testing.assert_array_equal(guidance.content, alpha[None])
    arrays = {"content": CONTENT, "style": STYLES["style"], "content_mask": mask(40, 60, 0.0, 1.0)}
    both = guidance_of(settings(content_mask="m"), arrays, content=alpha).content
    np.testing.assert_array_equal(both.sum(axis=0), alpha)
    # Of a picture that cannot be seen at all everything counts.
    alone = settings("", style_weight=0.0)
    assert guidance_of(alone, {"content": CONTENT}, content=0 * alpha).content is None


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
    arrays = {"content": CONTENT, **dict(list(STYLES.items())[: len(config.style_sources())])}
    arrays |= {name: mask(40, 60, *levels) for name, levels in masks.items()}
    with pytest.raises(SettingError, match=expected.replace("(", r"\(")):
        guidance_of(config, arrays)


def chroma(picture: np.ndarray) -> np.ndarray:
    return picture.max(axis=-1) - picture.min(axis=-1)


@pytest.mark.parametrize("color", ["match", "luminance"])
def test_colors_of_what_does_not_count_are_not_asked(color: str) -> None:
    """A style of which half is transparent has the colors of the other half, and so has a content."""
    half = np.float32(np.arange(60) < 30) * np.ones((40, 1), np.float32)
    config, style = settings(color=color), smooth_picture(40, 60, seed=1)
    arrays = {"content": CONTENT, "style": style}
    for name in arrays:
        found = []
        for hidden in (0.0, 1.0):
            changed = np.where(half[..., None] > 0, arrays[name], np.float32(hidden))
            found.append(colors_of(config, arrays | {name: changed}, **{name: half})["style"][:, :30])
        np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    expected = colors_of(config, arrays | {"style": style[:, :30]})["style"]
    np.testing.assert_allclose(colors_of(config, arrays, style=half)["style"][:, :30], expected, atol=1e-6)


def test_a_style_without_a_region_of_its_own_keeps_to_all_of_its_colors() -> None:
    arrays = {"content": CONTENT, **STYLES, "content_mask": mask(40, 60, 0.0, 1.0)}
    arrays |= {"style_mask": mask(30, 30, 0.0, 1.0), "style_mask_2": np.full((20, 50, 3), 0.5, np.float32)}
    matched = colors_of(settings("a + b", content_mask="m", style_mask="n + o", color="match"), arrays)["style_2"]
    np.testing.assert_allclose(matched, palette.match_colors(STYLES["style_2"], CONTENT), atol=1e-6)


def test_colors() -> None:
    arrays = {"content": CONTENT, "style": STYLES["style"]}
    plain = colors_of(settings(), arrays)
    assert all(np.array_equal(plain[name], arrays[name]) for name in arrays)
    matched = colors_of(settings(color="match"), arrays)
    np.testing.assert_allclose(matched["style"].mean((0, 1)), CONTENT.mean((0, 1)), atol=0.03)
    np.testing.assert_array_equal(matched["content"], CONTENT)
    gray = colors_of(settings(color="luminance"), arrays)
    assert max(chroma(gray[name]).max() for name in gray) < 1e-3
    np.testing.assert_allclose(palette.with_colors_of(gray["content"], CONTENT), CONTENT, atol=0.01)
    kept = colors_of(settings(color="palette"), arrays)
    assert all(np.array_equal(kept[name], arrays[name]) for name in arrays)
    texture = colors_of(settings(color="match", content_weight=0.0), {"style": STYLES["style"]})
    np.testing.assert_array_equal(texture["style"], STYLES["style"])
