"""The land: shoreline, quay, hill, trees, and the mole with its lighthouse."""

import numpy as np
from painting.noise import Array, color_of, fractal, smoothstep
from painting.raster import Faces, join
from painting.solids import GRASS, LAMP, LEAVES, PAINT, PAVING, STONE, UP, WOOD, box, pole, quads

QUAY = 1.9  # height of the quay above the water


def bezier(points: list[tuple[float, float]], t: Array) -> Array:
    """A cubic curve (n, 2) of four points."""
    a, b, c, d = np.array(points, dtype=float)
    s, t = 1 - t[:, None], t[:, None]
    return s**3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t**3 * d


def shoreline() -> tuple[Array, Array]:
    """Points (n, 2) of the water's edge in (x, z), and unit vectors inland."""
    t = np.linspace(0, 1, 90)
    harbor = bezier([(-38, 6), (-14, 66), (-12, 104), (36, 116)], t)
    headland = bezier([(36, 116), (58, 122), (56, 150), (40, 230)], t[1:])
    points = np.concatenate([harbor, headland])
    along = np.gradient(points, axis=0)
    inland = along[:, ::-1] * [-1, 1]
    return points, inland / np.linalg.norm(inland, axis=1, keepdims=True)


SHORE, INLAND = shoreline()


def inland_distance(x: Array, z: Array) -> Array:
    points = np.stack(np.broadcast_arrays(x, z), axis=-1)
    return np.linalg.norm(points[..., None, :] - SHORE, axis=-1).min(axis=-1)


def ground(x: Array, z: Array) -> Array:
    """Height of the land: a level quay, then a hill that is highest behind the church and low at the headland."""
    hill = 31 * np.exp(-(((x + 34) / 62) ** 2)) + 7
    rise = smoothstep(9, 84, inland_distance(x, z)) * hill
    return QUAY + rise + 1.6 * smoothstep(14, 30, inland_distance(x, z)) * (fractal(x / 17, z / 17, 3, 2) - 0.5)


def make_shore() -> Faces:
    """The quay wall, its coping and paving, and the hill behind."""
    offsets = np.array([0, 0.5, 3, 6.5, 10, 14, 18, 22, 27, 32, 38, 45, 52, 60, 70, 82, 96, 120])
    points = SHORE[:, None] + INLAND[:, None] * offsets[:, None]
    height = ground(points[..., 0], points[..., 1])
    height[:, :3] = QUAY
    grid = np.stack([points[..., 0], height, points[..., 1]], axis=-1)
    cells = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2)
    foot = np.where([True, False, True], grid[:, 0], -2.0)
    wall = np.stack([foot[:-1], foot[1:], grid[1:, 0], grid[:-1, 0]], axis=1)
    run = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(SHORE, axis=0), axis=1))])[:-1]
    walls = quads(wall, STONE, color_of("b09a82"))
    # The stones go on from one strip of the wall to the next.
    walls = walls._replace(origin=walls.origin - walls.u_axis * np.tile(run, 2)[:, None])
    paving = quads(cells[:, :3].reshape(-1, 4, 3), PAVING, color_of("b8a488"))
    return join([walls, paving, quads(cells[:, 3:].reshape(-1, 4, 3), GRASS, color_of("6a7a3e"))])


def tree(spot: Array, size: tuple[float, float], color: Array, rng: np.random.Generator, pointed: bool) -> Faces:
    """A cloud of leaves of the given (radius, height), each leaf turned as the tree's outside is at that place."""
    radius, height = size
    count = int(170 * (radius + height * 0.4))
    direction = rng.standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    lumps = 0.78 + 0.5 * fractal(direction[:, 0] * 2 + spot[0], direction[:, 1] * 2 + direction[:, 2] * 2, 2)
    reach = (rng.random(count) ** 0.2 * lumps)[:, None] * direction
    slim = np.where(pointed, (1 - 0.5 * (reach[:, 1] + 1)).clip(0.06, 1) ** 0.7 * 1.2, 1.0)[:, None]
    center = np.array([spot[0], float(ground(*spot)) + (0.5 if pointed else 0.72) * height, spot[1]])
    place = center + reach * [1, 0, 1] * slim * radius + reach * [0, 0.5, 0] * height
    a, b = rng.standard_normal((2, count, 1, 3)) * 0.27
    leaf = place[:, None] + np.concatenate([a + b, a - b, -a - b, b - a], axis=1)
    shade = color * (0.72 + 0.5 * rng.random((count, 1))) * (0.6 + 0.4 * np.linalg.norm(reach, axis=1, keepdims=True))
    leaves = quads(leaf, LEAVES, shade)
    trunk = pole(center - [0, height * 0.8, 0], center, 0.22, WOOD, color_of("5a4636"))
    outward = direction + 0.5 * rng.standard_normal(direction.shape)
    return join(
        [leaves._replace(normal=np.tile(outward / np.linalg.norm(outward, axis=1, keepdims=True), (2, 1))), trunk]
    )


def make_trees(gardens: Array, rng: np.random.Generator) -> Faces:
    """Trees in the free places, and a grove on the top of the hill and on the headland."""
    spots = list(gardens)
    spots += [SHORE[i] + INLAND[i] * rng.uniform(8, 60) for i in rng.integers(86, 140, 46)]
    spots += [np.array([x, 190 + rng.uniform(-14, 4)]) for x in rng.uniform(-95, 10, 34)]
    bushes = len(spots)
    spots += [SHORE[i] + INLAND[i] * rng.uniform(17, 80) for i in rng.integers(30, 95, 40)]
    parts = []
    for number, spot in enumerate(spots):
        pointed = rng.random() < 0.3 and number < bushes
        size = (
            (rng.uniform(0.9, 1.3), rng.uniform(6, 10)) if pointed else (rng.uniform(1.6, 3.2), rng.uniform(3.5, 5.5))
        )
        size = size if number < bushes else (size[0] * 0.6, size[1] * 0.35)
        color = color_of("3c5232") if pointed else color_of(rng.choice(["6e7f3c", "59703a", "86843e", "8a6a34"]))
        parts.append(tree(spot, size, color, rng, pointed))
    return join(parts)


def make_mole() -> Faces:
    """A breakwater of blocks from the right, and the lighthouse at its end."""
    rng = np.random.default_rng(11)
    start, end = np.array([47.0, 0, 118]), np.array([140.0, 0, 104])
    along = (end - start) / np.linalg.norm(end - start)
    stone = color_of("a8937c")
    parts = [box((start + end) / 2 - 2 * UP, along, (float(np.linalg.norm(end - start)), 4.6, 6.0), STONE, stone)]
    for step in np.arange(-3, 95, 1.5):
        turn = np.array([*rng.uniform(-1, 1, 1), 0, *rng.uniform(-1, 1, 1)])
        place = start + along * step + np.array([0, -0.9, -3.6]) + rng.uniform(-0.5, 0.5, 3)
        parts.append(
            box(place, turn / np.linalg.norm(turn), tuple(rng.uniform(1.2, 2.2, 3)), STONE, stone * rng.uniform(0.6, 1))
        )
    foot = start + along * 2.5 + 2.6 * UP
    white, red = color_of("f4ece0"), color_of("b8402e")
    for number in range(4):
        low, high = 1.95 - 0.16 * number, 1.95 - 0.16 * (number + 1)
        level = foot + UP * 2.6 * number
        parts.append(pole(level, level + 2.6 * UP, low, PAINT, red if number % 2 else white, high / low, 28))
    top = foot + 10.4 * UP
    parts.append(pole(top, top + 0.35 * UP, 2.0, PAINT, white * 0.9, 1, 24))
    parts.append(pole(top + 0.35 * UP, top + 1.9 * UP, 0.8, LAMP, np.array([1.0, 0.8, 0.42]), 1, 10))
    parts.append(pole(top + 1.9 * UP, top + 3.1 * UP, 1.15, PAINT, red, 0.05, 12))
    return join(parts)
