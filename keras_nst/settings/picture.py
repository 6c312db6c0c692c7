"""The settings of the pictures that are read and made, and of their regions."""

import dataclasses

from keras_nst.settings.declared import SettingError, Settings, setting
from keras_nst.settings.kinds import automatic, choice, integer, number, several, switch, text
from keras_nst.settings.values import (
    StyleSource,
    parse_color,
    parse_styles,
    picture_size,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PictureSettings(Settings):
    """The settings of the pictures that are read and made, and of their regions."""

    content: str = setting(
        "",
        text("PICTURE"),
        "Pictures",
        "The picture whose content is kept: a path, an http(s) URL, sample:harbor or sample:portrait.",
    )
    style: str = setting(
        "",
        text("PICTURE[:WEIGHT][@BLOCKS]", parse_styles),
        "Pictures",
        "The picture whose style is taken: a path, an http(s) URL, sample:night or sample:ink. Given several times, "
        "the styles are blended by their weights; a.jpg@1-2 gives its style to the first two blocks of the network "
        "only (strokes), b.jpg@3-5 to the others (structure).",
    )
    style_scale: tuple[float, ...] = setting(
        (1.0,),
        several(number(0.05, 20.0), "NUMBER,..."),
        "Pictures",
        "The factor for the size of each style picture: below 1 for finer strokes, above 1 for coarser ones.",
    )
    size: str = setting(
        "512",
        picture_size(),
        "Pictures",
        "The size of the result: its longer side in pixels; WxH, with the content cropped to that shape; a print "
        "such as 60x40cm, 36in or A3, at --dpi; or the content's own size (original).",
    )
    dpi: float | None = setting(
        None,
        automatic(number(1.0, 10_000.0)),
        "Pictures",
        "Dots per inch, written into the file; auto: 300 if --size is that of a print, else none.",
    )
    max_megapixels: float = setting(
        200.0,
        number(above=True),
        "Pictures",
        "Refuse pictures of more megapixels than this: they may be made to exhaust memory.",
    )
    output: str = setting("", text("PATH"), "Pictures", "The path of the result; default: picture.png in the workdir.")
    bit_depth: int = setting(
        8,
        integer(8, 16),
        "Pictures",
        "Bits per channel of the result: 8, or 16 in PNG and TIFF.",
    )
    background: str = setting(
        "",
        text("white|black|#RRGGBB", lambda written: written and parse_color(written)),
        "Pictures",
        "The color behind a transparent content, for formats without transparency, such as JPEG; default: none, "
        "and the result keeps the content's transparency.",
    )
    overwrite: bool = setting(
        False, switch(), "Pictures", "Replace an existing --output, or another run in the workdir."
    )
    color: str = setting(
        "style",
        choice("style", "content", "luminance", "palette", "match"),
        "Pictures",
        "The colors of the result. style: the style's. content: the content's, restored at the end. luminance: "
        "the content's, kept throughout; only lightness is optimized. palette: the content's, moved into the "
        "style's range. match: the style pictures get the content's colors first.",
    )
    workdir: str = setting(
        "",
        text("FOLDER"),
        "Pictures",
        "The folder of the run: picture, settings.cfg, curves, snapshots; default: runs/DATE-TIME-CONTENT-STYLE.",
    )
    content_mask: str = setting(
        "",
        text("PICTURE"),
        "Regions",
        "A picture whose flat colors mark regions of the content; edges may be soft. Each region gets the style "
        "of the region of the same color in --style_mask. Without --style_mask, the regions from dark to light "
        "get the styles in their order.",
    )
    style_mask: str = setting(
        "",
        text("PICTURE"),
        "Regions",
        "The regions of the style picture. Repeat the flag for several style pictures, in their order.",
    )
    mask_reach: str = setting(
        "simple",
        choice("simple", "inside", "all"),
        "Regions",
        "Which positions of a layer belong to a region. simple: those in it. inside: those that see nothing else."
        " all: all that see it.",
    )
    keep: bool = setting(
        False,
        switch(),
        "Regions",
        "Leave the darkest region of --content_mask as it is in the content.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bit_depth not in (8, 16):
            raise SettingError("bit_depth", self.bit_depth, "Expected 8 or 16.")
        self._check_style_pictures()

    def style_sources(self) -> tuple[StyleSource, ...]:
        """Returns the style pictures that --style names."""
        return parse_styles(self.style)

    def _check_style_pictures(self) -> None:
        """Checks that there is one scale for all style pictures, or one for each."""
        count = len(self.style_sources())
        if self.style and len(self.style_scale) not in (1, count):
            reason = f"Expected one number for all {count} style pictures, or {count} numbers."
            raise SettingError("style_scale", self.shown("style_scale"), reason)
