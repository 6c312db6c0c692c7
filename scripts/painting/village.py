"""What people built around the harbor: houses, a church, and what stands about on the quay."""

import numpy as np
from painting.noise import Array, color_of
from painting.raster import Faces, join
from painting.shore import INLAND, QUAY, SHORE, ground
from painting.solids import LAMP, PAINT, PLASTER, SAIL, STONE, TILES, UP, WOOD, box, pole, quads

WALLS = ["f2e2c0", "f0cfa0", "e9b98c", "e8a27c", "f4e9d6", "d9c6a8", "e6d08e", "cfd6cf", "f0c6b4", "dcae7a"]
ROOFS = ["a8502f", "96452c", "b55f38", "8a4a36", "7a4a40", "a35a3c", "6c5a5c"]
CHURCH = np.array([-19.0, 132.0])
IRON = color_of("2c2a2e")


def crosswise(along: Array) -> Array:
    """The level direction to the left of `along`."""
    return np.array([-along[2], 0, along[0]])


def roofed_box(
    base: Array, along: Array, size: tuple[float, float, float], rise: float, colors: Array, seed: int
) -> Faces:
    """Four walls under a gabled roof that overhangs them; the ridge runs along, `colors` are of wall and roof."""
    width, height, depth = size
    back, (wall, roof) = crosswise(along), colors
    eaves, ridge = base + UP * height, base + UP * (height + rise)
    parts = [box(base, along, size, PLASTER, wall, seed)]
    for side in (-1, 1):
        end, half = along * side * width / 2, back * depth / 2
        parts.append(quads([eaves + end - half, eaves + end + half, ridge + end, ridge + end], PLASTER, wall, seed + 1))
        over = along * (width / 2 + 0.05 * depth)
        low = eaves + back * side * depth * 0.56 - UP * (0.12 * rise - 0.06)
        crest, lip = ridge + 0.06 * UP, 0.22 * UP
        parts.append(quads([low - over, low + over, crest + over, crest - over], TILES, roof, seed))
        parts.append(quads([low - over - lip, low + over - lip, low + over, low - over], WOOD, roof * 0.6))
    return join(parts)


def house(base: Array, along: Array, size: tuple[float, float, float], rng: np.random.Generator, seed: int) -> Faces:
    """A house of (width, height, depth) whose front runs along: with a chimney, and dormers where eaves face front."""
    width, height, depth = size
    colors = np.stack([color_of(rng.choice(WALLS)), color_of(rng.choice(ROOFS))])
    front = -crosswise(along)
    gabled = rng.random() < 0.45
    if gabled:
        along, width, depth = front, depth, width
    rise = depth * rng.uniform(0.36, 0.52)
    parts = [roofed_box(base, along, (width, height, depth), rise, colors, seed)]
    top = base + along * rng.uniform(-0.3, 0.3) * width + UP * (height + 0.55 * rise)
    parts.append(box(top - front * 0.2 * depth, along, (0.9, rise * 0.5 + 1.0, 0.7), STONE, color_of("a4705a"), seed))
    if not gabled and rng.random() < 0.7:
        for shift in (-0.24, 0.24):
            spot = base + along * shift * width + front * 0.26 * depth + UP * (height + 0.22 * rise)
            parts.append(roofed_box(spot, front, (1.9, 1.25, 1.35), 0.6, colors, seed + 2))
            parts.append(
                panel(spot + front * 0.97 + UP * 0.2, along, 0.75, 0.9, LAMP, np.array([1.0, 0.5, 0.13]) * 0.22)
            )
    return join(parts)


def awning(base: Array, along: Array, depth: float, rng: np.random.Generator) -> Faces:
    """Striped cloth over a shop on the ground floor."""
    cloth, edges = color_of(rng.choice(["b0483a", "3f6f62", "41658c", "c8913c"])), np.linspace(-1.7, 1.7, 11)
    wall, front = base + UP * 2.9 - crosswise(along) * depth / 2, -crosswise(along) * 1.5 - UP * 0.75
    left, right = wall + along * edges[:-1, None], wall + along * edges[1:, None]
    stripes = np.where(np.arange(10)[:, None] % 2, cloth, color_of("eee2cc"))
    slope = quads(np.stack([left + front, right + front, right, left], axis=1), SAIL, stripes)
    hem = [left + front - UP * 0.3, right + front - UP * 0.3, right + front, left + front]
    return join([slope, quads(np.stack(hem, axis=1), SAIL, stripes * 0.9)])


def panel(
    foot: Array, along: Array, width: float, height: float, material: int, color: Array, point: float = 0
) -> Faces:
    """An upright rectangle above `foot`, or with a `point` above it, like a church window."""
    half, top = along * width / 2, UP * height
    peak = foot + UP * (height + point)
    low = quads([foot - half, foot + half, foot + half + top, foot - half + top], material, color)
    return join([low, quads([foot - half + top, foot + half + top, peak, peak], material, color)]) if point else low


def make_houses(rng: np.random.Generator) -> tuple[Faces, Array]:
    """Rows of houses along the quay and up the hill, and the places (n, 2) in between that stay free."""
    parts: list[Faces] = []
    gardens: list[Array] = []
    run = np.cumsum(np.linalg.norm(np.diff(SHORE[:112], axis=0), axis=1))
    for row, offset in enumerate([11.5, 24.5, 37, 49.5, 62.5, 76]):
        place = 24.0 + 1.5 * row
        while place < run[-1] - 4 - 3 * row:
            size = (rng.uniform(6.4, 9.2), rng.uniform(6.4, 9.6) - 0.3 * row, rng.uniform(7.4, 8.8))
            index = int(np.searchsorted(run, place + size[0] / 2))
            inland = INLAND[index]
            spot = SHORE[index] + inland * (offset + rng.uniform(-1.2, 1.2) * (row > 0))
            if not near_church(spot) and (row == 0 or rng.random() > 0.12):
                along = np.array([inland[1], 0, -inland[0]])
                front = spot - inland * size[2] / 2
                base = np.array([spot[0], float(min(ground(*front), ground(*spot))) - 0.1, spot[1]])
                parts.append(house(base, along, size, rng, seed=len(parts) * 7 + 1))
                if row == 0 and rng.random() < 0.5:
                    parts.append(awning(base, along, size[2], rng))
            if row and not near_church(spot):
                gardens.append(spot + inland * 5.5 + rng.uniform(-3.5, 3.5, 2))
            place += size[0] + float(rng.choice([0.05, 0.05, 1.4]) + (rng.uniform(0.5, 4.5) if row else 0))
    return join(parts), np.array(gardens)


def near_church(spot: Array) -> bool:
    return bool(np.linalg.norm(spot - CHURCH - [4.5, 4.0]) < 12)


def make_church() -> Faces:
    """A nave with tall windows, and a tower with a clock, a belfry and a tiled spire."""
    along = np.array([0.72, 0, 0.694])
    base = np.array([CHURCH[0], float(ground(*CHURCH)) - 0.5, CHURCH[1]])
    colors = np.stack([color_of("f0d8ac"), color_of("8c4630")])
    stone, dark = colors[0], np.array([0.09, 0.09, 0.15])
    nave = roofed_box(base + along * 9.5, along, (14, 8.5, 8.5), 5.2, colors, 5)
    parts = [nave._replace(material=np.where(nave.material == PLASTER, STONE, nave.material))]
    for step in (5.2, 8.4, 11.6, 14.8):
        parts.append(panel(base + along * step - crosswise(along) * 4.3 + UP * 2.6, along, 1.1, 2.6, PAINT, dark, 1.2))
    parts.append(box(base, along, (5.4, 19, 5.4), STONE, stone, 3))
    for level, grow in ((7.0, 0.35), (12.2, 0.35), (18.6, 0.8)):
        parts.append(box(base + UP * level, along, (5.4 + grow, 0.5, 5.4 + grow), PAINT, stone * 1.05))
    for side in (along, crosswise(along)):
        for face in (side * 2.75, side * -2.75):
            across = crosswise(side)
            parts += [panel(base + face + across * x + UP * 13.4, across, 1.0, 3.0, PAINT, dark, 0.9) for x in (-1, 1)]
            parts.append(panel(base + face + UP * 2.5, across, 0.7, 1.8, PAINT, dark, 0.6))
            hub = base + face + UP * 9.8
            parts.append(pole(hub, hub + face * 0.03, 1.25, PAINT, color_of("e8dcc0"), 0.02, 16))
            parts.append(pole(hub + face * 0.04, hub + face * 0.04 + UP * 1.0, 0.09, PAINT, dark))
            parts.append(pole(hub + face * 0.04, hub + face * 0.04 + across * 0.7, 0.09, PAINT, dark))
    top = base + UP * 19.1
    parts.append(pole(top, top + 11.5 * UP, 3.7, TILES, colors[1], 0.02, 8))
    parts.append(pole(top + 11.3 * UP, top + 13.6 * UP, 0.11, PAINT, color_of("e0b860")))
    return join(parts)


def lanterns() -> Array:
    """Where lamps hang, along the quay and on the landing stage: (n, 3)."""
    index = np.arange(26, 90, 6)
    spots = SHORE[index] + INLAND[index] * 1.4
    quay = np.stack([spots[:, 0], np.full(len(spots), QUAY + 3.6), spots[:, 1]], axis=-1)
    return np.concatenate([quay, [[8.5, 4.3, 17.6]]])


def figure(foot: Array, coat: Array) -> Faces:
    """Someone standing about."""
    side, hip, neck = np.array([0.1, 0, 0.05]), foot + UP * 0.8, foot + UP * 1.42
    legs = [pole(foot + side * k, hip + side * k, 0.09, PAINT, coat * 0.45, 1.1, 6) for k in (-1, 1)]
    arms = [
        pole(neck + side * 2.1 * k - UP * 0.08, hip + side * 2.6 * k, 0.06, PAINT, coat * 0.85, 0.8, 6) for k in (-1, 1)
    ]
    head = pole(neck + UP * 0.06, neck + UP * 0.26, 0.085, PAINT, color_of("d8a07c"), 1.2, 7)
    hat = pole(neck + UP * 0.25, neck + UP * 0.34, 0.14, PAINT, coat * 0.4, 0.5, 7)
    return join([*legs, *arms, pole(hip - UP * 0.1, neck, 0.17, PAINT, coat, 1.2, 8), head, hat])


def make_quayside(rng: np.random.Generator) -> Faces:
    """Lamp posts, people, barrels and crates, bollards, a jetty and a landing stage."""
    parts = []
    for lamp, floor in [(lamp, min(QUAY, lamp[1] - 3.2)) for lamp in lanterns()]:
        parts.append(pole(lamp * [1, 0, 1] + UP * floor, lamp - UP * 0.25, 0.07, PAINT, IRON))
        parts.append(pole(lamp - UP * 0.25, lamp + UP * 0.2, 0.17, LAMP, np.array([1.0, 0.60, 0.2]), 1.25, 8))
        parts.append(pole(lamp + UP * 0.2, lamp + UP * 0.5, 0.28, PAINT, IRON, 0.05, 8))
    for index in rng.integers(24, 90, 70):
        spot = SHORE[index] + INLAND[index] * rng.uniform(2.0, 5.5)
        base, size, kind = np.array([spot[0], QUAY, spot[1]]), rng.uniform(0.5, 1.0), rng.random()
        if kind < 0.4:
            parts.append(figure(base, color_of(rng.choice(["3a4a6a", "7a3b34", "4a4038", "8a7a58", "2f4a44"]))))
        elif kind < 0.7:
            parts.append(pole(base, base + UP * 1.1 * size, 0.45 * size, WOOD, color_of("8a5c36"), 0.9, 9))
        else:
            along = np.array([np.cos(index), 0, np.sin(index)])
            parts.append(box(base, along, (1.1 * size, 0.8 * size, 0.9 * size), WOOD, color_of("b08a58")))
    for index in range(22, 90, 4):
        base = np.array([SHORE[index][0], QUAY, SHORE[index][1]]) + np.array([*INLAND[index], 0])[[0, 2, 1]] * 0.35
        parts.append(pole(base, base + UP * 0.55, 0.2, PAINT, IRON, 0.8, 7))
    parts += make_jetty(np.array([-13.0, 0.75, 64.0]), np.array([0.93, 0, -0.36]), 13, 2.0)
    parts += make_jetty(np.array([6.2, 0.85, 16.2]), np.array([0.85, 0, 0.53]), 14, 2.6)
    stage = np.array([9.2, 1.1, 18.6])
    parts.append(pole(stage + [0.3, 0, 0.6], stage + [0.3, 1.0, 0.6], 0.38, WOOD, color_of("8a5c36"), 0.92, 12))
    parts.append(box(stage + [1.3, 0, 0.9], np.array([0.8, 0, 0.6]), (1.1, 0.6, 0.8), WOOD, color_of("b08a58")))
    return join(parts)


def make_jetty(start: Array, along: Array, length: float, width: float) -> list[Faces]:
    """Planks on posts, from `start` on."""
    wood, across = color_of("8a7054"), crosswise(along)
    parts = [
        box(start + along * (step + 0.15), across, (width, 0.22, 0.27), WOOD, wood, int(step * 10))
        for step in np.arange(0, length, 0.3)
    ]
    for step in np.arange(0.3, length, 2.5):
        for side in (-1, 1):
            foot = start + along * step + across * side * width / 2
            parts.append(pole(foot - UP * 2, foot + UP * 0.9, 0.16, WOOD, wood * 0.8, 0.9, 8))
    return parts
