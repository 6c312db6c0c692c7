"""What goes wrong beside the picture is told in a line, and costs no picture."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import steps_of, write_picture
from films import frames_of, write_clip
from PIL import Image
from test_video import COUNT, by_optimizer
from test_volume import SMALL, phantom

import keras_nst
from keras_nst.command.monitors import preview
from keras_nst.command.monitors.curves import Curves
from keras_nst.command.monitors.display import Lines
from keras_nst.command.run_folder import LOG, PICTURE, RECORD, REPORT
from keras_nst.core.judging.words import Figures
from keras_nst.run import outcome
from keras_nst.run.__main__ import main
from keras_nst.session.session import Session
from keras_nst.video.optimizing import Optimizer
from keras_nst.volume import drive as volumes

FAULT = "no such thing as a figure"


def fail(*_: object, **__: object) -> None:
    raise RuntimeError(FAULT)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has pictures of random weights judged as well."""
    monkeypatch.setattr(outcome, "are_figures_wanted", lambda config: True)


@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize(
    ("content", "size", "told"),
    [
        ((16, 576), (576, 16), "576 x 16, compared at 512 x 14"),
        ((4, 4), (48, 48), "4 x 4"),
        ((1, 1), (48, 48), "1 x 1"),
    ],
)
def test_a_picture_too_small_to_be_judged(
    content: tuple[int, int],
    size: tuple[int, int],
    told: str,
    quick: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_picture(tmp_path / "small.png", *content)
    assert main([*quick, f"--content={tmp_path / 'small.png'}", f"--size={max(size)}"]) == 0
    said = capsys.readouterr().out
    assert said.count("too small for quality figures") == 1 and f"{told}.\n" in said and "Figures" not in said
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert picture.size == size
    assert (tmp_path / "run" / REPORT).exists()
    assert json.loads((tmp_path / "run" / RECORD).read_text())["finished"]
    assert "Traceback" not in (tmp_path / "run" / LOG).read_text()
    assert main([f"--resume={tmp_path / 'run'}"]) == 0
    assert "is finished" in capsys.readouterr().out


@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ZeroDivisionError("by nothing"), "No figures: by nothing."),
        (MemoryError(), "No figures: not enough memory."),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), "No figures: OOM when allocating."),
    ],
    ids=["program", "memory", "device memory"],
)
def test_figures_that_fail(
    error: Exception,
    line: str,
    quick: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The picture is there before they are taken; the log has the traceback."""

    def figures(*_: object) -> Figures:
        assert (tmp_path / "run" / PICTURE).exists()
        raise error

    monkeypatch.setattr(Session, "figures", figures)
    assert main(quick) == 0
    said = capsys.readouterr()
    assert said.out.count(f"{line}\n") == 1 and "Traceback" not in said.out + said.err
    assert (tmp_path / "run" / REPORT).exists()
    assert json.loads((tmp_path / "run" / RECORD).read_text())["finished"]
    log = (tmp_path / "run" / LOG).read_text()
    assert "Traceback" in log and type(error).__name__ in log


@pytest.mark.usefixtures("judged")
def test_interrupted_between_saving_and_judging(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same picture, and what was missing of it."""

    def interrupted(*_: object) -> Figures:
        raise KeyboardInterrupt

    with monkeypatch.context() as ended:
        ended.setattr(Session, "figures", interrupted)
        assert main(quick) == 130
    made = (tmp_path / "run" / PICTURE).read_bytes()
    capsys.readouterr()
    assert main([f"--resume={tmp_path / 'run'}"]) == 0
    said = capsys.readouterr().out
    assert "Resuming after step 5" in said and "Figures: content" in said
    assert np.array_equal(pixels(tmp_path / "run" / PICTURE), pixels_of(made, tmp_path))
    assert json.loads((tmp_path / "run" / RECORD).read_text())["finished"]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def pixels_of(file: bytes, folder: Path) -> np.ndarray:
    (folder / "made.png").write_bytes(file)
    return pixels(folder / "made.png")


@pytest.mark.parametrize(
    ("owner", "name", "told"),
    [
        (Curves, "__call__", "curves"),
        (Curves, "show", "pictures in the curves"),
        (Curves, "close", "curves"),
        (Lines, "__call__", "progress"),
        (preview, "resize", "preview"),
    ],
)
def test_what_shows_the_picture_on_its_way_fails(
    owner: object,
    name: str,
    told: str,
    quick: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(owner, name, fail)
    assert main([*quick, "--preview=true"]) == 0
    assert capsys.readouterr().out.count(f"No {told}: {FAULT}.\n") == 1
    assert (tmp_path / "run" / PICTURE).exists() and "Traceback" in (tmp_path / "run" / LOG).read_text()
    assert (told == "curves" and name == "__call__") or steps_of(tmp_path / "run") == [1, 2, 3, 4, 5, 5]


def test_a_frame_that_cannot_be_judged_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once, of the first one that is to be judged; the film is written."""
    monkeypatch.setattr(Optimizer, "judge", fail)
    monkeypatch.setattr("keras_nst.video.painting.JUDGED", 2)
    clip = write_clip(tmp_path / "clip.mkv", frames_of(COUNT))
    told = by_optimizer(clip, write_picture(tmp_path / "style.png", 40, 50), tmp_path / "film", steps="1")
    assert told.count(f"No figures of frames: {FAULT}.") == 1
    assert (tmp_path / "film" / "out.mkv").exists() and any(line.startswith("Figures: warping") for line in told)
    assert "Traceback" in (tmp_path / "film" / "work" / LOG).read_text()


def test_a_film_that_cannot_be_measured_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras_nst.video.finishing.steadiness", fail)
    clip = write_clip(tmp_path / "clip.mkv", frames_of(COUNT))
    told = by_optimizer(clip, write_picture(tmp_path / "style.png", 40, 50), tmp_path / "film", steps="1")
    assert f"No figures: {FAULT}." in told and (tmp_path / "film" / "out.mkv").exists()


def test_a_volume_whose_sheet_fails_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from keras_nst.volume.prepare import prepare
    from keras_nst.volume.settings import Carving

    monkeypatch.setattr(volumes, "write_sheet", fail)
    np.save(tmp_path / "volume.npy", phantom()[..., 0])
    style, told = write_picture(tmp_path / "style.png", 40, 50), list[str]()
    given = {"content": str(tmp_path / "volume.npy"), "style": str(style), "output": str(tmp_path / "out.npy")}
    for _ in range(2):
        asked = prepare(Carving.written(**SMALL | given, workdir=str(tmp_path / "work")), told.append)
        assert volumes.drive(asked, threading.Event(), told.append) == 0
    assert told.count(f"No sheet and animation: {FAULT}.") == 1 and np.load(tmp_path / "out.npy").shape == (20, 24, 28)
    assert any(line.startswith("This volume is already painted") for line in told)


def test_a_program_is_told_why_there_are_no_figures() -> None:
    content, style = np.full((4, 4, 3), 0.5), np.full((30, 40, 3), 0.25)
    small = {"weights": "random", "size": 32, "steps": 1, "scales": 1, "precision": "float32"}
    result = keras_nst.stylize(content, style, style_layers="block1_conv1", content_layers="block1_conv1", **small)
    assert result.array.shape == (32, 32, 3)
    with pytest.raises(
        ValueError, match="^Expected at least 16 pixels a side to compare. Received: 32 x 32, compared at 4 x 4$"
    ):
        _ = result.figures
