"""What sounds look like: spectrograms below each other; series as lines."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from keras_nst.pictures.grid import Look, grid
from keras_nst.seeing.heat import colored
from keras_nst.sounds.files import Sound
from keras_nst.sounds.spectrum import loudness
from keras_nst.system.atomic import written_whole

WIDTH, HEIGHT = 900, 220  # pixels
COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")


def write_sheet(path: Path, sounds: Mapping[str, Sound], window: int) -> None:
    """Writes a sheet of sounds, by their names."""
    cells = {(name, ""): spectrogram(sound, window) if sound.rate else lines(sound) for name, sound in sounds.items()}
    with written_whole(path) as file:
        grid(cells, list(sounds), [""], Look(WIDTH, HEIGHT)).save(file, "PNG")


def spectrogram(sound: Sound, window: int) -> Image.Image:
    """Returns the loudness of a sound: time to the right, frequencies upwards, as far apart as they are heard."""
    loud = loudness(sound.values.mean(axis=1), window)
    bins = np.geomspace(1, loud.shape[1] - 1, HEIGHT)[::-1]
    seen = np.stack([np.interp(bins, np.arange(loud.shape[1]), time) for time in loud], axis=1)
    return colored(seen, 0.0, float(loud.max())).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


def lines(sound: Sound) -> Image.Image:
    """Returns series as lines, each from its least to its most."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    canvas, across = ImageDraw.Draw(image), np.linspace(0, WIDTH - 1, len(sound.values))
    for number, series in enumerate(sound.values.T):
        span = np.ptp(series) or 1.0
        up = HEIGHT - 1 - (HEIGHT - 1) * (series - series.min()) / span
        canvas.line(list(zip(across, up, strict=True)), COLORS[number % len(COLORS)], 1)
    return image
