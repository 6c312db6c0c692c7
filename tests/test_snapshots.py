"""Intermediate pictures as files."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import loss_values, smooth_picture
from PIL import Image

from keras_nst.command.monitors.snapshots import snapshots
from keras_nst.core.plan.events import Progress


def progress(step: int, picture: np.ndarray) -> Progress:
    zero = np.zeros(1)
    return Progress(step, 100, 1, 1, step, 100, loss_values(zero, zero, zero, zero), 0.1, lambda: picture[None])


def test_pictures_are_named_by_their_step(tmp_path: Path) -> None:
    save = snapshots(tmp_path / "snapshots")
    assert not (tmp_path / "snapshots").exists()  # no folder for none
    pictures = {step: smooth_picture(24, 40, seed=step) for step in (7, 50, 12_345)}
    for step, picture in pictures.items():
        save(progress(step, picture))
    names = sorted(path.name for path in (tmp_path / "snapshots").iterdir())
    assert names == ["step-00007.jpg", "step-00050.jpg", "step-12345.jpg"]
    for step, picture in pictures.items():
        with Image.open(tmp_path / "snapshots" / f"step-{step:05d}.jpg") as image:
            assert image.size == (40, 24)
            np.testing.assert_allclose(np.asarray(image) / 255, picture, atol=0.06)


def test_a_picture_that_cannot_be_kept_does_not_end_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save = snapshots(tmp_path / "run" / "snapshots")
    (tmp_path / "run").mkdir()
    save(progress(50, smooth_picture(24, 40)))
    shutil.rmtree(tmp_path / "run")
    save(progress(100, smooth_picture(24, 40)))
    (tmp_path / "run").touch()
    save(progress(150, smooth_picture(24, 40)))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["No snapshot of step 100", "No snapshot of step 150"]
