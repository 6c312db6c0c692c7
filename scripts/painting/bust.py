"""What is around the face: hair, neck, a scarf and a coat; and all of it posed."""

import numpy as np
from painting.head import eyes, face, mirrored
from painting.marching import Shape, carve, cone, curve, ellipsoid, join, within
from painting.noise import Array, smoothstep

PART = 1.9  # where the hair is parted
HAIR_WIDTH = curve(
    [(-12.6, 4.6), (-12, 6.2), (-10.5, 7.3), (-8, 7.9), (-5, 8.1), (-1, 8.2), (3, 8.35), (7, 7.8), (10, 6.2)]
    + [(12, 4.0), (12.6, 2.8), (13.0, 2.0)]
)
HAIR_FRONT = curve(
    [(-12.6, 5.0), (-11.5, 6.3), (-9, 6.9), (-5, 6.6), (-1, 7.4), (3, 9.2), (6, 9.75), (8, 9.0), (10, 7.1)]
    + [(12, 3.4), (13.0, -1.0)]
)
HAIR_BACK = curve([(-12.6, -5), (-9, -7), (-5, -9), (0, -11), (4, -11.2), (8, -9.8), (11, -6.5), (13.0, -3)])


def locks(p: Array) -> Array:
    """Waves of the hair from strand to strand, which lie in planes across the part, about -1 to 1."""
    x, y, z = p.T
    strand = z + 0.25 * y + 0.45 * np.sin(0.5 * y + 0.3 * z) + np.where(x < PART, 0, 2.3)
    broad = np.sin(1.9 * strand + 0.3 * y) + 0.7 * np.sin(3.1 * strand - 0.2 * y + 1.0)
    return 0.5 * broad + 0.3 * np.sin(6.7 * strand + 0.35 * y) + 0.2 * np.sin(11.3 * strand - 0.4 * y)


def hair(p: Array) -> Array:
    x, y, z = p.T
    wide, front, back = HAIR_WIDTH(y), HAIR_FRONT(y), HAIR_BACK(y)
    deep = np.maximum((front - back) / 2, 0.4)
    k = np.sqrt((x / wide) ** 2 + ((z - (front + back) / 2) / deep) ** 2 + 1e-6)
    wave = locks(p)
    body = np.maximum((k - 1) * np.minimum(wide, deep), np.maximum(y - 12.7, -12.6 - y))
    body = body - 0.17 * wave + 0.22 * np.exp(-(((x - PART) / 0.3) ** 2)) * smoothstep(8, 9, y)
    away = x - PART
    top = 8.7 - np.where(away < 0, 0.086, 0.24) * away * away
    side = 6.1 - 0.022 * (y + 3) ** 2 + 0.15 * np.sin(0.7 * y)
    window = np.maximum(np.maximum(y - top, np.abs(x + 0.1) - side) - 0.22 * wave, 2.0 - z - 6 * smoothstep(-6, -9, y))
    return carve(body, window, 0.6)


def neck(p: Array) -> Array:
    return cone(p, (0, -8, -1.4), (0, -21, -3.2), 4.1, 4.7)


def scarf(p: Array) -> Array:
    """Two windings, the upper one loose."""
    x, y, z = p[:, 0], p[:, 1], p[:, 2] + 2.2
    around = np.arctan2(x, z)
    folds = np.sin(3 * around + 1.3 * y) + 0.8 * np.sin(5 * around - 1.9 * y + 1) + 0.6 * np.sin(2.9 * y + 4 * around)
    rings = []
    for height, ring, thick, lean in ((-16.3, 6.5, 1.35, 0.17), (-18.9, 7.9, 1.9, -0.10)):
        rise = y - height - lean * x + 0.16 * z
        rings.append(np.hypot(np.hypot(x, z) - ring, rise / 1.25) - thick)
    return join(*rings, 0.4) - 0.16 * folds


def coat(p: Array) -> Array:
    m = mirrored(p)
    shoulder = cone(m, (4, -22.0, -4), (16, -26, -5), 4.3, 4.2)
    trunk = ellipsoid(p, (0, -36, -3.5), (17, 15, 9.5))
    lapel = cone(m, (8.8, -20.0, 2.0), (2.0, -32, 7.0), 1.4, 2.0)
    return join(join(shoulder, trunk, 4.0), lapel, 0.4)


def turned(angle: float, nod: float = 0.0, tilt: float = 0.0) -> Array:
    """The rotation to the right, then forward, then to the side."""
    (cy, cx, cz), (sy, sx, sz) = np.cos([angle, nod, tilt]), np.sin([angle, nod, tilt])
    around = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    forward = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    aside = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.float32(aside @ forward @ around)


HEAD, BODY = turned(0.30, 0.03, -0.05), turned(0.12)
SKIN, EYES, HAIR, SCARF, COAT = range(5)
AROUND_HAIR = within(lambda p: ellipsoid(p, (0, 0, -0.5), (10.5, 15.5, 13)), hair)
AROUND_HEAD = within(lambda p: ellipsoid(p, (0, 0, 0), (8.5, 13.5, 13)), face)


def skin(p: Array) -> Array:
    return join(AROUND_HEAD(p @ HEAD), neck(p @ BODY), 0.8)


SHAPES: list[Shape] = [
    skin,
    lambda p: eyes(p @ HEAD),
    lambda p: AROUND_HAIR(p @ HEAD),
    lambda p: scarf(p @ BODY),
    lambda p: coat(p @ BODY),
]


def everything(p: Array) -> Array:
    return np.minimum.reduce([shape(p) for shape in SHAPES])
