"""Folders that an earlier version has left, by its own names of modules: they go on, and end as they would have.

tests/earlier was made by version 0.1.0 of 2026-11-30, whose rooms had other names; `ended` has what it made of them.
"""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import losses_of
from PIL import Image

from keras_nst.command.commands import main
from keras_nst.train.drive import drive as train
from keras_nst.train.prepare import prepare
from keras_nst.train.settings import Training

EARLIER = Path(__file__).parent / "earlier"
SMALL = ["--weights=random", "--precision=float32", "--style_layers=block1_conv1,block2_conv1"]
SMALL += ["--content_layers=block2_conv2", "--style=style.png", "--tensorboard=false"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, from which paths are meant."""
    monkeypatch.chdir(shutil.copytree(EARLIER, tmp_path / "earlier"))
    return tmp_path / "earlier"


def levels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image, int)


def test_a_film(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--content=film/frames", "--output=film/painted", "--workdir=film/work", "--steps=4", "--steps_more=2"]
    assert main(["video", *asked, "--scales=1", "--style_weight=1", "--figures=false", *SMALL]) == 0
    assert "1 already painted" in capsys.readouterr().out
    assert (
        levels(folder / "film/work/frames/000000.png").tolist() == levels(folder / "film/painted/000000.png").tolist()
    )
    for name in ("000001.png", "000002.png"):
        apart = abs(levels(folder / "film/painted" / name) - levels(folder / "ended" / name))
        assert apart.max() <= 12 and apart.mean() < 0.1  # processors, and numbers of threads, differ in their last bits


def test_a_volume(folder: Path) -> None:
    asked = ["--content=volume/stack.npy", "--workdir=volume/work", "--output=volume/painted.npy", "--steps=6"]
    assert main(["volume", *asked, "--style_weight=1", *SMALL]) == 0
    assert [step for step, _ in losses_of(folder / "volume/work/curves")] == [1, 2, 3, 4, 5, 6]
    painted, ended = np.load(folder / "volume/painted.npy"), np.load(folder / "ended/painted.npy")
    assert abs(painted.astype(int) - ended).max() <= 2


def test_a_training(folder: Path) -> None:
    """And what it has learned paints."""
    given = dict(flag[2:].split("=") for flag in SMALL if "tensorboard" not in flag)
    given |= {"size": "64", "style_size": "48", "width": "4", "blocks": "1", "batch_size": "2", "steps": "6"}
    given |= {"contents": "training/photos", "style_strength": "0.5", "workdir": "training/model"}
    told: list[str] = []
    assert train(prepare(Training.written(**given), told.append), threading.Event(), told.append) == 0
    assert "Resuming after step 3." in told
    with np.load(folder / "training/model/weights.npz") as own, np.load(folder / "ended/weights.npz") as ended:
        assert set(own) == set(ended)
        for name in own:
            np.testing.assert_allclose(own[name], ended[name], atol=1e-4)
    assert main(["apply", "--model=training/model", "--contents=training/photos/0.png", "--output=painted"]) == 0
    assert levels(folder / "painted/0.png").shape == (70, 80, 3)


def test_an_exploration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is known by its pictures: another one is refused, the same one goes on."""
    asked = ["--style=style.png", "--workdir=exploration/sheets", "--size=48", "--steps=1", "--channels=1"]
    asked += ["--layers=block1_conv1", "--weights=random", "--show=content,grams"]
    assert main(["explore", "--content=film/frames/0.png", *asked]) == 2
    assert "exploration/sheets" in capsys.readouterr().err
    assert main(["explore", "--content=exploration/content.png", *asked]) == 0
    assert {path.name for path in (folder / "exploration/sheets").glob("*.png")} == {"content.png", "grams.png"}


def test_a_batch(folder: Path) -> None:
    """Its page is written anew from what its manifest and its jobs tell."""
    assert main(["report", "batch/work"]) == 0
    page = (folder / "batch/work/report.html").read_text()
    assert "0--style" in page
