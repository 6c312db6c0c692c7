"""A sound from its input files to the finished file."""

import sys

import numpy as np

from keras_nst.command.meter import Meter
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.sound.files import Sound, write_sound
from keras_nst.sound.prepare import SHORTEST, WIDTHS, Request
from keras_nst.sound.settings import Sounding
from keras_nst.sound.sheet import write_sheet
from keras_nst.sound.spectrum import PhaseSteps, distances, loudness, sounded, statistics
from keras_nst.system.devices import choose_device, start_tensorflow
from keras_nst.system.memory import free_memory, resident_memory
from keras_nst.system.pace import Stop
from keras_nst.system.programs import flags_to_keep_programs

COPIES, FEATURES = 28, 12  # of the optimized values, and of their features, in memory at a time


def drive(asked: Request, stop: Stop, tell: Tell) -> int:
    """Makes the sound and writes it; returns the exit code."""
    settings, content, style = asked.settings, asked.content, asked.style
    begun = Heard(content, style, settings)
    check_memory(begun, settings)
    start_tensorflow(free_memory() + resident_memory(), flags_to_keep_programs())
    with settings.about("device"):
        choose_device(settings.device)
    found = searched(begun, settings, stop, tell)
    if found is None:
        tell("Stopped before the first step: nothing was saved.")
        return 0
    made = begun.sound(found, settings, stop)
    write_sound(asked.output, made)
    told = f"{'Sound' if made.rate else 'Series'}: {asked.output}"
    if settings.sheet:
        path = asked.output.with_suffix(".png")
        write_sheet(path, {"content": content, "style": style, "result": made}, settings.window)
        told += f", shown in {path}"
    tell(told)
    if made.rate:
        tell(words(content, style, made))
    return 0


class Heard:
    """Sounds as the search has them: (m, t, c), within 0 and 1. Each channel of a sound is a separate batch item."""

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
        """Returns the result as a sound, or as series; if it is to stop, with fewer steps for the phase."""
        values = found.astype(np.float64) * (self.high - self.low) + self.low
        if not self.given.rate:
            return self.given._replace(values=values[0])
        channels = [
            sounded(loud, settings.window, first, PhaseSteps(settings.phase_steps, stop))
            for loud, first in zip(values, self.given.values.T, strict=True)
        ]
        wave = np.stack(channels, axis=1)
        return self.given._replace(values=wave / max(1.0, np.abs(wave).max()))


def check_memory(heard: Heard, settings: Sounding) -> None:
    """Checks that there is enough memory for the steps.

    Raises:
        SettingError: there is not.
    """
    channels, times, frequencies = heard.content.shape
    features = (times + heard.style.shape[1]) * settings.filters * len(heard.widths)
    takes, free = 4.0 * channels * (COPIES * times * frequencies + FEATURES * features), free_memory()
    if takes > free:
        there = f"Expected fewer filters, or --seconds. These need {takes / 1e9:.1f} GB of {free / 1e9:.1f} GB free."
        raise SettingError("filters", settings.filters, there)


def searched(heard: Heard, settings: Sounding, stop: Stop, tell: Tell) -> np.ndarray | None:
    """Returns the result of the steps; None if none were taken."""
    from keras_nst.sound.objective import AT_ONCE, Ear, Search, SoundObjective, Weights

    ear = Ear(heard.content.shape[2], settings.filters, heard.widths, settings.seed)
    weights = Weights(settings.content_weight, settings.style_weight, settings.rhythm_weight)
    first = heard.content
    if settings.init == "noise":
        first = np.random.default_rng(settings.seed).random(first.shape) * first.mean() * 2
    search = Search(first, SoundObjective(ear, heard.content, heard.style, weights))
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
    """Returns the channels of a sound (t, channels) as one; only the first if they would cancel each other."""
    both = values.mean(axis=1)
    one: np.ndarray = both if np.abs(both).max() > 1e-4 * np.abs(values).max() else values[:, 0]
    return one


def words(content: Sound, style: Sound, made: Sound) -> str:
    """Returns a message with the result's distance from the style, and the content's."""
    own, other, there = (statistics(mixed(each.values), each.rate) for each in (made, style, content))
    now, before = distances(own, other), distances(there, other)
    told = ", ".join(f"{name} {now[name]:.2g} (the content's {before[name]:.2g})" for name in now)
    return f"Distance from the style: {told}. Onsets per second: {own.onsets:.2g} (the style's {other.onsets:.2g})."
