"""The study of film: what is known of a drawn one; each way is a line, done once."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import study_film
from drawn_film import drawn, scenery

from keras_nst.core.plan.pyramid import Size

SIZE = Size(64, 96)


def test_what_moves_as_it_was_drawn_is_steady_and_what_stays_is_not() -> None:
    frames = list(drawn(5, SIZE, scenery(SIZE, 5)))
    told = study_film.steadiness(frames, [frame.frame for frame in frames])
    assert told["warping_error"] == told["warping_error_of_the_film"] < 1e-3 and told["flicker"] == 0
    still = study_film.steadiness(frames, [frames[0].frame] * 5)
    assert still["warping_error"] > 5 * told["warping_error"] and still["flicker"] > 1e-3


@pytest.mark.slow
@pytest.mark.weights
def test_each_way_is_done_once(
    tmp_path: Path, vgg19_weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = {"steps": "2", "steps_more": "2", "scales": "1"}
    ways = {"network": {"model": "sample:night"}, "optimize": {"style": "sample:night"} | small}
    monkeypatch.setattr(study_film, "WAYS", ways)
    monkeypatch.setattr(sys, "argv", ["study_film.py", f"--out={tmp_path}", "--frames=3", "--size=96x64"])
    study_film.main()
    rows = [json.loads(line) for line in (tmp_path / "film.jsonl").read_text().splitlines()]
    assert [row["way"] for row in rows] == list(ways)
    assert all(np.isfinite(list(row.values())[1:]).all() and row["seconds"] >= 0 for row in rows)
    capsys.readouterr()
    study_film.main()
    assert len((tmp_path / "film.jsonl").read_text().splitlines()) == 2 and capsys.readouterr().out == ""
