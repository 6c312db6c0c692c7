"""Shapes made of flat faces: boxes, bars, bent surfaces."""

import numpy as np
from painting.noise import Array
from painting.raster import Faces

PLASTER, TILES, STONE, GRASS, LEAVES, WOOD, PAINT, SAIL, LAMP, PAVING, HULL = range(11)
UP = np.array([0.0, 1, 0])


def quads(
    corners: Array | list[Array], material: int, color: Array | tuple[float, float, float], seed: Array | int = 0
) -> Faces:
    """Two triangles for each of (n, 4, 3) corners, which go around; u runs along the first side."""
    corners = np.asarray(corners, dtype=float).reshape(-1, 4, 3)
    n = len(corners)
    u_axis, u_size = unit_and_length(corners[:, 1] - corners[:, 0])
    normal, _ = unit_and_length(np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]))
    v_axis = np.cross(normal, u_axis)
    v_axis *= np.where(((corners[:, 3] - corners[:, 0]) * v_axis).sum(-1) < 0, -1, 1)[:, None]
    v_size = np.abs(((corners[:, 2] - corners[:, 0]) * v_axis).sum(-1))
    size = np.stack([u_size, v_size], axis=-1)
    color, seeds = np.broadcast_to(color, (n, 3)), np.broadcast_to(seed, n)
    fields = [normal, corners[:, 0], u_axis, v_axis, size, color, np.full(n, material), seeds]
    triangles = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    return Faces(triangles, *(np.concatenate([field, field]) for field in fields))


def unit_and_length(vectors: Array) -> tuple[Array, Array]:
    length = np.linalg.norm(vectors, axis=-1)
    return vectors / (length[..., None] + 1e-12), length


def strips(grid: Array, material: int, color: Array) -> Faces:
    """A surface from a grid of points (rows, columns, 3)."""
    cells = np.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], axis=2)
    return quads(cells.reshape(-1, 4, 3), material, color)


def box(
    base: Array, along: Array, size: tuple[float, float, float], material: int, color: Array, seed: int = 0
) -> Faces:
    """A box of (width, height, depth) on `base`, the middle of its floor; width runs along the unit vector `along`."""
    width, height, depth = size
    right, up, back = along * width / 2, np.array([0.0, height, 0]), np.array([-along[2], 0, along[0]]) * depth / 2
    ring = np.stack([base - right - back, base + right - back, base + right + back, base - right + back])
    sides = [np.stack([ring[i], ring[(i + 1) % 4], ring[(i + 1) % 4] + up, ring[i] + up]) for i in range(4)]
    return quads(np.stack([*sides, ring + up]), material, color, seed)


def pole(
    bottom: Array, top: Array, radius: float, material: int, color: Array, taper: float = 1.0, sides: int = 5
) -> Faces:
    """A round bar from `bottom` to `top`; `taper` is the radius there relative to the bottom."""
    axis = (top - bottom) / np.linalg.norm(top - bottom)
    right = np.cross(axis, [0.31, 0.2, 0.93])
    right /= np.linalg.norm(right)
    angle = np.linspace(0, 2 * np.pi, sides + 1)[:, None]
    ring = radius * (np.cos(angle) * right + np.sin(angle) * np.cross(axis, right))
    low, high = bottom + ring, top + ring * taper
    return quads(np.stack([low[:-1], low[1:], high[1:], high[:-1]], axis=1), material, color)
