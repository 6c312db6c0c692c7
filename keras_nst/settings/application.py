"""The settings of a trained network's application."""

import dataclasses
from typing import Any

from keras_nst.settings.config import Config
from keras_nst.settings.declared import fields, same, setting
from keras_nst.settings.kinds import choice, integer, number, several, switch, text
from keras_nst.settings.shared import Engines
from keras_nst.settings.values import picture_size

FORMATS = ("auto", "jpg", "png", "webp", "tiff", "avif")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Application(Engines):
    """Which network paints which photographs, and how."""

    model: str = setting(
        "",
        text("FOLDER"),
        "Pictures",
        "The trained network: a folder made by keras_nst.train, or sample:night.",
    )
    contents: str = setting(
        "",
        text("PICTURES"),
        "Pictures",
        "The photographs: a folder, a glob in quotes, a text file with a name in each line, or a picture; may be given "
        "several times.",
    )
    output: str = setting(
        "painted",
        text("FOLDER"),
        "Pictures",
        "The folder of the results, which get the photographs' names. Existing results are not painted again.",
    )
    overwrite: bool = setting(False, switch(), "Pictures", "Replace results that exist.")
    size: str = setting(
        "original",
        picture_size(),
        "Pictures",
        "The size of the results: their longer side in pixels; WxH, with photographs cropped to that shape; a "
        "print such as 60x40cm or A3, at --dpi; or the photograph's own size (original). Strokes are as large in "
        "pixels as they were learned.",
    )
    dpi: float | None = same(Config, "dpi")
    format: str = setting(
        "auto",
        choice(*FORMATS),
        "Pictures",
        "The results' format; auto: the photograph's, or PNG if that cannot be written.",
    )
    bit_depth: int = same(Config, "bit_depth")
    background: str = same(Config, "background")
    max_megapixels: float = same(Config, "max_megapixels")
    style: str = setting(
        "",
        text("NAME"),
        "Style",
        "The name of one of the network's styles; default: the first one, or those of --blend.",
    )
    blend: tuple[float, ...] = setting(
        (), several(number(0, 1000), "NUMBER,..."), "Style", "The shares of the network's styles, in their order."
    )
    strength: float = setting(
        1.0, number(0, 1), "Style", "How far the picture goes from the photograph (0) to the painting (1)."
    )
    color: str = setting(
        "style",
        choice("style", "content", "luminance"),
        "Style",
        "The colors of the result. style: the style's. content: the photograph's, restored at the end. luminance:"
        " the photograph's; only lightness is painted.",
    )
    refine: int = setting(
        0,
        integer(0, 10_000),
        "Style",
        "Steps of the optimizer after the network, at full size, for a finer picture; they are slow.",
    )
    device: str = same(Config, "device")
    precision: str = same(Config, "precision")
    memory_limit_gb: float = same(Config, "memory_limit_gb")

    def config(self, **own: Any) -> Config:
        """Returns the settings of a run with the same pictures, device and limits."""
        shared = ("size", "dpi", "bit_depth", "background", "color", "device", "precision", "memory_limit_gb")
        return Config(**{name: getattr(self, name) for name in shared if name in fields(Config)} | own)
