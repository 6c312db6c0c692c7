"""A sound from the files to the file."""

import math
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_nst.monitors.meter import Meter
from keras_nst.runs.workdir import stem
from keras_nst.session import machine
from keras_nst.session.scene import Tell
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.sounds.files import FASTEST, MOST, SERIES, SOUNDS, Sound, needed, read_sound, resampled, write_sound
from keras_nst.sounds.settings import Sounding
from keras_nst.sounds.sheet import write_sheet
from keras_nst.sounds.spectrum import Steps, loudness, sounded
from keras_nst.sounds.statistics import distances, statistics
from keras_nst.system.memory import free_memory
from keras_nst.system.pace import Stop

WIDTHS = (1, 4, 16)  # times --width, of filters for series
COPIES, FEATURES = 28, 12  # of what is moved, and of its features, that are in memory at once
ALIKE = 10  # times as wide at most: series of one unit
SHORTEST = 4  # times a filter's width: what is shorter has no manner


class Asked(NamedTuple):
    """Two sounds that have been read and fitted to each other."""

    settings: Sounding
    content: Sound
    style: Sound  # at the content's rate
    output: Path


def prepare(settings: Sounding, tell: Tell) -> Asked:
    """Checks all that can be checked without TensorFlow, and reads the sounds.

    Raises:
        SettingError: names the flag, its value and what would be right.
    """
    content, style = (read(name, settings) for name in ("content", "style"))
    if bool(content.rate) != bool(style.rate):
        raise SettingError("style", settings.style, "Expected two sounds, or two tables. Received: one of each")
    if not content.rate and content.values.shape[1] != style.values.shape[1]:
        counts = f"{content.values.shape[1]} and {style.values.shape[1]}"
        raise SettingError("style", settings.style, f"Expected as many series as the content has. Received: {counts}")
    if not content.rate and settings.rescale_style:
        style = style._replace(values=rescaled(style.values, content.values))
    elif not content.rate and (apart := units_apart(content, style)):
        tell(f"{', '.join(apart)}: the style has other values, which the result gets; --rescale_style gives it these.")
    if content.rate:
        style = style._replace(values=resampled(style.values, style.rate, content.rate), rate=content.rate)
    asked = Asked(settings, content, style, output_of(settings, content))
    for name, sound in (("content", content), ("style", style)):
        check_length(name, sound, settings)
    return asked


def read(name: str, settings: Sounding) -> Sound:
    """Returns the sound that a setting names, as much of it as is used."""
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
    """Returns the series whose units seem to differ: the style's values are elsewhere, or much wider or narrower."""
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
        unit = f"{least / sound.rate:.2g} s" if sound.rate else f"{least} rows"
        there = f"{len(sound.values) / sound.rate:.2g} s" if sound.rate else f"{len(sound.values)}"
        reason = f"Expected at least {unit}, or a smaller {'--window' if sound.rate else '--width'}. Received: {there}"
        raise SettingError(name, settings.shown(name), reason)


def output_of(settings: Sounding, content: Sound) -> Path:
    """Returns where the result goes.

    Raises:
        SettingError: it cannot go there.
    """
    kinds = SOUNDS if content.rate else SERIES
    name = f"{stem(settings.content)}-as-{stem(settings.style)}{kinds[0]}"
    output = Path(settings.output).expanduser() if settings.output else Path(name)
    named = settings.output or name
    if output.suffix.lower() not in kinds:
        raise SettingError("output", named, f"Expected a name that ends in {', '.join(kinds)}.")
    if not output.parent.is_dir():
        raise SettingError("output", named, f"Expected a folder that exists. Received: {output.parent}")
    if output.is_dir() or not os.access(output.parent, os.W_OK):
        raise SettingError("output", named, "Expected a file in a folder that may be written to.")
    for name in ("content", "style"):
        source = Path(getattr(settings, name)).expanduser()
        if source.exists() and source.resolve() == output.resolve():
            raise SettingError("output", named, f"Expected another name than the {name}'s own.")
    for path in [output, output.with_suffix(".png")] if settings.sheet else [output]:
        if path.exists() and not settings.overwrite:
            raise SettingError("output", named, f"{path} exists. Expected another name, or --overwrite.")
    ending, channels = output.suffix.lower(), content.values.shape[1]
    if content.rate > FASTEST.get(ending, math.inf) or channels > MOST.get(ending, math.inf):
        there = f"{channels} channels of {content.rate} samples a second"
        raise SettingError("output", named, f"Expected .wav for {there}.")
    if output.suffix.lower() in SOUNDS[1:]:
        needed()
    return output


def drive(asked: Asked, stop: Stop, tell: Tell) -> int:
    """Makes the sound and writes it; returns the exit code."""
    settings, content, style = asked.settings, asked.content, asked.style
    begun = Heard(content, style, settings)
    check_memory(begun, settings)
    machine.start(Config(content="sound", style="sound", device=settings.device))
    found = searched(begun, settings, stop, tell)
    if found is None:
        tell("Stopped before the first step: nothing was made.")
        return 0
    made = begun.sound(found, settings, stop)
    write_sound(asked.output, made)
    told = f"{'Sound' if made.rate else 'Series'}: {asked.output}"
    if settings.sheet:
        path = asked.output.with_suffix(".png")
        write_sheet(path, {"content": content, "style": style, "result": made}, settings.window)
        told += f", seen in {path}"
    tell(told)
    if made.rate:
        tell(words(content, style, made))
    return 0


class Heard:
    """Sounds as they are searched among: (m, t, c), within 0 and 1. Each channel of a sound is one by itself."""

    def __init__(self, content: Sound, style: Sound, settings: Sounding):
        self.given, window = content, settings.window
        if content.rate:
            own = [loudness(channel, window) for channel in content.values.T]
            same = style.values.shape[1] == content.values.shape[1]
            channels = style.values.T if same and style.values.any(axis=0).all() else [mixed(style.values)]
            other = [loudness(channel, window) for channel in channels]
            self.low, self.high = np.zeros(1), np.full(1, 1.1 * max(each.max() for each in own + other))
            self.content, self.style = self._scaled(np.stack(own)), self._scaled(np.stack(other))
            self.widths: tuple[int, ...] = (settings.width,)
        else:
            both = np.concatenate([content.values, style.values])
            span = np.ptp(both, axis=0)
            room = 0.25 * np.where(span > 0, span, np.maximum(1.0, np.abs(both).max(axis=0)))
            self.low, self.high = both.min(axis=0) - room, both.max(axis=0) + room
            self.content, self.style = self._scaled(content.values[None]), self._scaled(style.values[None])
            shorter = min(len(content.values), len(style.values)) // SHORTEST
            self.widths = tuple(width for width in (settings.width * each for each in WIDTHS) if width <= shorter)

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return (values - self.low) / (self.high - self.low)

    def sound(self, found: np.ndarray, settings: Sounding, stop: Stop) -> Sound:
        """Returns what was found as a sound, or as series; with fewer steps for its phase where it is to stop."""
        values = found.astype(np.float64) * (self.high - self.low) + self.low
        if not self.given.rate:
            return self.given._replace(values=values[0])
        channels = [
            sounded(loud, settings.window, first, Steps(settings.phase_steps, stop))
            for loud, first in zip(values, self.given.values.T, strict=True)
        ]
        wave = np.stack(channels, axis=1)
        return self.given._replace(values=wave / max(1.0, np.abs(wave).max()))


def check_memory(heard: Heard, settings: Sounding) -> None:
    """Checks that there is memory for the steps.

    Raises:
        SettingError: there is too little.
    """
    channels, times, frequencies = heard.content.shape
    features = (times + heard.style.shape[1]) * settings.filters * len(heard.widths)
    takes, free = 4.0 * channels * (COPIES * times * frequencies + FEATURES * features), free_memory()
    if takes > free:
        there = f"Expected fewer, or --seconds: these take {takes / 1e9:.1f} GB of {free / 1e9:.1f} GB."
        raise SettingError("filters", settings.filters, there)


def searched(heard: Heard, settings: Sounding, stop: Stop, tell: Tell) -> np.ndarray | None:
    """Returns what the steps find; None where there were none."""
    from keras_nst.sounds.objective import AT_ONCE, Ear, Listener, Search, Weights

    ear = Ear(heard.content.shape[2], settings.filters, heard.widths, settings.seed)
    weights = Weights(settings.content_weight, settings.style_weight, settings.rhythm_weight)
    first = heard.content
    if settings.init == "noise":
        first = np.random.default_rng(settings.seed).random(first.shape) * first.mean() * 2
    search = Search(first, Listener(ear, heard.content, heard.style, weights))
    taken = 0
    with Meter(total=settings.steps, file=sys.stderr, disable=None, unit="step") as bar:
        while taken < settings.steps and not stop.is_set():
            count = min(AT_ONCE, settings.steps - taken)
            loss, content, style, rhythm = search.steps(count)
            taken += count
            bar.set_postfix_str(f"loss {loss:.3g}", refresh=False)
            bar.update(count)
    if not taken:
        return None
    when = "Stopped" if taken < settings.steps else "Done"
    tell(f"{when} after {taken} steps: content {content:.3g}, style {style:.3g}, rhythm {rhythm:.3g}.")
    return search.found()


def mixed(values: np.ndarray) -> np.ndarray:
    """Returns the channels of a sound (t, channels) as one; the first of those that would cancel each other."""
    both = values.mean(axis=1)
    one: np.ndarray = both if np.abs(both).max() > 1e-4 * np.abs(values).max() else values[:, 0]
    return one


def words(content: Sound, style: Sound, made: Sound) -> str:
    """Returns how near the result is to the style, and how near the content was."""
    own, other, there = (statistics(mixed(each.values), each.rate) for each in (made, style, content))
    now, before = distances(own, other), distances(there, other)
    told = ", ".join(f"{name} {now[name]:.2g} (the content's {before[name]:.2g})" for name in now)
    return f"Distance from the style: {told}. Onsets per second: {own.onsets:.2g} (the style's {other.onsets:.2g})."
