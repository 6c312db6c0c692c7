"""Checks the request for a sound and reads its inputs before TensorFlow is imported."""

import math
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_nst.command.run_folder import stem
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.sound.files import FASTEST, MOST, SERIES, SOUNDS, Sound, needed, read_sound, resampled
from keras_nst.sound.settings import Sounding

WIDTHS = (1, 4, 16)  # widths of the filters for series, times --width


ALIKE = 10  # series of one unit differ in spread by at most this factor


SHORTEST = 4  # times a filter's width: a shorter sound has no style to measure


class Request(NamedTuple):
    """Two sounds that have been read and adapted to each other."""

    settings: Sounding
    content: Sound
    style: Sound  # at the content's rate
    output: Path


def prepare(settings: Sounding, tell: Tell) -> Request:
    """Checks all that can be checked without TensorFlow, and reads the sounds.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    content, style = (read(name, settings) for name in ("content", "style"))
    if bool(content.rate) != bool(style.rate):
        raise SettingError(
            "style", settings.style, "Expected two sounds, or two tables, as content and style. Received: one of each"
        )
    if not content.rate and content.values.shape[1] != style.values.shape[1]:
        counts = f"{content.values.shape[1]} and {style.values.shape[1]}"
        raise SettingError("style", settings.style, f"Expected as many series as in the content. Received: {counts}")
    if not content.rate and settings.rescale_style:
        style = style._replace(values=rescaled(style.values, content.values))
    elif not content.rate and (apart := units_apart(content, style)):
        tell(
            f"{', '.join(apart)}: the result gets the range of the style's values; --rescale_style keeps the content's."
        )
    if content.rate:
        style = style._replace(values=resampled(style.values, style.rate, content.rate), rate=content.rate)
    asked = Request(settings, content, style, output_of(settings, content))
    for name, sound in (("content", content), ("style", style)):
        check_length(name, sound, settings)
    return asked


def read(name: str, settings: Sounding) -> Sound:
    """Returns the sound that a setting names, shortened to the length in use."""
    source = getattr(settings, name)
    if not source:
        raise SettingError(name, "", "Expected a sound: .wav, .flac, .ogg, or a table: .csv.")
    with settings.about(name):
        return read_sound(source, settings.seconds)


def rescaled(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Returns series (t, c) with the means and the deviations of others."""
    deviation = values.std(axis=0)
    apart = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    scaled: np.ndarray = apart * like.std(axis=0) + like.mean(axis=0)
    return scaled


def units_apart(content: Sound, style: Sound) -> list[str]:
    """Returns the series whose units seem to differ: the style's values lie elsewhere, or vary much more or less."""
    own, other = content.values, style.values
    elsewhere = abs(own.mean(axis=0) - other.mean(axis=0)) > np.ptp(own, axis=0) + np.ptp(other, axis=0)
    wide, narrow = np.maximum(own.std(axis=0), other.std(axis=0)), np.minimum(own.std(axis=0), other.std(axis=0))
    return [name for name, found in zip(content.names, elsewhere | (wide > ALIKE * narrow), strict=True) if found]


def check_length(name: str, sound: Sound, settings: Sounding) -> None:
    """Checks that a sound is long enough for the filters.

    Raises:
        SettingError: it is not.
    """
    least = SHORTEST * settings.width * (settings.window // 4 if sound.rate else WIDTHS[0])
    if len(sound.values) < least:
        unit = f"{math.ceil(100 * least / sound.rate) / 100:g} s" if sound.rate else f"{least} rows"
        there = f"{len(sound.values) / sound.rate:.3g} s" if sound.rate else f"{len(sound.values)}"
        reason = f"Expected at least {unit}, or a smaller {'--window' if sound.rate else '--width'}. Received: {there}"
        raise SettingError(name, settings.shown(name), reason)


def output_of(settings: Sounding, content: Sound) -> Path:
    """Returns the path of the result.

    Raises:
        SettingError: it cannot be written there.
    """
    kinds = SOUNDS if content.rate else SERIES
    name = f"{stem(settings.content)}-as-{stem(settings.style)}{kinds[0]}"
    output = Path(settings.output or Path(settings.workdir) / name).expanduser()
    if settings.workdir and not settings.output:
        with settings.about("workdir"):
            output.parent.mkdir(parents=True, exist_ok=True)
    named = settings.output or str(output)
    if output.suffix.lower() not in kinds:
        raise SettingError("output", named, f"Expected a name that ends in {', '.join(kinds)}.")
    if not output.parent.is_dir():
        raise SettingError("output", named, f"Expected a folder that exists. Received: {output.parent}")
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise SettingError("output", named, "Expected the name of a file in a writable folder.")
    for name in ("content", "style"):
        source = Path(getattr(settings, name)).expanduser()
        if source.exists() and source.resolve() == output.resolve():
            raise SettingError("output", named, f"Expected another name than the {name}'s own.")
    for path in [output, output.with_suffix(".png")] if settings.sheet else [output]:
        if path.exists() and not settings.overwrite:
            raise SettingError("output", named, f"{path} exists. Expected another name, or --overwrite.")
    ending, channels = output.suffix.lower(), content.values.shape[1]
    if content.rate > FASTEST.get(ending, math.inf) or channels > MOST.get(ending, math.inf):
        there = f"{channels} channels of {content.rate} samples per second"
        raise SettingError("output", named, f"Expected .wav for {there}.")
    if output.suffix.lower() in SOUNDS[1:]:
        needed()
    return output
