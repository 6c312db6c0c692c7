"""The harbor at dusk, seen from the water: geometry, then light, then sky, water and haze."""

import numpy as np
from painting.boats import BOATS, make_boat, make_gulls
from painting.noise import Array, blur, fractal, mix, noise, smoothstep
from painting.raster import Faces, Light, View, join, make_light, rasterize
from painting.shore import make_mole, make_shore, make_trees
from painting.surface import shade
from painting.village import lanterns, make_church, make_houses, make_quayside
from PIL import Image

WIDTH, HEIGHT = 1200, 800
DETAIL = 2  # rendered points per pixel, a side
SUN = np.array([0.93, 0.24, 0.10]) / np.linalg.norm([0.93, 0.24, 0.10])
MIRROR = np.array([1.0, -1.0, 1.0])


def look(detail: int, height: int = HEIGHT) -> View:
    size = WIDTH * detail
    return View(np.array([0.0, 6.6, 0.0]), 0.93 * size, size, height * detail, 0.535 * HEIGHT * detail)


def build(seed: int) -> Faces:
    rng = np.random.default_rng(seed)
    houses, gardens = make_houses(rng)
    parts = [
        make_shore(),
        houses,
        make_church(),
        make_trees(gardens, rng),
        make_mole(),
        make_quayside(rng),
        make_gulls(),
    ]
    return join(parts + [make_boat(boat) for boat in BOATS])


def light_up(faces: Faces) -> list[Light]:
    """The low sun, a little blurred, and the sky as seven lights: warm toward the sun, blue away from it."""
    shifts = np.array([(-1, -0.6), (1, -0.3), (-0.5, 0.8), (0.5, 0.1)]) * 0.012
    lights = [make_light(faces, SUN + [0, dy, dz], np.array([3.0, 1.45, 0.56]) / 4, 0.09) for dy, dz in shifts]
    for angle in np.arange(6) * np.pi / 3:
        toward = np.array([np.cos(angle), 0.55, np.sin(angle)])
        warm = (toward @ SUN / np.linalg.norm(toward) + 1) / 2
        color = 0.175 * (np.array([0.42, 0.62, 1.35]) * (1 - warm) + np.array([1.1, 0.80, 0.95]) * warm)
        lights.append(make_light(faces, toward, color, 0.25))
    return [*lights, make_light(faces, np.array([0.05, 1, 0.02]), np.array([0.14, 0.20, 0.38]), 0.25)]


def clouds(across: Array, up: Array) -> tuple[Array, Array]:
    """How much cloud there is, and how brightly the sun, low on the right, lights it."""
    # Seen from below, a layer of clouds shrinks and flattens toward the horizon.
    x, y = across * 3.4 + 2.0, 2.1 * np.log(np.maximum(up, 0) + 0.10)
    warp = fractal(x * 1.7, y * 1.7, 4, 40) - 0.5

    def billows(dx: float, dy: float) -> Array:
        body = fractal((x + dx) * 0.9 + 0.5 * warp - 0.35 * y, (y + dy) * 1.5 + 0.6 * warp, 3, 54)
        tufts = fractal((x + dx) * 4.2 + 1.6 * warp, (y + dy) * 5.2 + 1.2 * warp, 5, 57)
        return body + 0.42 * (tufts - 0.5)

    here = billows(0, 0)
    light = 3.0 * (here - billows(0.14, -0.09)) + 2.2 * (here - billows(0.035, -0.025))
    return smoothstep(0.49, 0.64, here), np.clip(0.36 + light - 1.1 * np.maximum(here - 0.62, 0), 0, 1)


def sky(rays: Array) -> Array:
    """Dusk: gold above the horizon toward the sun, rose, then blue; lit clouds; hills far away."""
    across, up = rays[..., 0], rays[..., 1] / np.sqrt(1 + rays[..., 0] ** 2)
    sunward = smoothstep(-0.75, 0.75, across)
    low = mix(np.array([0.85, 0.40, 0.34]), np.array([1.7, 0.78, 0.24]), sunward)
    middle = mix(np.array([0.30, 0.27, 0.52]), np.array([0.80, 0.40, 0.40]), sunward)
    high = mix(np.array([0.035, 0.10, 0.32]), np.array([0.08, 0.17, 0.42]), sunward)
    color = mix(mix(low, middle, smoothstep(0.0, 0.15, up)), high, smoothstep(0.06, 0.34, up))
    veil = fractal(across * 2.2 + 3 * up, up * 15 - 4 * across + 2 * fractal(across * 3, up * 5, 3, 33), 5, 30)
    color = mix(color, low * 0.9, 0.6 * smoothstep(0.50, 0.85, veil) * smoothstep(0.05, 0.2, up))
    thick, lit = clouds(across, up)
    shadow = mix(np.array([0.14, 0.15, 0.33]), np.array([0.36, 0.22, 0.34]), sunward)
    bright = mix(np.array([1.15, 0.42, 0.26]), np.array([2.1, 0.88, 0.32]), sunward)
    color = mix(color, mix(shadow, bright, lit), 0.9 * thick * smoothstep(0.01, 0.08, up))
    for number, (rise, far) in enumerate([(0.10, 0.42), (0.06, 0.15)]):
        line = rise * (0.2 + fractal(across * 3.2 + 5 * number, 0 * up + number, 5, 60 + number))
        rock = mix(np.array([0.10, 0.12, 0.27]), np.array([0.34, 0.20, 0.27]), sunward)
        color = mix(color, mix(rock, low, np.full_like(up, far)), smoothstep(0.0, 0.0015, line - up))
    return color


def haze(color: Array, rays: Array, distance: Array) -> Array:
    """Air between here and there: the farther, the more of the horizon's color."""
    sunward = smoothstep(-0.75, 0.75, rays[..., 0])
    air = mix(np.array([0.38, 0.34, 0.50]), np.array([0.95, 0.58, 0.42]), sunward)
    return mix(color, air, 1 - np.exp(-distance / 900))


def see(faces: Faces, lights: list[Light], view: View, mirrored: bool) -> tuple[Array, Array]:
    """The harbor without the water (or its mirror image below the water), and the distance of each point."""
    flip = MIRROR if mirrored else np.ones(3)
    rays = view.rays()
    index, nearness = rasterize(*view.project(faces.corners * flip), view.height, view.width)
    distance = 1 / np.maximum(nearness, 1e-6)
    place = (view.eye + rays * distance[..., None]) * flip
    solid = (index >= 0) & (place[..., 1] > -0.02)
    picture = sky(rays * flip if mirrored else rays * [1, 1, 1])
    points = shade(faces, index[solid], place[solid], view.eye * flip, lights, lanterns())
    picture[solid] = haze(points, rays[solid], distance[solid])
    return picture, np.where(solid, distance, np.inf)


def ripples(x: Array, z: Array, distance: Array) -> tuple[Array, Array]:
    """Slopes of the water: low swell and wind ripples, long across the view, with calmer patches between.

    Those toward the eye only: at a grazing view the other sides hide behind them.
    """
    calm = 0.25 + 1.1 * smoothstep(0.3, 0.7, fractal(x / 30, z / 55, 3, 70))
    slope_x, slope_z = np.zeros_like(x), np.zeros_like(x)
    for number, (length, slope) in enumerate([(4.5, 0.010), (1.8, 0.018), (0.8, 0.026), (0.34, 0.034), (0.15, 0.034)]):
        # Waves smaller than a point of the picture are left out.
        weight = slope * smoothstep(0.5, 4.0, 2200 * length * 6.6 / distance**2) * calm
        along = x / length / 3 + 0.15 * z / length
        slope_x += weight * (noise(along, z / length, 80 + number) - 0.5) * 2
        slope_z += weight * 1.6 * np.maximum(noise(along + 7, z / length, 90 + number) - 0.3, 0)
    return slope_x, slope_z


def water(view: View, mirror: Array, rays: Array) -> tuple[Array, Array]:
    """Water under the given rays: the mirror image, bent by the ripples, over the deep; and its distance."""
    distance = view.eye[1] / np.maximum(-rays[:, 1], 1e-4)
    x, z = rays[:, 0] * distance, distance
    slope_x, slope_z = ripples(x, z, distance)
    scale = mirror.shape[1] / view.width
    # To first order, a slope turns the mirrored ray by twice itself up and down, and much less sideways.
    column = (rays[:, 0] + 2 * slope_x * rays[:, 1]) * view.focal * scale + mirror.shape[1] / 2
    row = np.maximum(-rays[:, 1] + 2 * slope_z, 0.002) * view.focal * scale + view.horizon * scale
    reflected = mirror[row.clip(0, mirror.shape[0] - 1).astype(int), column.clip(0, mirror.shape[1] - 1).astype(int)]
    steep = np.clip((-rays[:, 1] + 1.5 * slope_z) / np.sqrt(1 + rays[:, 0] ** 2 + rays[:, 1] ** 2), 0.0, 1)
    fresnel = 0.05 + 0.95 * (1 - steep) ** 4
    deep = np.array([0.006, 0.045, 0.085]) + np.array([0.01, 0.045, 0.05]) * noise(x / 9, z / 9, 99)[:, None]
    return mix(deep, reflected, fresnel), distance


def develop(light: Array) -> Array:
    """From light to a photograph: bloom around what is bright, a soft shoulder, contrast, a vignette."""
    bright = np.maximum(light - 0.95, 0).clip(0, 6)
    light = 0.80 * (light + 0.14 * blur(bright, 4 * DETAIL) + 0.14 * blur(bright, 18 * DETAIL))
    film = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)
    picture = np.clip(film, 0, 1) ** (1 / 2.2)
    gray = picture.mean(axis=-1, keepdims=True)
    picture = gray + 1.06 * (picture - gray)
    y, x = np.mgrid[-1 : 1 : picture.shape[0] * 1j, -1 : 1 : picture.shape[1] * 1j]
    return np.clip(picture * (1 - 0.13 * (x * x + y * y) ** 1.5)[..., None], 0, 1)


def paint_harbor(seed: int) -> Image.Image:
    """The finished picture, WIDTH x HEIGHT."""
    faces = build(seed)
    lights = light_up(faces)
    view = look(DETAIL)
    picture, distance = see(faces, lights, view, mirrored=False)
    # Ripples bend rays up to what lies above the picture: its mirror image is taller.
    mirror, _ = see(faces, lights, look(1, HEIGHT * 3 // 2), mirrored=True)
    # Rows of the mirror image run together: each point of the water mirrors more than one direction.
    mirror = np.mean([np.roll(mirror, rows, axis=0) for rows in range(0, -9, -2)], axis=0)
    rays = view.rays()
    wet = (rays[..., 1] < 0) & (distance > view.eye[1] / np.maximum(-rays[..., 1], 1e-4))
    surface, away = water(view, mirror, rays[wet])
    picture[wet] = haze(surface, rays[wet], away)
    image = Image.fromarray((develop(picture) * 255 + 0.5).astype(np.uint8))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
