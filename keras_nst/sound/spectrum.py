"""Converts sounds to spectrograms and back. NumPy only.

    S[k, f] = sum_t w(t) x(t + k hop) exp(-2 pi i f t / window)        w: Hann's window, hop = window / 4

The optimizer makes only log(1 + |S|). A sound that has it is found by Griffin and Lim's algorithm, the fast one of
Perraudin, Balazs and Sondergaard 2013: from a phase to the nearest sound to that sound's phase, with momentum.
"""

from typing import NamedTuple

import numpy as np

from keras_nst.system.pace import Stop

MOMENTUM = 0.99
OVERLAP = 4  # windows over each sample
LOUD = 1e-8  # of the sum of squared windows: below it, a sample is unknown


def spectrogram(wave: np.ndarray, window: int) -> np.ndarray:
    """Returns S (k, window // 2 + 1), complex, of a sound (t,), padded with silence so that all samples count alike."""
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


class PhaseSteps(NamedTuple):
    """The number of steps, and the event that stops them earlier."""

    number: int
    stop: Stop


def sounded(loudness: np.ndarray, window: int, first: np.ndarray, steps: PhaseSteps) -> np.ndarray:
    """Returns a sound whose spectrogram has this log(1 + |S|).

    Args:
        first: a sound (t,) of the same length, with the phase to start from.
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
    """Returns a spectrogram with this magnitude and the phase of the given one."""
    return magnitude * np.exp(1j * np.angle(spectrum))


def loudness(wave: np.ndarray, window: int) -> np.ndarray:
    """Returns log(1 + |S|) of a sound: (k, f)."""
    return np.log1p(np.abs(spectrogram(wave, window)))


WINDOW = 1024  # samples
BANDS = 32  # of the spectrum, evenly spaced on a logarithmic scale
LONGEST = 2.0  # seconds, the longest lag that is compared
ABOVE, LEAST, APART = 1.2, 0.1, 3  # an onset's flux: times the median; share of the largest; least distance in windows


class Statistics(NamedTuple):
    """The statistics of one sound."""

    spectrum: np.ndarray  # (BANDS,): mean loudness, the loudest 1
    rhythm: np.ndarray  # (lags,): autocorrelation of the flux, 1 at no lag
    onsets: float  # per second


def statistics(wave: np.ndarray, rate: int) -> Statistics:
    """Returns the statistics of a sound (t,)."""
    loud = loudness(wave, WINDOW)
    bounds = np.unique(np.geomspace(1, loud.shape[1] - 1, BANDS + 1).astype(int))
    bands = np.array([loud[:, low:high].mean() for low, high in zip(bounds, bounds[1:], strict=False)])
    flux = np.maximum(np.diff(loud, axis=0), 0).sum(axis=1)
    per_second = rate * OVERLAP / WINDOW
    return Statistics(
        bands / max(bands.max(), 1e-12), rhythm(flux, round(LONGEST * per_second)), beginnings(flux) * per_second
    )


def rhythm(flux: np.ndarray, lags: int) -> np.ndarray:
    """Returns the autocorrelation of the flux."""
    apart = flux - flux.mean()
    lags = max(1, min(lags, len(apart) - 1))
    products = np.array([np.dot(apart[: len(apart) - lag], apart[lag:]) for lag in range(lags)])
    return products / max(products[0], 1e-12)


def beginnings(flux: np.ndarray) -> float:
    """Returns the onsets per window: positions where the flux is the largest nearby, and larger than usual."""
    level = max(ABOVE * float(np.median(flux)), LEAST * float(flux.max(initial=0.0)))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(flux, APART), 2 * APART + 1).max(axis=1)
    return float(((flux == around) & (flux > level)).sum() / max(1, len(flux)))


def distances(one: Statistics, other: Statistics) -> dict[str, float]:
    """Returns the distances of two sounds: root mean squares, and the logarithm of the ratio of their onsets."""
    lags = min(len(one.rhythm), len(other.rhythm))
    return {
        "spectrum": float(np.sqrt(np.mean((one.spectrum - other.spectrum) ** 2))),
        "rhythm": float(np.sqrt(np.mean((one.rhythm[:lags] - other.rhythm[:lags]) ** 2))),
        "onsets": float(abs(np.log((one.onsets + 0.1) / (other.onsets + 0.1)))),
    }
