"""The colors of a face: skin, lips, brows, lashes and eyes, for points as head.py has them."""

import numpy as np
from painting.head import EYE, EYE_RADIUS, bump, lid_edges, lips, mirrored, mouth_line
from painting.noise import Array, fractal, mix, noise, smoothstep

FAIR = np.array([0.70, 0.43, 0.31])
LIP, BROW, LASH = np.array([0.44, 0.10, 0.095]), np.array([0.05, 0.024, 0.014]), np.array([0.03, 0.015, 0.01])


def skin_color(p: Array) -> Array:
    """Rosy cheeks and nose, freckles, darker around the eyes; lips, brows and lashes."""
    x, y, _ = mirrored(p).T
    front = smoothstep(4.5, 7.5, p[:, 2])
    rosy = 0.8 * bump(x, y, (4.3, -3.4), (2.0, 1.7)) + 0.55 * bump(x, y, (0, -4.4), (1.2, 0.9))
    rosy += 0.3 * bump(x, y, (0, -10.0), (1.5, 1.0))
    color = mix(np.tile(FAIR, (len(p), 1)), FAIR * [1.0, 0.70, 0.66], np.clip(front * rosy, 0, 1))
    color = mix(color, FAIR * [0.74, 0.58, 0.56], front * 0.45 * bump(x, y, (3.1, 0.1), (2.0, 0.95)))
    color *= (1 + 0.14 * (fractal(p[:, 0] * 1.1 + 9, p[:, 1] * 1.1 + p[:, 2], 4, 3) - 0.5))[:, None]
    dots = smoothstep(0.66, 0.9, noise(p[:, 0] * 5.1, p[:, 1] * 5.1, 5)) * bump(x, y, (3.2, -2.6), (2.4, 1.2))
    color = mix(color, FAIR * [0.74, 0.58, 0.48], 0.4 * dots * front)
    color = mix(color, LIP * (0.85 + 0.3 * fractal(p[:, 0] * 7, p[:, 1] * 1.2, 3, 8))[:, None], 0.85 * on_lips(p))
    gap = np.exp(-(((y - mouth_line(x)) / 0.05) ** 2)) * smoothstep(2.5, 2.0, x)
    color = mix(color, np.array([0.10, 0.02, 0.02]), 0.9 * gap * front)
    color *= (1 - 0.75 * front * bump(x, y, (0.6, -5.15), (0.34, 0.2)))[:, None]
    color = mix(color, BROW, brow(p) * front)
    return mix(color, LASH, lashes(x - EYE[0], y) * front)


def on_lips(p: Array) -> Array:
    """How much of a point is lip, 0 to 1."""
    x, y, z = mirrored(p).T
    up, down = lips(x, y)
    return smoothstep(1.08, 0.86, np.maximum(up, down)) * smoothstep(2.62, 2.3, x) * (z > 5)


def brow(p: Array) -> Array:
    x, y, _ = mirrored(p).T
    middle = 1.95 + 0.55 * np.sin(np.clip((x - 1.3) / 4.2, 0, 1) * np.pi * 0.8)
    half = 0.38 * smoothstep(1.0, 1.9, x) * smoothstep(5.7, 3.0, x) + 0.08
    hairs = 0.6 * noise(x * 6 - y * 4, y * 2 + x * 0.5, 11) + 0.4 * noise(x * 13 - y * 8, y * 3, 12)
    there = smoothstep(1.2, 1.8, x) * smoothstep(5.7, 4.8, x) * smoothstep(1.3, 0.2, np.abs(y - middle) / half)
    return there * (0.5 + 0.6 * hairs)


def lashes(x: Array, y: Array) -> Array:
    """Dark along the edges of the lids, more so above, and a shade in the upper lid's fold; from the eye's middle."""
    upper, lower = lid_edges(x)
    inside = smoothstep(1.95, 1.5, np.abs(x))
    above = np.exp(-((np.maximum(y - upper, 0) / 0.16) ** 2)) * (y > upper - 0.2)
    below = 0.4 * np.exp(-((np.maximum(lower - y, 0) / 0.08) ** 2)) * (y < lower + 0.2)
    fold = 0.38 * np.exp(-(((y - upper - 0.36 - 0.05 * x) / 0.09) ** 2))
    return inside * np.maximum(np.maximum(0.92 * above, below), fold)


def eye_color(p: Array, gaze: Array) -> Array:
    """White, iris and pupil; `gaze` is the unit vector in which both eyes look."""
    side = np.sign(p[:, :1])
    out = (p - EYE * np.concatenate([side, side * side, side * side], axis=1)) / EYE_RADIUS
    ahead = out @ gaze
    radius = np.arccos(np.clip(ahead, -1, 1)) / 0.47  # 1 at the iris' edge
    across = out - ahead[:, None] * gaze
    angle = np.arctan2(across[:, 1], across[:, 0])
    fiber = 0.6 * noise(angle * 14 + side[:, 0] * 50, radius * 2.4, 21) + 0.4 * noise(angle * 31, radius * 3.3, 22)
    iris = mix(np.array([0.09, 0.15, 0.17]), np.array([0.36, 0.46, 0.44]), fiber * smoothstep(0.3, 0.75, radius))
    iris = mix(iris, np.array([0.36, 0.24, 0.10]), 0.6 * smoothstep(0.62, 0.38, radius) * fiber)
    iris *= (1 - 0.8 * smoothstep(0.76, 1.0, radius))[:, None]
    white = mix(np.array([0.72, 0.68, 0.66]), np.array([0.66, 0.50, 0.47]), smoothstep(0.7, 1.2, np.abs(out[:, 0])))
    color = mix(white, iris, smoothstep(1.06, 0.94, radius))
    color = mix(color, np.full(3, 0.008), smoothstep(0.44, 0.36, radius))
    upper, lower = lid_edges(np.abs(p[:, 0]) - EYE[0])
    shade = 0.3 + 0.7 * smoothstep(0, 0.5, upper - p[:, 1])
    return color * (shade * (0.75 + 0.25 * smoothstep(0, 0.25, p[:, 1] - lower)))[:, None]
