"""The settings of an exploration."""

import dataclasses

from keras_nst.command.command import Command
from keras_nst.settings.declared import SettingError, Settings, setting
from keras_nst.settings.kinds import Kind, automatic, choice, integer, several, switch, text
from keras_nst.settings.networks import CONVOLUTIONS, SMALLEST_SIDE, hint, layer_names
from keras_nst.settings.recipes import STYLE_LAYERS

# The lessons in their order, and the pictures that each needs.
NEEDS = {
    "content": ("content",),
    "style": ("style",),
    "grid": ("content", "style"),
    "channels": ("content",),
    "grams": ("content", "style"),
    "blame": ("content", "style"),
    "networks": ("content", "style"),
}
ALL = "all"
LARGEST_SIZE = 1024
OF_CHANNELS = 2  # steps of pictures that excite a channel, for each step of other pictures


def lessons() -> Kind:
    """Returns the kind of a list of lessons; "all" means all of them."""
    names = several(choice(*NEEDS), f"{ALL}|LESSON,...")

    def parse(written: str) -> tuple[str, ...]:
        return tuple(NEEDS) if written == ALL else tuple(dict.fromkeys(names.parse(written)))

    return names._replace(parse=parse, show=lambda chosen: ALL if chosen == tuple(NEEDS) else names.show(chosen))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exploration(Settings):
    """Which pictures are explored, by which layers, and how closely."""

    content: str = setting(
        "", text("PICTURE"), "Pictures", "The content picture: a path, an http(s) URL, or sample:harbor."
    )
    style: str = setting(
        "",
        text("PICTURE"),
        "Pictures",
        "The style picture, in the same forms. You can leave it out if nothing in --show needs it.",
    )
    size: int = setting(
        160,
        integer(SMALLEST_SIDE, LARGEST_SIZE),
        "Pictures",
        "The longer side of the pictures; twice the size takes three times as long.",
    )
    workdir: str = setting(
        "",
        text("FOLDER"),
        "Pictures",
        "The folder of the sheets and the page; default: explore/CONTENT-STYLE. Sheets that exist are not made again.",
    )
    overwrite: bool = setting(False, switch(), "Pictures", "Replace sheets with other settings in the folder.")
    show: tuple[str, ...] = setting(
        tuple(NEEDS), lessons(), "Lessons", f"What to show: {', '.join(NEEDS)}; all: all of them."
    )
    layers: tuple[str, ...] = setting(
        tuple(layer.name for layer in STYLE_LAYERS),
        several(text("LAYER"), "LAYER,..."),
        "Lessons",
        "The layers, from shallow to deep.",
    )
    channels: int = setting(
        4, integer(1, 64), "Lessons", "channels: how many of each layer; those that the content excites most."
    )
    steps: int = setting(
        60, integer(1), "Lessons", "Steps for each picture that is rebuilt from features or from their statistics."
    )
    channel_steps: int | None = setting(
        None,
        automatic(integer(1)),
        "Lessons",
        f"channels: steps for the pictures that excite one most; auto: {OF_CHANNELS} times --steps.",
    )
    network: str = setting("vgg19", choice(*CONVOLUTIONS), "Network", "The network.")
    weights: str = setting(
        "imagenet",
        text("imagenet|random|PATH"),
        "Network",
        "The network's weights. With a file, which is of one network, there is no lesson on networks.",
    )
    seed: int = setting(0, integer(0, 2**31 - 2), "Network", "The seed of noise and of random weights.")
    device: str = setting(
        "auto", choice("auto", "cpu", "gpu", "tpu"), "Network", "The device; auto: what TensorFlow finds."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.show:
            raise SettingError("show", "", f"Expected {ALL} or at least one of {', '.join(NEEDS)}.")
        if not self.lessons():
            raise SettingError(
                "show", "networks", "Expected --weights=imagenet or random, since this lesson compares two networks."
            )
        self._check_layers()

    @property
    def steps_of_channels(self) -> int:
        """The number of steps of pictures that excite a channel."""
        return OF_CHANNELS * self.steps if self.channel_steps is None else self.channel_steps

    def lessons(self) -> tuple[str, ...]:
        """Returns the lessons to show: a file has the weights of one network only."""
        both = self.weights in ("imagenet", "random")
        return tuple(lesson for lesson in self.show if both or lesson != "networks")

    def _check_layers(self) -> None:
        known, shown = layer_names(self.network), self.shown("layers")
        for name in self.layers:
            if name not in known:
                reason = f"{self.network} has no layer {name}.{hint(self.network, name)}"
                raise SettingError("layers", shown, reason)
        if not self.layers or list(self.layers) != sorted(set(self.layers), key=known.index):
            raise SettingError("layers", shown, "Expected layers from shallow to deep, each once.")


COMMAND = Command(
    "explore",
    Exploration,
    (
        "--content=PICTURE --style=PICTURE [--flag=value ...]",
        "--content=PICTURE --show=content,channels",
    ),
    "Shows what the network's layers see in your pictures: labelled sheets, and a page about them.",
    interrupted="Interrupted. Finished sheets are kept; the same command resumes.",
)
