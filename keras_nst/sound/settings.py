"""The settings of a sound."""

import dataclasses

from keras_nst.command.command import Command
from keras_nst.settings.config import Config
from keras_nst.settings.declared import Settings, same, setting
from keras_nst.settings.kinds import choice, integer, number, switch, text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sounding(Settings):
    """Which sound is made in the style of which, and how."""

    content: str = setting(
        "",
        text("SOUND"),
        "Sound",
        "The sound: WAV, FLAC, OGG, or sample:arpeggio; or a .csv whose columns are series.",
    )
    style: str = setting("", text("SOUND"), "Sound", "The sound, or .csv, whose style it gets, such as sample:rain.")
    output: str = setting(
        "",
        text("SOUND"),
        "Sound",
        "The sound to write: .wav, .flac, .ogg, or .csv for series; default: CONTENT-as-STYLE, as WAV or CSV.",
    )
    workdir: str = setting(
        "", text("FOLDER"), "Sound", "The folder of the result, without --output; default: the current folder."
    )
    overwrite: bool = setting(False, switch(), "Sound", "Replace a file at --output.")
    seconds: float = setting(0.0, number(), "Sound", "Use only the first N seconds of the sounds; 0: all.")
    sheet: bool = setting(
        True,
        switch(),
        "Sound",
        "Write a picture of content, style and result next to the result: spectrograms, or series.",
    )
    rescale_style: bool = setting(
        False,
        switch(),
        "Sound",
        "First give each of the style's series the content's mean and deviation, for series in different units.",
    )
    content_weight: float = setting(1.0, number(), "Objective", "alpha: the weight of the content at each time.")
    style_weight: float = setting(5.0, number(), "Objective", "beta: the weight of the style's sound, at any time.")
    rhythm_weight: float = setting(
        1.0, number(), "Objective", "The weight of the style's rhythm, measured by the autocorrelation."
    )
    init: str = setting("content", choice("content", "noise"), "Objective", "What the optimizer starts from.")
    window: int = setting(
        2048,
        integer(64, 65_536),
        "Features",
        "Samples per window of the spectrogram; windows are a quarter of this apart.",
    )
    filters: int = setting(
        1024,
        integer(1, 16_384),
        "Features",
        "The number of random filters. Ulyanov and Lebedev use 4096, which take longer.",
    )
    width: int = setting(
        11,
        integer(1, 999),
        "Features",
        "The number of windows that a filter covers; for series, other widths are added.",
    )
    seed: int = setting(0, integer(0, 2**31 - 1), "Features", "The seed of the filters, and of noise.")
    steps: int = setting(200, integer(1, 100_000), "Search", "Steps of L-BFGS.")
    phase_steps: int = setting(
        100, integer(1, 10_000), "Search", "Steps of the Griffin-Lim algorithm, which turns the spectrogram into sound."
    )
    device: str = same(Config, "device")


COMMAND = Command(
    "sound",
    Sounding,
    ("--content=SOUND --style=SOUND [--flag=value ...]",),
    "Makes a sound, or other series, in the style of another.",
    stopping="Stopping after these steps. Press Ctrl-C again to end immediately, without a sound.",
    interrupted="Interrupted: nothing was saved.",
)
