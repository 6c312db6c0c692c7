"""Charts of lines and dots by Pillow alone: `draw`."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

SIZE = (1000, 640)
LEFT, TOP, RIGHT, BOTTOM = 80, 40, 250, 60  # margins; the legend stands in the right one
FONT = 14
MANY = 1e3  # a range of which only the powers of ten are told
INK, GRID = "#222222", "#dddddd"
# Okabe and Ito's, which people see apart who do not see all colors.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#a08000")


class Line(NamedTuple):
    """What is drawn in one color."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False  # where each point matters


class Axis(NamedTuple):
    """Where values stand."""

    low: float
    high: float
    ticks: list[float]
    logarithmic: bool

    def share(self, value: float) -> float:
        """Returns how far along the axis a value stands: 0 to 1."""
        scale: Callable[[float], float] = math.log if self.logarithmic else float
        return (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))


def draw(file: Path, lines: Sequence[Line], x: str, y: str, logarithmic: bool = True) -> None:
    """Draws lines into a file, a PNG by its name; `x` and `y` are the titles of the axes.

    Points that are no numbers, or have no logarithm where one is needed, are left out.
    """
    lines = [line._replace(points=shown(line.points, logarithmic)) for line in lines]
    across, up = (axis([point[k] for line in lines for point in line.points], logarithmic) for k in (0, 1))
    image = Image.new("RGB", SIZE, "white")
    canvas, font = ImageDraw.Draw(image), ImageFont.load_default(FONT)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        width, height = SIZE[0] - LEFT - RIGHT, SIZE[1] - TOP - BOTTOM
        return LEFT + width * across.share(point[0]), TOP + height * (1 - up.share(point[1]))

    for tick in across.ticks:
        canvas.line([place((tick, up.low)), place((tick, up.high))], GRID)
        canvas.text(place((tick, up.low)), f"{tick:g}", INK, font, "ma")
    for tick in up.ticks:
        canvas.line([place((across.low, tick)), place((across.high, tick))], GRID)
        canvas.text((LEFT - 8, place((across.low, tick))[1]), f"{tick:g}", INK, font, "rm")
    canvas.rectangle([place((across.low, up.high)), place((across.high, up.low))], outline=INK)
    canvas.text((SIZE[0] - RIGHT, SIZE[1] - BOTTOM + 30), x, INK, font, "ra")
    canvas.text((LEFT, TOP - 10), y, INK, font, "ls")
    for number, line in enumerate(lines):
        _draw_line(canvas, font, line, [place(point) for point in line.points], number)
    image.save(file)


def _draw_line(canvas: ImageDraw.ImageDraw, font: ImageFont.ImageFont, line: Line, places: list, number: int) -> None:
    """Draws one line and its name in the legend."""
    color = COLORS[number % len(COLORS)]
    left, middle = SIZE[0] - RIGHT + 15, TOP + 10 + 22 * number
    canvas.line([(left, middle), (left + 20, middle)], color, 3)
    canvas.text((left + 28, middle), line.name, INK, font, "lm")
    if len(places) > 1:
        canvas.line(places, color, 2, "curve")
    if line.dots or len(places) == 1:
        for place in places:
            canvas.circle(place, 4, color)


def shown(points: Sequence[tuple[float, float]], logarithmic: bool) -> list[tuple[float, float]]:
    """Returns the points that can be drawn."""
    least = 0.0 if logarithmic else -math.inf
    return [point for point in points if all(math.isfinite(value) and value > least for value in point)]


def axis(values: Sequence[float], logarithmic: bool) -> Axis:
    """Returns an axis on which all values stand, from tick to tick."""
    low, high = min(values, default=1.0), max(values, default=2.0)
    if logarithmic:
        powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
        ticks = [digit * 10.0**power for power in powers for digit in ((1, 2, 5) if high < MANY * low else (1,))]
    else:
        step = tick_step((high - low) or abs(high) or 1.0)
        ticks = [round(step * k, 12) for k in range(math.floor(low / step) - 1, math.ceil(high / step) + 2)]
    first = max(k for k, tick in enumerate(ticks) if tick <= low)
    last = min((k for k, tick in enumerate(ticks) if tick >= high and k > first), default=len(ticks) - 1)
    return Axis(ticks[first], ticks[last], ticks[first : last + 1], logarithmic)


def tick_step(span: float) -> float:
    """Returns a step of 1, 2 or 5 times a power of ten, of which about six make the span."""
    power = 10.0 ** math.floor(math.log10(span / 6))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= span / 6)
