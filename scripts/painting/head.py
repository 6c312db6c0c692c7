"""A woman's face, in centimeters: x to the right as we see it, y up, z toward us, 0 between the eyes."""

import numpy as np
from painting.marching import carve, cone, curve, ellipsoid, join
from painting.noise import Array, smoothstep

# The head as a sculptor draws it: its outline from in front, then from the side, by height.
HALF_WIDTH = curve(
    [(-12, 1.0), (-11.6, 1.85), (-10.9, 2.75), (-9.4, 4.0), (-7.5, 5.25), (-5, 6.25), (-2.5, 6.85), (0, 7.05)]
    + [(2.5, 7.3), (5, 7.25), (7.5, 6.5), (9.5, 5.1), (11, 3.2), (11.8, 1.2), (12, 0.4)]
)
FRONT = curve(
    [(-12, 5.6), (-11.6, 7.5), (-11.0, 8.45), (-10.2, 8.85), (-9.2, 8.65), (-8.2, 8.75), (-7, 9.1), (-5.5, 9.0)]
    + [(-4, 8.85), (-2, 8.75), (0, 8.85), (1.2, 9.2), (2.4, 9.45), (4.5, 9.3), (6.5, 8.6), (8.5, 7.0), (10, 4.9)]
    + [(11.2, 2.2), (12, -1.4)]
)
BACK = curve(
    [(-12, 3.5), (-11, 2.8), (-9.5, 1.2), (-7.5, -1.5), (-5, -5), (-2.5, -8), (1, -9.8), (4, -10), (7, -9)]
    + [(9.5, -6.8), (11.2, -4.0), (12, -2)]
)
EYE = np.float32([3.15, 0.0, 6.95])  # the middle of the one on the right; the other is its mirror image
EYE_RADIUS = 1.28


def mirrored(p: Array) -> Array:
    return np.stack([np.abs(p[:, 0]), p[:, 1], p[:, 2]], axis=-1)


def bump(x: Array, y: Array, at: tuple[float, float], size: tuple[float, float]) -> Array:
    return np.exp(-(((x - at[0]) / size[0]) ** 2) - ((y - at[1]) / size[1]) ** 2)


def mouth_line(x: Array) -> Array:
    return -7.0 + 0.026 * x * x - 0.05 * np.exp(-((x / 0.35) ** 2))


def lips(x: Array, y: Array) -> tuple[Array, Array]:
    """How far up the upper lip and down the lower one a point is: 0 at the mouth's line, 1 at the edge of the lip."""
    upper = 0.74 * np.maximum(1 - (x / 2.5) ** 1.7, 0) - 0.15 * np.exp(-((x / 0.3) ** 2))
    lower = 0.95 * np.maximum(1 - (x / 2.3) ** 2.2, 0)
    above = y - mouth_line(x)
    return above / np.maximum(upper, 0.03), -above / np.maximum(lower, 0.03)


def lip_relief(x: Array, y: Array) -> Array:
    up, down = lips(x, y)
    out = 0.30 * smoothstep(0, 0.45, up) * smoothstep(1.5, 0.5, up) * smoothstep(2.5, 1.0, x)
    out += 0.40 * smoothstep(0, 0.5, down) * smoothstep(1.6, 0.45, down) * smoothstep(2.4, 0.8, x)
    return out - 0.15 * np.exp(-(((y - mouth_line(x)) / 0.10) ** 2)) * smoothstep(2.55, 2.0, x)


def relief(x: Array, y: Array) -> Array:
    """How far the face stands out from the rounded head, or in."""
    out = 0.35 * bump(x, y, (5.0, -2.6), (1.9, 1.4))  # cheekbones
    out += 0.30 * bump(x, y, (3.9, -4.6), (1.8, 1.6))
    out += 0.22 * bump(x, y, (2.6, 2.3), (2.2, 0.7))  # brows
    out -= 0.62 * bump(x, y, (3.1, 0.45), (2.0, 1.1)) + 0.40 * bump(x, y, (1.7, 0.2), (0.7, 1.0))  # sockets
    out += 0.42 * bump(x, y, (0, -7.1), (2.3, 1.9))  # teeth behind the lips
    out += 0.08 * bump(x, y, (0.45, -5.85), (0.2, 0.5)) - 0.11 * bump(x, y, (0, -5.85), (0.28, 0.5))
    out -= 0.12 * bump(x - 0.45 * (-4.8 - y), y, (2.55, -5.6), (0.55, 1.3))  # from nose to mouth
    out -= 0.18 * bump(x, y, (2.75, -7.0), (0.45, 0.45))  # corners of the mouth
    out += 0.22 * bump(x, y, (0, -10.3), (1.3, 0.9)) - 0.14 * bump(x, y, (0, -8.75), (1.5, 0.45))  # chin
    return out + lip_relief(x, y)


def skull(p: Array) -> Array:
    """The head without nose and eyes."""
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    wide, front, back = HALF_WIDTH(y), FRONT(y), BACK(y)
    deep = np.maximum((front - back) / 2, 0.3)
    k = np.sqrt((x / wide) ** 2 + (np.abs(z - (front + back) / 2) / deep) ** 2 + 1e-6)
    distance = np.maximum((k - 1) * np.minimum(wide, deep), np.abs(y) - 12)
    facing = z > 3
    out = relief(x[facing], y[facing]) * smoothstep(3, 6, z[facing])
    distance[facing] -= out.astype(distance.dtype)
    return distance


def lid_edges(x: Array) -> tuple[Array, Array]:
    """Heights of the upper and of the lower lid's edge above an eye's middle, as seen from in front."""
    t = np.clip((x + 1.55) / 3.13, 0, 1)
    tilt, arch = 0.20 * (t - 0.5), 4 * t * (1 - t)
    return 0.54 * arch**0.62 * (1.08 - 0.16 * t) + tilt, tilt - 0.48 * arch**0.75 * (0.875 + 0.25 * t)


def lids(p: Array) -> Array:
    """The skin around the eye on the right: a shell, open in front."""
    x, y, z = (p - EYE).T
    shell = np.sqrt((x / 1.05) ** 2 + y * y + z * z) - EYE_RADIUS - 0.16
    upper, lower = lid_edges(x)
    opening = np.where(z > 0, np.maximum(y - upper, lower - y), 1)
    return carve(shell, opening, 0.10)


def nose(p: Array) -> Array:
    """Of mirrored points."""
    bridge = cone(p, (0, 0.8, 8.45), (0, -3.7, 10.25), 0.55, 0.74)
    tip = ellipsoid(p, (0, -4.25, 10.55), (0.95, 0.78, 0.86))
    wing = ellipsoid(p, (1.22, -4.55, 9.55), (0.62, 0.62, 0.86))
    base = ellipsoid(p, (0, -4.72, 9.9), (0.5, 0.42, 0.9))
    whole = join(join(bridge, tip, 0.7), join(wing, base, 0.35), 0.45)
    return carve(whole, ellipsoid(p, (0.62, -5.14, 9.75), (0.32, 0.25, 0.45)), 0.2)


def face(p: Array) -> Array:
    """All that is skin."""
    distance = skull(p)
    near = (p[:, 2] > 4) & (distance < 5)
    m = mirrored(p[near])
    part = join(distance[near], nose(m), 0.75)
    part = carve(part, eyes(m) - 0.02, 0.25)
    distance[near] = join(part, lids(m), 0.55)
    return distance


def eyes(p: Array) -> Array:
    return np.linalg.norm(mirrored(p) - EYE, axis=-1) - EYE_RADIUS
