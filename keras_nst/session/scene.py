"""The inputs of a picture, with their masks, transparency and colors applied as the settings request.

NumPy only: all faults of the inputs are reported before TensorFlow is imported.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from keras_nst.core.plan.pyramid import Size, crop_box, final_size
from keras_nst.pictures import palette
from keras_nst.pictures.files import Picture
from keras_nst.pictures.masks import regions
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.settings.networks import reach, stride
from keras_nst.settings.paper import USUAL_DPI, Print
from keras_nst.settings.values import StyleSource, parse_size

FEWEST = 4.0  # pixels: a smaller region has no style of its own
SEAMLESS = 16  # pixels; at other sizes the pooling layers leave out a row or a column at the border
NEEDED = {"content": ("content",), "blend": ("content",), "style": ("style",), "instant": ("content", "style")}

Thing = TypeVar("Thing")


class StylePicture(NamedTuple):
    """A style picture and its share of the style."""

    picture: Picture
    part: StyleSource
    scale: float  # relative to its size
    mask: Picture | None  # its regions


class Masks(NamedTuple):
    """The region masks as given."""

    content: Picture | None
    styles: Sequence[Picture] = ()  # one for each style, or none
    known: tuple[str, ...] = ()  # their colors, if there are more than the content's mask shows


class Guidance(NamedTuple):
    """How much each position counts, by masks and transparency; None if all count equally."""

    content: np.ndarray | None  # (r, h, w), shares of the content's positions in each region
    styles: tuple[np.ndarray | None, ...]  # (r, h, w) for each style picture
    free: np.ndarray | None  # (h, w), 1 where the picture may change, 0 where it stays the content


class Scene(NamedTuple):
    """The inputs of one picture; None for each that is missing."""

    size: Size  # of the result
    content: Picture | None
    styles: tuple[StylePicture, ...]
    first: Picture | None = None  # if --init names a picture
    mask: Picture | None = None  # the content's regions
    known: tuple[str, ...] = ()  # their colors, if there are more than this mask shows
    guidance: Guidance = Guidance(None, (), None)  # from masks and transparency

    def named(self) -> dict[str, Picture]:
        """Returns all pictures by the names that records and curves use."""
        of_styles = [style.picture for style in self.styles]
        masks = [style.mask for style in self.styles if style.mask]
        found = {"content": self.content, **numbered("style", of_styles), "init": self.first}
        found |= {"content_mask": self.mask, **numbered("style_mask", masks)}
        return {name: picture for name, picture in found.items() if picture}


def numbered(name: str, pictures: Sequence[Thing]) -> dict[str, Thing]:
    """Returns the pictures of one kind, or items that belong to them, by name: style, style_2, style_3, ..."""
    return {name if number == 1 else f"{name}_{number}": picture for number, picture in enumerate(pictures, start=1)}


def scene_of(
    content: Picture | None,
    styles: list[Picture],
    first: Picture | None,
    masks: Masks,
    config: Config,
    tell: Tell,
) -> Scene:
    """Returns the scene of the given pictures: masks are fitted to them, and pictures cropped to the result's shape.

    Args:
        content, styles, first: the pictures.
        config: the settings.
        tell: receives messages for the user.

    Raises:
        SettingError: the pictures and settings do not fit together.
    """
    check_given(config, content is not None, bool(styles))
    shape = size_of(content) if content else size_of(styles[0])
    with config.about("size"):
        size = size_of_result(config, shape)
    of_content, of_styles, known_colors = masks
    if of_styles and len(of_styles) != len(styles):
        reason = f"Expected as many masks as style pictures, {len(styles)}. Received: {len(of_styles)}"
        raise SettingError("style_mask", config.style_mask, reason)
    each: list[Picture | None] = [*of_styles] or [None] * len(styles)
    scales = config.style_scale if len(config.style_scale) > 1 else config.style_scale * len(styles)
    known = tuple(
        StylePicture(picture, part, scale, mask and fitted(mask, picture, "style_mask", tell))
        for picture, part, scale, mask in zip(styles, config.style_sources(), scales, each, strict=True)
    )
    check_style_size(config, known, tell)
    mask = of_content and (fitted(of_content, content, "content_mask", tell) if content else of_content)
    content, first, mask = (of and cropped(of, size) for of in (content, first, mask))
    scene = Scene(size, content, known, first, mask, known_colors)
    return scene._replace(guidance=guided(scene, config))


def check_given(config: Config, content: bool, style: bool) -> None:
    """Checks that the pictures which the settings need are given."""
    given = {"content": content, "style": style}
    for name in given:
        if not given[name] and config.asks_for(name):
            raise SettingError(
                name, "", f"Expected a picture: a path or a URL. You can leave it out only with --{name}_weight=0."
            )
    if not any(given.values()):
        raise SettingError("content", "", "Expected --content or --style, or both. Received: neither")
    for needed in NEEDED.get(config.init, ()):
        if not given[needed]:
            name, value = ("instant", "true") if config.instant else ("init", config.init)
            raise SettingError(name, value, f"Expected --{needed} as well.")


def size_of(picture: Picture) -> Size:
    """Returns the size of a picture."""
    return Size(*picture.pixels.shape[:2])


def size_of_result(config: Config, shape: Size) -> Size:
    """Returns the size of the result from that of the content."""
    asked = parse_size(config.size)
    if isinstance(asked, Print):
        asked = asked.pixels(config.dpi or USUAL_DPI, shape.width > shape.height)
    size = final_size(asked, shape)
    if config.seamless and (size.height % SEAMLESS or size.width % SEAMLESS):
        fitting = [max(1, round(side / SEAMLESS)) * SEAMLESS for side in size]
        expected = f"Expected multiples of {SEAMLESS} with --seamless, such as {fitting[1]}x{fitting[0]}"
        raise ValueError(f"{expected}. Received: {size}")
    return size


def check_style_size(config: Config, styles: tuple[StylePicture, ...], tell: Tell) -> None:
    """Warns if a style picture is smaller than the region that the deepest layer sees around a position."""
    names = [layer.name for layer in config.layers_used("style")]
    seen = max((2 * reach(config.network, name) + stride(name) for name in names), default=0)
    for style in styles:
        size = size_of(style.picture)
        if min(size) < seen:
            tell(
                f"--style={config.style}: {size} pixels are few: a position of the deepest layer sees {seen} x {seen}."
            )


def fitted(mask: Picture, picture: Picture, name: str, tell: Tell) -> Picture:
    """Returns a mask at the size of the picture it belongs to."""
    size, shape = size_of(mask), size_of(picture)
    if size == shape:
        return mask
    tell(f"--{name}: {size} pixels are stretched to the picture's {shape}.")
    levels = Image.fromarray(np.uint8(np.rint(mask.pixels * 255)))
    larger = levels.resize((shape.width, shape.height), Image.Resampling.BOX)
    return mask._replace(pixels=np.asarray(larger, np.float32) / 255)


def cropped(picture: Picture, size: Size) -> Picture:
    """Returns the part of a picture with the result's proportions."""
    rows, columns = crop_box(size_of(picture), size)
    alpha = None if picture.alpha is None else picture.alpha[rows, columns]
    return picture._replace(pixels=picture.pixels[rows, columns], alpha=alpha)


# --- Regions ---


def guided(scene: Scene, config: Config) -> Guidance:
    """Returns how much each position of the content and of the style pictures counts, by masks and transparency.

    Raises:
        SettingError: masks and pictures do not fit together.
    """
    alphas = [style.picture.alpha for style in scene.styles]
    content_alpha = scene.content.alpha if scene.content else None
    if scene.mask is None:
        for name in ("style_mask", "keep"):
            if getattr(config, name):
                raise SettingError(name, config.shown(name), "Expected --content_mask as well.")
        return Guidance(visible(None, content_alpha), tuple(visible(None, alpha) for alpha in alphas), None)
    with config.about("content_mask"):
        colors, shares = regions(scene.mask.pixels, scene.known or None)
    free = None
    if config.keep:
        free, colors, shares = 1.0 - shares[0], colors[1:], shares[1:]
        if not colors:
            raise SettingError("keep", "true", "Expected a --content_mask with two colors or more. Received: one")
    of_styles = regions_of_styles(scene, colors, config)
    seen = tuple(visible(of, alpha) for of, alpha in zip(of_styles, alphas, strict=True))
    return Guidance(visible(shares, content_alpha), seen, free)


def regions_of_styles(scene: Scene, colors: list[str], config: Config) -> list[np.ndarray]:
    """Returns the regions of each style picture: from its mask; without masks, picture N is the style of region N."""
    styles = scene.styles
    if any(style.mask for style in styles):
        with config.about("style_mask"):
            found = [regions(style.mask.pixels, colors).shares for style in styles if style.mask]
    elif len(styles) not in (1, len(colors)):
        reason = f"Expected --style_mask, or a style picture for each of {len(colors)} regions. Received: {len(styles)}"
        raise SettingError("content_mask", config.content_mask, reason)
    else:
        wholes = [np.ones(style.picture.pixels.shape[:2], np.float32) for style in styles]
        own = [range(len(colors))] if len(styles) == 1 else [[number] for number in range(len(colors))]
        found = [
            np.stack([whole * (number in of) for number in range(len(colors))])
            for whole, of in zip(wholes, own, strict=True)
        ]
    for number, color in enumerate(colors):
        if all(of[number].sum() < FEWEST for of in found):
            reason = f"No style picture has a region for {color} of --content_mask={config.content_mask}."
            raise SettingError("style_mask", config.style_mask, reason)
    return found


def visible(shares: np.ndarray | None, alpha: np.ndarray | None) -> np.ndarray | None:
    """Returns the regions without their transparent parts; a picture without any visible part counts as opaque."""
    if alpha is None or alpha.sum() < FEWEST:
        return shares
    if shares is None:
        return alpha[None]
    rows, columns = (np.arange(side) * of // side for side, of in zip(shares.shape[1:], alpha.shape, strict=True))
    return shares * alpha[rows][:, columns]


# --- Colors ---


def colored(scene: Scene, guidance: Guidance, color: str) -> tuple[np.ndarray | None, list[np.ndarray]]:
    """Returns content and styles in the colors that the network sees by --color, made from the positions that count."""
    content, styles = scene.content and scene.content.pixels, [style.picture.pixels for style in scene.styles]
    if content is None or color in ("style", "content", "palette"):
        return content, styles
    match = palette.match_colors if color == "match" else palette.match_lightness
    weights = counted(guidance.content)
    styles = [
        match(style, content, counted(shares), weights) for style, shares in zip(styles, guidance.styles, strict=True)
    ]
    if color == "luminance":
        return palette.luminance_only(content), [palette.luminance_only(style) for style in styles]
    return content, styles


def counted(shares: np.ndarray | None) -> np.ndarray | None:
    """Returns how much each pixel counts, (h, w), by its shares in regions; None if all count equally."""
    return None if shares is None or shares.sum() < FEWEST else shares.sum(axis=0)


def toning(scene: Scene, color: str) -> palette.Colors:
    """Returns the function that changes the content's chroma, if --color requests it."""
    if color != "palette" or scene.content is None or not scene.styles:
        return np.asarray
    styles = [share_of(style.picture, style.part.weight) for style in scene.styles]
    return palette.chroma_map([share_of(scene.content)], styles)


def share_of(picture: Picture, part: float = 1.0) -> palette.Share:
    """Returns a picture and its share, for palettes: only its visible part counts."""
    seen = picture.alpha is not None and picture.alpha.sum() >= FEWEST
    return palette.Share(picture.pixels, part, picture.alpha if seen else None)
