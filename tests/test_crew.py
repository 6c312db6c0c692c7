"""Tiles shared over devices and processes are the whole; a lost process is one line, and the run goes on from there."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, smooth_picture
from PIL import Image

from keras_nst.core.network.features import copied, extractor
from keras_nst.core.network.network import ALONE, Crew, Network
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, look_at
from keras_nst.run.__main__ import main as run
from keras_nst.session.method import method_of
from keras_nst.session.team import agreed, check_alike, crew_of, fair_side, shared_out, task_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.networks import Layer
from keras_nst.system.devices import Device

LAYERS = {"content_layers": (Layer("block2_conv2"),), "style_layers": (Layer("block1_conv1"), Layer("block3_conv1"))}
NAMES = ["block1_conv1", "block2_conv2", "block3_conv1"]
SIZE = Size(140, 90)
CPU = Device("cpu", "/CPU:0", "CPU", False)


def evaluated(
    crew: Crew, evaluator: str = "tiles", features: keras.Model | None = None, again: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Returns loss and gradient of a picture by this crew; of its `again`th evaluation by one pass over the tiles."""
    config = Config(
        evaluator=evaluator, tile_size=32, tile_passes=1 if again else 2, style_loss=(("gram", 1.0),), **LAYERS
    ).resolved()
    method, features = method_of(config), features or extractor("vgg19", NAMES, weights=0)
    content, style, shown = (tf.constant(smooth_picture(*SIZE, seed)[None]) for seed in (0, 1, 2))
    network = Network(features, crew=crew)
    aim = aim_at(Pictures(content, (Style(style),)), SIZE, network, method)
    look = look_at(SIZE, features, method.objective, method.seeing, crew, steps=again)
    for _ in range(again):
        look.evaluate(shown, aim)
    values, gradient = look.evaluate(shown, aim)
    np.testing.assert_allclose(look.judge(shown, aim).total, values.total, rtol=1e-5)
    return values.total.numpy(), gradient.numpy()


def check_same(answer: tuple[np.ndarray, np.ndarray], expected: tuple[np.ndarray, np.ndarray]) -> None:
    np.testing.assert_allclose(answer[0], expected[0], rtol=1e-5)
    assert np.linalg.norm(answer[1] - expected[1]) < 1e-5 * np.linalg.norm(expected[1])


# --- Who does what ---


@pytest.mark.parametrize(("devices", "processes"), [(1, 1), (3, 1), (2, 3)])
def test_each_tile_is_looked_at_once(devices: int, processes: int) -> None:
    crews = [Crew(tuple("abc"[:devices]), number, processes) for number in range(processes)]
    seen = [(number, crew.number, crew.hand(number)) for crew in crews for number in range(12) if crew.own(number)]
    assert sorted(number for number, _, _ in seen) == list(range(12))
    assert {(process, hand) for _, process, hand in seen} == {(p, d) for p in range(processes) for d in range(devices)}
    assert crews[0].hands == devices * processes


def test_where_there_are_few_tiles_each_process_does_all() -> None:
    crew = Crew(("a", "b"), 1, 3, total=tf.identity)
    assert crew.for_tiles(3) is crew and crew.for_tiles(2) == Crew(("a", "b"))


def test_a_copy_of_the_network_is_the_network() -> None:
    features = extractor("vgg19", NAMES, weights=0, padding="replicate")
    copy = copied(features, "/CPU:0")
    picture = tf.constant(smooth_picture(40, 50)[None])
    for name, seen in features(picture).items():
        np.testing.assert_array_equal(copy(picture)[name], seen)
    assert copy.layers[-1].fixed[0] is not features.layers[-1].fixed[0]


# --- Sums ---


class Meeting:
    """Crews on threads of this process, whose sums are those of all threads."""

    def __init__(self, processes: int):
        self.barrier, self.brought = threading.Barrier(processes), [None] * processes
        self.crews = [
            Crew(number=n, processes=processes, total=lambda own, n=n: self.total(n, own)) for n in range(processes)
        ]

    def total(self, number: int, own: Any) -> Any:
        self.brought[number] = own
        self.barrier.wait(60)
        summed = tf.nest.map_structure(lambda *parts: tf.add_n(list(parts)), *self.brought)
        self.barrier.wait(60)
        return summed

    def answers(self, work: Any) -> list[Any]:
        answers: list[Any] = [None] * len(self.crews)

        def one(number: int) -> None:
            answers[number] = work(self.crews[number])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(len(self.crews))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        return answers


@pytest.mark.parametrize("processes", [2, 3])
def test_shared_tiles_are_the_whole(processes: int) -> None:
    features = extractor("vgg19", NAMES, weights=0)
    answers = Meeting(processes).answers(lambda crew: evaluated(crew, features=features))
    for answer in answers:
        check_same(answer, evaluated(ALONE, "whole", features))
        np.testing.assert_array_equal(answer[1], answers[0][1])  # or their pictures would part


def test_shared_tiles_in_one_pass_are_the_whole_where_the_picture_stands_still() -> None:
    features = extractor("vgg19", NAMES, weights=0)
    answers = Meeting(2).answers(lambda crew: evaluated(crew, features=features, again=1))
    for answer in answers:
        check_same(answer, evaluated(ALONE, "whole", features))
        np.testing.assert_array_equal(answer[1], answers[0][1])


def test_all_go_by_the_first_ones_pace_and_stop_together() -> None:
    own = [3, 5]
    assert Meeting(2).answers(lambda crew: agreed(lambda scale, left: own[crew.number], crew)(1, 9)) == [3, 3]
    stops = [0, None]
    assert Meeting(2).answers(lambda crew: agreed(lambda scale, left: stops[crew.number], crew)(1, 9)) == [None, None]


# --- Settings ---


def test_tiles_are_chosen_so_that_each_has_one(tmp_path: Path) -> None:
    config, told = Config(strategy="mirrored", **LAYERS), []
    shared = shared_out(config, Size(600, 900), Crew(("a", "b", "c", "d")), told.append)
    assert (shared.evaluator, shared.tile_size) == ("tiles", 512) and not told
    assert fair_side(Size(600, 900), 5, "vgg19", NAMES) == 384
    assert shared_out(config, Size(60, 90), Crew(("a", "b")), told.append) is config and "too small" in told[0]
    unasked = Config(**LAYERS)
    assert shared_out(unasked, Size(600, 900), Crew(("a", "b", "c", "d", "e")), told.append) is unasked


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"evaluator": "whole"}, "Cannot be combined with --evaluator=whole"),
        ({"seamless": True}, "Cannot be combined with --seamless, swd or neighbor"),
    ],
)
def test_what_is_seen_whole_is_not_shared(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        shared_out(Config(strategy="mirrored", **given), Size(600, 900), Crew(("a", "b")), print)
    unasked = Config(**given)
    assert shared_out(unasked, Size(600, 900), Crew(("a", "b")), print) is unasked


def test_mirrored_needs_devices() -> None:
    with pytest.raises(SettingError, match="--strategy=mirrored: Expected several devices"):
        crew_of(Config(strategy="mirrored"), CPU)
    assert crew_of(Config(), CPU) == ALONE


@pytest.mark.parametrize(
    "written", ["", "{", '{"cluster": {}}', '{"cluster": {"worker": ["a:1"]}, "task": {"index": 1}}']
)
def test_a_cluster_that_is_not_described(written: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TF_CONFIG", written)
    with pytest.raises(SettingError, match="--strategy=multi_worker: Expected TF_CONFIG as in"):
        task_of(Config(strategy="multi_worker", workdir=str(tmp_path)))


def test_all_processes_make_the_same_picture() -> None:
    class Inputs:
        size = SIZE

        @staticmethod
        def named() -> dict[str, object]:
            return {}

    def check(crew: Crew) -> str:
        try:
            check_alike(Config(seed=crew.number * seeds).resolved(), Inputs(), crew)
        except SettingError as error:
            return str(error)
        return ""

    seeds = 0
    assert Meeting(2).answers(check) == ["", ""]
    seeds = 1
    assert all("Expected the same settings and pictures" in answer for answer in Meeting(2).answers(check))


# --- Real devices and processes ---

LOGICAL = """
import sys, numpy, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[1]))
from test_crew import CPU, Config, check_same, crew_of, evaluated
crew = crew_of(Config(strategy="mirrored"), CPU)
assert len(crew.devices) == int(sys.argv[1]), crew.devices
check_same(evaluated(crew), evaluated(crew_of(Config(), CPU), "whole"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_devices_of_one_process(count: int) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests", ROOT / "scripts")))}
    subprocess.run([sys.executable, "-c", LOGICAL, str(count)], env=environment, check=True)


def small(tmp_path: Path) -> list[str]:
    return [
        *("--content=sample:harbor", "--style=sample:night", "--weights=random", "--size=200", "--scales=2"),
        *("--precision=float32", "--evaluator=tiles", "--tile_size=64", "--style_loss=gram", "--learning_rate=0.01"),
        *("--style_layers=block1_conv1,block2_conv1", "--content_layers=block2_conv2", "--figures=false"),
        f"--workdir={tmp_path / 'run'}",
    ]


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Any]:
    """Starts two processes that make one picture together."""
    started: list[subprocess.Popen] = []

    def start(*flags: str) -> list[subprocess.Popen]:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            workers = [f"127.0.0.1:{port.getsockname()[1]}" for port in (one, two)]
        command = [sys.executable, "-m", "keras_nst.run", *small(tmp_path), "--strategy=multi_worker", *flags]
        for number in (0, 1):
            part = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": number}}
            environment = os.environ | {"TF_CONFIG": json.dumps(part), "PYTHONPATH": str(ROOT)}
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            started.append(subprocess.Popen(command, env=environment, **pipes))
        return started[-2:]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def loss_of(output: str) -> float:
    return float(output.partition("Final loss ")[2].split()[0])


@pytest.mark.slow
def test_two_processes_make_the_picture_of_one(
    processes: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (process.communicate(timeout=200)[0] for process in processes("--steps=3,6"))
    assert "Process 0 of 2" in first and "Took part in 9 steps." in second
    assert run([*small(tmp_path)[:-1], "--steps=3,6", f"--workdir={tmp_path / 'alone'}"]) == 0
    assert loss_of(first) == pytest.approx(loss_of(capsys.readouterr().out), rel=1e-3)
    two, one = (np.asarray(Image.open(tmp_path / name / "picture.png")).astype(int) for name in ("run", "alone"))
    assert np.mean(abs(two - one) > 1) < 0.01


def wait_for_steps(checkpoint: Path, count: int) -> None:
    """Returns after the checkpoint was written so many times."""
    written: set[int] = set()
    while len(written) < count:
        with contextlib.suppress(FileNotFoundError):
            written.add(checkpoint.stat().st_mtime_ns)
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_process_is_one_line_and_the_run_goes_on(lost: int, processes: Any, tmp_path: Path) -> None:
    both = processes("--steps=3,100000", "--checkpoint_secs=0")
    wait_for_steps(tmp_path / "run" / "checkpoint.zip", 8)
    both[lost].send_signal(signal.SIGKILL)
    output, _ = both[1 - lost].communicate(timeout=100)
    assert both[1 - lost].returncode == 1 and "Traceback" not in output
    assert output.strip().splitlines()[-1].startswith("keras_nst: Lost the connection to another process of TF_CONFIG")
    again = [process.communicate(timeout=200)[0] for process in processes("--steps=3,2", "--checkpoint_secs=0")]
    assert all("Expected 3,N with N >=" in output for output in again), again  # both know where the run stands
    taken = int(again[0].partition("N >= ")[2].partition(".")[0])
    first, second = (process.communicate(timeout=200)[0] for process in processes(f"--steps=3,{taken + 2}"))
    assert f"Resuming after step {taken + 3}" in first and f"Took part in {taken + 5} steps." in second
    assert (tmp_path / "run" / "picture.png").exists()
