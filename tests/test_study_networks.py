"""The study of networks: each way is a line, done once; the warping error of what is known."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import study_networks
from conftest import smooth_picture, write_picture


class Painted:
    """Paints by a function."""

    def __init__(self, paint) -> None:
        self.paint = lambda photographs, style: paint(photographs)


def test_what_moves_with_the_camera_has_no_warping_error_but_noise() -> None:
    """That of two frames, where a network changes nothing; four times that with twice the contrast."""
    picture = np.uint8(255 * smooth_picture(160, 240))
    error = study_networks.warping_error(Painted(lambda frames: frames), picture)
    assert error == pytest.approx(2 * study_networks.NOISE**2, rel=0.05)
    doubled = study_networks.warping_error(Painted(lambda frames: 2 * frames), picture)
    assert doubled == pytest.approx(4 * error, rel=1e-4)


def test_what_stays_where_it_is_has_one() -> None:
    """A texture that stands still in front of the camera: the squared difference of its columns, so many apart."""
    columns = np.arange(192) % 2 * np.ones((128, 1))
    still = np.repeat(columns[None, :, :, None], 3, axis=3)
    error = study_networks.warping_error(Painted(lambda frames: still), np.zeros((160, 240, 3), np.uint8))
    assert error == pytest.approx(study_networks.PAN % 2)


@pytest.mark.slow
@pytest.mark.weights
def test_each_way_is_done_once(
    tmp_path: Path, vgg19_weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photographs").mkdir()
    for number in range(6):
        write_picture(tmp_path / "photographs" / f"{number}.png", 260, 300, seed=number)
    for setting in ("size", "style_size"):
        monkeypatch.setitem(study_networks.SMALL, setting, "64")
    monkeypatch.setattr(
        sys,
        "argv",
        ["study", str(tmp_path / "photographs"), f"--out={tmp_path / 'study'}", "--steps=1", "--crops=7", "--counts=2"],
    )
    study_networks.main()
    lines = (tmp_path / "study" / "study.jsonl").read_text().splitlines()
    rows = {row["way"]: row for row in map(json.loads, lines)}
    assert set(rows) == {"2 photographs", "7 crops", "steady"}
    assert len(list((tmp_path / "study" / "crops").iterdir())) == 7
    assert all(row["held_out"] > 0 and row["warping_error"] > 0 for row in rows.values())
    study_networks.main()
    assert (tmp_path / "study" / "study.jsonl").read_text().splitlines() == lines
