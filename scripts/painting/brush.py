"""Oil paint: thousands of curved strokes that follow a sketch, from broad to fine, lit from the upper left."""

from typing import NamedTuple

import numpy as np
from painting.noise import Array, blur, mix, smoothstep
from PIL import Image

DETAIL = 2  # canvas points per pixel of the finished picture, a side


class Sketch(NamedTuple):
    """What the brush follows, for every pixel of the picture."""

    color: Array  # (h, w, 3)
    flow: Array  # (h, w, 2), unit vectors (x, y)
    ground: Array  # (h, w), which part of the picture, counted from far to near


class Brush(NamedTuple):
    """How strokes of one size are laid: how far apart, how large, in pixels, and how freely colored."""

    spacing: float
    width: float
    length: float
    freedom: float


class Strokes(NamedTuple):
    """Strokes in the order they are put down (or, without the first axis, one of them)."""

    path: Array  # (n, points, 2), (x, y)
    color: Array  # (n, 3)
    second: Array  # (n, 3), the other color on the same brush
    width: Array  # (n,)


BRUSHES = [Brush(14, 28, 130, 0.03), Brush(9, 15, 88, 0.06), Brush(9, 10, 62, 0.10), Brush(10, 6, 44, 0.15)]


def at(field: Array, points: Array) -> Array:
    """The values of a field at points (n, 2), those outside taken to the border."""
    rows, columns = field.shape[:2]
    column, row = points[:, 0].clip(0, columns - 1), points[:, 1].clip(0, rows - 1)
    return field[row.astype(int), column.astype(int)]


def follow(start: Array, sketch: Sketch, length: Array, points: int = 8) -> Array:
    """Paths (n, points, 2) of given lengths from the starts along the flow; they halt where their ground ends."""
    ground, step = at(sketch.ground, start), length[:, None] / (points - 1)
    heading = at(sketch.flow, start) * np.sign(length)[:, None]
    here, path = start, [start]
    for _ in range(points - 1):
        ahead = at(sketch.flow, here + 0.5 * np.abs(step) * heading)
        ahead = ahead * np.where((ahead * heading).sum(-1) < 0, -1, 1)[:, None]
        there = here + np.abs(step) * ahead
        inside = (at(sketch.ground, there) == ground)[:, None]
        here, heading = np.where(inside, there, here + 0.05 * (there - here)), ahead
        path.append(here)
    return np.stack(path, axis=1)


def lay(sketch: Sketch, brush: Brush, rng: np.random.Generator) -> tuple[Strokes, Array]:
    """Strokes of one brush, one per cell of a shaken grid, and the ground of each."""
    rows, columns = sketch.ground.shape
    y, x = np.mgrid[0 : rows : brush.spacing, 0 : columns : brush.spacing]
    start = np.stack([x.ravel(), y.ravel()], axis=-1) + rng.uniform(-0.8, 0.8, (x.size, 2)) * brush.spacing
    # A broad brush stays away from the outlines; finer ones fill what it leaves.
    room = (brush.width / 2 - 2) * np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])
    start = start[np.all([at(sketch.ground, start + d) == at(sketch.ground, start) for d in room], axis=0)]
    n = len(start)
    half = brush.length / 2 * rng.uniform(0.55, 1.15, n)
    path = np.concatenate([follow(start, sketch, -half)[:, :0:-1], follow(start, sketch, half)], axis=1)
    light = brush.freedom * (rng.normal(0, 1, (n, 1)).clip(-2, 2) + rng.normal(0, 0.35, (n, 3)))
    color = np.clip(at(sketch.color, start) * (1 + light) + 0.4 * light, 0, 1)
    second = np.clip(color * (1 + rng.normal(0, 0.22, (n, 1))) + rng.normal(0, 0.05, (n, 3)), 0, 1)
    return Strokes(path, color, second, brush.width * rng.uniform(0.7, 1.2, n)), at(sketch.ground, start)


def plan(sketch: Sketch, rng: np.random.Generator) -> Strokes:
    """All strokes: far grounds before near ones, broad brushes before fine ones, else in no order."""
    laid = [lay(sketch, brush, rng) for brush in BRUSHES]
    rank = np.concatenate([ground * len(BRUSHES) + number for number, (_, ground) in enumerate(laid)])
    order = np.argsort(rank + rng.uniform(0, 0.99, len(rank)))
    return Strokes(*(np.concatenate(field)[order] for field in zip(*(strokes for strokes, _ in laid), strict=True)))


def make_bristles(rng: np.random.Generator, kinds: int = 24) -> Array:
    """Textures of a loaded brush, (kind, along, across) in [0, 1]: long streaks, uneven along their way."""
    along, across = np.fft.fftfreq(256)[:, None], np.fft.fftfreq(64)[None, :]
    window = np.exp(-((along * 60) ** 2) - (across * 4.5) ** 2)
    streaky = np.fft.ifft2(np.fft.fft2(rng.standard_normal((kinds, 256, 64))) * window).real
    return np.clip(0.5 + 0.27 * streaky / streaky.std(), 0, 1)


def stroke_mesh(stroke: Strokes) -> tuple[Array, Array, Array]:
    """Canvas points (along, across, 2) that cover a stroke without a gap, with where they are along and across."""
    path, width = stroke.path * DETAIL, float(stroke.width) * DETAIL
    length = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    u, v = np.linspace(0, 1, max(int(length * 1.5), 8)), np.linspace(-1, 1, max(int(width * 1.5), 6))
    spot = np.linspace(0, 1, len(path))
    center = np.stack([np.interp(u, spot, path[:, i]) for i in (0, 1)], axis=-1)
    tangent = np.gradient(center, axis=0)
    normal = tangent[:, ::-1] * [-1, 1] / (np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-9)
    taper = np.sqrt(np.clip(1 - (np.abs(u - 0.45) / 0.56) ** 4, 0.05, 1)) * width / 2
    return center[:, None] + normal[:, None] * (taper[:, None] * v)[..., None], u[:, None], v[None, :]


def put_down(canvas: Array, relief: Array, stroke: Strokes, bristles: Array) -> None:
    """One stroke onto the canvas: color where the bristles touch, and paint that piles up in ridges."""
    points, u, v = stroke_mesh(stroke)
    column = points[..., 0].clip(0, canvas.shape[1] - 1).astype(np.intp)
    row = points[..., 1].clip(0, canvas.shape[0] - 1).astype(np.intp)
    bristle = bristles[(u * 255).astype(int), ((v + 1) * 31.5).astype(int)]
    worn = np.maximum(0.75 * u**3, 0.5 * v**6) + 0.5 * (u < 0.03)
    cover = np.clip((bristle - worn + 0.12) * 5, 0, 1) * 0.95
    pile = (0.35 + 0.65 * bristle) * (0.7 + 0.5 * v * v) * np.sqrt(1.04 - v * v) + 0.3 * np.exp(-14 * u)
    paint = mix(stroke.color, stroke.second, smoothstep(0.45, 0.8, bristle))
    canvas[row, column] = mix(canvas[row, column], paint, cover)
    relief[row, column] = relief[row, column] * (1 - 0.75 * cover) + pile * cover


def light_paint(canvas: Array, relief: Array) -> Array:
    """Light from the upper left over the relief of the paint, with a small shine on the slopes that face it."""
    dy, dx = np.gradient(blur(relief, 0.9) * 3.4)
    normal = np.stack([-dx, -dy, np.ones_like(dx)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    diffuse = normal @ np.array([-0.48, -0.56, 0.67]) / 0.67
    shine = np.clip(normal @ np.array([-0.27, -0.32, 0.91]), 0, 1) ** 80
    lit = canvas * np.clip(0.36 + 0.64 * diffuse, 0.3, 1.35)[..., None]
    return np.clip(lit + 0.10 * (shine - 0.3)[..., None] * (0.15 + canvas), 0, 1)


def paint(sketch: Sketch, seed: int) -> Image.Image:
    """The sketch as an oil painting, of the sketch's size."""
    rng = np.random.default_rng(seed)
    rows, columns = sketch.ground.shape
    canvas = np.tile(np.array([0.08, 0.11, 0.26]), (rows * DETAIL, columns * DETAIL, 1))
    relief = np.zeros(canvas.shape[:2])
    bristles = make_bristles(rng)
    for stroke in zip(*plan(sketch, rng), strict=True):
        put_down(canvas, relief, Strokes(*stroke), bristles[rng.integers(len(bristles))])
    picture = Image.fromarray((light_paint(canvas, relief) * 255 + 0.5).astype(np.uint8))
    return picture.resize((columns, rows), Image.Resampling.LANCZOS)
