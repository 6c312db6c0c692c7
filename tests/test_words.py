"""Results in words."""

import re

import numpy as np
import pytest
from conftest import ROOT, loss_values

from keras_nst.core.judging.quality import Figures
from keras_nst.core.judging.words import LADDERS, figures_in_words, in_percent, loss_in_words
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective
from keras_nst.run.__main__ import main
from keras_nst.session.method import objective_of
from keras_nst.settings.config import Config
from keras_nst.settings.recipes import RECIPES

NAMES = ("content", "style", "variation")


def losses(*terms: float, weights: tuple[float, float, float]) -> LossValues:
    arrays = [np.float32([term]) for term in terms]
    total = sum(weight * array for weight, array in zip(weights, arrays, strict=True))
    return loss_values(*arrays, np.float32(total), {}, {})


def parsed(line: str) -> tuple[str, list[tuple[float, str, float]]]:
    """Returns the total as it is written, and the weights, names and values of its terms."""
    total, equals, terms = line.partition(" = ")
    assert equals
    found = [re.fullmatch(r"(\S+) x (content|style|variation) (\S+)", term) for term in terms.split(" + ")]
    return total, [(float(term[1]), term[2], float(term[3])) for term in found]


def test_the_final_loss_adds_up_to_the_digits_shown() -> None:
    generator = np.random.default_rng(0)
    for _ in range(2000):
        weights = tuple(float(weight) for weight in 10 ** generator.uniform(-8, 10, 3))
        values = losses(*10 ** generator.uniform(-8, 10, 3), weights=weights)
        objective = Objective(tuple(zip(NAMES, weights, strict=True)))
        total, terms = parsed(loss_in_words(values, objective))
        assert f"{sum(weight * value for weight, _, value in terms):.4g}" == total
        assert float(total) == pytest.approx(float(values.total[0]), rel=6e-4)
        assert [name for _, name, _ in terms] == list(NAMES)
        for (weight, _, value), exact, term in zip(terms, weights, values.terms.values(), strict=True):
            assert weight == pytest.approx(exact, rel=6e-4) and value == pytest.approx(float(term[0]), rel=6e-4)


def test_usual_losses_are_short() -> None:
    values = losses(0.1, 0.02, 0.5, weights=(0.2, 5.8, 0.06))
    line = loss_in_words(
        values, objective_of(Config(content_weight=0.2, style_weight=5.8, variation_weight=0.06).resolved())
    )
    assert line == "0.166 = 0.2 x content 0.1 + 5.8 x style 0.02 + 0.06 x variation 0.5"
    alone = objective_of(Config(content_weight=0.0, style_weight=5.8, variation_weight=0.0).resolved())
    assert loss_in_words(values, alone) == "0.116 = 5.8 x style 0.02"


def test_the_weights_are_those_of_the_run(quick: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Which --style_strength chooses when the pictures are known."""
    assert main([*quick, "--style_strength=0.6"]) == 0
    said = capsys.readouterr()
    total, terms = parsed(re.search("^Final loss (.*)$", said.out, re.MULTILINE)[1])
    assert f"{sum(weight * value for weight, _, value in terms):.4g}" == total
    weights = {name: weight for weight, name, _ in terms}
    assert (
        weights["content"] + weights["style"] == pytest.approx(6, rel=1e-3)
        and weights["variation"] == RECIPES["balanced"].variation_weight
    )
    assert float(total) == pytest.approx(float(re.search(r"final loss (\S+)", said.err)[1]), rel=1e-3)


@pytest.mark.parametrize(
    ("figures", "color", "expected"),
    [
        # docs/studies/look.md and docs/reference/figures.md: what was looked at.
        (
            Figures(content=0.157, gram=0.487, w2=0.520, color=0.310, grain=0.255, grain_to_content=0.807),
            *("style", "Close to the style, content well kept, colors the style's."),
        ),
        (
            Figures(content=0.046, gram=0.617, w2=0.655, color=0.204, grain=0.443, grain_to_content=0.738),
            *("style", "Halfway to the style, content closely kept, colors the style's."),
        ),
        (
            Figures(content=0.124, gram=0.488, w2=0.682, color=0.730, grain=1.323, grain_to_content=0.813),
            *(
                "style",
                "Halfway to the style, content well kept, colors not the style's, "
                "more grain in color than the painting's.",
            ),
        ),
        (
            Figures(content=0.913, gram=1.240, w2=1.116, color=1.329, grain=9.0, grain_to_content=9.0),
            *(
                "style",
                "Far from the style, content lost, colors not the style's, "
                "much more grain in color than the painting's.",
            ),
        ),
        (
            Figures(content=0.929, gram=0.197, w2=0.234, color=0.021, grain=1.0),
            *("style", "Very close to the style, content lost, colors the style's."),
        ),
        (
            Figures(content=0.0, gram=1.0, w2=1.0, color=1.0, grain=0.6, grain_to_content=1.0),
            *("style", "Far from the style, content closely kept, colors not the style's."),
        ),
        (Figures(content=0.2), "style", "Content well kept."),
        (
            Figures(0.187, 0.01, 0.443, 0.480, color=0.283, grain=0.316, weave=9.02, lattice=0.004, crispness=0.287),
            *(
                "style",
                "Close to the style, content well kept, colors the style's, woven texture in flat parts, "
                "softer than the painting.",
            ),
        ),
        (
            Figures(0.183, 0.01, 0.458, 0.488, color=0.306, grain=0.09, weave=0.649, lattice=4.1, crispness=0.813),
            *(
                "style",
                "Close to the style, content well kept, colors the style's, color smoother than the painting's, "
                "a fine lattice in flat parts.",
            ),
        ),
        (
            Figures(0.183, 0.01, 0.458, 0.488, color=0.306, grain=0.09, weave=9.0, lattice=4.1, crispness=0.2),
            *("content", "Content well kept, colors the style's, woven texture in flat parts."),
        ),
        (
            Figures(grain=3.0, weave=9.0, lattice=4.1, crispness=0.2),
            "style",
            "Much more grain in color than the painting's, softer than the painting.",
        ),
        (Figures(sharpness_to_style=0.8, grain=0.4), "style", ""),
        (
            Figures(content=0.134, gram=0.923, w2=0.902, color=0.988, grain=0.752, grain_to_content=1.052),
            *("luminance", "Content well kept, colors not the style's, as requested."),
        ),
    ],
)
def test_figures(figures: Figures, color: str, expected: str) -> None:
    assert figures_in_words(figures, color) == expected


def test_the_docs_have_the_same_limits() -> None:
    page = (ROOT / "docs" / "reference" / "figures.md").read_text(encoding="utf8")
    for name, ladder in LADDERS.items():
        row = re.search(rf"^\| {name} \|([^|]*)\|$", page, re.MULTILINE)[1]
        *limited, (_, last) = ladder
        told = [f"below {limit:g}: {word or 'nothing'}" for limit, word in limited] + [f"else: {last or 'nothing'}"]
        assert row.strip().split("; ") == told


def test_nearness_in_percent() -> None:
    assert in_percent({"gram": 0.3, "w2": 0.38, "content": 0.19}) == "Style 66 %, content 81 %"
    assert in_percent({"gram": 1.4, "w2": 1.2}) == "Style 0 %"
    assert in_percent({"gram": 0.3, "content": float("nan")}) == ""
