"""What can be said of a sound in numbers: its spectrum, its rhythm, how often something begins."""

from typing import NamedTuple

import numpy as np

from keras_nst.sounds.spectrum import OVERLAP, loudness

WINDOW = 1024  # samples
BANDS = 32  # of the spectrum, each as much higher than the last
LONGEST = 2.0  # seconds between what is compared
ABOVE, LEAST, APART = 1.2, 0.1, 3  # something begins: times the usual flux; of the most; windows apart at least


class Statistics(NamedTuple):
    """Of one sound."""

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
    """Returns how much what begins is like what begins so much later."""
    apart = flux - flux.mean()
    lags = max(1, min(lags, len(apart) - 1))
    products = np.array([np.dot(apart[: len(apart) - lag], apart[lag:]) for lag in range(lags)])
    return products / max(products[0], 1e-12)


def beginnings(flux: np.ndarray) -> float:
    """Returns how often something begins, per window: where the flux is the most for a while, and more than usual."""
    level = max(ABOVE * float(np.median(flux)), LEAST * float(flux.max(initial=0.0)))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(flux, APART), 2 * APART + 1).max(axis=1)
    return float(((flux == around) & (flux > level)).sum() / max(1, len(flux)))


def distances(one: Statistics, other: Statistics) -> dict[str, float]:
    """Returns how far two sounds are from each other: root mean squares, and the factor between their onsets."""
    lags = min(len(one.rhythm), len(other.rhythm))
    return {
        "spectrum": float(np.sqrt(np.mean((one.spectrum - other.spectrum) ** 2))),
        "rhythm": float(np.sqrt(np.mean((one.rhythm[:lags] - other.rhythm[:lags]) ** 2))),
        "onsets": float(abs(np.log((one.onsets + 0.1) / (other.onsets + 0.1)))),
    }
