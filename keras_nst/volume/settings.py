"""The settings of a volume. Those that shape its slices are declared with a run's settings, and mean the same."""

import dataclasses

from keras_nst.command.command import BEGINS_AGAIN, Command
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, same, setting
from keras_nst.settings.kinds import choice, integer, number, several, switch, text
from keras_nst.settings.shared import LikeARun
from keras_nst.settings.values import StyleSource, joined, parse_styles, parted

AXES = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Carving(LikeARun):
    """Which volume is painted, and how."""

    content: str = setting(
        "",
        text("VOLUME"),
        "Volume",
        "The volume: .npy, a TIFF stack, NIfTI (.nii, .nii.gz), or a folder with a DICOM series or with pictures, "
        "which are its slices. Without it the style fills a solid.",
    )
    style: str = setting(
        "",
        text("PICTURE", parse_styles),
        "Volume",
        "The style of the slices along all three axes. Given three times, one for each axis: slices of the file "
        "(of NIfTI, along its first axis), along its rows, along its columns.",
    )
    output: str = setting(
        "",
        text("VOLUME"),
        "Volume",
        "The volume to write: .npy, .tiff, .nii.gz, or a folder for PNG slices; default: the content's name with "
        "-painted, in its format; NIfTI for DICOM, and .npy for a folder of pictures.",
    )
    workdir: str = setting(
        "",
        text("FOLDER"),
        "Volume",
        "The folder of curves, sheets and checkpoints; default: volumes/NAME. The same command resumes from it.",
    )
    overwrite: bool = setting(
        False, switch(), "Volume", "Replace another volume in the folder, and the file at --output."
    )
    window: tuple[float, ...] = setting(
        (),
        several(number(-1e12, 1e12), "LOW,HIGH"),
        "Volume",
        "The range of values to paint; values beyond it are clipped. Default: all, except for a few outliers.",
    )
    size: int = setting(
        0,
        integer(0, 2048),
        "Volume",
        "The longest side in voxels; 0: the content's own. Without content, the side of a cube; 0: 64.",
    )
    colors: str = setting(
        "auto",
        choice("auto", "gray", "rgb"),
        "Volume",
        "Paint in color; auto: if the content has colors, or without content.",
    )
    steps: int = setting(160, integer(1, 100_000), "Search", "Steps at each scale; the volume doubles between scales.")
    scales: int = setting(0, integer(0, 16), "Search", "The number of scales; 0: from about 32 voxels on.")
    steady: float = setting(
        6.0,
        number(),
        "Objective",
        "The weight of continuity: that neighboring slices of the file look the same where the content is the "
        "same in both. 0: none; strokes are then equally short along all axes.",
    )
    slices: int = setting(4, integer(1, 1024), "Search", "Slices along each axis per step; each slice has its turn.")
    learning_rate: float = setting(0.03, number(0, 1, above=True), "Search", "Adam's first learning rate.")
    checkpoint_secs: float = same(Config, "checkpoint_secs")
    tensorboard: bool = same(Config, "tensorboard")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.style and len(self.style_sources()) not in (1, AXES):
            reason = f"Expected one picture, or three: one for each axis. Received: {len(self.style_sources())}"
            raise SettingError("style", self.style, reason)
        self.config()  # raises for settings that do not fit together

    def style_sources(self) -> tuple[StyleSource, ...]:
        """Returns the style pictures that --style names."""
        return parse_styles(self.style)

    def config(self) -> Config:
        """Returns the settings of a run that makes one slice."""
        shared = self.of_a_run()
        if not self.content:
            shared |= {"content_weight": 0.0, "style_strength": None}
        first = joined(parted(self.style)[:1])
        return Config(content="slice", style=first, evaluator="whole", convolution="direct", **shared)


COMMAND = Command(
    "volume",
    Carving,
    (
        "--content=VOLUME --style=PICTURE [--flag=value ...]",
        "--style=PICTURE --size=64",
    ),
    "Paints a volume along all three axes together, or fills one with a style. Not for diagnosis.",
    stopping="Stopping after this step. Press Ctrl-C again to end immediately, with the last checkpoint.",
    interrupted=BEGINS_AGAIN,
)
