"""What surfaces look like: plaster with windows, tiles, stone, wood, under the sun, the sky and the lamps."""

from typing import NamedTuple

import numpy as np
from painting.noise import Array, fractal, hash01, mix, noise, ramp, smoothstep
from painting.raster import Faces, Light
from painting.solids import GRASS, HULL, LAMP, LEAVES, PAVING, PLASTER, SAIL, STONE, TILES, WOOD

SHUTTERS = ["3f6b5a", "4a6a86", "7d3b2c", "5b5f3a", "39506a", "8a5a34"]
LAMPLIGHT = np.array([1.0, 0.46, 0.11])


class Spot(NamedTuple):
    """Points of surfaces, n of them: where they are on the face and in the harbor."""

    u: Array
    v: Array
    size: Array  # (n, 2)
    seed: Array
    place: Array  # (n, 3)
    color: Array  # (n, 3)


def spots_on(faces: Faces, index: Array, place: Array) -> Spot:
    away = place - faces.origin[index]
    u, v = (away * faces.u_axis[index]).sum(-1), (away * faces.v_axis[index]).sum(-1)
    return Spot(u, v, faces.size[index], faces.seed[index], place, faces.color[index])


def plaster(spot: Spot) -> tuple[Array, Array]:
    """A weathered wall with rows of windows, shutters beside them, some lit from inside: color and glow."""
    u, v, (width, height), seed = spot.u, spot.v, spot.size.T, spot.seed
    stain = fractal(u * 0.9 + seed, v * 0.35, 4, 1) - 0.5 + 0.6 * (fractal(u * 3 + seed, v * 3, 3, 2) - 0.5)
    color = spot.color * (1 + 0.34 * stain - 0.28 * smoothstep(1.2, 0, v))[:, None]
    columns, storeys = np.maximum(np.round(width / 2.3), 1), np.maximum(np.round(height / 2.75), 1)
    across, up = u / width * columns, v / height * storeys
    cell = hash01(seed, np.floor(across), np.floor(up), 5)
    x, y = (across % 1 - 0.5) * width / columns, (up % 1 - 0.52) * height / storeys
    tall = np.where(up < 1, 0.85, 0.68)
    wide = np.where(up < 1, 0.52, 0.44)
    there = (height > 5) & (cell > 0.10)
    frame = there & (np.abs(x) < wide + 0.13) & (np.abs(y) < tall + 0.13)
    glass = there & (np.abs(x) < wide) & (np.abs(y) < tall)
    bars = (np.abs(x) < 0.05) | (np.abs((y + 0.34) % 0.68 - 0.34) < 0.04)
    shutter = there & (up > 1) & (np.abs(np.abs(x) - wide - 0.36) < 0.25) & (np.abs(y) < tall + 0.05)
    sill = there & (np.abs(x) < wide + 0.25) & (np.abs(y + tall + 0.17) < 0.09)
    slats = 0.8 + 0.2 * np.sign(np.sin(y * 40))
    painted = np.array([ramp(SHUTTERS, np.linspace(0, 1, 6))[int(6 * h)] for h in (0.0, 0.2, 0.4, 0.6, 0.75, 0.9)])
    which = (hash01(seed, 8) * 6).astype(int)
    color = np.where(shutter[:, None], painted[which] * slats[:, None], color)
    color = np.where((frame | sill)[:, None], 0.85 * np.array([0.95, 0.92, 0.86]), color)
    color = np.where((frame & (y > tall - 0.02) | (sill & (y + tall + 0.22 < 0)))[:, None], color * 0.55, color)
    dark = np.array([0.07, 0.09, 0.14]) + 0.10 * smoothstep(-0.5, 0.7, y)[:, None]
    color = np.where((glass & ~bars)[:, None], dark, color)
    half_timbered = (hash01(seed, 9) > 0.72) & (up > 1) & ~shutter & ~frame
    lean = np.abs(np.abs(across % 1 - 0.5) - 0.5) * width / columns
    beams = (lean < 0.10) | (np.abs(up % 1 - 0.03) < 0.045) | (np.abs(lean - 0.32 * (up % 1) - 0.05) < 0.07)
    color = np.where((half_timbered & beams)[:, None], np.array([0.33, 0.22, 0.16]), color)
    lit = glass & ~bars & (cell > 0.58)
    warmth = (0.7 + 0.7 * hash01(seed, np.floor(across), 6)) * (1 - 0.45 * np.abs(x) / wide) * (1.1 - 0.5 * y)
    return color, np.where(lit, warmth, 0.0)[:, None] * LAMPLIGHT * 1.5


def tiles(spot: Spot) -> Array:
    """Courses of roof tiles, each tile a little different, with moss and soot in places."""
    course = np.floor(spot.v / 0.42)
    column = np.floor(spot.u / 0.36 + 0.5 * (course % 2))
    single = 0.75 + 0.5 * hash01(course, column, spot.seed)
    edge = 0.72 + 0.36 * smoothstep(0, 0.5, spot.v / 0.42 % 1) - 0.12 * (np.abs(spot.u / 0.36 % 1 - 0.5) > 0.38)
    patch = fractal(spot.u * 0.7 + spot.seed, spot.v * 0.7, 3, 4)
    moss = 0.5 * smoothstep(0.56, 0.75, patch)
    color = spot.color * (single * edge * (0.75 + 0.5 * patch))[:, None]
    return mix(color, color * [0.75, 1.1, 0.7], moss)


def stone(spot: Spot) -> Array:
    """Blocks in courses, joints between them, darker and greener toward the water."""
    rough = fractal(spot.u * 3, spot.v * 3, 3, 6)
    course = np.floor(spot.v / 0.55 + 0.16 * (rough - 0.5))
    along = spot.u / 1.15 + hash01(course, 3)
    block = 0.72 + 0.5 * hash01(course, np.floor(along), spot.seed)
    joint = np.minimum(
        np.minimum(along % 1, 1 - along % 1) * 1.15, np.minimum(spot.v / 0.55 % 1, 1 - spot.v / 0.55 % 1) * 0.55
    )
    color = spot.color * (block * (0.62 + 0.38 * smoothstep(0.01, 0.06, joint)) * (0.7 + 0.6 * rough))[:, None]
    wet = smoothstep(1.1, 0.15, spot.place[:, 1] + 0.7 * (noise(spot.u * 0.8, spot.v) - 0.5))
    return mix(color, color * [0.36, 0.46, 0.38], wet)


def grass(spot: Spot) -> Array:
    x, _, z = spot.place.T
    patch, blade = fractal(x / 6, z / 6, 4, 7), noise(x * 3, z * 3, 8)
    color = ramp(["55682e", "74833a", "98984a", "b4a456"], patch * 1.2 - 0.1)
    return color * (0.7 + 0.5 * blade)[:, None]


def planks(spot: Spot) -> Array:
    """Boards across, with grain along them."""
    board = np.floor(spot.v / 0.24)
    grain = noise(spot.u * 1.5, spot.v * 22, 9)
    return spot.color * ((0.75 + 0.4 * hash01(board, spot.seed, 2)) * (0.75 + 0.4 * grain))[:, None]


def paving(spot: Spot) -> Array:
    x, _, z = spot.place.T
    cobble = hash01(np.floor(x / 0.5), np.floor(z / 0.5), 4)
    return spot.color * (0.62 + 0.3 * cobble + 0.3 * fractal(x / 3, z / 3, 3, 5))[:, None]


def hull(spot: Spot) -> Array:
    """Planks with seams, red below the waterline and a pale stripe above it."""
    height = spot.place[:, 1]
    seam = smoothstep(0.0, 0.25, np.abs(height / 0.17 % 1 - 0.5))
    worn = 0.8 + 0.35 * fractal(spot.place[:, 0] * 1.5 + spot.place[:, 2], height * 4, 4, 11)
    color = spot.color * (worn * (0.8 + 0.2 * seam))[:, None]
    color = mix(color, np.array([0.86, 0.80, 0.70]) * worn[:, None], smoothstep(0.24, 0.22, height))
    return mix(color, np.array([0.42, 0.17, 0.12]) * worn[:, None], smoothstep(0.15, 0.13, height))


TEXTURES = {HULL: hull, TILES: tiles, STONE: stone, GRASS: grass, WOOD: planks, PAVING: paving}


def color_and_glow(faces: Faces, index: Array, place: Array) -> tuple[Array, Array]:
    """What the surface reflects and what it shines by itself."""
    color, glow, material = faces.color[index].copy(), np.zeros((len(index), 3)), faces.material[index]
    for kind, texture in TEXTURES.items():
        here = np.flatnonzero(material == kind)
        color[here] = texture(spots_on(faces, index[here], place[here]))
    here = np.flatnonzero(material == PLASTER)
    color[here], glow[here] = plaster(spots_on(faces, index[here], place[here]))
    here = np.flatnonzero(material == LAMP)
    glow[here] = 5.0 * color[here]
    return np.maximum(color, 0.0) ** 2.2, glow


def shade(faces: Faces, index: Array, place: Array, eye: Array, lights: list[Light], lamps: Array) -> Array:
    """Light (n, 3) that leaves the points of the given faces toward the eye."""
    color, glow = color_and_glow(faces, index, place)
    material, normal = faces.material[index], faces.normal[index]
    away = ((eye - place) * normal).sum(-1) < 0
    normal = np.where((away & (material != LEAVES))[:, None], -normal, normal)
    # Cloth and leaves let light through.
    through = np.where(material == SAIL, 0.55, np.where(material == LEAVES, 0.25, 0.0))
    received = np.zeros_like(color)
    for light in lights:
        facing = normal @ light.toward
        # Bent cloth would throw the steps of the light's map onto itself, so it looks past its own belly.
        lift = np.where(material == SAIL, 0.8 * np.sign(facing), 0.12)[:, None] * normal
        facing = np.maximum(facing, 0) + through * np.maximum(-facing, 0)
        seen = np.flatnonzero(facing > 0)
        seen = seen[light.reaches((place + lift)[seen] + 0.3 * light.toward)]
        received[seen] += facing[seen, None] * light.color
    for lamp in lamps:
        near = np.flatnonzero(((place - lamp) ** 2).sum(-1) < 14.0**2)
        toward = lamp - place[near]
        square = (toward**2).sum(-1)
        facing = (normal[near] * toward).sum(-1) / np.sqrt(square + 1e-6)
        received[near] += (np.maximum(facing, 0) * 9 / (square + 1.5))[:, None] * LAMPLIGHT
    return color * received + glow
