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
        "The film: a file of any common format, or a folder of pictures, which are its frames in the order of their "
        "names.",
    )
    output: str = setting(
        "",
        text("FILM"),
        "Film",
        "The film to write: .mp4, .mkv, .mov (ProRes) or a folder for PNG frames; default: the film's name with "
        "-painted, as MP4. Sound and times are the film's.",
    )
    workdir: str = setting(
        "",
        text("FOLDER"),
        "Film",
        "Where the painted frames are kept; default: films/NAME. The same command goes on with what is there.",
    )
    overwrite: bool = setting(False, switch(), "Film", "Replace another film in the folder, and one at --output.")
    start: float = setting(0.0, number(), "Film", "Where to begin, in seconds of the film.")
    end: float = setting(0.0, number(), "Film", "Where to end, in seconds of the film; 0: at its end.")
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
        "Who paints the frames: the optimizer each of them (best); a trained network (fastest); or keyframes only the "
        "optimizer, from which a network learns the others. auto: a network where --model is given.",
    )
    model: str = setting(
        "", text("FOLDER"), "Way", "The trained network: a folder that keras_nst.train has made, or sample:night."
    )
    blend: tuple[float, ...] = same(Application, "blend")
    steps_more: int = setting(
        24,
        integer(1, 10_000),
        "Way",
        "optimize: the steps of a frame that begins as the one before it; --steps are those "
        "of the first frame after a cut.",
    )
    steady: float = setting(
        20.0,
        number(),
        "Way",
        "How much it counts that what is seen in two frames looks the same in both; 0: nothing, and each frame is "
        "painted alone.",
    )
    passes: int = setting(
        1,
        integer(1, 16),
        "Way",
        "optimize: how often the film is gone through, forwards and backwards in turn, each time from what is there.",
    )
    keyframe_every: int = setting(
        24, integer(1, 10_000), "Way", "keyframes: one frame in so many is painted by the optimizer."
    )
    learning_steps: int = setting(
        600, integer(1, 100_000), "Way", "keyframes: the steps in which the network learns from them."
    )
    content_mask: str = setting(
        "",
        text("FILM"),
        "Regions",
        "optimize: a film, or a folder of pictures, with as many frames, whose flat colors name regions. Each region "
        "gets the style of the region of the same color in --style_mask; without one, the styles in their order, from "
        "dark to light.",
    )
    style_mask: str = same(Config, "style_mask")
    mask_reach: str = same(Config, "mask_reach")
    keep: bool = same(Config, "keep")
    cuts: bool = setting(True, switch(), "Way", "Start afresh where the film is cut.")
    figures: bool = setting(True, switch(), "Film", "Measure at the end, on some frames, how steady the film is.")
    style: str = same(Config, "style")
    size: str = setting(
        "original",
        picture_size(),
        "Film",
        "The longer side of the painted film; or both sides (frames are cropped to their shape); or the film's own.",
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
        "How many processes share the film's shots; auto: 1 here; in a cluster as many as it has room for.",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.config()  # raises for settings that do not fit together

    @property
    def way(self) -> str:
        """The painter of the frames, with auto resolved."""
        return ("network" if self.model else "optimize") if self.how == "auto" else self.how

    def config(self, **own: Any) -> Config:
        """Returns the settings of a run that makes one frame."""
        given = {"content": "frame", "content_mask": self.content_mask}
        return Config(**self.of_a_run() | {name: getattr(self, name) for name in OF_A_PICTURE} | given | own)


COMMAND = Command(
    "video",
    Filming,
    (
        "--content=FILM --style=PICTURE [--flag=value ...]",
        "--content=FILM --model=MODEL [--flag=value ...]",
    ),
    "Paints a film, and keeps it steady.",
    stopping="Stopping; once more ends at once. Frames that are finished are kept.",
    interrupted="Interrupted: what is painted is kept. The same command goes on.",
)
