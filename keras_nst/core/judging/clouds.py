"""Distances between two clouds of points: as normal distributions, and by quantiles along lines."""

import functools
from typing import NamedTuple

import numpy as np

from keras_nst.core.objective.moments import Moments, per_position

LEVELS = (np.arange(256) + 0.5) / 256  # of quantiles
DIRECTIONS = 32  # per layer, in which features are compared


class NormalCloud(NamedTuple):
    """A normal distribution."""

    mean: np.ndarray  # (c,)
    factor: np.ndarray  # (c, rank), F of the covariance F F^T


def normal_of(of: Moments) -> NormalCloud:
    """Returns the normal distribution with the moments of one picture.

    Eigenvalues that are only rounding are left out: in their roots 1e-16 would become 1e-8.
    """
    mean, second = (moment.numpy()[0, 0] for moment in per_position(of)[1:])
    values, vectors = np.linalg.eigh(second - np.outer(mean, mean))
    rounding = len(mean) * np.finfo(values.dtype).eps * np.trace(second)
    kept = values > rounding
    return NormalCloud(mean, vectors[:, kept] * np.sqrt(values[kept]))


def w2_of_normals(first: NormalCloud, second: NormalCloud) -> float:
    """Returns the 2-Wasserstein distance of normal distributions, of any rank.

    W2^2 = |mean_1 - mean_2|^2 + tr(C_1 + C_2 - 2 (C_1^1/2 C_2 C_1^1/2)^1/2)

    For C = F F^T the trace of the root is the sum of the singular values of F_1^T F_2: no root of rounding is taken.
    """
    overlap = np.linalg.svd(first.factor.T @ second.factor, compute_uv=False).sum()
    spread = np.square(first.factor).sum() + np.square(second.factor).sum() - 2 * overlap
    return float(np.sqrt(max(0.0, np.square(first.mean - second.mean).sum() + spread)))


def sliced(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the root mean square difference of quantiles, which is the sliced 2-Wasserstein distance."""
    return float(np.sqrt(np.mean(np.square(first - second))))


def quantiles(values: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Returns quantiles (levels, lines) of values (..., c) along lines (c, lines), interpolated linearly.

    Sorting line by line, in the precision of the values, takes a fraction of np.quantile's time.
    """
    ordered = np.sort(lines.T.astype(values.dtype) @ values.reshape(-1, values.shape[-1]).T, axis=-1)
    places = LEVELS * (ordered.shape[-1] - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, ordered.shape[-1] - 1)
    return (ordered[:, below] + (places - below) * (ordered[:, above] - ordered[:, below])).T


@functools.cache
def across(channels: int) -> np.ndarray:
    """Returns orthogonal directions (c, directions), rotated at random, always the same ones."""
    return np.linalg.qr(np.random.default_rng(0).normal(size=(channels, min(channels, DIRECTIONS))))[0]
