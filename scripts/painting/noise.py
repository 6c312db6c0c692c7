"""Smooth randomness: the grain of stone, the shape of clouds, the streaks of a brush."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def smoothstep(low: float, high: float, x: Array) -> Array:
    """0 below `low`, 1 above `high`, a smooth climb between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Array, b: Array, t: Array) -> Array:
    """From color `a` (t = 0) to color `b` (t = 1); `t` has no channel axis."""
    return a + (b - a) * t[..., None]


def ramp(names: list[str], t: Array) -> Array:
    """The color at `t` in [0, 1] along a list of colors, each six hexadecimal digits."""
    colors = np.array([color_of(name) for name in names])
    place, stops = np.clip(t, 0, 1) * (len(names) - 1), np.arange(len(names))
    return np.stack([np.interp(place, stops, colors[:, i]) for i in range(3)], axis=-1)


def color_of(name: str) -> Array:
    """A color from its six hexadecimal digits."""
    return np.array(list(bytes.fromhex(name))) / 255


def hash01(*keys: Array | int) -> Array:
    """A number in [0, 1) for each tuple of integers, the same at every call."""
    state: Array = np.asarray(2166136261, np.uint32)
    with np.errstate(over="ignore"):  # Wrapping around is the point.
        for key in keys:
            state = (state ^ np.asarray(key).astype(np.int64).astype(np.uint32)) * np.uint32(0x9E3779B1)
            state = (state ^ (state >> np.uint32(15))) * np.uint32(0x85EBCA6B)
            state = state ^ (state >> np.uint32(13))
    return state.astype(np.float64) / 2**32


def noise(x: Array, y: Array, seed: int = 0) -> Array:
    """Value noise in [0, 1], one cell per unit."""
    column, row = np.floor(x), np.floor(y)
    fx, fy = x - column, y - row
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    top = hash01(column, row, seed) * (1 - fx) + hash01(column + 1, row, seed) * fx
    bottom = hash01(column, row + 1, seed) * (1 - fx) + hash01(column + 1, row + 1, seed) * fx
    return top * (1 - fy) + bottom * fy


def fractal(x: Array, y: Array, octaves: int = 4, seed: int = 0) -> Array:
    """Octaves of noise, each half the size and half the weight of the one before, in about [0, 1]."""
    total, weight = np.zeros(np.broadcast(x, y).shape), 0.0
    for octave in range(octaves):
        # Turned by an irrational angle at each octave, so that the lattices never line up.
        x, y = 0.8 * x - 0.6 * y + 17.3, 0.6 * x + 0.8 * y + 9.1
        total += noise(x * 2**octave, y * 2**octave, seed + octave) / 2**octave
        weight += 1 / 2**octave
    return total / weight


def blur(picture: Array, sigma: float) -> Array:
    """Gaussian blur of the first two axes, by the Fourier transform (the borders wrap around)."""
    rows, columns = picture.shape[:2]
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    window = np.exp(-2 * (np.pi * sigma) ** 2 * (fx * fx + fy * fy))
    window = window.reshape(window.shape + (1,) * (picture.ndim - 2))
    return np.fft.irfft2(np.fft.rfft2(picture, axes=(0, 1)) * window, s=(rows, columns), axes=(0, 1))
