"""A run that goes on is the run that was never interrupted, bit for bit."""

import contextlib
import functools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, marks_of, smooth_picture, steps_of
from PIL import Image

from keras_nst.command.run_folder import CHECKPOINT, PICTURE, SETTINGS
from keras_nst.core.descent import transfer as core
from keras_nst.core.descent.scales import Audience
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.plan.events import Progress, Standing
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style
from keras_nst.run import checkpoints, perform
from keras_nst.run.__main__ import main
from keras_nst.run.checkpoints import Checkpoints, read_checkpoint, write_checkpoint
from keras_nst.run.prepare import prepare
from keras_nst.run.request import parse
from keras_nst.session.method import method_of
from keras_nst.session.session import Session
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer

LAYERS = {
    "content_layers": (Layer("block2_conv2"),),
    "style_layers": (Layer("block1_conv1"), Layer("block2_conv1")),
}
SIZE = Size(40, 60)
WAYS = [
    {},
    {"optimizer": "lbfgs", "history": 3},
    {"optimizer": "sgd", "learning_rate": 1.0},
    {"average": 0.8, "evaluator": "tiles", "tile_size": 32},
    {"evaluator": "tiles", "tile_size": 32, "tile_passes": 1},
    {"optimizer": "lbfgs", "history": 3, "evaluator": "tiles", "tile_size": 32},
    {"precision": "bfloat16", "settle": 1e-6},
    {"precision": "bfloat16", "optimizer": "lbfgs"},
    {"style_strength": 0.4},
    {"learning_rate": 2.0, "content_weight": 100.0},  # which explodes now and then
    {"learning_rate": 2.0, "content_weight": 100.0, "evaluator": "tiles", "tile_size": 32, "tile_passes": 1},
]


def settings(**given: object) -> Config:
    return Config(**{**LAYERS, "steps": (6, 7), "scales": 2, **given}).resolved()


@functools.cache
def network(precision: str) -> Network:
    """The network, and the programs of earlier runs."""
    names = [layer.name for layers in LAYERS.values() for layer in layers]
    return Network(extractor("vgg19", names, weights=0, precision=precision), keep=1e9)


def pair() -> Pictures:
    content, style = (smooth_picture(*SIZE, seed)[None] for seed in (0, 1))
    return Pictures(content, (Style(style),))


def run(config: Config, chunk: int, resumed: Standing | None = None) -> tuple[np.ndarray, dict[int, Standing], list]:
    """Returns the picture, where the run stood after each chunk, and the losses of each step."""
    stood: dict[int, Standing] = {}
    losses: list[tuple[int, float]] = []

    def listen(progress: Progress) -> None:
        if not progress.final:
            standing = progress.standing()
            assert standing.step == progress.step and standing.scale_step == progress.scale_step
            stood[progress.step] = standing._replace(arrays=[array.copy() for array in standing.arrays])
        losses.extend((step.number, float(step.losses.total[0])) for step in progress.taken)

    precision = "float32" if config.precision == "auto" else config.precision
    audience = Audience(lambda *left: chunk, [listen])
    result = core.transfer(pair(), SIZE, method_of(config), network(precision), audience, resumed)
    return result.picture, stood, losses


@pytest.mark.parametrize("given", WAYS, ids=str)
def test_from_any_step_of_any_scale(given: dict, tmp_path: Path) -> None:
    picture, stood, losses = run(settings(**given), chunk=1)
    assert len({step for step, _ in losses}) == len(losses) >= 13
    for step in (1, 4, 6, 7, 12, 13) if given == {} else (4, 7, 12):
        write_checkpoint(tmp_path / CHECKPOINT, stood[step], settings(**given))
        resumed = read_checkpoint(tmp_path).standing
        again, _, more = run(settings(**given), chunk=3, resumed=resumed)
        assert resumed.step == step
        np.testing.assert_array_equal(again, picture)
        assert more == losses[-len(more) :] if more else step == 13


def test_a_full_disk_leaves_the_last_checkpoint_and_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, stood, _ = run(settings(), chunk=1)
    write_checkpoint(tmp_path / CHECKPOINT, stood[3], settings())
    kept = (tmp_path / CHECKPOINT).read_bytes()

    def fills_the_disk(file: IO[bytes], *arguments: object, **more: object) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", fills_the_disk)
    keeping = Checkpoints(tmp_path, settings(checkpoint_secs=0.0))
    for step in (4, 5):
        keeping(Progress(step, 9, 1, 1, step, 9, None, 0.1, lambda: None, standing=lambda: stood[4]))
    assert (tmp_path / CHECKPOINT).read_bytes() == kept and len(list(tmp_path.iterdir())) == 1
    assert capsys.readouterr().err.count("Could not write a checkpoint: No space left on device") == 1


def test_checkpoints_that_take_long_are_rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that took 3 seconds is followed by none for a minute, whatever --checkpoint_secs asks for."""
    now = [0.0]
    written: list[float] = []

    def write(*arguments: object) -> None:
        written.append(now[0])
        now[0] += 3.0

    monkeypatch.setattr(checkpoints, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(checkpoints, "write_checkpoint", write)
    keeping = Checkpoints(tmp_path, settings(checkpoint_secs=1.0))
    for step in range(1, 100):
        now[0] += 1.0
        keeping(Progress(step, 200, 1, 1, step, 200, None, 0.1, lambda: None, standing=lambda: None))
    assert written[0] == 1.0 and min(np.diff(written)) >= 60.0 and len(written) == 2


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"x" * 1000])
def test_a_damaged_checkpoint_is_told_of_and_the_run_begins_anew(
    damage: bytes, quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*quick, "--max_seconds=0.001"]) == 0
    (tmp_path / "run" / CHECKPOINT).write_bytes(damage)
    assert main(quick) == 0
    out = capsys.readouterr().out
    assert "Starting over: Expected a checkpoint" in out and "Final loss" in out


# --- Folders ---


def test_a_finished_run_says_so(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(quick) == 0
    kept = (tmp_path / "run" / PICTURE).stat().st_mtime_ns
    capsys.readouterr()
    assert main(quick) == 0
    assert main([f"--resume={tmp_path / 'run'}"]) == 0
    assert capsys.readouterr().out.count("This run is finished") == 2
    assert (tmp_path / "run" / PICTURE).stat().st_mtime_ns == kept


def test_a_finished_run_may_get_more_steps(quick: list[str], tmp_path: Path) -> None:
    assert main(quick) == 0
    assert main([*quick, "--steps=3,6"]) == 0
    longer = [*quick, "--steps=3,6", f"--workdir={tmp_path / 'longer'}"]
    # The same as one of so many steps where nothing else depends on their number.
    assert main([*longer, "--decay_rate=1"]) == 0
    assert steps_of(tmp_path / "run") == steps_of(tmp_path / "longer") == [*range(1, 10), 9]


# --- Other steps ---


class Stopping:
    """A pace of single steps that stops the run after so many, or ends it as if there were no more time."""

    def __init__(self, steps: int, timed: bool = False) -> None:
        self.left, self.cut, self.late = steps, False, False
        self.timed = timed

    def __call__(self, scale: int, left: int) -> int | None:
        self.left -= 1
        if self.left >= 0:
            return 1
        self.cut = self.timed
        return 0 if self.timed else None

    def has_time_for_figures(self) -> bool:
        return True


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs until so many steps are taken in it; returns the exit code."""

    def run_until(flags: list[str], steps: int, timed: bool = False) -> int:
        with monkeypatch.context() as patched:
            patched.setattr(perform, "paced", lambda *arguments: Stopping(steps, timed))
            return main(flags)

    return run_until


def three_scales(quick: list[str]) -> list[str]:
    return [*quick, "--size=64", "--scales=3", "--steps=4,4,4"]


def test_steps_that_cannot_be_taken_any_more_are_refused(
    quick: list[str], stopping: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, and the run goes on as if it had not been asked."""
    assert stopping(three_scales(quick), 10) == 0
    resume = f"--resume={tmp_path / 'run'}"
    capsys.readouterr()
    for steps in ("0,4,4", "0,0,4", "4,4,1"):
        assert main([resume, f"--steps={steps}"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"keras_nst: --steps={steps}: ") and line.endswith("Expected 4,4,N with N >= 2.")
    assert main([resume]) == 0
    assert "Steps: 12, " in capsys.readouterr().out
    assert main([resume, "--steps=4,4,0"]) == 2 and main([resume]) == 0
    assert "This run is finished" in capsys.readouterr().out


def test_steps_to_come_may_be_others(
    quick: list[str], stopping: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopping(three_scales(quick), 6) == 0
    assert main([f"--resume={tmp_path / 'run'}", "--steps=4,3,0"]) == 0
    out = capsys.readouterr().out
    assert "Resuming after step 6." in out and "Steps: 7, " in out
    assert steps_of(tmp_path / "run") == [*range(1, 8), 7] and marks_of(tmp_path / "run") == [5]


def test_sizes_without_steps(quick: list[str], stopping: Callable[..., int], tmp_path: Path) -> None:
    whole, cut = ([*three_scales(quick), "--steps=0,4,4", f"--workdir={tmp_path / name}"] for name in ("whole", "cut"))
    assert main(whole) == 0 and stopping(cut, 6) == 0 and main(cut) == 0
    np.testing.assert_array_equal(picture_in(tmp_path / "cut"), picture_in(tmp_path / "whole"))


def test_a_checkpoint_of_an_earlier_version(quick: list[str], stopping: Callable[..., int], tmp_path: Path) -> None:
    """It numbered the scales that had steps."""
    flags = [*three_scales(quick), "--steps=4,0,4"]
    whole, cut = ([*flags, f"--workdir={tmp_path / name}"] for name in ("whole", "cut"))
    assert main(whole) == 0 and stopping(cut, 6) == 0
    as_earlier(tmp_path / "cut", scale=2, step=6)
    assert main(cut) == 0
    np.testing.assert_array_equal(picture_in(tmp_path / "cut"), picture_in(tmp_path / "whole"))
    assert steps_of(tmp_path / "cut") == steps_of(tmp_path / "whole")
    assert marks_of(tmp_path / "cut") == marks_of(tmp_path / "whole") == [5]


def as_earlier(folder: Path, **about: int) -> None:
    """Rewrites a checkpoint as earlier versions wrote them."""
    with zipfile.ZipFile(folder / CHECKPOINT) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    settings = json.loads(members["about.json"])["settings"]
    members["about.json"] = json.dumps({**about, "settings": settings}).encode()
    with zipfile.ZipFile(folder / CHECKPOINT, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("steps", "scale", "step", "there"),
    [
        ((0, 4, 4), 1, 3, 3),
        ((0, 4, 4), 2, 6, 2),
        ((4, 4, 4), 3, 9, 1),
        ((4, 0, 4), 2, 6, 2),
        ((4, 4, 0), 3, 8, 0),
        ((7,), 5, 30, 2),
    ],
)
def test_how_earlier_versions_counted(
    steps: tuple[int, ...], scale: int, step: int, there: int, tmp_path: Path
) -> None:
    arrays = [np.zeros((1, 30, 44, 3), np.float32), np.zeros(3)]
    config = Config(steps=steps).resolved()
    write_checkpoint(tmp_path / CHECKPOINT, Standing((30, 44), 0, 0, method_of(config), arrays), config)
    as_earlier(tmp_path, scale=scale, step=step)
    standing = read_checkpoint(tmp_path).standing
    assert (standing.size, standing.step, standing.scale_step) == ((30, 44), step, there)
    assert [array.shape for array in standing.arrays] == [(1, 30, 44, 3), (3,)]


# --- Short of time ---


def test_a_run_short_of_time_goes_on_to_the_picture_of_one_that_is_not(
    quick: list[str], stopping: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its steps are counted as they were taken, and it is not finished."""
    whole, short = ([*three_scales(quick), f"--workdir={tmp_path / name}"] for name in ("whole", "short"))
    assert main(whole) == 0
    capsys.readouterr()
    assert stopping(short, 6, timed=True) == 0
    out = capsys.readouterr().out
    assert "Final loss" in out and "Steps: 6 of 12, " in out
    assert "--max_seconds allowed only 45 x 34; the picture is enlarged from that to 64 x 48." in out
    assert "A longer --max_seconds, or --size=45, gives a sharper one." in out
    resume = f"--resume={tmp_path / 'short'}"
    assert f"To resume without a time limit: python -m keras_nst.run {resume} --max_seconds=0" in out
    assert main([resume, "--max_seconds=0"]) == 0
    out = capsys.readouterr().out
    assert "Resuming after step 6." in out and "Steps: 12, " in out and "To resume" not in out
    np.testing.assert_array_equal(picture_in(tmp_path / "short"), picture_in(tmp_path / "whole"))
    assert steps_of(tmp_path / "short") == [*range(1, 13), 12]


def test_nothing_is_shown_beyond_the_last_step(quick: list[str], tmp_path: Path) -> None:
    assert main([*quick, "--snapshot_steps=2"]) == 0
    names = sorted(path.name for path in (tmp_path / "run" / "snapshots").iterdir())
    assert names == ["step-00002.jpg", "step-00004.jpg", "step-00005.jpg"]
    assert steps_of(tmp_path / "run") == [1, 2, 3, 4, 5, 5]


def test_stopped_before_the_first_step_nothing_is_kept(
    quick: list[str], stopping: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    stop = threading.Event()
    stop.set()
    told: list[str] = []
    perform.perform(prepare(parse(quick), print), Session, stop, told.append, time.monotonic())
    assert told[-1] == "Stopped before the first step: nothing was saved. The same command starts over."
    assert not (tmp_path / "run").exists()
    assert main(quick) == 0


def test_stopped_before_a_further_step_the_run_goes_on_from_where_it_was(
    quick: list[str], stopping: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stopping(quick, 4) == 0 and stopping(quick, 0) == 0
    out = capsys.readouterr().out
    assert out.count("Steps: 4 of 5, ") == 2 and out.count("To resume: python -m keras_nst.run --resume=") == 2
    assert main(quick) == 0
    assert "Resuming after step 4." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (["--style_weight=3"], "--style_weight=3 (was 5.7)"),
        (["--seed=5", "--pooling=average"], "--pooling=average (was max), --seed=5 (was 0)"),
        (["--style={other}"], "another picture as style"),
    ],
)
def test_another_run_is_refused(
    changed: list[str], named: str, quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(np.uint8(smooth_picture(30, 30, seed=7) * 255)).save(other)
    assert main(quick) == 0
    kept = (tmp_path / "run" / PICTURE).read_bytes()
    changed = [flag.format(other=other) for flag in changed]
    assert main([*quick, *([] if "style=" not in changed[0] else ["--style="]), *changed]) == 2
    message = capsys.readouterr().err
    assert "This folder holds another run" in message and named in message and "--overwrite" in message
    assert (tmp_path / "run" / PICTURE).read_bytes() == kept
    assert main([*quick, *([] if "style=" not in changed[0] else ["--style="]), *changed, "--overwrite"]) == 0
    assert (tmp_path / "run" / PICTURE).read_bytes() != kept


def test_an_input_that_changed_is_refused(
    quick: list[str], tmp_path: Path, pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(quick) == 0
    Image.fromarray(np.uint8(smooth_picture(48, 64, seed=9) * 255)).save(pair[0])
    assert main([f"--resume={tmp_path / 'run'}"]) == 2
    assert "another picture as content" in capsys.readouterr().err


def test_no_run_to_go_on_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--resume={tmp_path}"]) == 2
    assert f"--resume={tmp_path}: Expected the folder of a run" in capsys.readouterr().err


# --- Real processes ---


def start(flags: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "keras_nst.run", *flags]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes)


def long_run(quick: list[str], folder: Path) -> list[str]:
    return [*quick, "--steps=150,100", "--checkpoint_secs=0", f"--workdir={folder}"]


def picture_in(folder: Path) -> np.ndarray:
    with Image.open(folder / PICTURE) as image:
        return np.asarray(image)


@pytest.mark.slow
def test_killed_at_any_moment(quick: list[str], tmp_path: Path) -> None:
    """Five times in one run, which then ends as if nothing had been, with the curves of one run."""
    assert main(long_run(quick, tmp_path / "whole")) == 0
    flags, moments = long_run(quick, tmp_path / "killed"), random.Random(0)
    for _ in range(5):
        with start(flags) as process:
            while process.poll() is None and not (tmp_path / "killed" / SETTINGS).exists():
                time.sleep(0.02)
            time.sleep(moments.uniform(0.0, 4.0))
            process.kill()
            process.wait()
    with start(flags) as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    np.testing.assert_array_equal(picture_in(tmp_path / "killed"), picture_in(tmp_path / "whole"))
    assert steps_of(tmp_path / "killed") == steps_of(tmp_path / "whole") == [*range(1, 251), 250]
    assert marks_of(tmp_path / "killed") == marks_of(tmp_path / "whole") != []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_and_gone_on_with_in_a_copy(number: int, code: int, quick: list[str], tmp_path: Path) -> None:
    flags = [*quick, "--steps=40,30000", "--checkpoint_secs=1000", f"--workdir={tmp_path / 'cut'}"]
    with start(flags) as process:
        while not (tmp_path / "cut" / CHECKPOINT).exists():  # the first scale's end
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"To resume: python -m keras_nst.run --resume={tmp_path / 'cut'}" in output
    done = read_checkpoint(tmp_path / "cut").standing
    shutil.copytree(tmp_path / "cut", tmp_path / "copy")
    assert main([f"--resume={tmp_path / 'copy'}", f"--steps=40,{done.step + 20}"]) == 0
    assert steps_of(tmp_path / "copy")[-1] == 40 + done.step + 20
    assert (tmp_path / "cut" / PICTURE).exists()


@pytest.mark.slow
def test_two_runs_on_one_folder(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [*quick, "--steps=100000"]
    with start(flags) as first:
        while not (tmp_path / "run" / SETTINGS).exists():
            time.sleep(0.05)
        assert main(flags) == 2
        assert f"Another run is using this folder: process {first.pid}" in capsys.readouterr().err
        first.kill()
        first.wait()
    assert main([*flags, "--max_seconds=0.001"]) == 0  # a dead one's lock does not block


def test_the_log_has_what_the_terminal_points_to(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object, **more: object) -> None:
        raise RuntimeError("a fault of ours\nin two lines")

    monkeypatch.setattr("keras_nst.run.outcome.scales_of", broken)
    assert main(quick) == 1
    message = capsys.readouterr().err.strip().splitlines()[-1]
    log = (tmp_path / "run" / "run.log").read_text()
    assert (
        message.startswith("keras_nst: RuntimeError: a fault of ours") and str(tmp_path / "run" / "run.log") in message
    )
    assert "Traceback" in log and "in two lines" in log and "Runs on CPU" in log and tf.__version__ in log


@pytest.mark.slow
def test_a_folder_that_is_removed_takes_no_picture_along(quick: list[str], tmp_path: Path) -> None:
    with start([*quick, "--steps=30,400", "--checkpoint_secs=0"]) as process:
        while not (tmp_path / "run" / CHECKPOINT).exists():
            time.sleep(0.05)
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        output, _ = process.communicate(timeout=120)
    saved = Path(output.split("Picture: ")[1].splitlines()[0])
    assert process.returncode == 0 and "Traceback" not in output
    assert saved.exists() and saved.parent != tmp_path / "run"
    saved.unlink()


@pytest.mark.slow
def test_a_thousand_steps_leak_nothing(quick: list[str], tmp_path: Path) -> None:
    """Resident memory is flat within 2 % after the first third; the curves are of every step and small."""
    resident = []
    with start([*quick, "--scales=1", "--steps=1000", "--snapshot_steps=100"]) as process:
        statm = Path(f"/proc/{process.pid}/statm")
        while process.poll() is None:
            if (tmp_path / "run" / "snapshots").exists():  # after step 100
                with contextlib.suppress(OSError, IndexError):
                    resident.append(int(statm.read_text().split()[1]))
            time.sleep(0.05)
        process.communicate()
    resident = [pages for pages in resident if pages]
    assert process.returncode == 0 and len(resident) > 10
    early, late = resident[len(resident) // 3], max(resident[len(resident) // 3 : -2])
    assert late < 1.02 * early
    assert steps_of(tmp_path / "run") == [*range(1, 1001), 1000]
    assert sum(path.stat().st_size for path in (tmp_path / "run").glob("events*")) < 3e6


# --- What earlier versions have left ---

EARLIER = Path(__file__).parent / "earlier"  # version 0.1.0 of 2026-11-29, --style_layers and --content_layers shallow
GIVEN = [
    *("--content=sample:harbor", "--style=sample:night", "--size=48", "--scales=2", "--steps=3,30", "--weights=random"),
    *("--precision=float32", "--convolution=direct", "--xla=off", "--style_layers=block1_conv1,block2_conv1"),
    *("--content_layers=block2_conv2", "--snapshot_steps=0", "--preview=false", "--report=false"),
]


@pytest.mark.parametrize("again", [False, True])
def test_a_run_of_an_earlier_version_ends_as_it_would_have(again: bool, tmp_path: Path) -> None:
    """By --resume, and by the same command, whose defaults are others now."""
    folder = shutil.copytree(EARLIER / "run", tmp_path / "run")
    assert main([*GIVEN, f"--workdir={folder}"] if again else [f"--resume={folder}"]) == 0
    with Image.open(EARLIER / "run-as-it-ended.png") as image:
        expected = np.asarray(image, int)
    assert abs(picture_in(folder).astype(int) - expected).max() <= 2  # levels; processors differ in their last bits
    assert steps_of(folder)[-1] == 33
