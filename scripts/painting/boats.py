"""What floats and flies: sailing boats, rowing boats, gulls."""

from typing import NamedTuple

import numpy as np
from painting.noise import Array, color_of
from painting.raster import Faces, join
from painting.solids import HULL, LAMP, PAINT, SAIL, UP, WOOD, box, pole, quads, strips
from painting.village import figure


class Boat(NamedTuple):
    x: float
    z: float
    heading: float  # radians; 0 looks to the right
    length: float
    hull: str
    sail: str | None = None
    mast: bool = True


LAMPLIGHT = np.array([0.9, 0.62, 0.3])
BOATS = [
    Boat(9.9, 34, 2.8, 9.0, "2a5a78", "dba468"),
    Boat(-5.2, 44, 0.5, 7.5, "e8e0d0", None),
    Boat(1.6, 62, 0.2, 8.0, "8e3b2c", "efe4cc"),
    Boat(-12.6, 56, 1.15, 7.0, "2f5f4a", None),
    Boat(-7.6, 74, 1.0, 7.5, "3a5a80", None),
    Boat(15.5, 88, 0.5, 8.5, "f0ead8", None),
    Boat(4.0, 94, 0.4, 7.0, "a06a34", None),
    Boat(29.0, 82, 2.9, 7.5, "4c3a34", "b5523a"),
    Boat(131.0, 270, 2.9, 11.0, "5a4a44", "f0dcc0"),
    Boat(143.0, 330, 0.2, 11.0, "5a4a44", "e8c8a0"),
    Boat(-4.6, 21.5, 0.35, 4.4, "b8703a", None, False),
    Boat(1.2, 29.5, 2.5, 4.0, "6a8a94", None, False),
]


def hull_grid(boat: Boat, sections: int = 44, ribs: int = 19) -> Array:
    """Points (sections, ribs, 3) of a hull along x, bow at the right: from rail to keel to rail."""
    t = np.linspace(0, 1, sections)[:, None]
    s = np.linspace(-1, 1, ribs)[None, :]
    beam = boat.length * 0.165 * (1 - np.abs(2 * t - 0.86).clip(0, None) ** 2.6 / 1.45) * (1 - t**9)
    sheer = boat.length * (0.085 + 0.075 * (t - 0.42).clip(0, None) ** 2 * 4 + 0.03 * (0.42 - t).clip(0, None) * 3)
    keel = -0.045 * boat.length * (1 - t**6)
    x = (t - 0.5) * boat.length + 0.06 * boat.length * t**6 * (np.abs(s) ** 2) + 0 * s
    y = keel + (sheer - keel) * np.abs(s) ** 2.2
    z = beam * np.sign(s) * np.abs(s) ** 0.62
    return np.stack(np.broadcast_arrays(x, y, z), axis=-1)


def sail(low_front: Array, low_back: Array, top: Array, belly: float, color: Array) -> Faces:
    """A triangle of sewn panels that the wind fills."""
    i, j = np.mgrid[0:1:34j, 0:1:20j][..., None]
    flat = low_front * (1 - i) * (1 - j) + low_back * (1 - i) * j + top * i
    swell = belly * np.sin(np.pi * j**0.8) * np.sin(np.pi * (0.12 + 0.88 * i)) * (1 - 0.4 * i)
    panels = np.where(np.arange(33) % 5 == 0, 0.86, 0.97 + 0.03 * (np.arange(33) // 5 % 2))
    return strips(flat + swell * np.array([0.1, 0, 1.0]), SAIL, color * np.repeat(panels, 19)[:, None])


def make_rig(boat: Boat, deck: float) -> list[Faces]:
    """Mast, boom, ropes, and the sail, set or furled."""
    length, wood, rope = boat.length, color_of("7a5434"), color_of("4a3c34")
    foot, top = np.array([0.08 * length, deck - 0.2, 0]), np.array([0.06 * length, 1.28 * length, 0])
    tack, clew = foot + UP * 0.16 * length, np.array([-0.46 * length, deck + 0.2 * length, 0.05 * length])
    bow, stern = np.array([0.53 * length, deck + 0.06 * length, 0]), np.array([-0.5 * length, deck, 0])
    parts = [pole(foot, top, 0.012 * length, WOOD, wood, 0.55), pole(tack, clew, 0.008 * length, WOOD, wood)]
    ropes = [(bow, top), (stern, top), (clew, top), (clew, stern)]
    ropes += [(np.array([0.04 * length, deck, side * 0.15 * length]), top * 0.9) for side in (-1, 1)]
    parts += [pole(a, b, 0.022, PAINT, rope, 1, 3) for a, b in ropes]
    cross = top * [1, 0.62, 1]
    parts.append(pole(cross - [0, 0, 0.07 * length], cross + [0, 0, 0.07 * length], 0.03, WOOD, wood))
    if boat.sail is None:
        cloth = color_of("d8cbb4")
        parts.append(pole(tack + UP * 0.02 * length, clew + UP * 0.02 * length, 0.026 * length, SAIL, cloth, 0.5, 7))
    else:
        cloth = color_of(boat.sail)
        parts.append(
            sail(tack + UP * 0.02 * length, clew + UP * 0.03 * length, top * [1, 0.97, 1], 0.07 * length, cloth)
        )
        parts.append(
            sail(
                bow + UP * 0.03 * length,
                foot + [0.0, 0.14 * length, 0.1 * length],
                top * [1, 0.86, 1],
                0.05 * length,
                cloth,
            )
        )
    return parts


def make_boat(boat: Boat) -> Faces:
    """Hull, rail and deck, then either cabin and rig, or thwarts and oars."""
    grid, length, right = hull_grid(boat), boat.length, np.array([1.0, 0, 0])
    deck = 0.085 * length
    inset = np.stack([grid[:, 0], grid[:, -1]], axis=1) - UP * 0.025 * length
    parts = [strips(grid, HULL, color_of(boat.hull)), strips(inset, WOOD, color_of("9a7650"))]
    for side in (0, -1):
        rail = np.stack([grid[:, side] + UP * 0.03, grid[:, side] - UP * (0.012 * length + 0.02)], axis=1)
        parts.append(strips(rail * [1, 1, 1.03], WOOD, color_of("d8b888")))
    if boat.mast:
        size = (0.24 * length, 0.085 * length, 0.15 * length)
        parts.append(box(right * -0.1 * length + UP * (deck - 0.1), right, size, WOOD, color_of("e4d6ba")))
        lid = right * -0.1 * length + UP * (deck - 0.1 + size[1])
        parts.append(box(lid, right, (size[0] + 0.15, 0.07, size[2] + 0.15), WOOD, color_of("a8744a")))
        for offset in (-0.16, -0.1, -0.04):
            window = right * offset * length + UP * (deck + 0.025 * length)
            parts.append(box(window, right, (0.035 * length, 0.03 * length, 0.153 * length), LAMP, LAMPLIGHT * 0.3))
        parts.append(figure(np.array([-0.33 * length, deck - 0.25, 0]), color_of("39506e")))
        return place(join(parts + make_rig(boat, deck)), boat)
    for offset in (-0.25, 0.0, 0.22):
        parts.append(
            box(right * offset * length + UP * deck, right, (0.28, 0.06, 0.26 * length), WOOD, color_of("c79a62"))
        )
    for side in (-1, 1):
        blade = np.array([-1.4, deck + 0.15, side * 0.75])
        parts.append(pole(np.array([0.3, deck + 0.25, side * 0.2]), blade, 0.04, WOOD, color_of("d8b880")))
    return place(join(parts), boat)


def place(faces: Faces, boat: Boat) -> Faces:
    """From the boat's own coordinates to the harbor's."""
    cos, sin = np.cos(boat.heading), np.sin(boat.heading)
    turn = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    shift = np.array([boat.x, 0, boat.z])
    turned = {name: getattr(faces, name) @ turn for name in ("normal", "u_axis", "v_axis")}
    return faces._replace(corners=faces.corners @ turn + shift, origin=faces.origin @ turn + shift, **turned)


def make_gulls() -> Faces:
    """A few gulls, each a pair of bent wings."""
    rng = np.random.default_rng(4)
    wings = []
    for _ in range(11):
        center = np.array([rng.uniform(2, 34), rng.uniform(15, 30), rng.uniform(62, 90)])
        lean, span = rng.uniform(-0.5, 0.5), rng.uniform(0.9, 1.4)
        chord = np.array([0.10, 0.12, 0.32])
        for side in (-1, 1):
            elbow = center + span * np.array([0.55 * side, 0.32 + lean * side * 0.3, 0.05])
            tip = center + span * np.array([1.25 * side, 0.12 + lean * side * 0.6, -0.25])
            wings += [np.stack([center, elbow, elbow + chord + UP * 0.16, center + chord + UP * 0.14])]
            wings += [np.stack([elbow, tip, tip, elbow + chord + UP * 0.16])]
    return quads(np.stack(wings), PAINT, color_of("f0e8e0"))
