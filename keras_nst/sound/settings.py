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
    style: str = setting("", text("SOUND"), "Sound", "The sound, or .csv, whose manner it gets; such as sample:rain.")
    output: str = setting(
        "",
        text("SOUND"),
        "Sound",
        "The sound to write: .wav, .flac, .ogg, or .csv for series; default: CONTENT-as-STYLE, as WAV or CSV.",
    )
    workdir: str = setting("", text("FOLDER"), "Sound", "Where the result is kept without --output; default: here.")
    overwrite: bool = setting(False, switch(), "Sound", "Replace a file at --output.")
    seconds: float = setting(0.0, number(), "Sound", "How much of the sounds is used, from their beginning; 0: all.")
    sheet: bool = setting(
        True, switch(), "Sound", "Write a picture of the three next to the result: spectrograms, or series."
    )
    rescale_style: bool = setting(
        False,
        switch(),
        "Sound",
        "Give each of the style's series the content's mean and deviation first, where their units differ.",
    )
    content_weight: float = setting(1.0, number(), "Objective", "alpha: that it is at each time what the content is.")
    style_weight: float = setting(5.0, number(), "Objective", "beta: that it sounds as the style does, at any time.")
    rhythm_weight: float = setting(
        1.0, number(), "Objective", "That it repeats after the same times as the style does: the autocorrelation."
    )
    init: str = setting("content", choice("content", "noise"), "Objective", "What it begins with.")
    window: int = setting(
        2048,
        integer(64, 65_536),
        "Features",
        "Samples of a window of the spectrogram; a quarter of it from one to the next.",
    )
    filters: int = setting(
        1024, integer(1, 16_384), "Features", "Random filters. Ulyanov and Lebedev have 4096, which take longer."
    )
    width: int = setting(
        11, integer(1, 999), "Features", "How many windows a filter sees at once; of series others as well."
    )
    seed: int = setting(0, integer(0, 2**31 - 1), "Features", "The seed of the filters, and of noise.")
    steps: int = setting(200, integer(1, 100_000), "Search", "Steps of L-BFGS.")
    phase_steps: int = setting(
        100, integer(1, 10_000), "Search", "Steps of Griffin and Lim, which find a sound for its spectrogram."
    )
    device: str = same(Config, "device")


COMMAND = Command(
    "sound",
    Sounding,
    ("--content=SOUND --style=SOUND [--flag=value ...]",),
    "Makes a sound, or other series, in the style of another.",
    stopping="Stopping after these steps; once more ends at once, without a sound.",
    interrupted="Interrupted: nothing was kept.",
)
