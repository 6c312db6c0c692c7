"""Triangles seen from somewhere: which one is nearest at each pixel, and which points a light can see."""

from typing import NamedTuple

import numpy as np
from painting.noise import Array


class Faces(NamedTuple):
    """Triangles, each with a flat coordinate system of its own for the texture: (u, v) in meters from `origin`."""

    corners: Array  # (n, 3, 3), (x right, y up, z forward)
    normal: Array  # (n, 3)
    origin: Array  # (n, 3)
    u_axis: Array  # (n, 3)
    v_axis: Array  # (n, 3)
    size: Array  # (n, 2), how far u and v reach
    color: Array  # (n, 3)
    material: Array  # (n,)
    seed: Array  # (n,)


class View(NamedTuple):
    """A camera that looks along z, upright, with the horizon at any row it likes (as a view camera does)."""

    eye: Array
    focal: float
    width: int
    height: int
    horizon: float

    def rays(self) -> Array:
        """Directions (height, width, 3) with z = 1."""
        y, x = np.mgrid[: self.height, : self.width] + 0.5
        return np.stack([(x - self.width / 2) / self.focal, (self.horizon - y) / self.focal, np.ones_like(x)], axis=-1)

    def project(self, points: Array) -> tuple[Array, Array]:
        """Pixels (..., 2) and nearness 1 / z, which is linear on the screen; 0 behind the camera."""
        x, y, z = np.moveaxis(points - self.eye, -1, 0)
        nearness = np.where(z > 0.5, 1 / np.maximum(z, 0.5), 0)
        pixels = [self.width / 2 + self.focal * x * nearness, self.horizon - self.focal * y * nearness]
        return np.stack(pixels, axis=-1), nearness


def join(parts: list[Faces]) -> Faces:
    return Faces(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def rasterize(pixels: Array, nearness: Array, height: int, width: int) -> tuple[Array, Array]:
    """The nearest triangle at each pixel (-1 for none) and its nearness, from corners (n, 3, 2) and (n, 3).

    Triangles whose bounding boxes round to the same powers of two are tested together, box by box.
    """
    low = np.floor(pixels.min(axis=1)).clip(0, [width, height]).astype(int)
    high = np.ceil(pixels.max(axis=1)).clip(0, [width, height]).astype(int)
    nearest, face = np.zeros(height * width), np.full(height * width, -1)
    seen = np.flatnonzero((high > low).all(axis=1) & (nearness > 0).all(axis=1))
    boxes = 2 ** np.ceil(np.log2((high - low)[seen])).astype(int)
    for box in np.unique(boxes, axis=0):
        group = seen[(boxes == box).all(axis=1)]
        for part in np.array_split(group, 1 + len(group) * box.prod() // 2_000_000):
            x = low[part, 0, None, None] + np.arange(box[0])[None, None, :]
            y = low[part, 1, None, None] + np.arange(box[1])[None, :, None]
            inside, depth = cover(pixels[part], nearness[part], x + 0.5, y + 0.5)
            inside &= (x < width) & (y < height)
            which, row, column = np.nonzero(inside)
            place, depth = y[which, row, 0] * width + x[which, 0, column], depth[inside]
            order = np.argsort(depth)
            order = order[depth[order] > nearest[place[order]]]
            # Where several land on one pixel, the last one written stays: the nearest.
            nearest[place[order]], face[place[order]] = depth[order], part[which[order]]
    return face.reshape(height, width), nearest.reshape(height, width)


def cover(pixels: Array, nearness: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Whether points (n, rows, columns) lie inside their triangle, and its nearness there."""
    (ax, ay), (bx, by), (cx, cy) = (pixels[:, i].T[:, :, None, None] for i in range(3))
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    area = np.where(area == 0, 1e-12, area)
    b = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
    c = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
    na, nb, nc = (nearness[:, i, None, None] for i in range(3))
    return (b >= 0) & (c >= 0) & (b + c <= 1), na + b * (nb - na) + c * (nc - na)


class Light(NamedTuple):
    """Parallel light, with a map of what it sees first."""

    toward: Array  # (3,), unit vector to the light
    color: Array  # (3,)
    axes: Array  # (3, 3), rows: right and up in the map, toward the light
    corner: Array  # (2,), the map's lowest coordinates
    cell: float  # meters per point of the map
    depth: Array

    def reaches(self, points: Array) -> Array:
        """Which of the points (n, 3) nothing shades."""
        place = points @ self.axes.T
        cells = (place[:, :2] - self.corner) / self.cell
        column, row = (cells[:, i].astype(int).clip(0, self.depth.shape[1 - i] - 1) for i in (0, 1))
        return place[:, 2] + 1000 > self.depth[row, column] - self.cell


def make_light(faces: Faces, toward: Array, color: Array, cell: float) -> Light:
    """A light from afar; its map has one point per `cell` meters."""
    toward = toward / np.linalg.norm(toward)
    right = np.cross([0.02, 1, 0.01], toward)
    right /= np.linalg.norm(right)
    axes = np.stack([right, np.cross(toward, right), toward])
    place = faces.corners @ axes.T
    corner = place[..., :2].min(axis=(0, 1))
    width, height = np.ceil((place[..., :2].max(axis=(0, 1)) - corner) / cell).astype(int) + 1
    _, depth = rasterize((place[..., :2] - corner) / cell, place[..., 2] + 1000, height, width)
    return Light(toward, color, axes, corner, cell, depth)
