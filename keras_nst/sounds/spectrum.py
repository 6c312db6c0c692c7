"""Sounds as spectrograms and back. NumPy only.

    S[k, f] = sum_t w(t) x(t + k hop) exp(-2 pi i f t / window)        w: Hann's window, hop = window / 4

Of S only log(1 + |S|) is made. A sound that has it is found by Griffin and Lim's algorithm, the fast one of
Perraudin, Balazs and Sondergaard 2013: from a phase, to the sound nearest to it, to that sound's phase, with momentum.
"""

from typing import NamedTuple

import numpy as np

from keras_nst.system.pace import Stop

MOMENTUM = 0.99
OVERLAP = 4  # windows over each sample
LOUD = 1e-8  # of the sum of squared windows, below which nothing is known of a sample


def spectrogram(wave: np.ndarray, window: int) -> np.ndarray:
    """Returns S (k, window // 2 + 1), complex, of a sound (t,), between silences so that all of it counts alike."""
    hop, padded = window // OVERLAP, np.pad(wave, window)
    count = 1 + -(-(len(padded) - window) // hop)
    padded = np.pad(padded, (0, window + count * hop - len(padded)))
    places = np.arange(count)[:, None] * hop + np.arange(window)
    return np.fft.rfft(padded[places] * hann(window), axis=1)


def wave_of(spectrum: np.ndarray, window: int, length: int) -> np.ndarray:
    """Returns the sound (length,) whose spectrogram is nearest to this one."""
    hop, weights = window // OVERLAP, hann(window)
    pieces = np.fft.irfft(spectrum, window, axis=1) * weights
    total, norm = np.zeros((2, window + len(pieces) * hop))
    for number, piece in enumerate(pieces):
        total[number * hop : number * hop + window] += piece
        norm[number * hop : number * hop + window] += weights**2
    wave = total / np.maximum(norm, LOUD)
    return wave[window : window + length]


def hann(window: int) -> np.ndarray:
    """Returns Hann's window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)


class Steps(NamedTuple):
    """How many steps, and what tells to stop before."""

    number: int
    stop: Stop


def sounded(loudness: np.ndarray, window: int, first: np.ndarray, steps: Steps) -> np.ndarray:
    """Returns a sound whose spectrogram has this log(1 + |S|).

    Args:
        first: a sound (t,) of its length, whose phase it begins with.
    """
    magnitude = np.expm1(loudness)
    spectrum = before = with_phase_of(spectrogram(first, window), magnitude)
    for _ in range(steps.number):
        if steps.stop.is_set():
            break
        now = spectrogram(wave_of(spectrum, window, len(first)), window)
        spectrum = with_phase_of(now + MOMENTUM * (now - before), magnitude)
        before = now
    return wave_of(spectrum, window, len(first))


def with_phase_of(spectrum: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
    """Returns a spectrogram of this magnitude."""
    return magnitude * np.exp(1j * np.angle(spectrum))


def loudness(wave: np.ndarray, window: int) -> np.ndarray:
    """Returns log(1 + |S|) of a sound: (k, f)."""
    return np.log1p(np.abs(spectrogram(wave, window)))
