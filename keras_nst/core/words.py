"""Results in words, for those to whom a figure says nothing."""

import math

import numpy as np

from keras_nst.core.events import LossValues
from keras_nst.core.figures import Figures
from keras_nst.core.method import Objective

# What is said below a limit, by figures of results that were looked at (docs/quality.md, docs/look.md).
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
    "grain": ((0.8, ""), (1.2, "some grain in color"), (math.inf, "much grain in color")),
}
SHOWN = 4  # digits of a loss, and of its terms at the least
EXACT = 17  # digits that tell any two numbers apart


def figures_in_words(figures: Figures, color: str = "style") -> str:
    """Returns a sentence on a result, "" where its figures say nothing; `color` is what the run was told.

    With other colors than the style's neither style nor grain is judged, since those figures count colors as well.
    """
    measured = {
        "style": None if figures.gram is None or figures.w2 is None else (figures.gram + figures.w2) / 2,
        "content": figures.content,
        "color": figures.color,
        "grain": _grain(figures),
    }
    if color != "style":
        measured["style"] = measured["grain"] = None
    said = {name: _on(LADDERS[name], value) for name, value in measured.items() if value is not None}
    if color != "style" and measured["color"] is not None:
        said["color"] += ", as asked" if said["color"] == LADDERS["color"][-1][1] else ""
    sentence = ", ".join(filter(None, said.values()))
    return sentence[:1].upper() + sentence[1:] + "." * bool(sentence)


def _grain(figures: Figures) -> float | None:
    """Returns the fine detail in color, over the geometric mean of the style's and the content's."""
    if figures.content is None and figures.color is None:  # a texture has its style's
        return None
    known = [of for of in (figures.grain, figures.grain_to_content) if of is not None]
    return math.prod(known) ** (1 / len(known)) if known else None


def _on(ladder: tuple[tuple[float, str], ...], value: float) -> str:
    return next(words for limit, words in ladder if value < limit)


def loss_in_words(losses: LossValues, objective: Objective) -> str:
    """Returns the total as the sum of its weighted terms, with as many digits as it takes to add up to it."""
    terms = [(float(np.mean(weight)), name, float(np.mean(losses.terms[name]))) for name, weight in objective.weights]
    total = f"{sum(weight * value for weight, _, value in terms):.{SHOWN}g}"
    for digits in range(SHOWN, EXACT + 1):
        shown = [(f"{weight:.{digits}g}", name, f"{value:.{digits}g}") for weight, name, value in terms]
        if f"{sum(float(weight) * float(value) for weight, _, value in shown):.{SHOWN}g}" == total:
            break
    return f"{total} = " + " + ".join(f"{weight} x {name} {value}" for weight, name, value in shown)
