"""Oklab, in which distances are about those that people see (Ottosson, 2020): lightness separate from color."""

import numpy as np

LUMA = np.array([0.2126, 0.7152, 0.0722])  # of sRGB's numbers: how light a color is, approximately and at little cost

# Linear sRGB to the responses of the eye's cones, and the cube roots of those to L, a, b.
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
FROM_CONES, FROM_OKLAB = np.linalg.inv(CONES), np.linalg.inv(OKLAB)


def to_oklab(colors: np.ndarray) -> np.ndarray:
    """Returns sRGB colors (..., 3) as lightness L in [0, 1], a (green to red) and b (blue to yellow).

    In double precision: in single precision the round trip changes dark channels by 2e-5.
    """
    return np.cbrt(linear(colors.astype(np.float64)) @ CONES.T) @ OKLAB.T


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """Returns Oklab colors (..., 3) as sRGB; channels beyond [0, 1] are clipped."""
    return encoded(np.clip(linear_from_oklab(lab.astype(np.float64)), 0, 1))


def linear(colors: np.ndarray) -> np.ndarray:
    """Returns the linear light of sRGB's numbers."""
    return np.where(colors <= 0.04045, colors / 12.92, ((np.maximum(colors, 0) + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """The inverse of `linear`, for light in [0, 1]."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def linear_from_oklab(lab: np.ndarray) -> np.ndarray:
    return (lab @ FROM_OKLAB.T) ** 3 @ FROM_CONES.T
