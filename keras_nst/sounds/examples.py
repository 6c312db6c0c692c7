"""Two sounds that come along, computed when they are asked for: an arpeggio and rain."""

import numpy as np

RATE = 22_050
SECONDS = 6.0
NOTES = (261.63, 329.63, 392.0, 523.25, 392.0, 329.63)  # C E G C' G E
A_SECOND, FALL = 5, 0.12  # notes; seconds to a third of a note's loudness
DROPS, DROP_FALL = 120, 0.004  # a second; seconds


def arpeggio() -> np.ndarray:
    """Returns plucked notes, up and down."""
    time, wave = np.arange(round(RATE * SECONDS)) / RATE, np.zeros(round(RATE * SECONDS))
    for number in range(round(A_SECOND * SECONDS)):
        since = time - number / A_SECOND
        tone = sum(np.sin(2 * np.pi * NOTES[number % len(NOTES)] * part * since) / part**1.5 for part in range(1, 7))
        wave += np.where(since >= 0, tone * np.exp(-np.maximum(since, 0) / FALL), 0.0)
    return 0.6 * wave / np.abs(wave).max()


def rain() -> np.ndarray:
    """Returns drops on something hard, and more of them far away."""
    draw, count = np.random.default_rng(0), round(RATE * SECONDS)
    wave = 0.1 * draw.standard_normal(count)
    for _ in range(round(DROPS * SECONDS)):
        start, loud, pitch = draw.integers(count - 2000), draw.uniform(0.2, 1.0) ** 2, draw.uniform(1500, 7000)
        time = np.arange(2000) / RATE
        noise = 0.5 * draw.standard_normal(2000)
        wave[start : start + 2000] += loud * (np.sin(2 * np.pi * pitch * time) + noise) * np.exp(-time / DROP_FALL)
    return 0.6 * wave / np.abs(wave).max()


EXAMPLES = {"arpeggio": arpeggio, "rain": rain}
