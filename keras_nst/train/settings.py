"""The settings of a training. Those that shape pictures are declared with a run's settings, and mean the same."""

import dataclasses
from typing import Any

from keras_nst.command.command import BEGINS_AGAIN, Command
from keras_nst.networks.model import LEAST, MOST
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, same, setting
from keras_nst.settings.kinds import choice, integer, number, switch, text
from keras_nst.settings.networks import SMALLEST_SIDE
from keras_nst.settings.shared import LikeARun
from keras_nst.settings.values import StyleSource, parse_styles

LARGEST_CROP, LARGEST_STYLE = 1024, 2048  # pixels


@dataclasses.dataclass(frozen=True, kw_only=True)
class Training(LikeARun):
    """What the network learns, from which photographs, and how long."""

    contents: str = setting(
        "",
        text("PICTURES"),
        "Pictures",
        "The photographs to learn from: a folder with its subfolders, a glob in quotes, or a text file with a "
        "name in each line; may be given several times. Twenty are enough.",
    )
    style: str = setting(
        "",
        text("PICTURE", parse_styles),
        "Pictures",
        "The picture whose style is learned. Given several times, one network learns all of them; you choose or "
        "blend them when it paints.",
    )
    from_model: str = setting(
        "",
        text("MODEL"),
        "Pictures",
        "Add the style to this trained network, a folder or sample:night; also written --from. Only the "
        "parameters of the new style are trained, in a few hundred steps; its other styles do not change.",
    )
    start: str = setting(
        "trained",
        choice("trained", "nothing"),
        "Pictures",
        "What the network starts from: a bundled network trained for another style, if --width and --blocks have "
        "their defaults; or random weights (nothing).",
    )
    workdir: str = setting(
        "",
        text("FOLDER"),
        "Pictures",
        "The folder of the network; default: models/STYLE. The same command resumes the training in it.",
    )
    overwrite: bool = setting(False, switch(), "Pictures", "Replace another training in the folder.")
    size: int = setting(
        256,
        integer(64, LARGEST_CROP),
        "Learning",
        "The side in pixels of the squares that are cut out of the photographs.",
    )
    style_size: int = setting(
        384,
        integer(SMALLEST_SIDE, LARGEST_STYLE),
        "Learning",
        "The size of the style picture: as many pixels as a square of this side. It determines how large strokes "
        "are in pixels, whatever size you paint later.",
    )
    batch_size: int = setting(4, integer(1, 64), "Learning", "The number of photographs per step.")
    steps: int = setting(
        2400,
        integer(1),
        "Learning",
        "The most steps. Training ends earlier if held-out photographs no longer improve.",
    )
    max_seconds: float = setting(
        0.0,
        number(),
        "Learning",
        "The approximate time from start to end in seconds, but at least one step. The learning rate decays in "
        "the last third. 0: no limit.",
    )
    learning_rate: float = setting(
        7e-4, number(0, 1, above=True), "Learning", "Adam's learning rate; it decays in the last third."
    )
    held_out: float = setting(
        0.1,
        number(0, 0.9),
        "Learning",
        "The share of the photographs that is held out to judge the network. With one photograph, none is.",
    )
    steady: float = setting(
        0.0,
        number(),
        "Learning",
        "For film: the weight of keeping a picture the same when the camera moves a little. 0: none; try 30. A "
        "step takes about 1.3 times as long.",
    )
    width: int = setting(
        24,
        integer(LEAST["width"], MOST["width"]),
        "Network",
        "The network's channels at full size; twice as many take nearly four times as long to train and to paint.",
    )
    blocks: int = setting(
        5,
        integer(LEAST["blocks"], MOST["blocks"]),
        "Network",
        "The number of residual blocks, at a quarter of the size.",
    )
    content_loss: str = same(Config, "content_loss")
    max_megapixels: float = same(Config, "max_megapixels")
    checkpoint_secs: float = same(Config, "checkpoint_secs")
    tensorboard: bool = same(Config, "tensorboard")

    def __post_init__(self) -> None:
        super().__post_init__()
        for style in self.style_sources():
            if style.weight != 1.0:
                reason = "Expected styles without weights: you blend them when the network paints."
                raise SettingError("style", self.style, reason)
        self.config()  # raises for settings that do not fit together

    def style_sources(self) -> tuple[StyleSource, ...]:
        """Returns the style pictures that --style names."""
        return parse_styles(self.style)

    def config(self) -> Config:
        """Returns the settings of a run with the same objective."""
        shared = self.of_a_run() | {"content_loss": self.content_loss}
        seen: dict[str, Any] = {"evaluator": "whole", "convolution": "direct", "size": str(self.size)}
        return Config(content="photograph", style=self.style, **seen, **shared)


COMMAND = Command(
    "train",
    Training,
    (
        "--style=PICTURE --contents=FOLDER [--flag=value ...]",
        "--from=MODEL --style=PICTURE --contents=FOLDER --workdir=FOLDER",
    ),
    "Trains a network that paints any photograph in a style, in one pass.",
    example="contents",
    short={"from": "from_model", "content": "contents"},  # "from" is a Python keyword; as in other commands
    stopping="Stopping after this step. Press Ctrl-C again to end immediately, with the last checkpoint.",
    interrupted=BEGINS_AGAIN,
)
