"""Courses of losses and what they cost: plain arithmetic."""

from collections.abc import Sequence
from typing import NamedTuple


class Point(NamedTuple):
    """What was spent, and the loss then."""

    evaluations: float
    seconds: float
    loss: float


def passing(points: Sequence[Point], target: float) -> Point | None:
    """Returns the first point at or below the target; None where there is none."""
    return next((point for point in points if point.loss <= target), None)


def least(points: Sequence[Point]) -> list[Point]:
    """Returns the points with the least loss until then; what is not a number does not count."""
    lowest, result = float("inf"), []
    for point in points:
        lowest = point.loss if point.loss < lowest else lowest
        result.append(point._replace(loss=lowest))
    return result


def share(part: float | None, whole: float) -> float | None:
    """Returns the part of the whole; None where there is none."""
    return None if part is None else part / whole


def shown_share(value: float | None) -> str:
    """Returns 1/n, or a dash where there is none."""
    return "-" if value is None else f"1/{1 / value:.3g}"


def shown_count(value: float | None, digits: int = 1) -> str:
    """Returns a number, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"
