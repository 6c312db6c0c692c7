"""An ink drawing on paper: mountains in mist, bamboo, reeds by the water and birds, in washes and dry brush strokes."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from painting.brush import DETAIL, make_bristles
from painting.noise import Array, blur, fractal, noise, smoothstep
from PIL import Image

WIDTH, HEIGHT = 960, 720
PAPER = np.array([0.955, 0.925, 0.865])
# What a layer of ink lets through, by color: a warm black.
THROUGH = np.array([0.042, 0.040, 0.046])


class Stroke(NamedTuple):
    """One movement of the brush: the knots of its way, how wide it is there, and how dark and how dry the ink is."""

    knots: list[tuple[float, float]]
    widths: list[float]
    tone: float = 0.95
    dry: float = 0.0


def mesh(stroke: Stroke) -> tuple[Array, Array, Array]:
    """Canvas points (along, across, 2) under the brush, with where they are along (0 to 1) and across (-1 to 1)."""
    knots = np.array(stroke.knots, dtype=float) * DETAIL
    spot, u = np.linspace(0, 1, len(knots)), np.linspace(0, 1, 24)
    degree = min(len(knots) - 1, 3)
    bend = [np.polyval(np.polyfit(spot, knots[:, i], degree), u) for i in (0, 1)]
    length = np.hypot(*(np.diff(way) for way in bend)).sum()
    # Closer than the canvas' points, so that no gaps are left.
    fine = np.linspace(0, 1, max(int(1.7 * length), 8))
    v = np.linspace(-1, 1, int(1.7 * DETAIL * max(stroke.widths)) + 5)
    center = np.stack([np.interp(fine, u, way) for way in bend], axis=-1)
    along = np.gradient(center, axis=0)
    normal = along[:, ::-1] * [-1, 1] / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    width = np.interp(fine, np.linspace(0, 1, len(stroke.widths)), stroke.widths) * DETAIL / 2
    # A hand is never quite steady.
    width = width * (0.9 + 0.25 * noise(fine * length / 50, fine * 0 + knots[0, 0], 3))
    return center[:, None] + normal[:, None] * (width[:, None] * v)[..., None], fine[:, None], v[None, :]


def put_down(ink: Array, stroke: Stroke, bristles: Array) -> None:
    """One stroke onto the paper: a dry brush leaves streaks open toward its end, a wet one is darker at its edges."""
    points, u, v = mesh(stroke)
    column, row = points[..., 0].astype(int), points[..., 1].astype(int)
    inside = (column >= 0) & (column < ink.shape[1]) & (row >= 0) & (row < ink.shape[0])
    bristle = bristles[(u * 255).astype(int), ((v + 1) * 31.5).astype(int)]
    worn = stroke.dry * (0.35 + 0.75 * u + 0.2 * v * v)
    cover = np.clip((bristle - worn + 0.25) * 4, 0, 1)
    pool = (0.86 + 0.14 * np.abs(v) ** 3) * (0.85 + 0.15 * bristle)
    density = stroke.tone * cover * pool
    row, column = row[inside], column[inside]
    ink[row, column] = np.maximum(ink[row, column], density[inside])


# --- What is drawn, in pixels ---


def leaf(x: float, y: float, angle: float, length: float, tone: float) -> Stroke:
    """One press and flick of the brush."""
    dx, dy = np.cos(angle), np.sin(angle)
    bend = 0.10 * length * np.cos(angle)
    knots = [(x, y), (x + 0.5 * length * dx, y + 0.5 * length * dy - bend), (x + length * dx, y + length * dy)]
    return Stroke(knots, [2, 0.115 * length, 0.13 * length, 0.08 * length, 0.5], tone, 0.25)


def spray(x: float, y: float, tone: float, rng: np.random.Generator) -> Iterator[Stroke]:
    """Leaves that hang from one place, and the twig they hang from."""
    for angle in np.linspace(0.15, 2.75, rng.integers(4, 7)) + rng.normal(0, 0.16, 1):
        yield leaf(x + rng.normal(0, 4), y + rng.normal(0, 3), angle, rng.uniform(62, 118), tone * rng.uniform(0.8, 1))


def bamboo(x: float, lean: float, width: float, tone: float, rng: np.random.Generator) -> Iterator[Stroke]:
    """A stalk from below the picture to above it, joint by joint, with twigs and leaves."""
    y, step = HEIGHT + 30.0, 128.0
    while y > -20:
        top, ahead = y - step + 9, x + lean * step
        ends = [width * 1.22, width * 0.95, width * 0.92, width * 1.18]
        yield Stroke([(x, y), ((x + ahead) / 2 + 1.5, (y + top) / 2), (ahead, top)], ends, tone, 0.62)
        joint = [(ahead - 0.7 * width, top - 3), (ahead, top - 8), (ahead + 0.7 * width, top - 4)]
        yield Stroke(joint, [2.5, 4.5, 2], min(1.25 * tone, 1))
        if y < 0.85 * HEIGHT:
            side = rng.choice([-1, 1])
            end = (ahead + side * rng.uniform(40, 90), top - rng.uniform(20, 60))
            yield Stroke([(ahead, top - 6), ((ahead + end[0]) / 2, (top + end[1]) / 2 - 8), end], [4, 2.5, 1.5], tone)
            yield from spray(*end, tone, rng)
        x, y, step = ahead, y - step, 0.96 * step


def reeds(rng: np.random.Generator) -> Iterator[Stroke]:
    """Long blades at the water's edge."""
    for number in range(46):
        x = rng.choice([rng.normal(810, 55), rng.normal(560, 45)], p=[0.7, 0.3])
        y, tall, sway = 690 + rng.normal(0, 12), rng.uniform(70, 215), rng.normal(18, 38)
        knots = [(x, y), (x + 0.15 * sway, y - 0.6 * tall), (x + sway, y - tall)]
        tone = 0.95 if number % 3 else 0.45
        yield Stroke(knots, [3.5, 4.5, 3, 0.7], tone, 0.3)
        if number % 5 == 0:
            tip = [(x + 0.9 * sway, y - 0.93 * tall), (x + 1.12 * sway, y - 1.12 * tall)]
            yield Stroke(tip, [2, 7, 6, 2], 0.9, 0.5)


def ridge(x: Array, base: float, swing: float, seed: int) -> Array:
    return base - swing * (fractal(x / 150, np.full_like(x, seed), 4, seed) - 0.4) * 2


RIDGES = [(330.0, 165.0, 21, 0.34), (420.0, 120.0, 12, 0.55), (505.0, 62.0, 33, 0.75)]  # far to near; see `ridge`


def slopes(rng: np.random.Generator) -> Iterator[Stroke]:
    """The outlines of the mountains, and strokes down their flanks with an almost dry brush."""
    for base, swing, seed, tone in RIDGES:
        x = np.arange(-40, WIDTH + 40, 56.0)
        y = ridge(np.arange(-40, WIDTH + 40, 14.0), base, swing, seed)
        for number in range(len(x) - 1):
            knots = [(x[number] + 14 * i, y[4 * number + i]) for i in range(5) if 4 * number + i < len(y)]
            yield Stroke(knots, [3, rng.uniform(4, 8), rng.uniform(2, 6)], tone * rng.uniform(0.8, 1.15), 0.45)
        for _ in range(70):
            at, fall = rng.uniform(0, WIDTH), rng.uniform(26, 74)
            rise = ridge(np.array([at, at + 6]), base, swing, seed)
            lean = np.clip(2.2 * (rise[1] - rise[0]) / 6, -1, 1) * fall
            start = (at, rise[0] + rng.uniform(2, 26))
            knots = [start, (at + 0.6 * lean, start[1] + 0.5 * fall), (at + 0.8 * lean, start[1] + fall)]
            yield Stroke(knots, [1, rng.uniform(4, 9), 7, 1], 0.75 * tone, rng.uniform(0.5, 0.95))


# From a bird's middle, in its own size: the ways of two wings, body, head and tail, and how wide they are.
BIRD = [
    ([(0.1, 0.05), (-0.55, -0.55), (-1.35, -0.30)], [0.16, 0.20, 0.02]),
    ([(0.1, 0.05), (0.45, -0.75), (1.15, -0.85)], [0.16, 0.20, 0.02]),
    ([(-0.25, 0.1), (0.1, 0.13), (0.5, 0.0)], [0.05, 0.20, 0.10]),
    ([(0.45, 0.02), (0.66, -0.05), (0.86, -0.03)], [0.10, 0.08, 0.02]),
    ([(-0.2, 0.1), (-0.42, 0.16), (-0.66, 0.14)], [0.08, 0.10, 0.03]),
]


def bird(x: float, y: float, size: float, tone: float) -> Iterator[Stroke]:
    for knots, widths in BIRD:
        places = [(x + size * dx, y + size * dy) for dx, dy in knots]
        yield Stroke(places, [size * width for width in widths], tone, 0.35)


def washes(x: Array, y: Array) -> Array:
    """Thinned ink below each ridge, lost in mist further down, and gray bands of water."""
    total = np.zeros(x.shape)
    for base, swing, seed, tone in RIDGES:
        depth = y - ridge(x, base, swing, seed)
        bloom = 0.55 + 0.9 * (fractal(x / 75, y / 60, 4, seed + 5) - 0.25)
        total = np.maximum(total, 0.42 * tone * bloom * smoothstep(-1, 3, depth) * np.exp(-np.maximum(depth, 0) / 62))
    bands = smoothstep(0.52, 0.72, fractal(x / 220, y / 13, 3, 90)) * smoothstep(575, 640, y)
    return np.clip(np.maximum(total, 0.17 * bands), 0, 1)


def draw_ink(seed: int) -> Image.Image:
    """The finished drawing, WIDTH x HEIGHT."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: HEIGHT * DETAIL, : WIDTH * DETAIL] / DETAIL
    ink, bristles = np.zeros(x.shape), make_bristles(rng)
    strokes = [*slopes(rng), *reeds(rng)]
    strokes += [*bird(600, 128, 66, 1.0), *bird(742, 84, 34, 0.85), *bird(812, 132, 25, 0.7)]
    strokes += [*bamboo(322, -0.10, 17, 0.42, rng), *bamboo(60, 0.05, 26, 0.8, rng), *bamboo(196, 0.02, 32, 0.97, rng)]
    for stroke in strokes:
        put_down(ink, stroke, bristles[rng.integers(len(bristles))])
    # Ink runs a little into the paper, and washes go under everything.
    ink = np.maximum(blur(ink, 0.8), washes(x, y))
    fibers = fractal(x / 2.4, y / 7, 3, 7) + fractal(x / 9, y / 2.6, 3, 8) - 1
    paper = PAPER * (1 + 0.035 * fibers + 0.03 * (fractal(x / 160, y / 160, 3, 9) - 0.5))[..., None]
    picture = paper * THROUGH ** (ink * (1 + 0.25 * fibers))[..., None]
    image = Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
