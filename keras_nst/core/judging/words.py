"""Results in words, for readers to whom the figures mean little."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective


class Figures(NamedTuple):
    """The quality figures (metrics) of a result. None if the content or style that one needs is unknown."""

    content: float | None = None  # 0: the content's features at every position; 1: unrelated ones; at most 2
    structure: float | None = None  # 0: the same positions are similar as in the content; not bounded
    gram: float | None = None  # 0: the style's Gram matrices; 1: as far from them as the content; below 2
    w2: float | None = None  # the same, by the 2-Wasserstein distance of distributions, taken as normal
    sliced: float | None = None  # the same, by their quantiles in many directions
    color: float | None = None  # the same, for the colors alone
    sharpness: float | None = None  # 0: no detail; 1: as much as the content; below 2
    sharpness_to_style: float | None = None  # 1: as much as the style
    grain: float | None = None  # detail in color alone: 0: none; 1: as much as the style; not bounded
    grain_to_content: float | None = None  # 1: as much as the content
    weave: float | None = None  # 1: fine strokes run in all directions; 20: along rows and columns; not bounded
    lattice: float | None = None  # 0: no checkerboard; 1: as much of it as in the style; not bounded
    crispness: float | None = None  # 0: out of focus; 1: as crisp as the style; not bounded
    borders: float | None = None  # 0: the frame stands out no more than the content's; below 1


_TO_STYLE = "0: the style; 1: as far from it as the content; below 2; by "

MEANINGS = {
    "content": "0: the content's features; about 1: unrelated ones; at most 2",
    "structure": "0: the same positions are alike as in the content; above 0: fewer are",
    "gram": _TO_STYLE + "Gram matrices",
    "w2": _TO_STYLE + "the 2-Wasserstein distance",
    "sliced": _TO_STYLE + "quantiles in many directions",
    "color": _TO_STYLE + "the colors alone",
    "sharpness": "0: no detail; 1: as much as the content; below 2",
    "sharpness_to_style": "0: no detail; 1: as much as the style; below 2",
    "grain": "0: no fine detail in color alone; 1: as much as the painting; 2: twice as much",
    "grain_to_content": "0: no fine detail in color alone; 1: as much as the content; 2: twice as much",
    "weave": "1: fine strokes run in every direction; 20: a woven cloth; where the content is flat",
    "lattice": "0: no checkerboard of pixels where the content is flat; 1: as much as the painting; 3: visible",
    "crispness": "0: out of focus; 1: as crisp as the painting; 2: twice the fine detail for the same coarse",
    "borders": "0: the frame stands out no more than the content's; below 1",
}


# The words below each limit, set by the results in docs/reference/figures.md and docs/studies/look.md.
LADDERS = {
    "style": (
        (0.3, "very close to the style"),
        (0.55, "close to the style"),
        (0.75, "halfway to the style"),
        (0.95, "a touch of the style"),
        (math.inf, "far from the style"),
    ),
    "content": (
        (0.08, "content closely kept"),
        (0.25, "content well kept"),
        (0.45, "content loosely kept"),
        (0.75, "content hardly kept"),
        (math.inf, "content lost"),
    ),
    "color": ((0.4, "colors the style's"), (0.7, "colors nearly the style's"), (math.inf, "colors not the style's")),
    "grain": (
        (0.1, "color smoother than the painting's"),
        (1.2, ""),
        (2.0, "more grain in color than the painting's"),
        (math.inf, "much more grain in color than the painting's"),
    ),
    "weave": ((3.0, ""), (math.inf, "woven texture in flat parts")),
    "lattice": ((3.0, ""), (math.inf, "a fine lattice in flat parts")),
    "crispness": ((0.4, "softer than the painting"), (math.inf, "")),
}
IN_FLAT_PARTS = ("weave", "lattice")
TO_STYLE = ("style", "grain", "lattice", "crispness")  # not judged if the run's colors are not the style's
SHOWN = 4  # digits of a loss, and the fewest of its terms
EXACT = 17  # digits that distinguish any two numbers


def figures_in_words(figures: Figures, color: str = "style") -> str:
    """Returns a sentence about a result, "" if its figures say nothing; `color` is the run's setting.

    With other colors than the style's, comparisons with the style are left out, except that of the colors themselves.
    """
    measured = {
        "style": None if figures.gram is None or figures.w2 is None else (figures.gram + figures.w2) / 2,
        **{name: getattr(figures, name) for name in LADDERS if name != "style"},
    }
    if figures.content is None:  # it is unknown where the picture should be flat
        measured |= dict.fromkeys(IN_FLAT_PARTS)
    if color != "style":
        measured |= dict.fromkeys(TO_STYLE)
    said = {name: _on(LADDERS[name], value) for name, value in measured.items() if value is not None}
    if color != "style" and measured["color"] is not None:
        said["color"] += ", as requested" if said["color"] == LADDERS["color"][-1][1] else ""
    sentence = ", ".join(filter(None, said.values()))
    return sentence[:1].upper() + sentence[1:] + "." * bool(sentence)


def in_percent(figures: Mapping[str, float]) -> str:
    """Returns how near a picture is to style and content in percent, of those that are known, and finite.

    100: the style's own statistics, and the content's own features; 0: no nearer than the content, or unrelated ones.
    """
    away = {"style": ("gram", "w2"), "content": ("content",)}
    known = {part: names for part, names in away.items() if all(name in figures for name in names)}
    shares = {part: 100 * (1 - float(np.mean([figures[name] for name in names]))) for part, names in known.items()}
    shown = (f"{name} {max(0.0, share):.0f} %" for name, share in shares.items() if math.isfinite(share))
    sentence = ", ".join(shown)
    return sentence[:1].upper() + sentence[1:]


def _on(ladder: tuple[tuple[float, str], ...], value: float) -> str:
    return next(words for limit, words in ladder if value < limit)


def loss_in_words(losses: LossValues, objective: Objective) -> str:
    """Returns the total as the sum of its weighted terms, with enough digits for them to add up to it."""
    terms = [(float(np.mean(weight)), name, float(np.mean(losses.terms[name]))) for name, weight in objective.weights]
    total = f"{sum(weight * value for weight, _, value in terms):.{SHOWN}g}"
    for digits in range(SHOWN, EXACT + 1):
        shown = [(f"{weight:.{digits}g}", name, f"{value:.{digits}g}") for weight, name, value in terms]
        if f"{sum(float(weight) * float(value) for weight, _, value in shown):.{SHOWN}g}" == total:
            break
    return f"{total} = " + " + ".join(f"{weight} x {name} {value}" for weight, name, value in shown)
