"""The settings of a film. Those that shape its pictures are declared with a run's settings, and mean the same."""

import dataclasses
from typing import Any

from keras_nst.command.command import Command
from keras_nst.settings.application import Application
from keras_nst.settings.config import Config
from keras_nst.settings.declared import same, setting
from keras_nst.settings.kinds import automatic, choice, integer, number, switch, text
from keras_nst.settings.shared import Engines, LikeARun
from keras_nst.settings.values import picture_size

WAYS = ("auto", "optimize", "network", "keyframes")

# Further settings of a run that frames share.
OF_A_PICTURE = (
    "style",
    "size",
    "color",
    "content_loss",
    "coarse_content",
    "style_fit",
    "pooling",
    "steps",
    "scales",
    "average",
    "optimizer",
    "learning_rate",
    "init",
    "max_megapixels",
    "style_mask",
    "mask_reach",
    "keep",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filming(Engines, LikeARun):
    """Which film is painted, and how."""

    content: str = setting(
        "",
        text("FILM"),
        "Film",
        "The film: a file of any common format, or a folder of pictures, its frames in the order of their names.",
    )
    output: str = setting(
        "",
        text("FILM"),
        "Film",
        "The film to write: .mp4, .mkv, .mov (ProRes) or a folder for PNG frames; default: the film's name with "
        "-painted, as MP4. Sound and frame times are kept.",
    )
    workdir: str = setting(
        "",
        text("FOLDER"),
        "Film",
        "The folder of the painted frames; default: films/NAME. The same command resumes from them.",
    )
    overwrite: bool = setting(False, switch(), "Film", "Replace another film in the folder, and the file at --output.")
    start: float = setting(0.0, number(), "Film", "The start, in seconds of the film.")
    end: float = setting(0.0, number(), "Film", "The end, in seconds of the film; 0: its own end.")
    rate: float = setting(25.0, number(0.001, 1000), "Film", "Frames per second of a folder of pictures.")
    side_by_side: bool = setting(
        False,
        switch(),
        "Film",
        "Write a second film, ...-beside, that shows the film and the painted one side by side.",
    )
    how: str = setting(
        "auto",
        choice(*WAYS),
        "Way",
        "How frames are painted. optimize: each by the optimizer (best). network: by a trained network (fastest)."
        " keyframes: some by the optimizer, the others by a network that learns from these. auto: network with "
        "--model, else optimize.",
    )
    model: str = setting(
        "", text("FOLDER"), "Way", "The trained network: a folder made by keras_nst.train, or sample:night."
    )
    blend: tuple[float, ...] = same(Application, "blend")
    steps_more: int = setting(
        24,
        integer(1, 10_000),
        "Way",
        "optimize: the steps of each further frame; --steps are those of the first frame after a cut.",
    )
    steady: float = setting(
        20.0,
        number(),
        "Way",
        "The weight of steadiness: that whatever is visible in two frames looks the same in both; 0: each frame "
        "is painted alone.",
    )
    passes: int = setting(
        1,
        integer(1, 16),
        "Way",
        "optimize: the number of passes through the film, alternately forwards and backwards, each from the "
        "result of the one before.",
    )
    keyframe_every: int = setting(
        24, integer(1, 10_000), "Way", "keyframes: one frame in N is painted by the optimizer."
    )
    learning_steps: int = setting(600, integer(1, 100_000), "Way", "keyframes: the training steps of the network.")
    content_mask: str = setting(
        "",
        text("FILM"),
        "Regions",
        "optimize: a film, or a folder of pictures, with the same number of frames, whose flat colors mark "
        "regions. Each region gets the style of the region of the same color in --style_mask. Without "
        "--style_mask, the regions from dark to light get the styles in their order.",
    )
    style_mask: str = same(Config, "style_mask")
    mask_reach: str = same(Config, "mask_reach")
    keep: bool = same(Config, "keep")
    cuts: bool = setting(True, switch(), "Way", "Start over after each cut of the film.")
    figures: bool = setting(True, switch(), "Film", "Measure at the end, on some frames, how steady the film is.")
    style: str = same(Config, "style")
    size: str = setting(
        "original",
        picture_size(),
        "Film",
        "The size of the painted film: its longer side in pixels; WxH, with frames cropped to that shape; or the "
        "film's own size (original).",
    )
    color: str = same(Config, "color")
    content_loss: str = same(Config, "content_loss")
    coarse_content: float | None = same(Config, "coarse_content")
    style_fit: str | None = same(Config, "style_fit")
    pooling: str = same(Config, "pooling")
    steps: tuple[Any, ...] = same(Config, "steps")
    scales: int | None = same(Config, "scales")
    average: float | None = same(Config, "average")
    optimizer: str = same(Config, "optimizer")
    learning_rate: float | None = same(Config, "learning_rate")
    init: str = same(Config, "init")
    max_megapixels: float = same(Config, "max_megapixels")
    tensorboard: bool = same(Config, "tensorboard")
    workers: int | None = setting(
        None,
        automatic(integer(1, 100_000)),
        "Batch",
        "The number of processes that divide the film's shots among them; auto: 1 here; in a cluster, as many as "
        "it has room for.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.config()  # raises for settings that do not fit together

    @property
    def way(self) -> str:
        """The painter of the frames, with auto resolved."""
        return ("network" if self.model else "optimize") if self.how == "auto" else self.how

    def config(self) -> Config:
        """Returns the settings of a run that makes one frame."""
        given = {"content": "frame", "content_mask": self.content_mask}
        return Config(**self.of_a_run() | {name: getattr(self, name) for name in OF_A_PICTURE} | given)


COMMAND = Command(
    "video",
    Filming,
    (
        "--content=FILM --style=PICTURE [--flag=value ...]",
        "--content=FILM --model=MODEL [--flag=value ...]",
    ),
    "Paints a film, and keeps it steady.",
    stopping="Stopping. Press Ctrl-C again to end immediately. Finished frames are kept.",
    interrupted="Interrupted. Finished frames are kept; the same command resumes.",
)
