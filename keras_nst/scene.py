"""What the settings make of the inputs before the network sees them: colors and regions. NumPy only."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from keras_nst.config import Config, SettingError
from keras_nst.pictures import palette
from keras_nst.pictures.masks import Regions, regions

FEWEST = 4.0  # pixels: a region with fewer has no style of its own

Arrays = Mapping[str, np.ndarray]


class Guidance(NamedTuple):
    """Whose positions count for what; None where all count alike."""

    content: np.ndarray | None  # (r, h, w), shares of the content's positions in each region
    styles: tuple[np.ndarray | None, ...]  # (r, h, w) of each style picture
    free: np.ndarray | None  # (h, w), 1 where the picture may change, 0 where it stays the content


def numbered(name: str, count: int) -> list[str]:
    """Returns the names of inputs of a kind: style, style_2, style_3, ..."""
    return [name, *(f"{name}_{number}" for number in range(2, count + 1))][:count]


def guided(arrays: Arrays, alphas: Arrays, config: Config) -> Guidance:
    """Returns what masks and transparency say of the content and each style picture.

    Args:
        arrays: pictures (h, w, 3) by name: style, style_2, content_mask, style_mask, style_mask_2, ...
        alphas: (h, w) of those that are transparent somewhere.
        config: the settings.

    Raises:
        SettingError: masks and pictures do not go together.
    """
    styles = [name for name in numbered("style", len(config.styles())) if name in arrays]
    if not config.content_mask:
        for name in ("style_mask", "keep"):
            if getattr(config, name):
                raise SettingError(name, config.shown(name), "Expected --content_mask as well.")
        seen = tuple(_visible(None, alphas.get(name)) for name in styles)
        return Guidance(_visible(None, alphas.get("content")), seen, None)
    colors, shares = _regions("content_mask", config, arrays["content_mask"])
    free = None
    if config.keep:
        free, colors, shares = 1.0 - shares[0], colors[1:], shares[1:]
        if not colors:
            raise SettingError("keep", "true", "Expected a --content_mask with two colors or more. Received: one")
    of_styles = _style_regions(styles, arrays, colors, config)
    for number, color in enumerate(colors):
        if all(of[number].sum() < FEWEST for of in of_styles):
            reason = f"No style picture has a region for {color} of --content_mask={config.content_mask}."
            raise SettingError("style_mask", config.style_mask, reason)
    seen = tuple(_visible(of, alphas.get(name)) for of, name in zip(of_styles, styles, strict=True))
    return Guidance(_visible(shares, alphas.get("content")), seen, free)


def _style_regions(styles: list[str], arrays: Arrays, colors: list[str], config: Config) -> list[np.ndarray]:
    """Returns the regions of each style picture: by its mask, or the whole of it for the region of its number."""
    masks = [name for name in arrays if name.startswith("style_mask")]
    if masks:
        if len(masks) != len(styles):
            reason = f"Expected as many masks as style pictures, {len(styles)}. Received: {len(masks)}"
            raise SettingError("style_mask", config.style_mask, reason)
        return [_regions("style_mask", config, arrays[name], colors)[1] for name in masks]
    if len(styles) not in (1, len(colors)):
        reason = f"Expected --style_mask, or a style picture for each of {len(colors)} regions. Received: {len(styles)}"
        raise SettingError("content_mask", config.content_mask, reason)
    whole = [np.ones(arrays[name].shape[:2], np.float32) for name in styles]
    if len(styles) == 1:
        return [np.stack([whole[0]] * len(colors))]
    return [np.stack([of * (number == own) for own in range(len(colors))]) for number, of in enumerate(whole)]


def _regions(name: str, config: Config, mask: np.ndarray, colors: list[str] | None = None) -> Regions:
    try:
        return regions(mask, colors)
    except ValueError as error:
        raise SettingError(name, config.shown(name), str(error)) from None


def _visible(shares: np.ndarray | None, alpha: np.ndarray | None) -> np.ndarray | None:
    """Returns regions of what is not transparent; all of a picture that is transparent everywhere."""
    if alpha is None or alpha.sum() < FEWEST:
        return shares
    if shares is None:
        return alpha[None]
    rows, columns = (np.arange(side) * of // side for side, of in zip(shares.shape[1:], alpha.shape, strict=True))
    return shares * alpha[rows][:, columns]


def _counted(shares: np.ndarray | None) -> np.ndarray | None:
    """Returns how much each pixel counts, (h, w), by its shares in regions; None where all of them do alike."""
    return None if shares is None or shares.sum() < FEWEST else shares.sum(axis=0)


def colored(arrays: Arrays, guidance: Guidance, config: Config) -> dict[str, np.ndarray]:
    """Returns the pictures as --color lets the network see them; colors of what does not count are not asked."""
    content, changed = arrays.get("content"), dict(arrays)
    if content is None or config.color in ("style", "content"):
        return changed
    names = [name for name in numbered("style", len(config.styles())) if name in arrays]
    match = palette.match_colors if config.color == "match" else palette.match_lightness
    for name, shares in zip(names, guidance.styles, strict=True):
        changed[name] = match(arrays[name], content, _counted(shares), _counted(guidance.content))
    if config.color == "luminance":
        changed |= {name: palette.luminance_only(changed[name]) for name in ("content", *names)}
    return changed


def recolored(picture: np.ndarray, content: np.ndarray | None, config: Config) -> np.ndarray:
    """Returns a result with the colors that --color promises; the content is of its size."""
    if content is None or config.color in ("style", "match"):
        return picture
    return palette.with_colors_of(picture, content)
