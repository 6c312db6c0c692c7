"""What users are told of settings that do less, or more, than they may expect."""

import re
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, smooth_picture

from keras_nst.core.plan.pyramid import Size, style_size
from keras_nst.pictures.files import Picture
from keras_nst.run.__main__ import main
from keras_nst.run.effort import effort
from keras_nst.session.method import method_of
from keras_nst.session.remarks import remarks as remarks_of_pictures
from keras_nst.session.scene import Masks, scene_of
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


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ("60x40", ["--size=60x40 is in pixels. For centimeters: --size=60x40cm."]),
        *[(size, []) for size in ("60", "60x40cm", "512x340", "A3", "original")],
    ],
)
def test_a_size_that_may_be_meant_in_centimeters(size: str, told: list[str]) -> None:
    assert remarks(Config(content="a.jpg", style="b.jpg", size=size)) == told


def test_the_docs_have_the_same_settings() -> None:
    page = (ROOT / "docs" / "guides" / "control.md").read_text(encoding="utf8")
    rows = dict(re.findall(r"^\| `(adam|lbfgs|sgd)`[^|]*\|[^|]*\|([^|]*)\|$", page, re.MULTILINE))
    assert {name: set(re.findall(r"--(\w+)", row)) for name, row in rows.items()} == {
        name: set(own) for name, own in OWN.items()
    }
    assert set(OWN) == set(OPTIMIZERS)
    assert all("learning_rate" in OWN[name] for name in LEARNING_RATES)


def test_a_content_that_tiles() -> None:
    (told,) = remarks(Config(content="a.jpg", style="b.jpg", seamless=True))
    assert told.startswith("--seamless=true: The content is painted as a tile: ") and "--content_weight=0" in told
    for texture in ({"content_weight": 0.0}, {"style_strength": 1.0}):
        assert remarks(Config(content="a.jpg", style="b.jpg", seamless=True, **texture)) == []


def test_they_are_told_before_the_run(quick: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*quick, "--optimizer=lbfgs", "--average=0.9", "--steps=0"]) == 0
    assert capsys.readouterr().err.startswith("keras_nst: --optimizer=lbfgs ignores --average=0.9.\n")


def pictures(size: str, **given: object) -> list[str]:
    """Returns what is told of a content and a style of 300 x 200 pixels."""
    config = Config(content="a.jpg", style="b.jpg", size=size, **given).resolved()
    picture = Picture(smooth_picture(200, 300, 0).astype(np.float32), None, "", ())
    scene = scene_of(picture, [picture], None, Masks(None, [], ()), config, lambda line: None)
    return remarks_of_pictures(scene, method_of(config))


def test_a_style_with_too_few_pixels_is_told() -> None:
    (told,) = pictures("900")
    assert told.startswith("--style=b.jpg: 300x200 pixels are enlarged 3.0 times: soft strokes. --style_pixels=own")
    assert pictures("500") == pictures("900", style_scale=(0.5,)) == pictures("900", style_pixels="own") == []


def test_what_a_small_style_becomes() -> None:
    style = Size(200, 300)
    for pixels in ("enlarged", "own", "between"):  # below its own size they are the same
        assert style_size(style, Size(100, 150), 1.0, "aspect", pixels) == Size(100, 150)
    assert style_size(style, Size(800, 1200), 1.0, "aspect", "enlarged") == Size(800, 1200)
    assert style_size(style, Size(800, 1200), 1.0, "aspect", "own") == style
    assert style_size(style, Size(800, 1200), 1.0, "aspect", "between") == Size(400, 600)
    assert style_size(style, Size(800, 1200), 0.5, "aspect", "own") == style
    assert style_size(style, Size(800, 1200), 0.1, "aspect", "own") == Size(80, 120)


def test_what_a_print_takes(tmp_path: Path) -> None:
    config = Config(content="a.jpg", style="b.jpg", size="60x40cm").resolved()
    (told,) = effort(Size(4724, 7087), config, 226, tmp_path)
    # 33.479 million pixels: a checkpoint of five tensors of 12 bytes a pixel, twice while it is written; 4 snapshots.
    assert told == (
        "33.5 megapixels, 60 x 40 cm at 300 dpi. The run needs up to 4.3 GB of disk "
        "(a checkpoint 4.0 GB, the picture 0.1 GB, snapshots 0.2 GB)."
    )
    assert effort(Size(341, 512), config.resolved(size="512"), 226, tmp_path) == []
    (small,) = effort(Size(341, 512), config.resolved(size="512", dpi=100.0), 226, tmp_path)
    assert small == "On paper 13 x 8.661 cm at 100 dpi."


def test_a_disk_that_is_too_small_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10**9})())
    config = Config(content="a.jpg", style="b.jpg", size="7000").resolved()
    _, told = effort(Size(4724, 7087), config, 226, tmp_path)
    assert told == f"Only 1.0 GB are free in {tmp_path}: files that do not fit are skipped with a message."
