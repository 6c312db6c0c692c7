"""Film and photographs painted by several workers: processes of this machine, and a Ray cluster of several nodes."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, run_process, write_picture
from films import frames_of, read_clip, write_clip
from PIL import Image
from test_painter import write_painter

from keras_nst.batch.settings import BatchConfig
from keras_nst.command.workers.hands import Task, lend, watched
from keras_nst.settings.application import Application
from keras_nst.settings.declared import SettingError
from keras_nst.system.pace import Stop
from keras_nst.video.settings import Filming

SMALL = ["--weights=random", "--steps=4", "--steps_more=2", "--scales=1", "--style_weight=1", "--precision=float32"]
SMALL += ["--style_layers=block1_conv1", "--content_layers=block2_conv2", "--tensorboard=false", "--figures=false"]


def until(done: Sequence[object], patience: float = 60.0) -> None:
    """Waits until a list is not empty."""
    end = time.monotonic() + patience
    while not done:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("settings", [BatchConfig, Application, Filming])
def test_a_cluster_is_not_named_in_vain(settings: type[BatchConfig]) -> None:
    settings.written(address="127.0.0.1:6379", engine="ray")
    with pytest.raises(SettingError, match="--address=127.0.0.1:6379: Expected --engine=ray"):
        settings.written(address="127.0.0.1:6379")


# --- Hands ---


def leaves_a_mark(settings: BatchConfig, stop: Stop) -> None:
    """The part of a hand: the first to come dies once, which is no reason to give up."""
    folder = Path(settings.workdir)
    try:
        (folder / "first").mkdir()
    except FileExistsError:
        (folder / f"{os.getpid()}").write_text(os.getcwd())
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def waits_for_the_stop(settings: BatchConfig, stop: Stop) -> None:
    Path(settings.workdir, f"{os.getpid()}").touch()
    while not stop.is_set():
        time.sleep(0.01)


def fails(settings: BatchConfig, stop: Stop) -> None:
    raise OSError("Nothing works.")


def task(folder: Path, work: object, **own: object) -> Task:
    settings = BatchConfig(content="a.jpg", style="b.jpg", workdir=str(folder), workers=2, **own)
    return Task(settings, folder, "workdir", work, folder)


def test_a_hand_that_dies_is_replaced(tmp_path: Path) -> None:
    looks: list[int] = []
    told: list[str] = []
    lend(task(tmp_path, leaves_a_mark), threading.Event(), lambda: looks.append(1), told.append)
    marks = [path for path in tmp_path.iterdir() if path.is_file()]
    assert len(marks) == 2 and {path.read_text() for path in marks} == {str(tmp_path)} and looks
    assert len(told) == 1 and re.fullmatch(r"Lost a worker, hand [12]: another one replaces it.", told[0])


def test_what_goes_wrong_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    lend(task(tmp_path, fails), threading.Event(), lambda: None, told.append)
    assert told == ["A worker failed: Nothing works."]


def test_hands_end_when_it_is_time(tmp_path: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        if len(list(tmp_path.iterdir())) == 2:
            stop.set()

    lend(task(tmp_path, waits_for_the_stop), stop, look, lambda line: None)
    assert stop.is_set()


def test_work_elsewhere_is_stopped_at_once() -> None:
    """A batch whose workers are all busy does not wait until one of them is free."""
    stop, ended = threading.Event(), []
    with watched(stop, lambda: ended.append(1)):
        time.sleep(1.2)
        assert not ended
        stop.set()
        until(ended)
    assert ended == [1]


# --- Film and photographs ---


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of four shots, in a folder with its style; not to be changed."""
    folder = tmp_path_factory.mktemp("film")
    shots = [[np.roll(255 - frame, 40 * seed, axis=2) for frame in frames_of(3, seed=seed)] for seed in range(4)]
    write_clip(folder / "shots.mkv", [frame for shot in shots for frame in shot])
    write_picture(folder / "style.png", 40, 50, seed=7)
    return folder


def command(name: str, *own: str) -> list[str]:
    """Paths are relative to the film's folder."""
    named = ["--content=shots.mkv", "--style=style.png", f"--workdir={name}", f"--output={name}.mkv"]
    return [*named, *SMALL, *own]


def painted(folder: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(path)) for path in sorted((folder / "frames").glob("*.png"))]


@pytest.fixture(scope="module")
def alone(film: Path) -> list[np.ndarray]:
    """The frames as one process with one core paints them."""
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    process = run_process(*command("alone", "--workers=1"), cwd=film, module="keras_nst.video", env=threads)
    assert process.returncode == 0, process.stderr
    return painted(film / "alone")


@pytest.mark.slow
def test_workers_share_the_shots_out(film: Path, alone: list[np.ndarray]) -> None:
    process = run_process(*command("two", "--workers=2"), cwd=film, module="keras_nst.video")
    assert process.returncode == 0, process.stderr
    assert "All frames are painted" in process.stdout and len(read_clip(film / "two.mkv")[0]) == 12
    assert len(list((film / "two" / "curves").iterdir())) == 3  # of two workers, and of the one who wrote the film
    for one, other in zip(alone, painted(film / "two"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_keyframes_by_workers(film: Path) -> None:
    own = ("--how=keyframes", "--keyframe_every=2", "--learning_steps=4", "--workers=2")
    process = run_process(*command("keyed", *own), cwd=film, module="keras_nst.video")
    assert process.returncode == 0, process.stderr
    assert len(painted(film / "keyed")) == 12 == len(read_clip(film / "keyed.mkv")[0])


@pytest.mark.slow
def test_a_stopped_film_ends_its_workers(film: Path) -> None:
    arguments = [*command("stopped", "--workers=2"), "--steps=400"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "keras_nst.video", *arguments],
        cwd=film,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        end = time.monotonic() + 120
        while not painted(film / "stopped"):
            assert time.monotonic() < end
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "Stopped. Finished frames are kept;" in told
    assert 1 <= len(painted(film / "stopped")) < 12


@pytest.mark.slow
def test_a_cluster_shares_the_shots_out(film: Path, cluster: object) -> None:
    """A worker is lost while it paints; the film is whole all the same."""
    own = ["--engine=ray", f"--address={cluster.address}", "--workers=2", "--steps=60"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-m", "keras_nst.video", *command("ray", *own)],
        cwd=film,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        end = time.monotonic() + 120
        while not painted(film / "ray"):
            assert time.monotonic() < end and process.poll() is None, process.communicate()
            time.sleep(0.1)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            if b"ray::Actor" in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)
                break
        told, _ = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert "A worker failed" not in told and len(painted(film / "ray")) == 12 == len(read_clip(film / "ray.mkv")[0])


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "ray"])
def test_photographs_by_workers(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Each once, what cannot be read is told; with --overwrite each is made anew."""
    write_painter(tmp_path / "model")
    (tmp_path / "photographs").mkdir()
    for number in range(8):
        write_picture(tmp_path / "photographs" / f"{number}.png", 60, 80, seed=number)
    (tmp_path / "photographs" / "broken.png").write_bytes(b"\x89PNG rubbish")
    own = [f"--engine={engine}", "--workers=2", "--precision=float32"]
    if engine == "ray":
        own.append(f"--address={request.getfixturevalue('cluster').address}")
    flags = ["--model=model", "--contents=photographs", *own]
    for more in ([], ["--overwrite"]):
        process = run_process(*flags, *more, "--output=two", cwd=tmp_path, module="keras_nst.apply")
        assert process.returncode == 1, process.stderr
        assert "Pictures: 8 in two" in process.stdout and process.stdout.count("broken.png: ") == 1
    assert not (tmp_path / "two" / ".workers").exists()
    flags[2:] = ["--precision=float32", "--output=one"]
    assert run_process(*flags, cwd=tmp_path, module="keras_nst.apply").returncode == 1
    for number in range(8):
        one, other = (np.asarray(Image.open(tmp_path / of / f"{number}.png"), int) for of in ("one", "two"))
        assert abs(one - other).max() <= 1
