"""Converts the colors of a file, whatever its color space, to sRGB."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from keras_nst.settings.lines import reason

MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}  # a profile's color space: Pillow's mode
GRAYS = ("1", "L", "LA", "La")


def srgb_profile() -> bytes:
    """Returns an ICC profile of sRGB, the same bytes each time."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d0 0001 0001 0000 0000 0000")  # a fixed date of creation
    return bytes(profile)


def separate(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Returns the colors in a mode that profiles support (L, RGB, CMYK, LAB), and the alpha (L) if there is one."""
    gray = image.mode in GRAYS
    if image.has_transparency_data:
        if image.mode in ("La", "RGBa"):
            image = image.convert(image.mode.upper())
        whole = image.convert("LA" if gray else "RGBA")
        return whole.getchannel(0) if gray else whole.convert("RGB"), whole.getchannel("A")
    if image.mode in MODES.values():
        return image, None
    return image.convert("L" if gray else "RGB"), None


def to_srgb(colors: Image.Image, transform: ImageCms.ImageCmsTransform | None) -> Image.Image:
    """Returns colors (L, RGB, CMYK, LAB) as sRGB (RGB)."""
    if transform is None:
        return colors.convert("RGB")
    converted = ImageCms.applyTransform(colors.convert(transform.input_mode), transform)
    return converted if converted is not None else colors


def srgb_transform(profile: bytes | None, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, str]:
    """Returns the transform from colors of a mode to sRGB, None if they are sRGB, and a note for the user."""
    note = ""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            transform = _transform(source, _input_mode(source, mode))
            return (None, "") if _changes_nothing(transform) else (transform, f"converted from {_name(source)} to sRGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
            note = f"its color profile is ignored ({reason(error) if str(error) else 'damaged'})"
    if mode == "CMYK":
        note = note or "CMYK without a color profile: its colors are approximate"
    return None, note


def _transform(source: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        source,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.HIGHRESPRECALC,
    )


def _input_mode(source: ImageCms.ImageCmsProfile, mode: str) -> str:
    """Returns the mode in which colors of `mode` are passed to a profile: gray colors also suit an RGB profile."""
    space = source.profile.xcolor_space.strip()
    expected = MODES.get(space, "")
    if expected != mode and (mode, expected) != ("L", "RGB"):
        raise ValueError(f"for {space}, not {mode}")
    return expected


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Returns whether a grid of colors stays unchanged, to one part in 255."""
    if transform.input_mode not in ("L", "RGB"):
        return False
    channels = len(transform.input_mode)
    levels = np.linspace(0, 255, 18 if channels == 3 else 256).astype(np.uint8)
    grid = np.stack(np.meshgrid(*[levels] * channels, indexing="ij"), axis=-1).reshape(1, -1, channels)
    before = Image.fromarray(grid if channels == 3 else grid[..., 0])
    after = np.asarray(to_srgb(before, transform), np.int16)
    return bool(abs(after - grid).max() <= 1)


def _name(source: ImageCms.ImageCmsProfile) -> str:
    described = "".join(letter for letter in ImageCms.getProfileDescription(source) if letter.isprintable())
    return described.strip()[:60] or "its color profile"
