"""Pictures of sounds: spectrograms one below the other; series as lines; with scales."""

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_nst.pictures.drawing import Look, colored, grid
from keras_nst.sound.files import Sound
from keras_nst.sound.spectrum import OVERLAP, loudness
from keras_nst.system.files import written_whole

WIDTH, HEIGHT = 900, 220  # pixels
FONT = 11  # pixels
PITCHES = (30, 100, 300, 1000, 3000, 10_000, 30_000)  # Hz, marked on the scale
MARKS = 8  # along time, at most
COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")


def write_sheet(path: Path, sounds: Mapping[str, Sound], window: int) -> None:
    """Writes a sheet of sounds, labeled by their names."""
    cells = {(name, ""): spectrogram(sound, window) if sound.rate else lines(sound) for name, sound in sounds.items()}
    with written_whole(path) as file:
        grid(cells, list(sounds), [""], Look(WIDTH, HEIGHT)).save(file, "PNG")


def spectrogram(sound: Sound, window: int) -> Image.Image:
    """Returns the loudness of a sound: time to the right, frequencies upwards on a logarithmic scale."""
    loud = loudness(sound.values.mean(axis=1), window)
    bins = np.geomspace(1, loud.shape[1] - 1, HEIGHT)[::-1]
    seen = np.stack([np.interp(bins, np.arange(loud.shape[1]), time) for time in loud], axis=1)
    image = colored(seen, 0.0, float(loud.max())).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    hop, seconds = window / OVERLAP, len(sound.values) / sound.rate
    # The center of the k-th window is k hops and half a window after the silence before the sound.
    across = {f"{time:g} s": (time * sound.rate + window / 2) / hop / len(loud) for time in marks(seconds)}
    return scaled(image, across, heights(sound.rate / window, loud.shape[1] - 1), ("white", "black"))


def lines(sound: Sound) -> Image.Image:
    """Returns series as lines, each scaled to its own range."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    canvas, across = ImageDraw.Draw(image), np.linspace(0, WIDTH - 1, len(sound.values))
    for number, series in enumerate(sound.values.T):
        span = np.ptp(series) or 1.0
        up = HEIGHT - 1 - (HEIGHT - 1) * (series - series.min()) / span
        canvas.line(list(zip(across, up, strict=True)), COLORS[number % len(COLORS)], 1)
    count, alone = len(sound.values), sound.values.shape[1] == 1  # several have no common scale
    ends = {f"{end:.4g}": float(up) for up, end in enumerate((sound.values.min(), sound.values.max()))}
    return scaled(image, {f"{at:g}": at / count for at in marks(count)}, ends if alone else {}, ("black", "white"))


def marks(end: float) -> list[float]:
    """Returns positions to mark from 0 on: every 1, 2 or 5 times a power of ten, below the end."""
    least = end / MARKS
    power = 10.0 ** np.floor(np.log10(least))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if step >= least)
    return [round(number * step, 9) for number in range(int(np.ceil(end / step)))]


def heights(lowest: float, bins: int) -> dict[str, float]:
    """Returns the height of each of PITCHES, from 0 to 1, with bins that are `lowest` apart."""
    places = {f"{pitch} Hz": np.log(pitch / lowest) / np.log(bins) for pitch in PITCHES if pitch > lowest}
    return {name.replace("000 Hz", " kHz"): float(place) for name, place in places.items() if place < 1.0}


def scaled(
    image: Image.Image, across: Mapping[str, float], up: Mapping[str, float], inks: tuple[str, str]
) -> Image.Image:
    """Returns a picture with marks along its lower and its left side, by their positions from 0 to 1.

    `inks` are the colors of the marks and of their outline.
    """
    canvas, (width, height), (fill, around) = ImageDraw.Draw(image), image.size, inks
    canvas.font = ImageFont.load_default(FONT)
    write = functools.partial(canvas.text, fill=fill, stroke_width=2, stroke_fill=around)
    for label, place in across.items():
        column = place * (width - 1)
        canvas.line([column, height - 6, column, height], fill)
        write((column + 3, height - 3), label, anchor="ls")
    for label, place in up.items():
        row = (1.0 - place) * (height - 1)
        canvas.line([0, row, 6, row], fill)
        write((9, min(max(row, FONT), height - 2 * FONT)), label, anchor="lm")
    return image
