"""Transparency: colors for the pixels that nobody sees, and for what lies behind."""

import numpy as np
from PIL import Image


def fill_hidden(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Returns pixels (h, w, 3) in which those with alpha 0 have colors that continue their surroundings.

    What a file holds there is left over from its making, often black. The colors are averaged into smaller and
    smaller pictures, weighted by their alpha, until a small one has no holes; the way back fills those of the larger.
    A picture without a visible pixel is mid gray.
    """
    if not alpha.any():
        return np.full_like(pixels, 0.5)
    return _filled(pixels, alpha)


def laid_on(color: tuple[float, float, float], pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Returns pixels (h, w, 3) as they look on a color, by their alpha (h, w)."""
    shares = alpha[..., None]
    return pixels * shares + np.array(color, np.float32) * (1 - shares)


def _filled(pixels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    holes = weights[..., None] == 0
    if not holes.any():
        return pixels
    smaller, coarser = _halved(pixels * weights[..., None]), _halved(weights[..., None])
    means = smaller / np.where(coarser > 0, coarser, 1)
    return np.where(holes, _enlarged(_filled(means, coarser[..., 0]), weights.shape), pixels)


def _halved(array: np.ndarray) -> np.ndarray:
    """Returns the sums of blocks of 2 x 2; what an odd side lacks counts as 0."""
    h, w, channels = array.shape
    even = np.pad(array, ((0, h % 2), (0, w % 2), (0, 0)))
    return even.reshape((h + 1) // 2, 2, (w + 1) // 2, 2, channels).sum(axis=(1, 3))


def _enlarged(pixels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    h, w = shape
    channels = [Image.fromarray(pixels[..., c]).resize((w, h), Image.Resampling.BILINEAR) for c in range(3)]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)
