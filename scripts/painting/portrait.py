"""A portrait photograph: a woman by a window, in front of a wall out of focus."""

from typing import NamedTuple

import numpy as np
from painting.bust import BODY, COAT, EYES, HAIR, HEAD, SCARF, SHAPES, SKIN, everything
from painting.complexion import eye_color, on_lips, skin_color
from painting.head import EYE
from painting.marching import march, normals, openness, shadow
from painting.night import streaks
from painting.noise import Array, blur, fractal, mix, smoothstep
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 600
DETAIL = 2  # rendered points per pixel, a side
FRAME, MIDDLE = 37.0, -3.2  # how many centimeters high the picture is, and where its middle is
CAMERA = np.float32([0, -1, 130])


def unit(vector: Array) -> Array:
    return vector / (np.linalg.norm(vector, axis=-1, keepdims=True) + 1e-9)


WINDOW, WALL = unit(np.float32([-0.62, 0.68, 0.75])), unit(np.float32([0.8, 0.1, 0.6]))
BEHIND = unit(np.float32([0.9, 0.1, -0.3]))
KEY, FILL, SKY = np.array([1.0, 0.93, 0.82]) * 1.18, np.array([0.15, 0.18, 0.23]), np.array([0.15, 0.155, 0.17])


class Seen(NamedTuple):
    """Points that the camera sees, n of them."""

    place: Array  # (n, 3)
    view: Array  # (n, 3), toward the camera
    normal: Array  # (n, 3)
    lit: Array  # (n,), how much of the window
    open: Array  # (n,), how much of everything else

    def only(self, which: Array) -> "Seen":
        return Seen(*(field[which] for field in self))

    def toward(self, light: Array) -> Array:
        return self.normal @ light

    def shine(self, light: Array, power: float) -> Array:
        """How nearly the light is mirrored into the camera."""
        return np.clip((self.normal * unit(light + self.view)).sum(-1), 0, 1) ** power

    def edge(self) -> Array:
        """1 where the surface is seen from the side."""
        return 1 - np.clip((self.normal * self.view).sum(-1), 0, 1)

    def soft_light(self) -> Array:
        """What comes from everywhere but the window."""
        wall = np.clip(0.4 + 0.6 * self.toward(WALL), 0, 1)[:, None]
        return FILL * wall + SKY * (0.7 + 0.3 * self.normal[:, 1:2])


def shade_skin(seen: Seen) -> Array:
    """Light that goes some way below the skin comes out red, at the edges of shadows too."""
    place = seen.place @ HEAD
    deep = np.array([0.32, 0.16, 0.11])
    straight = np.clip((seen.toward(WINDOW)[:, None] + deep) / (1 + deep), 0, 1) ** 1.1
    light = KEY * straight * seen.lit[:, None] ** [0.7, 1.0, 1.1]
    color = skin_color(place) * (light + seen.soft_light() * seen.open[:, None] ** [0.75, 1.0, 1.05])
    pores = 0.6 + 0.8 * fractal(place[:, 0] * 9, place[:, 1] * 9 + place[:, 2] * 5, 3, 31)
    gloss = 0.10 * (seen.shine(WINDOW, 16) + seen.shine(WINDOW, 50)) * pores * (1 + 1.6 * on_lips(place))
    gloss *= (0.42 + 0.78 * seen.edge() ** 4) * seen.lit * np.clip(3 * seen.toward(WINDOW), 0, 1)
    return color + gloss[:, None] * KEY


def shade_eyes(seen: Seen) -> Array:
    """Wet: the window and the wall are mirrored in them."""
    color = eye_color(seen.place @ HEAD, unit((CAMERA - HEAD @ EYE) @ HEAD))
    window = KEY * (0.62 * np.clip(0.35 + 0.65 * seen.toward(WINDOW), 0, 1) * np.maximum(seen.lit, 0.5))[:, None]
    glint = 3 * smoothstep(0.9955, 0.9985, seen.shine(unit(np.array([-0.42, 0.42, 0.8])), 1))
    glint += 0.2 * smoothstep(0.985, 0.996, seen.shine(WALL, 1))
    return color * (window + 0.8 * seen.soft_light()) + glint[:, None]


def strands(seen: Seen) -> Array:
    """Which way hairs lie."""
    return unit(np.cross(seen.normal, np.float32([0, 0.25, 1]) @ HEAD.T))


def shade_hair(seen: Seen, fine: Array, broad: Array) -> Array:
    """Chestnut, with the two shines of hair, across the strands; `fine` and `broad` differ from strand to strand."""
    along = strands(seen)

    def gleam(light: Array, shift: Array, power: float) -> Array:
        bent = unit(along + shift[:, None] * seen.normal)
        return np.clip(1 - (bent * unit(light + seen.view)).sum(-1) ** 2, 0, 1) ** (power / 2)

    shift, lit = 0.10 * fine + 0.06 * broad, (0.15 + 0.85 * seen.lit) * np.clip(2 * seen.toward(WINDOW) + 0.3, 0, 1)
    tone = np.array([0.060, 0.024, 0.012]) * np.clip(1 + 0.33 * fine + 0.3 * broad, 0.15, 2.5)[:, None]
    straight = np.sqrt(np.clip(1 - (along @ WINDOW) ** 2, 0, 1)) * np.clip(0.3 + 0.7 * seen.toward(WINDOW), 0, 1)
    color = tone * (KEY * (straight * (0.15 + 0.85 * seen.lit))[:, None] + 0.8 * seen.soft_light() * seen.open[:, None])
    white = 0.085 * gleam(WINDOW, shift - 0.05, 60) * np.clip(0.7 + 0.5 * fine, 0, None) * lit
    warm = 0.07 * gleam(WINDOW, shift + 0.15, 14) * np.clip(0.7 + 0.4 * broad, 0, None) * lit
    color += KEY * (white[:, None] * [1, 0.75, 0.5] + warm[:, None] * [1, 0.55, 0.3])
    return color + FILL * (0.12 * gleam(WALL, shift, 30) * seen.open)[:, None]


def shade_cloth(seen: Seen, knitted: bool) -> Array:
    """A knitted scarf, or the felt of the coat."""
    x, y, z = (seen.place @ BODY).T
    if knitted:
        around = np.arctan2(x, z + 2.2)
        stitch = 0.5 + 0.5 * np.sin(around * 95 + 1.2 * np.sin(9 * y)) * np.sin(9 * y)
        wool = 0.6 * stitch + 0.4 * fractal(x * 3, y * 3, 3, 7)
        color = mix(np.array([0.24, 0.022, 0.020]), np.array([0.40, 0.060, 0.035]), wool)
    else:
        color = np.array([0.030, 0.050, 0.075]) * (0.5 + fractal(x * 6, y * 6 + z * 3, 4, 71))[:, None]
    straight = np.clip((seen.toward(WINDOW) + 0.15) / 1.15, 0, 1) * seen.lit
    fuzz = 0.05 * seen.edge() ** 3 * seen.open
    return color * (KEY * straight[:, None] + seen.soft_light() * seen.open[:, None] ** 1.3) + fuzz[:, None]


def see(rays: Array) -> tuple[Array, Array]:
    """Which shape each ray meets, -1 for none, and how far away."""
    away, what = np.full(len(rays), np.inf, np.float32), np.full(len(rays), -1)
    for number, shape in enumerate(SHAPES):
        hit = march(shape, CAMERA, rays, 110, 150)
        nearer = hit < away
        away[nearer], what[nearer] = hit[nearer], number
    return what, away


def look(place: Array, rays: Array, what: Array) -> Seen:
    """What light there is at the places seen."""
    normal = np.zeros_like(place)
    for number, shape in enumerate(SHAPES):
        normal[what == number] = normals(shape, place[what == number], 0.02 if number in (SKIN, EYES) else 0.05)
    return Seen(place, -rays, normal, shadow(everything, place, WINDOW, 0.16), openness(everything, place, normal))


def wall(x: Array, y: Array) -> Array:
    """A gray-green wall, lighter where the window's light falls."""
    glow = np.exp(-(((x + 4) / 14) ** 2) - ((y - 4) / 16) ** 2)
    color = np.array([0.10, 0.115, 0.11]) + np.array([0.20, 0.19, 0.16]) * glow[..., None]
    return color * (0.9 + 0.2 * fractal(x / 9 + 3, y / 9, 2, 81))[..., None]


def strand_noise(seen: Seen, what: Array, there: Array) -> list[Array]:
    """Fine and broad noise, smeared along the hair as the picture shows it, for each place seen."""
    flow = np.zeros((*there.shape, 2))
    flow[..., 1] = 1
    along = strands(seen)
    flow[there] = np.where((what == HAIR)[:, None], unit(along[:, :2] * [1, -1]), flow[there])
    noises = [streaks(flow, 3, 9 * DETAIL, 0.4 * DETAIL), streaks(flow, 4, 12 * DETAIL, 1.2 * DETAIL)]
    return [(streak[there] - 0.5) / 0.24 for streak in noises]


def stray(image: Image.Image, there: Array, hairy: Array, seen: Seen) -> None:
    """Single hairs that stand off at the outlines of the hair, drawn into the picture."""
    rng = np.random.default_rng(9)
    mask, way = np.zeros(there.shape), np.zeros((*there.shape, 2))
    mask[there] = hairy
    way[there] = unit(strands(seen)[:, :2] * [1, -1])
    border = (mask > 0) & (blur(mask, 2.0 * DETAIL) < 0.8)
    rows, columns = np.nonzero(border)
    layer = Image.new("RGBA", image.size)
    pen = ImageDraw.Draw(layer)
    for start in rng.choice(len(rows), 220, replace=False):
        row, column = rows[start], columns[start]
        angle = np.arctan2(way[row, column, 1], way[row, column, 0]) + rng.normal(0, 0.10)
        steps = np.arange(int(rng.uniform(8, 22)))
        angles = angle + np.cumsum(rng.normal(0, 0.025) + 0 * steps)
        x, y = column + 2 * DETAIL * np.cumsum(np.cos(angles)), row + 2 * DETAIL * np.cumsum(np.sin(angles))
        light = rng.uniform(0.5, 1.5)
        tone = tuple(int(light * c) for c in (92, 58, 40))
        pen.line(list(zip(x, y, strict=True)), (*tone, int(rng.uniform(40, 120))), 1)
    image.paste(layer, mask=layer)


def develop(light: Array) -> Array:
    film = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    return np.clip(film, 0, 1) ** (1 / 2.2)


def paint_portrait() -> Image.Image:
    """The finished picture, WIDTH x HEIGHT."""
    y, x = np.mgrid[: HEIGHT * DETAIL, : WIDTH * DETAIL] + 0.5
    cell = FRAME / (HEIGHT * DETAIL)
    x, y = (x - WIDTH * DETAIL / 2) * cell, MIDDLE - (y - HEIGHT * DETAIL / 2) * cell
    rays = unit(np.float32(np.stack([x, y, np.zeros_like(x)], axis=-1)) - CAMERA).astype(np.float32)
    what, away = see(rays.reshape(-1, 3))
    there = what >= 0
    rays, what, away = rays.reshape(-1, 3)[there], what[there], away[there]
    seen = look(CAMERA + rays * away[:, None], rays, what)
    there = there.reshape(x.shape)
    fine, broad = strand_noise(seen, what, there)
    color = np.zeros(seen.place.shape)
    hairy = what == HAIR
    color[hairy] = shade_hair(seen.only(hairy), fine[hairy], broad[hairy])
    for number, shade in ((SKIN, shade_skin), (EYES, shade_eyes)):
        color[what == number] = shade(seen.only(what == number))
    for number in (SCARF, COAT):
        color[what == number] = shade_cloth(seen.only(what == number), knitted=number == SCARF)
    rim = 0.17 * seen.edge() ** 3 * np.clip(seen.toward(BEHIND), 0, 1) * seen.open * (what != EYES)
    picture = wall(x, y)
    picture[there] = color + rim[:, None] * [0.5, 0.6, 0.75]
    grain = blur(np.random.default_rng(2).normal(0, 0.035, x.shape), 0.6 * DETAIL)[..., None]
    image = Image.fromarray((np.clip(develop(picture) + grain, 0, 1) * 255 + 0.5).astype(np.uint8))
    stray(image, there, hairy, seen)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
