"""What users are told of settings that do less, or more, than they may expect."""

import re

import pytest
from conftest import ROOT

from keras_nst.run.__main__ import main
from keras_nst.settings.config import Config
from keras_nst.settings.recipes import LEARNING_RATES, OPTIMIZERS
from keras_nst.settings.remarks import OWN, remarks


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, []),
        ({"optimizer": "lbfgs", "history": 3}, []),
        ({"optimizer": "lbfgs", "average": 0.0}, []),  # as settings.cfg has it: there is none
        ({"optimizer": "lbfgs", "average": 0.96}, ["--optimizer=lbfgs ignores --average=0.96."]),
        (
            {"optimizer": "lbfgs", "learning_rate": 0.02, "decay_rate": 0.5, "decay_staircase": True},
            ["--optimizer=lbfgs ignores --learning_rate=0.02, --decay_rate=0.5, --decay_staircase=true."],
        ),
        ({"max_step": 0.1, "history": 3}, ["--optimizer=adam ignores --history=3, --max_step=0.1."]),
        ({"optimizer": "sgd", "beta_1": 0.5, "average": 0.9}, ["--optimizer=sgd ignores --beta_1=0.5."]),
    ],
)
def test_what_an_optimizer_does_not_use(given: dict[str, object], told: list[str]) -> None:
    assert remarks(Config(content="a.jpg", style="b.jpg", **given)) == told


def test_the_docs_have_the_same_settings() -> None:
    page = (ROOT / "docs" / "control.md").read_text(encoding="utf8")
    rows = dict(re.findall(r"^\| `(adam|lbfgs|sgd)`[^|]*\|[^|]*\|([^|]*)\|$", page, re.MULTILINE))
    assert {name: set(re.findall(r"--(\w+)", row)) for name, row in rows.items()} == {
        name: set(own) for name, own in OWN.items()
    }
    assert set(OWN) == set(OPTIMIZERS)
    assert all("learning_rate" in OWN[name] for name in LEARNING_RATES)


def test_a_content_that_tiles() -> None:
    (told,) = remarks(Config(content="a.jpg", style="b.jpg", seamless=True))
    assert told.startswith("--seamless=true: The content is painted to tile: ") and "--content_weight=0" in told
    for texture in ({"content_weight": 0.0}, {"style_strength": 1.0}):
        assert remarks(Config(content="a.jpg", style="b.jpg", seamless=True, **texture)) == []


def test_they_are_told_before_the_run(quick: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*quick, "--optimizer=lbfgs", "--average=0.9", "--steps=0"]) == 0
    assert capsys.readouterr().err.startswith("keras_nst: --optimizer=lbfgs ignores --average=0.9.\n")
