"""Transfers the colors of one picture to another: completely, or by lightness alone.

Pictures are (h, w, 3) float32, sRGB in [0, 1]. They may be large: work that takes several times their memory is done
strip by strip, in double precision.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from keras_nst.core.objective.oklab import encoded, from_oklab, linear_from_oklab, to_oklab

PIXELS_AT_ONCE = 1 << 16
LEVEL = 1 / 255  # the resolution of 8 bits: a smaller deviation is noise, and is not amplified
ROUNDING = 1e-7  # of linear channels, beyond the limits of sRGB
HALVINGS = 14  # of the interval in which the largest chroma lies

Colors = Callable[[np.ndarray], np.ndarray]


class Share(NamedTuple):
    """A picture among others, and how much it counts."""

    picture: np.ndarray
    part: float = 1.0
    weights: np.ndarray | None = None  # (h, w), per pixel, such as its alpha


def match_colors(
    picture: np.ndarray,
    example: np.ndarray,
    weights: np.ndarray | None = None,
    example_weights: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the picture with its colors moved to the example's mean and covariance, as far as [0, 1] allows.

    Of all linear maps x -> m_e + A (x - m_p) that achieve this, Monge and Kantorovich's moves the colors least:

        A = P^(-1/2) (P^(1/2) E P^(1/2))^(1/2) P^(-1/2)    P, E: covariance of the picture's, the example's colors

    It is applied in RGB, as by Gatys et al. (2016, "Preserving Color in Neural Artistic Style Transfer"), who use other
    roots. P's eigenvalues are at least those of a deviation of one level in 255: colors that vary less than that in
    some direction, as in gray pictures, are not amplified to the example's variation.

    Args:
        picture: (h, w, 3).
        example: (h, w, 3) of any other size.
        weights: (h, w), how much each pixel counts in the picture's statistics, such as its alpha.
        example_weights: the same for the example's.
    """
    mean, covariance = _moments(picture, weights)
    target, target_covariance = _moments(example, example_weights)
    stretch = _stretch(covariance, target_covariance)
    return _by_strips(lambda colors: np.clip((colors - mean) @ stretch + target, 0, 1), picture)


def luminance_only(picture: np.ndarray) -> np.ndarray:
    """Returns the gray picture with the same lightness L: all linear channels are L^3."""
    return _by_strips(lambda colors: np.repeat(encoded(np.clip(_lightness(colors), 0, 1) ** 3), 3, axis=-1), picture)


def match_lightness(
    picture: np.ndarray,
    example: np.ndarray,
    weights: np.ndarray | None = None,
    example_weights: np.ndarray | None = None,
) -> np.ndarray:
    """Returns the picture with its lightness moved to the example's mean and deviation, as far as [0, 1] allows.

    Hue and chroma stay, chroma as far as sRGB allows. The weights are as above.
    """
    mean, deviation = _lightness_and_deviation(picture, weights)
    target, target_deviation = _lightness_and_deviation(example, example_weights)
    stretch = target_deviation / max(deviation, LEVEL)

    def matched(colors: np.ndarray) -> np.ndarray:
        lab = to_oklab(colors)
        lab[..., 0] = (lab[..., 0] - mean) * stretch + target
        return from_oklab(_in_gamut(lab))

    return _by_strips(matched, picture)


def chroma_map(contents: Sequence[Share], styles: Sequence[Share]) -> Colors:
    """Returns a function that moves the contents' chroma, Oklab's a and b (..., 2), to the styles' mean and covariance.

    It is the linear map of `match_colors` in the plane of the chroma, as in Kolkin et al. (2022). So an area of one hue
    keeps a single hue, one of the styles', and no color comes from single strokes.
    """
    (mean, covariance), (target, target_covariance) = _moments_of_all(contents), _moments_of_all(styles)
    stretch = _stretch(covariance, target_covariance)
    return lambda chroma: (chroma - mean) @ stretch + target


def with_colors_of(picture: np.ndarray, content: np.ndarray, tone: Colors = np.asarray) -> np.ndarray:
    """Returns the picture's lightness with the content's hue and chroma, chroma as far as sRGB allows.

    `tone` moves the chroma first, as `chroma_map` does.
    """
    if picture.shape != content.shape:
        raise ValueError(f"Expected colors of a picture of shape {picture.shape}. Received: {content.shape}")

    def joined(colors: np.ndarray, others: np.ndarray) -> np.ndarray:
        return from_oklab(_in_gamut(np.concatenate([_lightness(colors), tone(_chroma(others))], axis=-1)))

    return _by_strips(joined, picture, content)


def strips(picture: np.ndarray) -> Iterator[slice]:
    """Yields the rows of a picture, some tens of thousands of pixels at a time."""
    rows = max(1, PIXELS_AT_ONCE // max(1, picture.shape[1]))
    for start in range(0, len(picture), rows):
        yield slice(start, start + rows)


def _by_strips(function: Callable[..., np.ndarray], picture: np.ndarray, *others: np.ndarray) -> np.ndarray:
    result = np.empty(picture.shape, np.float32)
    for rows in strips(picture):
        result[rows] = function(*(array[rows].astype(np.float64) for array in (picture, *others)))
    return result


def _lightness(colors: np.ndarray) -> np.ndarray:
    """Returns L (..., 1)."""
    return to_oklab(colors)[..., :1]


def _chroma(colors: np.ndarray) -> np.ndarray:
    """Returns a and b (..., 2)."""
    return to_oklab(colors)[..., 1:]


def _in_gamut(lab: np.ndarray) -> np.ndarray:
    """Returns Oklab colors (..., 3) with a and b scaled down, by bisection, if they are outside sRGB."""
    outside = ~_is_shown(lab)
    far = lab[outside]
    low, high = np.zeros((len(far), 1)), np.ones((len(far), 1))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = _is_shown(np.concatenate([far[:, :1], far[:, 1:] * middle], axis=-1))[:, None]
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    shown = lab.copy()
    shown[outside, 1:] *= low
    return shown


def _is_shown(lab: np.ndarray) -> np.ndarray:
    light = linear_from_oklab(lab)
    return np.all((light >= -ROUNDING) & (light <= 1 + ROUNDING), axis=-1)


def _moments(
    picture: np.ndarray, weights: np.ndarray | None = None, values: Colors = np.asarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean (c,) and the covariance (c, c) of `values` (..., c) of a picture's colors."""

    def sums(rows: slice) -> np.ndarray:
        found = values(picture[rows].astype(np.float64))
        found = np.concatenate([np.ones_like(found[..., :1]), found], axis=-1)
        weighted = found if weights is None else found * weights[rows][..., None]
        return np.einsum("hwi,hwj->ij", weighted, found, optimize=True)

    total = np.sum([sums(rows) for rows in strips(picture)], axis=0)  # of products of 1 and the values
    if not total[0, 0] > 0:
        raise ValueError("Expected at least one pixel with a weight above 0. Received: none")
    mean = total[0, 1:] / total[0, 0]
    return mean, total[1:, 1:] / total[0, 0] - np.outer(mean, mean)


def _moments_of_all(shares: Sequence[Share]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the mean and the covariance of the chroma of several pictures together."""
    whole = sum(share.part for share in shares)
    of_each = [(share.part / whole, *_moments(share.picture, share.weights, _chroma)) for share in shares]
    mean = np.sum([part * own for part, own, _ in of_each], axis=0)
    second = np.sum([part * (spread + np.outer(own, own)) for part, own, spread in of_each], axis=0)
    return mean, second - np.outer(mean, mean)


def _stretch(covariance: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Returns A of `match_colors`."""
    root, inverse = (_power(covariance, exponent, floor=LEVEL**2) for exponent in (0.5, -0.5))
    return inverse @ _power(root @ target @ root, 0.5) @ inverse


def _lightness_and_deviation(picture: np.ndarray, weights: np.ndarray | None) -> tuple[float, float]:
    mean, variance = _moments(picture, weights, values=_lightness)
    return mean.item(), max(0.0, variance.item()) ** 0.5  # rounding may make it slightly negative


def _power(matrix: np.ndarray, exponent: float, floor: float = 0.0) -> np.ndarray:
    """Returns the power of a symmetric matrix, its eigenvalues raised to at least `floor`."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.maximum(values, floor) ** exponent @ vectors.T
