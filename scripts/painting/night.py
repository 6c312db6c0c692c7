"""The sketch of a night by a lake: which color and which direction of stroke goes where."""

from typing import NamedTuple

import numpy as np
from painting.brush import Sketch
from painting.noise import Array, blur, fractal, mix, ramp, smoothstep

WIDTH, HEIGHT = 1024, 768

NIGHT = ["060a2a", "0d1a5c", "143089", "1f52b2", "3a80c6", "74b1cc", "bcd8c6", "f2e7a8", "f6cf5a"]
GLOW = ["143089", "2464ac", "54a0ac", "a6c084", "e6c548", "f5b92c", "fbd862", "fff4c8"]
HILLS = ["050b24", "0a1a40", "10305c", "15516a", "2f7a78", "78a884"]
LAKE = ["070d30", "10235f", "1a4585", "27709c", "4f9fa6", "9fcab0"]
FIELD = ["16264c", "45583f", "94702a", "d08f2a", "edb73c", "f9df88"]
FLAME = ["04080f", "09181e", "123030", "264a34", "566636", "a8863c"]


class Star(NamedTuple):
    x: float
    y: float
    core: float
    halo: float


class Vortex(NamedTuple):
    x: float
    y: float
    radius: float
    turn: float


class Cypress(NamedTuple):
    x: float
    top: float
    width: float


MOON = Star(716, 172, 30, 92)
STARS = [
    MOON,
    Star(84, 84, 10, 40),
    Star(284, 50, 7, 29),
    Star(520, 62, 9, 36),
    Star(938, 96, 9, 38),
    Star(318, 326, 7, 29),
]
VORTICES = [
    Vortex(392, 196, 104, 1.0),
    Vortex(478, 356, 60, -1.0),
    Vortex(884, 268, 84, 0.9),
    Vortex(196, 212, 66, -0.9),
]
CYPRESSES = [Cypress(64, 420, 44), Cypress(236, 352, 36), Cypress(148, 132, 62)]
SHORE, BANK = 478, 640  # where the lake begins and where the field in front of it does


LAMPS = [566, 628, 668, 770, 842, 884, 950]


def unit(x: Array, y: Array) -> Array:
    return np.stack([x, y], axis=-1) / (np.hypot(x, y)[..., None] + 1e-9)


def wind(x: Array, y: Array) -> Array:
    """A wind over the sky that curls into vortices and circles around moon and stars."""
    vx, vy = np.ones_like(x), 0.45 * np.sin(x / 130 + 2.2) + 0.3 * np.sin(y / 55 + x / 300)
    for vortex in VORTICES:
        dx, dy = (x - vortex.x) / vortex.radius, (y - vortex.y) / vortex.radius
        pull = 3.4 * np.exp(-(dx * dx + dy * dy)) / (np.hypot(dx, dy) + 0.08)
        # A little of the way inward makes a spiral of a circle.
        vx, vy = vx - pull * (dy * vortex.turn + 0.25 * dx), vy + pull * (dx * vortex.turn - 0.25 * dy)
    for star in STARS:
        dx, dy = x - star.x, y - star.y
        distance = np.hypot(dx, dy) + 1e-9
        pull = 9 * smoothstep(1.3 * star.halo, 0.6 * star.halo, distance) / distance
        vx, vy = vx - pull * dy, vy + pull * dx
    return unit(vx, vy)


def streaks(flow: Array, seed: int, reach: int = 24, grain: float = 2.6) -> Array:
    """Noise smeared along the flow: light and dark bands that run with the strokes, in [0, 1]."""
    rows, columns = flow.shape[:2]
    source = blur(np.random.default_rng(seed).standard_normal((rows, columns)), grain)
    total = np.zeros((rows, columns))
    for sign in (-3.0, 3.0):
        y, x = np.mgrid[:rows, :columns].astype(float)
        for _ in range(reach):
            row, column = y.clip(0, rows - 1).astype(int), x.clip(0, columns - 1).astype(int)
            total += source[row, column]
            step = flow[row, column] * sign
            x, y = x + step[..., 0], y + step[..., 1]
    return np.clip(0.5 + 0.24 * total / total.std(), 0, 1)


def paint_sky(x: Array, y: Array, flow: Array) -> Array:
    """Blue winds, pale in the arms of the vortices and above the hills, and the glowing rings of moon and stars."""
    arms = [np.exp(-(((np.hypot(x - v.x, y - v.y) / v.radius - 0.55) / 0.5) ** 2)) for v in VORTICES]
    river = np.exp(-(((y - 292 - 84 * np.sin(x / 170 + 2.4)) / 58) ** 2))
    tone = -0.10 + 0.72 * streaks(flow, 1) + 0.20 * np.sum(arms, axis=0) + 0.36 * river
    tone += 0.16 * smoothstep(340, 450, y) + 0.36 * (fractal(x / 160, y / 120, 3, 5) - 0.5)
    color = ramp(NIGHT, tone)
    for star in STARS:
        distance = np.hypot(x - star.x, y - star.y)
        light = np.exp(-np.maximum(distance - star.core, 0) / (0.38 * star.halo))
        rings = 0.15 * np.cos(2 * np.pi * (distance - star.core) / (0.18 * star.halo + 8))
        glow = ramp(GLOW, 0.04 + 0.98 * light + rings * smoothstep(0.8 * star.core, 1.6 * star.core, distance))
        color = mix(color, glow, smoothstep(1.25 * star.halo, 0.6 * star.halo, distance))
    return color


def lake_color(x: Array, y: Array, sky: Array, flow: Array) -> Array:
    """The sky upside down on dark water, broken into dabs, with golden columns under the moon and the lamps."""
    dabs = streaks(flow, 9, 9, 2.2)
    rows = (SHORE - 40 - (y - SHORE) * 1.9).clip(0, HEIGHT - 1).astype(int)
    columns = (x + 26 * (dabs - 0.5)).clip(0, WIDTH - 1).astype(int)
    color = mix(ramp(LAKE, dabs * 0.9 - 0.05 + 0.2 * smoothstep(60, 0, y - SHORE)), sky[rows, columns], 0.42 + 0 * x)
    depth = np.maximum(y - SHORE, 0)
    for center, width, strength in [(MOON.x, 34 + 0.28 * depth, 1.25)] + [
        (lamp, 7.0, 1.1 - depth / 150) for lamp in LAMPS
    ]:
        column = np.exp(-(((x - center) / width) ** 2)) * strength
        warm = ramp(GLOW, 0.52 + 0.5 * dabs) if center == MOON.x else ramp(FIELD, 0.55 + 0.4 * dabs)
        color = mix(color, warm, smoothstep(0.55, 0.75, column * (0.35 + 1.1 * dabs)))
    return color


def ridge(x: Array, base: float, swing: float, seed: int) -> Array:
    """The height of a line of hills at each x."""
    return base - swing * (fractal(x / 190, np.full_like(x, seed), 4, seed) - 0.5) * 2


def flame(x: Array, y: Array, tree: Cypress) -> Array:
    """How far inside a cypress that flickers like a fire, in widths; negative outside."""
    rise = (HEIGHT + 60 - y) / (HEIGHT + 60 - tree.top)
    spine = tree.x + tree.width * 0.35 * np.sin(rise * 5.5 + tree.x) * rise
    edge = tree.width * np.maximum(1 - rise, 0) ** 0.62
    edge = edge * (1 + 0.16 * np.sin(y / 23 + tree.x) + 0.10 * np.sin(y / 9 + x / 14))
    return np.where(y > tree.top, (edge - np.abs(x - spine)) / tree.width, -1.0)


def cover(under: Sketch, where: Array, color: Array, flow: Array) -> Sketch:
    """The sketch with a nearer ground in front of it."""
    here = where[..., None]
    nearest = under.ground.max() + 1
    return Sketch(
        np.where(here, color, under.color), np.where(here, flow, under.flow), np.where(where, nearest, under.ground)
    )


def add_slope(under: Sketch, x: Array, y: Array, top: Array, palette: list[str], wave: float) -> Sketch:
    """A hill or a field below the line `top`, its strokes first along that line, then in waves."""
    depth = np.maximum(y - top, 0)
    furrow = wave * np.sin(depth / 26 + x / 135 + wave) * smoothstep(0, 40, depth)
    flow = unit(np.ones_like(x), np.gradient(top, axis=1) * np.exp(-depth / 60) + furrow)
    tone = 0.1 * wave - 0.06 + 0.75 * streaks(flow, int(top.mean())) + 0.3 * np.exp(-depth / 10)
    return cover(under, y > top, ramp(palette, tone - 0.12 * smoothstep(30, 160, depth)), flow)


def sketch_night() -> Sketch:
    """From far to near: sky, hills, the lake, a field of wheat, cypresses."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    flow = wind(x, y)
    sky = paint_sky(x, y, flow)
    sketch = Sketch(sky, flow, np.zeros(x.shape))
    sketch = add_slope(sketch, x, y, ridge(x, 428, 44, 2), HILLS, 0.5)
    sketch = add_slope(sketch, x, y, ridge(x, 460, 20, 4), HILLS, 0.3)
    for lamp in LAMPS:
        color = ramp(GLOW, 1.05 - np.hypot(x - lamp, y - SHORE + 6) / 26)
        sketch = Sketch(mix(sketch.color, color, smoothstep(15, 9, np.hypot(x - lamp, y - SHORE + 6))), *sketch[1:])
    ripple = unit(np.ones_like(x), 0.12 * np.sin(x / 60 + y / 9))
    sketch = cover(sketch, y > SHORE, lake_color(x, y, sky, ripple), ripple)
    bank = BANK - 56 + 0.11 * x - 14 * np.sin(x / 160) - 8 * fractal(x / 60, y * 0, 2, 3)
    sketch = add_slope(sketch, x, y, bank, FIELD, 1.1)
    for tree in CYPRESSES:
        inside = flame(x, y, tree)
        lick = unit(0.7 * np.sin(y / 30 + x / 26) + 0.5 * np.sin(y / 67), -np.ones_like(y))
        moonlit = 0.3 * smoothstep(0.3, 0.0, inside) * (x > tree.x)
        sketch = cover(sketch, inside > 0, ramp(FLAME, 0.7 * streaks(lick, int(tree.x)) - 0.06 + moonlit), lick)
    return sketch
