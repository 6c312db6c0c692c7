"""The configs that come along: all are parsed, the quick one is run."""

import re
from pathlib import Path

import pytest
from conftest import ROOT
from PIL import Image

from keras_nst.command.run_folder import PICTURE
from keras_nst.run import request
from keras_nst.run.__main__ import main
from keras_nst.settings.config import Config
from keras_nst.settings.recipes import RECIPES

CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_says_what_it_makes_and_is_valid(path: Path) -> None:
    head = "".join(line for line in path.read_text().splitlines(True) if line.startswith("#"))
    assert f"keras-nst run --flagfile=configs/{path.name}" in head
    assert re.search(r"[Tt]ime|seconds|minutes", head) and "emory" in head or " GB" in head
    assert "loss" in head and not re.search("TIME|MEMORY|LOSS", head)
    assert request.parse([f"--flagfile={path}"]) != Config()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("keras_example", {"normalization": "keras", "optimizer": "sgd", "decay_rate": 0.96, "decay_steps": 100}),
        ("tf_tutorial", {"normalization": "tensorflow", "beta_1": 0.99, "epsilon": 0.1, "learning_rate": 0.02}),
        ("d2l", {"normalization": "d2l", "decay_rate": 0.8, "decay_steps": 50, "decay_staircase": True}),
        ("gatys", {"normalization": "gatys", "init": "noise", "pooling": "average_unscaled"}),
        ("notes", {"normalization": "gatys", "init": "noise"}),
    ],
)
def test_the_published_recipes(name: str, expected: dict[str, object]) -> None:
    config = request.parse([f"--flagfile={name}.cfg"])
    assert {key: getattr(config, key) for key in expected} == expected
    assert config.scales == 1
    recipe = RECIPES[config.normalization]
    if name not in ("gatys", "notes"):  # papers and notes name a ratio, or none
        assert config.resolved().content_weight == recipe.content_weight
        assert config.resolved().style_weight == recipe.style_weight
        assert config.resolved().variation_weight == recipe.variation_weight


def test_the_keras_example_s_rate_is_converted() -> None:
    assert request.parse(["--flagfile=keras_example.cfg"]).learning_rate == pytest.approx(100 / 255**2, rel=1e-9)


@pytest.mark.weights
def test_quick(tmp_path: Path, vgg19_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--flagfile=configs/quick.cfg", f"--workdir={tmp_path / 'run'}"]) == 0
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert picture.size == (256, 171)
    said = capsys.readouterr().out
    assert re.search("^(Close|Halfway) to the style, content .* kept, colors the style's[.]$", said, re.MULTILINE)
    loss = float(re.search(r"Final loss ([\d.]*\d)", said)[1])
    promised = float(re.search(r"final loss ([\d.]*\d)", (ROOT / "configs" / "quick.cfg").read_text())[1])
    assert loss == pytest.approx(promised, rel=0.05)  # float32 and bfloat16 differ by less
