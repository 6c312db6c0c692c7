"""Rounded shapes: functions of space that are negative inside, and rays that walk to where they are 0."""

from collections.abc import Callable, Sequence

import numpy as np
from painting.noise import Array, smoothstep

Shape = Callable[[Array], Array]  # from points (n, 3) to about the distance, negative inside
Point = tuple[float, float, float]


def join(a: Array, b: Array, width: float) -> Array:
    """Both shapes, with a fillet about this wide between them."""
    h = np.maximum(width - np.abs(a - b), 0) / width
    return np.minimum(a, b) - h * h * width / 4


def carve(a: Array, b: Array, width: float) -> Array:
    """The first shape without the second, the edge rounded."""
    return -join(-a, b, width)


def ellipsoid(p: Array, center: Point, radii: Point) -> Array:
    q = (p - np.float32(center)) / np.float32(radii)
    k = np.linalg.norm(q, axis=-1)
    return k * (k - 1) / (np.linalg.norm(q / np.float32(radii), axis=-1) + 1e-6)


def cone(p: Array, a: Point, b: Point, ra: float, rb: float) -> Array:
    """A bar from `a` to `b` with round ends, its radius from `ra` to `rb`."""
    start, along = np.float32(a), np.float32(b) - np.float32(a)
    t = np.clip((p - start) @ along / (along @ along), 0, 1)
    return np.linalg.norm(p - start - t[:, None] * along, axis=-1) - (ra + (rb - ra) * t)


def curve(knots: Sequence[tuple[float, float]]) -> Callable[[Array], Array]:
    """A smooth curve through the knots (x, y)."""
    x, y = np.array(knots, dtype=float).T
    slope, fine = np.gradient(y, x), np.linspace(x[0], x[-1], 1024)
    i = np.clip(np.searchsorted(x, fine) - 1, 0, len(x) - 2)
    wide = x[i + 1] - x[i]
    t = (fine - x[i]) / wide
    bend = wide * (slope[i] * t * (1 - t) ** 2 - slope[i + 1] * t * t * (1 - t))
    table = np.float32(y[i] + (y[i + 1] - y[i]) * t * t * (3 - 2 * t) + bend)

    def at(where: Array) -> Array:
        place = np.clip((where - x[0]) * (1023 / (x[-1] - x[0])), 0, 1022.99).astype(np.float32)
        cell = place.astype(np.int32)
        return table[cell] + (place - cell) * (table[cell + 1] - table[cell])

    return at


def within(bound: Shape, shape: Shape) -> Shape:
    """The shape, which costs nothing where a simpler one around it is not near."""

    def of(p: Array) -> Array:
        distance = bound(p)
        near = distance < 1.0
        distance[near] = shape(p[near])
        return distance

    return of


def march(shape: Shape, eye: Array, rays: Array, near: float, far: float) -> Array:
    """How far along each ray (n, 3) from `eye` the shape begins; infinite where it is missed."""
    away, hit = np.full(len(rays), near, np.float32), np.full(len(rays), np.inf, np.float32)
    alive = np.arange(len(rays))
    for turn in range(160):
        distance = shape(eye + rays[alive] * away[alive, None])
        # Rays that only just graze the shape take long, and count as landed in the end.
        landed = distance < (0.005 if turn < 159 else 0.1)
        hit[alive[landed]] = away[alive[landed]]
        # A shape's function may climb faster than the distance does: not all of the way at once.
        away[alive] += np.clip(0.55 * distance, 0.006, 8)
        alive = alive[~landed & (away[alive] < far)]
    return hit


def normals(shape: Shape, points: Array, step: float) -> Array:
    """Unit vectors outward, from differences at the corners of a tetrahedron."""
    total = np.zeros_like(points)
    for corner in np.float32([(1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)]):
        total += corner * shape(points + step * corner)[:, None]
    return total / (np.linalg.norm(total, axis=-1, keepdims=True) + 1e-12)


def shadow(shape: Shape, points: Array, toward: Array, softness: float) -> Array:
    """How much of a light comes through, 0 to 1; the larger the light, the softer the edges of shadows."""
    light, away = np.ones(len(points), np.float32), np.full(len(points), 0.12, np.float32)
    for _ in range(26):
        distance = shape(points + toward * away[:, None])
        light = np.minimum(light, 0.5 + 0.5 * distance / (softness * away))
        away += np.clip(0.7 * distance, 0.1, 2.0)
    return smoothstep(0, 1, light)


def openness(shape: Shape, points: Array, normal: Array) -> Array:
    """How open the surroundings are, from 0 in a fold to 1: what reaches there from all around."""
    blocked = np.zeros(len(points))
    for reach, weight in ((0.15, 0.9), (0.4, 0.75), (1.0, 0.35), (2.2, 0.14)):
        blocked += weight * np.maximum(reach - shape(points + normal * np.float32(reach)), 0)
    return np.clip(1 - blocked, 0, 1)
