"""The colors that a network begins with: those of its styles, for the mean photograph."""

from collections.abc import Sequence

import numpy as np

from keras_nst.networks.layers import PALEST

FLATTEST = 1e-4  # variance of a style's colors: a drawing may have none along some way


def first_colors(photographs: Sequence[np.ndarray], style: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns M and b with which normalized photographs get, in the mean, the covariance and the mean of a style's.

    M = R^-1/2 (R^1/2 C R^1/2)^1/2 R^-1/2, of all that do so the one that moves least; R is their mean correlation.

    Args:
        photographs: (h, w, 3), in any unit that begins at 0.
        style: (h, w, 3) in [0, 1].
    """
    correlation = np.mean([_correlation(photograph) for photograph in photographs], axis=0)
    pixels = style.reshape(-1, 3).astype(float)
    covariance = np.cov(pixels.T) + FLATTEST * np.eye(3)
    root, inverse = _power(correlation, 0.5), _power(correlation, -0.5)
    return inverse @ _power(root @ covariance @ root, 0.5) @ inverse, pixels.mean(axis=0)


def _correlation(photograph: np.ndarray) -> np.ndarray:
    pixels = photograph.reshape(-1, 3) / 255.0
    standard = (pixels - pixels.mean(axis=0)) / np.sqrt(pixels.var(axis=0) + PALEST)
    return standard.T @ standard / len(standard) + PALEST * np.eye(3)


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**exponent) @ vectors.T
