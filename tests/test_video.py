"""Painted films: every way, steadiness, going on after a stop or a kill, several processes, what is asked wrongly."""

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, run_process, write_picture
from films import HIGH, WIDE, frames_of, read_clip, sound_of, write_clip
from PIL import Image
from test_painter import write_painter

from keras_nst.core.objective.oklab import to_oklab
from keras_nst.settings.values import SEPARATOR
from keras_nst.video.__main__ import main
from keras_nst.video.drive import drive
from keras_nst.video.folder import Folder
from keras_nst.video.prepare import prepare
from keras_nst.video.settings import Filming

SMALL = {"weights": "random", "network": "vgg19", "steps": "4", "steps_more": "2", "scales": "1", "style_weight": "1"}
SMALL |= {"tensorboard": "false", "precision": "float32", "style_layers": "block1_conv1,block2_conv1"}
SMALL |= {"content_layers": "block2_conv2"}
COUNT, DOOR = 5, "keras_nst.video"


class StopAfter:
    """Tells to stop once so many frames are painted."""

    def __init__(self, folder: Path, frames: int):
        self.folder, self.frames = folder, frames

    def is_set(self) -> bool:
        return len(list((self.folder / "frames").glob("*.png"))) >= self.frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short film with sound; not to be changed."""
    return write_clip(tmp_path_factory.mktemp("films") / "clip.mkv", frames_of(COUNT), sound="aac")


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_picture(tmp_path_factory.mktemp("styles") / "style.png", 40, 50, seed=7)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_painter(tmp_path_factory.mktemp("models") / "three")


def asked(clip: Path, folder: Path, **own: str) -> dict[str, str]:
    return {"content": str(clip), "output": str(folder / "out.mkv"), "workdir": str(folder / "work")} | own


def film(clip: Path, folder: Path, stop: object = None, **own: str) -> list[str]:
    """Paints; returns what was told."""
    told: list[str] = []
    settings = Filming.written(**asked(clip, folder, **own))
    assert drive(prepare(settings, told.append), stop or threading.Event(), told.append) == 0
    return told


def by_optimizer(clip: Path, painting: Path, folder: Path, stop: object = None, **own: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    return film(clip, folder, stop, **{"style": str(painting)} | SMALL | own)


def painted(folder: Path) -> list[np.ndarray]:
    return [Folder(folder / "work").levels(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def whole(clip: Path, style: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that was painted by the optimizer in one go; not to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    by_optimizer(clip, style, folder)
    return folder


def test_a_film_comes_out_with_its_frames_times_and_sound(clip: Path, whole: Path) -> None:
    frames, seconds = read_clip(whole / "out.mkv")
    assert len(frames) == COUNT and frames[0].shape == (HIGH, WIDE, 3)
    assert [round(1000 * second) for second in seconds] == [0, 40, 80, 120, 160]
    for frame, own, before in zip(frames, painted(whole), frames_of(COUNT), strict=True):
        assert abs(frame.astype(int) - own).mean() < 9 < abs(own.astype(int) - before).mean()
    assert [data for _, data in sound_of(whole / "out.mkv")] == [
        data for second, data in sound_of(clip) if 0 <= second < 0.2
    ]
    figures = json.loads((whole / "work" / "figures.json").read_text())
    assert set(figures) == {"warping_error", "warping_error_of_the_film", "flicker"}


def test_what_is_done_is_not_done_again(clip: Path, style: Path, whole: Path) -> None:
    before = (whole / "out.mkv").stat().st_mtime_ns
    assert by_optimizer(clip, style, whole)[-1] == f"This film is already painted: {whole / 'out.mkv'}"
    assert (whole / "out.mkv").stat().st_mtime_ns == before


@pytest.mark.parametrize("frames", [1, 3])
def test_a_film_goes_on_bit_for_bit(clip: Path, style: Path, whole: Path, tmp_path: Path, frames: int) -> None:
    told = by_optimizer(clip, style, tmp_path, StopAfter(tmp_path / "work", frames))
    assert told[-1].startswith("Stopped") and not (tmp_path / "out.mkv").exists()
    assert len(list((tmp_path / "work" / "frames").iterdir())) == frames
    told = by_optimizer(clip, style, tmp_path)
    assert any(f"{frames} already painted" in line for line in told)
    for own, there in zip(painted(tmp_path), painted(whole), strict=True):
        np.testing.assert_array_equal(own, there)


def test_a_film_that_may_be_overwritten_goes_on_as_well(clip: Path, style: Path, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "out.mkv").write_bytes(b"before")
    by_optimizer(clip, style, tmp_path, StopAfter(tmp_path / "work", 2), overwrite="true")
    told = by_optimizer(clip, style, tmp_path, overwrite="true")
    assert any("2 already painted" in line for line in told)
    for own, there in zip(painted(tmp_path), painted(whole), strict=True):
        np.testing.assert_array_equal(own, there)


@pytest.mark.parametrize("size", ["63", "50x33"])
def test_films_have_even_sides(clip: Path, style: Path, tmp_path: Path, size: str) -> None:
    by_optimizer(clip, style, tmp_path, size=size, end="0.08", color="content", side_by_side="true")
    frames, _ = read_clip(tmp_path / "out.mkv")
    assert frames[0].shape[:2] == {"63": (46, 62), "50x33": (32, 50)}[size]
    assert read_clip(tmp_path / "out-beside.mkv")[0][0].shape[1] == 2 * frames[0].shape[1]


def test_more_of_a_film_is_painted_where_less_was(clip: Path, style: Path, whole: Path, tmp_path: Path) -> None:
    by_optimizer(clip, style, tmp_path, end="0.1")
    assert len(read_clip(tmp_path / "out.mkv")[0]) == 3
    by_optimizer(clip, style, tmp_path)
    assert len(read_clip(tmp_path / "out.mkv")[0]) == COUNT
    for own, there in zip(painted(tmp_path), painted(whole), strict=True):
        np.testing.assert_array_equal(own, there)


def test_steady_makes_frames_alike_where_they_show_the_same(
    clip: Path, style: Path, whole: Path, tmp_path: Path
) -> None:
    by_optimizer(clip, style, tmp_path, steady="0", steps="12")
    by_optimizer(clip, style, tmp_path / "steady", steady="20", steps="12", steps_more="12")
    errors = [
        json.loads((folder / "work" / "figures.json").read_text())["warping_error"]
        for folder in (tmp_path, tmp_path / "steady")
    ]
    assert errors[1] < 0.6 * errors[0]


def test_shots_are_painted_on_their_own(style: Path, tmp_path: Path) -> None:
    """A film of two shots has the frames of each alone."""
    shots = [frames_of(3), [255 - frame for frame in frames_of(2, seed=3)]]
    both = write_clip(tmp_path / "both.mkv", [*shots[0], *shots[1]])
    told = by_optimizer(both, style, tmp_path / "both")
    assert any("5 frames of 64 x 48 pixels in 2 shots" in line for line in told)
    alone = [np.array(frame) for frame in painted(tmp_path / "both")]
    for number, (frames, start) in enumerate(zip(shots, (0, 3), strict=True)):
        folder = tmp_path / str(number)
        by_optimizer(write_clip(tmp_path / f"{number}.mkv", frames), style, folder)
        for own in range(len(frames)):
            np.testing.assert_array_equal(Folder(folder / "work").levels(own), alone[start + own])


def test_a_film_is_gone_through_forwards_and_backwards(clip: Path, style: Path, whole: Path, tmp_path: Path) -> None:
    by_optimizer(clip, style, tmp_path, passes="2")
    work = Folder(tmp_path / "work")
    for number, there in enumerate(painted(whole)):
        np.testing.assert_array_equal(work.levels(number, "pass-1"), there)
        assert (work.levels(number) != there).any()


@pytest.mark.parametrize("color", ["content", "luminance", "match"])
def test_colors_may_be_the_films(clip: Path, style: Path, whole: Path, tmp_path: Path, color: str) -> None:
    """Then hue and saturation are near the film's, as the painted film shows."""
    by_optimizer(clip, style, tmp_path, color=color, steps="8")
    by_optimizer(clip, style, tmp_path / "own", steps="8")
    chroma = np.array([[0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])

    def apart(folder: Path) -> float:
        frames = [frame.astype(int) for frame in read_clip(folder / "out.mkv")[0]]
        return float(np.mean([abs((a - b) @ chroma.T).mean() for a, b in zip(frames, frames_of(COUNT), strict=True)]))

    assert apart(tmp_path) < (0.5 if color != "match" else 1.0) * apart(tmp_path / "own")


def test_colors_may_be_moved_into_the_range_of_the_style(clip: Path, style: Path, tmp_path: Path) -> None:
    """By one map for all frames: their mean chroma is about the style's, and each has its own part in it."""
    by_optimizer(clip, style, tmp_path, color="palette", steps="2", output=str(tmp_path / "out"))
    frames = [np.asarray(Image.open(path)) / 255 for path in sorted((tmp_path / "out").iterdir())]
    with Image.open(style) as picture:
        wanted = to_oklab(np.asarray(picture.convert("RGB")) / 255)[..., 1:].mean(axis=(0, 1))
    own = [to_oklab(frame / 255)[..., 1:].mean(axis=(0, 1)) for frame in frames_of(COUNT)]
    found = [to_oklab(frame)[..., 1:].mean(axis=(0, 1)) for frame in frames]
    assert np.linalg.norm(np.mean(found, axis=0) - wanted) < 0.25 * np.linalg.norm(np.mean(own, axis=0) - wanted)


def test_both_films_are_shown_together(clip: Path, style: Path, whole: Path, tmp_path: Path) -> None:
    by_optimizer(clip, style, tmp_path, side_by_side="true", output=str(tmp_path / "out"), end="0.08")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000000.png", "000001.png"]
    beside = np.asarray(Image.open(tmp_path / "out-beside" / "000001.png"))
    np.testing.assert_array_equal(beside, np.concatenate([frames_of(COUNT)[1], painted(whole)[1]], axis=1))


def test_losses_and_frames_are_seen_in_tensorboard(clip: Path, style: Path, tmp_path: Path) -> None:
    from conftest import steps_of

    by_optimizer(clip, style, tmp_path)
    assert steps_of(tmp_path / "work" / "curves") == list(range(COUNT))


@pytest.mark.weights
def test_some_frames_are_judged(clip: Path, style: Path, tmp_path: Path, vgg19_weights: Path) -> None:
    by_optimizer(clip, style, tmp_path, weights="imagenet", end="0.08")
    told = json.loads((tmp_path / "work" / "figures.json").read_text())
    assert told["warping_error"] > 0 and 0 < told["000000"]["w2"] < 2 and "000001" not in told


# --- Regions ---


def masks(folder: Path, count: int = COUNT, gone: bool = False) -> Path:
    """Writes masks whose lower half is dark, or whose dark half comes later."""
    folder.mkdir()
    for number in range(count):
        levels = np.full((HIGH, WIDE, 3), 255, np.uint8)
        if not gone or number >= 2:
            levels[HIGH // 2 :] = 0
        Image.fromarray(levels).save(folder / f"{number}.png")
    return folder


def test_regions_have_their_own_styles(clip: Path, style: Path, tmp_path: Path) -> None:
    """The lower half gets a red style, the upper one a blue one; also where there is no lower half at first."""
    for name, color in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        noise = np.random.default_rng(0).integers(-20, 20, (40, 50, 3))
        Image.fromarray(np.uint8(np.clip(np.array(color) + noise, 0, 255))).save(tmp_path / f"{name}.png")
    both = SEPARATOR.join(str(tmp_path / f"{name}.png") for name in ("red", "blue"))
    own = {"content_mask": str(masks(tmp_path / "masks", gone=True)), "steps": "20", "style_weight": "20"}
    by_optimizer(clip, style, tmp_path, **own | {"style": both, "content_weight": "0.1", "steps_more": "10"})
    frames = [frame.astype(int) for frame in painted(tmp_path)]
    change = [frame - own for frame, own in zip(frames, frames_of(COUNT), strict=True)]
    upper, lower = (np.array([each[rows].mean(axis=(0, 1)) for each in change]) for rows in (slice(16), slice(32, 48)))
    assert (lower[3:, 0] - lower[3:, 2] > upper[3:, 0] - upper[3:, 2] + 10).all()
    assert abs(upper[0] - lower[0]).max() < 60  # both are blue's then


def test_what_is_kept_stays_as_it_is(clip: Path, style: Path, tmp_path: Path) -> None:
    by_optimizer(clip, style, tmp_path, content_mask=str(masks(tmp_path / "masks")), keep="true")
    for frame, before in zip(painted(tmp_path), frames_of(COUNT), strict=True):
        assert abs(frame[30:].astype(int) - before[30:]).max() <= 1 < abs(frame[:20].astype(int) - before[:20]).max()


# --- By networks ---


def test_a_network_paints_each_frame(clip: Path, model: Path, tmp_path: Path) -> None:
    from test_painter import painter

    film(clip, tmp_path, model=str(model), steady="0", precision="float32", tensorboard="false", blend="0,1,1")
    for frame, own in zip(frames_of(COUNT), painted(tmp_path), strict=True):
        expected = 255 * painter()(frame.astype(np.float32) / 255, (0, 0.5, 0.5))
        assert abs(own - expected).max() <= 1


def test_a_network_is_steadied_by_what_it_has_painted(clip: Path, model: Path, tmp_path: Path) -> None:
    for steady in ("0", "20"):
        (tmp_path / steady).mkdir()
        film(clip, tmp_path / steady, model=str(model), steady=steady, tensorboard="false")
    errors = [
        json.loads((tmp_path / steady / "work" / "figures.json").read_text())["warping_error"] for steady in ("0", "20")
    ]
    assert errors[1] < 0.7 * errors[0]


@pytest.mark.weights
def test_a_network_learns_from_keyframes(clip: Path, style: Path, tmp_path: Path) -> None:
    own = {"how": "keyframes", "keyframe_every": "4", "learning_steps": "12", "weights": "imagenet"}
    told = by_optimizer(clip, style, tmp_path, StopAfter(tmp_path / "work", 2), **own)
    assert told[-1].startswith("Stopped")
    learned = (tmp_path / "work" / "learned.zip").stat().st_mtime_ns
    frames = [Folder(tmp_path / "work").levels(number) for number in range(2)]
    by_optimizer(clip, style, tmp_path, **own)
    assert (tmp_path / "work" / "learned.zip").stat().st_mtime_ns >= learned
    assert sorted(path.name for path in (tmp_path / "work" / "keyframes").iterdir()) == ["000000.png", "000004.png"]
    np.testing.assert_array_equal(painted(tmp_path)[0], Folder(tmp_path / "work").levels(0, "keyframes"))
    for number, frame in enumerate(frames):
        np.testing.assert_array_equal(painted(tmp_path)[number], frame)


@pytest.mark.weights
def test_learning_goes_on_bit_for_bit(clip: Path, style: Path, tmp_path: Path, vgg19_weights: Path) -> None:
    own = {"how": "keyframes", "keyframe_every": "4", "learning_steps": "5", "weights": "imagenet"}
    by_optimizer(clip, style, tmp_path / "whole", **own)

    class Soon:
        """Tells to stop in the middle of the learning."""

        def is_set(self) -> bool:
            return any("Learning" in line for line in told) and next(times) > 2

    told, times = list[str](), itertools.count()
    (tmp_path / "parts").mkdir()
    given = asked(clip, tmp_path / "parts", style=str(style), **SMALL | own)
    drive(prepare(Filming.written(**given), print), Soon(), told.append)
    assert told[-1].startswith("Stopped") and not (tmp_path / "parts" / "work" / "frames").exists()
    again = by_optimizer(clip, style, tmp_path / "parts", **own)
    assert any(re.search("Learning from 2 keyframes: 5 steps, [1-4] taken", line) for line in again)
    for one, other in zip(painted(tmp_path / "parts"), painted(tmp_path / "whole"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_films_written_elsewhere_are_known(clip: Path, style: Path, whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole / "work", tmp_path / "work")
    by_optimizer(clip, style, tmp_path)
    by_optimizer(clip, style, tmp_path, output=str(tmp_path / "other.mov"))
    assert by_optimizer(clip, style, tmp_path)[-1].startswith("This film is already painted")


# --- The command ---


def command(clip: Path, style: Path, folder: Path, **own: str) -> list[str]:
    given = asked(clip, folder, style=str(style), **SMALL | own)
    return [f"--{name}={value}" for name, value in given.items()]


def started(arguments: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", DOOR, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
def test_a_kill_costs_a_frame_at_most(style: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "long.mkv", frames_of(12))
    process = started(command(clip, style, tmp_path), tmp_path)
    frames = tmp_path / "work" / "frames"
    while len(list(frames.glob("*.png"))) < 4 and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    there = len(list(frames.glob("*.png")))
    assert 4 <= there < 12
    (tmp_path / "again").mkdir()
    for folder in (tmp_path, tmp_path / "again"):
        assert run_process(*command(clip, style, folder), cwd=tmp_path, module=DOOR).returncode == 0
    for number in range(12):
        one, other = (Folder(folder / "work").levels(number) for folder in (tmp_path, tmp_path / "again"))
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_processes_share_the_shots_out(style: Path, tmp_path: Path) -> None:
    shots = [[np.roll(255 - frame, 40 * seed, axis=2) for frame in frames_of(3, seed=seed)] for seed in range(4)]
    clip = write_clip(tmp_path / "shots.mkv", [frame for shot in shots for frame in shot])
    own = command(clip, style, tmp_path)
    processes = [started(own, tmp_path) for _ in range(2)]
    told = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert sum("Film: " in each for each in told) >= 1
    assert len(read_clip(tmp_path / "out.mkv")[0]) == 12


def complaint(capsys: pytest.CaptureFixture[str], code: int = 2, **given: str) -> str:
    """Returns the only line that is told of what is wrong."""
    capsys.readouterr()
    assert main([f"--{name}={value}" for name, value in given.items()]) == code
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line]
    return line


def test_what_is_wrong_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], clip: Path, style: Path, tmp_path: Path
) -> None:
    own = asked(clip, tmp_path, style=str(style), **SMALL)
    (tmp_path / "text.mp4").write_text("no film")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    (tmp_path / "taken.mp4").write_bytes(b"mine")
    (tmp_path / "text").write_text("mine")
    wrong = {
        "--content: Expected a film: a file, or a folder of pictures.": {"content": ""},
        f"--content={tmp_path / 'none.mp4'}: No such file or directory": {"content": str(tmp_path / "none.mp4")},
        f"--content={tmp_path / 'text.mp4'}: Expected a film. Received: a file that cannot be read as one": {
            "content": str(tmp_path / "text.mp4")
        },
        "--style: Expected a picture: a path or a URL; or a --model.": {"style": ""},
        "--model: Expected a trained network with --how=network, such as sample:night.": {"how": "network"},
        "--end=1: Expected more than --start=2.": {"start": "2", "end": "1"},
        f"--content={clip}: Expected a film with readable frames after 2 seconds. Received: none": {"start": "2"},
        f"--output={tmp_path / 'a.gif'}: Expected .mp4, .mkv, .mov, or a folder": {"output": str(tmp_path / "a.gif")},
        f"--output={clip}: Expected another name than the film's own.": {"output": str(clip)},
        f"--output={tmp_path / 'taken.mp4'}: {tmp_path / 'taken.mp4'} exists. Expected another name, or": {
            "output": str(tmp_path / "taken.mp4")
        },
        f"--workdir={tmp_path / 'mine'}: Expected a new folder, or one of a film.": {"workdir": str(tmp_path / "mine")},
        "--style=x.png: Expected no --style: the model has its own styles.": {
            "model": "sample:night",
            "style": "x.png",
        },
        f"--output={tmp_path / 'text'}: Expected .mp4, .mkv, .mov, or a folder": {"output": str(tmp_path / "text")},
        "--rate=0: Expected": {"rate": "0"},
        f"--content_mask={tmp_path / 'few'}: Expected as many frames as the film has, 5. Received: 2": {
            "content_mask": str(masks(tmp_path / "few", 2))
        },
        "--content_mask=x: Expected --how=optimize, which alone uses it.": {"content_mask": "x", "how": "keyframes"},
        "--passes=2: Expected 1, or --how=optimize: the others go through a film once.": {
            "passes": "2",
            "how": "keyframes",
        },
        "--size=8: Expected at least": {"size": "8"},
        "--how=magic: Expected one of auto, optimize, network, keyframes. Received: magic": {"how": "magic"},
    }
    for expected, change in wrong.items():
        assert complaint(capsys, **own | change).startswith(f"keras_nst: {expected}"), change
    assert (tmp_path / "taken.mp4").read_bytes() == b"mine" and os.listdir(tmp_path / "mine") == ["letter.txt"]
    assert not (tmp_path / "work").exists()


def test_another_film_in_the_folder_is_told(
    capsys: pytest.CaptureFixture[str], clip: Path, style: Path, whole: Path, tmp_path: Path
) -> None:
    own = asked(clip, whole, style=str(style), **SMALL)
    line = complaint(capsys, **own | {"steady": "7"})
    assert re.search(
        r"This folder holds another film: steady 7 \(was 20\)\. Expected a new folder, or --overwrite", line
    )
    assert "style_1" in complaint(capsys, **own | {"style": f"{style}@1-2"})
    (tmp_path / "other").mkdir()
    others = [*frames_of(COUNT)[:2], *frames_of(COUNT, seed=4)[2:]]
    other = write_clip(tmp_path / "other" / clip.name, others)
    line = complaint(capsys, **own | {"content": str(other)})
    assert "This folder holds another film, from frame 2 on. Expected a new folder, or --overwrite." in line


def test_without_what_it_takes_one_line_tells_what(
    capsys: pytest.CaptureFixture[str], clip: Path, style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keras_nst.video.prepare.NEEDED", {"no_such_module": "PyAV"})
    line = complaint(capsys, **asked(clip, tmp_path, style=str(style)))
    assert line == 'keras_nst: Expected PyAV, for film: pip install "keras-nst[video]"'


def test_help_needs_nothing() -> None:
    done = run_process("--help", module=DOOR)
    assert done.returncode == 0 and "--side_by_side" in done.stdout
