"""Curves as drawings that need no scripts."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from keras_nst.command.monitors.history import Curve, History
from keras_nst.report.markup import folded, table

WIDTH, HEIGHT = 720, 250
LEFT, RIGHT, TOP, BOTTOM = 66, 14, 24, 34  # margins
COLORS = 8  # in the style sheet; further lines reuse them, dashed
NAME = 56  # of a scale: its width in units of the drawing
LOGARITHMIC = 8.0  # the ratio of the largest to the smallest value above which the axis is logarithmic
MOST_TICKS = 6


class Axis(NamedTuple):
    """An axis, from values to positions in the drawing."""

    low: float
    high: float
    start: float  # the position of `low`
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Returns the position of a value."""
        low, high, value = (math.log(each) if self.logarithmic else each for each in (self.low, self.high, value))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Returns round values on the axis."""
        if self.logarithmic:
            for factors in ((1, 2, 5), (1, 3), (1,)):
                powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
                found = [factor * 10.0**power for power in powers for factor in factors]
                found = [value for value in found if self.low <= value <= self.high]
                if len(found) <= MOST_TICKS:
                    break
            return found if len(found) > 1 else [self.low, self.high]
        rough = (self.high - self.low) / MOST_TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def chart(title: str, curves: Mapping[str, Curve], starts: Sequence[int]) -> str:
    """Returns a drawing of the curves; each line restarts at `starts`, the first steps of the scales."""
    known = {name: [(step, value) for step, value in curve if math.isfinite(value)] for name, curve in curves.items()}
    known = {name: curve for name, curve in known.items() if curve}
    if not known:
        return ""
    steps = [step for curve in known.values() for step, _ in curve]
    x = Axis(min(steps), max(max(steps), min(steps) + 1), LEFT, WIDTH - RIGHT)
    y = vertical([value for curve in known.values() for _, value in curve])
    lines = "".join(series(number, name, curve, starts, (x, y)) for number, (name, curve) in enumerate(known.items()))
    about = escape("; ".join(summary(name, curve) for name, curve in known.items()))
    legend = "".join(
        f'<li><svg viewBox="0 0 24 8" aria-hidden="true"><path class="{look(number)}" d="M0 4H24"/></svg>'
        f"{escape(name)}</li>"
        for number, name in enumerate(known)
    )
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{about}">'
        f"{grid(x, y)}{marks(starts, x)}{lines}</svg>"
        + (f'<ul class="legend">{legend}</ul>' if len(known) > 1 else "")
        + "</figure>"
    )


def vertical(values: Sequence[float]) -> Axis:
    """Returns the axis of the values, logarithmic if they differ much and none is zero."""
    low, high = min(values), max(values)
    logarithmic = low > 0 and high / low >= LOGARITHMIC
    if not logarithmic:
        low = min(low, 0.0) if low < high / 2 else low
    if high - low <= 1e-9 * abs(high):
        low, high = low - (abs(low) or 1.0) / 10, high + (abs(high) or 1.0) / 10
    return Axis(low, high, HEIGHT - BOTTOM, TOP, logarithmic)


def series(number: int, name: str, curve: Curve, starts: Sequence[int], axes: tuple[Axis, Axis]) -> str:
    """Returns one curve: a line for each scale, and a dot for the finished picture, the second value of its step."""
    x, y = axes
    finished = curve[-1] if len(curve) > 1 and curve[-1][0] == curve[-2][0] else None
    taken = curve[:-1] if finished else curve
    bounds = [*starts, math.inf]
    scales = zip(bounds, bounds[1:], strict=False)
    parts = [[point for point in taken if first <= point[0] < last] for first, last in scales] or [taken]
    points = [" ".join(f"{x(step):.2f},{y(value):.2f}" for step, value in part) for part in parts if part]
    drawn = "".join(f'<polyline class="{look(number)}" points="{each}"/>' for each in points)
    if finished:
        told = escape(f"{name}, finished: {finished[1]:.4g}")
        drawn += (
            f'<circle class="{look(number)}" r="3.5" cx="{x(finished[0]):.2f}" cy="{y(finished[1]):.2f}">'
            f"<title>{told}</title></circle>"
        )
    return f"<g><title>{escape(name)}</title>{drawn}</g>"


def grid(x: Axis, y: Axis) -> str:
    """Returns the lines and numbers of both axes."""
    rows = "".join(
        f'<path class="grid" d="M{LEFT} {y(value):.2f}H{WIDTH - RIGHT}"/>'
        f'<text class="y" x="{LEFT - 8}" y="{y(value) + 4:.2f}">{value:.4g}</text>'
        for value in y.ticks()
    )
    steps = [step for step in x.ticks() if step % 1 == 0]
    columns = "".join(f'<text class="x" x="{x(step):.2f}" y="{HEIGHT - 8}">{step:.6g}</text>' for step in steps)
    return rows + columns


def marks(starts: Sequence[int], x: Axis) -> str:
    """Returns a mark at the first step of each scale but the first, named if there is room."""
    drawn = ""
    for scale, start in enumerate(starts[1:], start=2):
        drawn += f'<path class="mark" d="M{x(start):.2f} {TOP - 6}V{HEIGHT - BOTTOM}"/>'
        if scale == len(starts) or x(starts[scale]) - x(start) >= NAME:
            drawn += f'<text class="mark" x="{x(start) + 4:.2f}" y="{TOP - 8}">scale {scale}</text>'
    return drawn


def look(number: int) -> str:
    """Returns the classes of a line."""
    return f"line c{number % COLORS}" + " dashed" * (number >= COLORS)


def summary(name: str, curve: Curve) -> str:
    """Returns a curve in words, for screen readers."""
    (first, start), (last, end) = curve[0], curve[-1]
    return f"{name}: {start:.3g} at step {first}, {end:.3g} at step {last}"


def total(history: History) -> Curve:
    """Returns the weighted total loss; earlier versions had it under another name."""
    return history.curves.get("loss") or history.curves.get("loss/total") or []


def layers(history: History, term: str) -> dict[str, Curve]:
    """Returns the losses of a term layer by layer, under both names."""
    starts = (f"terms/{term}/", f"{term}_layers/")
    return {tag.rpartition("/")[2]: curve for tag, curve in history.curves.items() if tag.startswith(starts)}


def curves(history: History) -> str:
    """Returns the drawings of all losses, and their values at the ends of the scales."""
    starts = history.scale_starts()
    terms = {tag.removeprefix("loss/"): curve for tag, curve in history.curves.items() if tag.startswith("loss/")}
    terms.pop("total", None)
    drawn = [chart("Loss: the weighted sum of its terms", {"loss": total(history)}, starts)]
    drawn += [chart(f"{term}, before its weight", {term: curve}, starts) for term, curve in terms.items()]
    drawn += [chart(f"{term}, layer by layer", layers(history, term), starts) for term in terms]
    why = "<p>Enlarging blurs the picture, so the loss rises at the start of each scale.</p>"
    drawings = "".join(drawn)
    if not drawings:
        return ""
    return (why if len(starts) > 1 else "") + f'<div class="charts">{drawings}</div>' + values(history, terms, starts)


def values(history: History, terms: Mapping[str, Curve], starts: list[int]) -> str:
    """Returns the losses at the first and the last step of each scale, and of the finished picture."""
    columns = {"loss": total(history), **terms}
    steps = [step for step, _ in columns["loss"]]
    if not steps:
        return ""
    ends = [before - 1 for before in starts[1:]] + [steps[-1]]
    shown = [step for step in sorted({*starts, *ends}) if step in steps]
    first = {column: dict(reversed(curve)) for column, curve in columns.items()}
    rows = [[str(step), *(f"{first[column].get(step, float('nan')):.4g}" for column in columns)] for step in shown]
    if len(steps) > 1 and steps[-1] == steps[-2]:
        rows.append(["finished", *(f"{curve[-1][1]:.4g}" for curve in columns.values())])
    return folded("Values at the start and end of each scale", table(["step", *columns], rows))
