"""The benchmarks run and measure what they say. No time is asserted."""

import dataclasses
import functools
import json
import math
import os
from pathlib import Path
from types import ModuleType

import benchmark_batch
import benchmark_memory
import benchmark_scaling
import benchmark_start
import benchmark_step
import benchmark_studio
import keras
import measuring
import numpy as np
import pytest
import tensorflow as tf
from keras_example import LAYERS, KerasExample
from PIL import Image
from problem import PLAIN, Kernels
from steps import kernels, our_steps, pictures, problem
from workers import Partner

from keras_nst.core.plan.pyramid import Size
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer, layer_names

DEFAULTS = Config(precision="float32", xla="off", evaluator="whole", weights="random", device="cpu").resolved()
TINY = Size(32, 48)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """The network that the defaults need, with random weights."""
    return load_features(DEFAULTS, None)


@pytest.fixture(scope="module")
def example() -> KerasExample:
    """The Keras example somewhere on its way."""
    shown = pictures(TINY)
    made = KerasExample(shown.content.numpy(), shown.styles[0].picture.numpy(), random_kernels())
    made.combination.assign_add(20 * np.random.default_rng(0).standard_normal((1, *TINY, 3)).astype(np.float32))
    return made


def random_kernels() -> Kernels:
    return kernels(load_features(LAYERS, None))


# --- What is shared ---


def test_flop_written_out() -> None:
    """Two layers of the first block and one of the second, which has half the rows and columns, rounded down."""
    config = Config(content_layers=(Layer("block2_conv1"),), style_layers=(Layer("block1_conv1"),)).resolved()
    multiply_adds = 9 * 3 * 64 * 37 * 51 + 9 * 64 * 64 * 37 * 51 + 9 * 64 * 128 * 18 * 25
    assert measuring.flop_per_step(Size(37, 51), config) == 2 * 2 * multiply_adds


@pytest.mark.parametrize("network", ["vgg19", "vgg16"])
def test_flop_of_kerass_own_network(network: str) -> None:
    last = layer_names(network)[-1]
    config = Config(network=network, content_layers=(Layer(last),)).resolved()
    build = {"vgg19": keras.applications.VGG19, "vgg16": keras.applications.VGG16}[network]
    convolutions = [
        layer
        for layer in build(include_top=False, weights=None, input_shape=(70, 99, 3)).layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    forward = sum(2 * math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3]) for layer in convolutions)
    assert measuring.flop_per_step(Size(70, 99), config) == 2 * forward


def test_turns_alternate() -> None:
    order: list[str] = []
    runs = {name: (lambda name=name: order.append(name) or len(order)) for name in "ab"}
    assert measuring.in_turns(runs, 3) == {"a": [1, 3, 5], "b": [2, 4, 6]}
    assert "".join(order) == "ababab"


def test_spread() -> None:
    assert measuring.spread([5.0, 1.0, 2.0, 4.0, 3.0]) == (2.0, 3.0, 4.0)
    assert measuring.spread([7.0]) == (7.0, 7.0, 7.0)
    assert measuring.spread([1.0, 2.0, 3.0]).shown(1) == "2.0 (1.5 to 2.5)"


def test_tables() -> None:
    columns = {"name": lambda row: row["name"], "n": lambda row: str(row["n"])}
    rows = [{"name": "one", "n": 1}, {"name": "another", "n": 22}]
    assert measuring.table(columns, rows, markdown=False).splitlines()[2:] == ["one      1", "another  22"]
    assert measuring.table(columns, rows, markdown=True).splitlines() == [
        "| name    | n  |",
        "| ------- | -- |",
        "| one     | 1  |",
        "| another | 22 |",
    ]


def test_sizes_and_settings() -> None:
    assert measuring.sizes("256,600x400") == [Size(256, 256), Size(400, 600)]
    with pytest.raises(ValueError, match="Received: original"):
        measuring.sizes("original")
    assert measuring.settings("evaluator", "96") == {"evaluator": "tiles", "tile_size": 96}
    assert measuring.settings("xla", "on") == {"xla": "on"}


def test_samples_keep_their_shape() -> None:
    """A square of the harbor is its middle, not the whole of it squeezed."""
    wide, square = measuring.sample("harbor", Size(40, 60)), measuring.sample("harbor", Size(40, 40))
    assert square.shape == (40, 40, 3) and square.dtype == np.uint8
    np.testing.assert_allclose(square, wide[:, 10:50].astype(int), atol=1)


# --- The step ---


def test_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a strip just long enough for two tiles."""
    small = [
        "--sizes=208x16",
        "--evaluator=whole,32",
        "--precision=float32",
        "--xla=off",
        "--convolution=direct",
        "--product=64",
    ]
    record = run_benchmark(benchmark_step, tmp_path, *small, "--rounds=2", "--turn_seconds=0", "--device=cpu")
    rows = {row["variant"]: row for row in record["rows"]}
    assert {
        "matrix product",
        "whole, xla off, convolution direct",
        "tiles of 32, xla off, convolution direct",
        "Keras example",
    } <= set(rows)
    for row in rows.values():
        assert len(row["seconds"]) == 2
        assert row["ps_per_flop"] == pytest.approx(np.mean(row["seconds"]) / row["flop"] * 1e12)
        assert row["of_limit"] == pytest.approx(rows["matrix product"]["ps_per_flop"] / row["ps_per_flop"])
    whole, tiles = (rows[f"{name}, xla off, convolution direct"] for name in ("whole", "tiles of 32"))
    assert tiles["first_loss"] == pytest.approx(whole["first_loss"], rel=1e-4)
    assert whole["flop"] == tiles["flop"] == measuring.flop_per_step(Size(16, 208), DEFAULTS)
    theirs = [row["median"] for row in rows.values() if row["variant"].startswith("PyTorch")]
    assert whole["to_pytorch"] == (pytest.approx(whole["median"] / min(theirs)) if theirs else None)
    assert "| to PyTorch float32 |" in capsys.readouterr().out


def test_what_differs_is_not_timed() -> None:
    def case(precision: str, objective: str = "ours") -> benchmark_step.Case:
        return benchmark_step.Case("a", precision, 1.0, float, objective)

    cases = [case("float32"), case("float32"), case("bfloat16"), case("float32", "another")]
    benchmark_step.check_same(cases, [1.0, 1.00005, 1.01, 7.0])
    with pytest.raises(ValueError, match=r"Expected the loss of a, 1.0. Received: 1.001 of a"):
        benchmark_step.check_same(cases, [1.0, 1.001, 1.01, 7.0])


def test_what_is_beside_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark_step.beside("") == [] and benchmark_step.beside("pytorch,product") == ["pytorch", "product"]
    with pytest.raises(SystemExit):
        benchmark_step.parser().parse_args(["--beside=torch,product"])
    assert "Received: torch" in capsys.readouterr().err


def test_a_picture_of_one_tile_is_not_tiled(network: keras.Model) -> None:
    tiled = benchmark_step.Variant("tiles", DEFAULTS.resolved(evaluator="tiles", tile_size=32), network)
    assert not benchmark_step.can_be_seen(Size(192, 192), tiled)
    assert benchmark_step.can_be_seen(Size(192, 193), tiled)


@pytest.mark.parametrize("channels_last", [False, True])
def test_pytorch_takes_the_same_steps(channels_last: bool) -> None:
    pytest.importorskip("torch")
    config = dataclasses.replace(DEFAULTS, **PLAIN)
    network = load_features(config, None)
    shown, which = pictures(TINY), ("float32", channels_last)
    ours = our_steps(shown, TINY, config, network)
    with Partner(benchmark_step.pytorch_answers, problem(shown, config, network), ["float32"]) as partner:
        losses = np.array([(partner.ask((which, 1)), ours(1)) for _ in range(4)])
    np.testing.assert_allclose(losses[0, 0], losses[0, 1], rtol=1e-5)
    np.testing.assert_allclose(losses[1:, 0], losses[1:, 1], rtol=1e-3)
    assert losses[3, 0] < 0.9 * losses[0, 0]


def test_a_partner_answers_in_a_process_of_its_own() -> None:
    with Partner(functools.partial, eval) as partner:
        theirs = partner.ask("__import__('os').getpid()")
        assert theirs == partner.ask("__import__('os').getpid()") != os.getpid()
        assert not partner.ask("'tensorflow' in __import__('sys').modules")
    assert not partner.process.is_alive()


@pytest.mark.parametrize(
    ("end", "told"), [("os._exit(3)", "exit code 3"), ("os.kill(os.getpid(), 11)", "Segmentation fault")]
)
def test_a_partner_that_ends_is_told(end: str, told: str) -> None:
    with Partner(functools.partial, eval) as partner, pytest.raises(RuntimeError, match=f"Received: its end .{told}"):
        partner.ask(f"exec('import os; {end}')")


def test_pytorchs_process_is_without_tensorflow() -> None:
    pytest.importorskip("torch")
    brief = "import sys; sys.path.append('scripts'); import pytorch_steps; print(int('tensorflow' in sys.modules))"
    assert measuring.answer_of_a_process("-c", brief) == 0


# --- The Keras example ---


def published_loss(content: np.ndarray, style: np.ndarray, picture: np.ndarray, network: keras.Model) -> float:
    """Returns the published objective of pictures (h, w, 3) in VGG's units."""

    def maps(pixels: np.ndarray) -> dict[str, np.ndarray]:
        return {name: np.float64(values[0]) for name, values in network(pixels[None]).items()}

    def gram(values: np.ndarray) -> np.ndarray:
        rows = values.reshape(-1, values.shape[-1])
        return rows.T @ rows

    target, painted, seen = maps(content), maps(style), maps(picture)
    loss = 2.5e-8 * np.sum((seen["block5_conv2"] - target["block5_conv2"]) ** 2)
    rows, columns, channels = picture.shape
    for block in range(1, 6):
        name = f"block{block}_conv1"
        distance = np.sum((gram(painted[name]) - gram(seen[name])) ** 2)
        loss += 1e-6 / 5 * distance / (4.0 * channels**2 * (rows * columns) ** 2)
    for row in range(rows - 1):
        for column in range(columns - 1):
            here = np.float64(picture[row, column])
            down, right = picture[row + 1, column] - here, picture[row, column + 1] - here
            loss += 1e-6 * np.sum((down**2 + right**2) ** 1.25)
    return loss


def test_the_keras_example_is_as_published(example: KerasExample) -> None:
    expected = published_loss(
        example.content[0].numpy(), example.style[0].numpy(), example.combination[0].numpy(), example.network
    )
    assert float(example.loss()) == pytest.approx(expected, rel=1e-4)


def test_the_keras_examples_pictures(example: KerasExample) -> None:
    """BGR in 0..255 minus the means, and back."""
    content = pictures(TINY).content.numpy()
    np.testing.assert_allclose(
        example.content, 255 * content[..., ::-1] - np.array([103.939, 116.779, 123.68]), atol=1e-4
    )
    start = KerasExample(content, content, {})
    np.testing.assert_allclose(start.picture(), content, atol=1e-6)
    start.combination.assign_add(tf.ones_like(content) * 300)
    assert start.picture().max() == 1 and start.combination.numpy().max() > 300


def test_the_keras_examples_step(example: KerasExample) -> None:
    before = example.combination.numpy()
    loss, gradient = example.loss_and_gradient()
    assert example.take(1) == pytest.approx(float(loss))
    np.testing.assert_allclose(example.combination, before - 100 * gradient.numpy(), rtol=1e-5, atol=1e-5)
    example.optimizer.iterations.assign(150)
    assert float(example.optimizer.learning_rate) == pytest.approx(100 * 0.96**1.5)


# --- Memory, scaling, start ---


def test_memory(tmp_path: Path) -> None:
    small = ["--sizes=48x32", "--evaluator=whole,64", "--steps=1"]
    record = run_benchmark(benchmark_memory, tmp_path, *small)
    (row,) = record["rows"]  # no tiles larger than the picture
    assert row["seen"] == "whole" and row["size"] == "48 x 32"
    assert 0.3e9 < row["median"] < 1.5e9 and row["median"] == row["bytes"][0]
    assert row["predicted_to_measured"] == pytest.approx(row["predicted"] / row["median"])


def test_the_peak_of_a_process_is_seen_from_outside() -> None:
    brief = "block = bytearray(b'1') * 300_000_000; del block; import time; time.sleep(0.2)"
    peak, failure = benchmark_memory.peak_of("-c", brief)
    assert 0.3e9 < peak < 0.35e9 and not failure
    assert benchmark_memory.peak_of("-c", "raise SystemExit('no memory')")[1] == "no memory"


def test_a_refused_run_has_its_row() -> None:
    row = {"size": "9 x 9", "flags": ["--evaluator=whole"], "limit": 3.0, "bytes": [5], "failure": "too large"}
    lines = measuring.table(benchmark_memory.COLUMNS, [benchmark_memory.joined([row])], markdown=False)
    assert "too large" in lines and "--evaluator=whole" in lines


def test_the_big_pictures() -> None:
    options = benchmark_memory.parser().parse_args(["--big"])
    uhd, print_size = benchmark_memory.big_runs(options)
    assert uhd.size == Size(2160, 3840) and "--memory_limit_gb=3" in uhd.flags
    assert print_size.size == Size(6048, 8064) and "--steps=1" in print_size.flags


def test_scaling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With this process in place of the others."""

    def answer(script: str, *arguments: str) -> measuring.Row:
        options = benchmark_scaling.parser().parse_args(arguments)
        return benchmark_scaling.measure(measuring.size(options.only), options)

    monkeypatch.setattr(measuring, "answer_of_a_process", answer)
    monkeypatch.setattr(benchmark_scaling, "LONG", 0.0)
    small = ["--sizes=48x32", "--precision=float32", "--rounds=2", "--memory_limit_gb=3"]
    (row,) = run_benchmark(benchmark_scaling, tmp_path, *small)["rows"]
    assert row["seen"] == "whole" and row["pixels"] == 48 * 32
    (seconds,) = row["seconds"]  # the first was long: no second turn
    assert row["microseconds_per_pixel"] == pytest.approx(seconds / row["pixels"] * 1e6)


def test_scaling_leaves_out_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(script: str, only: str, *arguments: str) -> measuring.Row:
        if only == "--only=64x64":
            raise RuntimeError("too large")
        return {"size": "48 x 48", "pixels": 2304, "seen": "whole", "precision": "a", "seconds": [2.0], "peak_gb": 1.0}

    monkeypatch.setattr(measuring, "answer_of_a_process", answer)
    (row,) = run_benchmark(benchmark_scaling, tmp_path, "--sizes=48,64", "--rounds=2")["rows"]
    assert row["size"] == "48 x 48" and row["seconds"] == [2.0, 2.0]


def test_scaling_compares_with_those_seen_alike() -> None:
    seen = [("whole", 8.0), ("whole", 10.0), ("tiles of 512", 18.0), ("tiles of 256", 24.0)]
    rows = benchmark_scaling.compared([{"seen": how, "microseconds_per_pixel": time} for how, time in seen])
    assert [row["to_alike"] for row in rows] == pytest.approx([1, 1.25, 1, 4 / 3])
    assert [row["to_whole"] for row in rows] == pytest.approx([1, 1.25, 2.25, 3])
    (alone,) = benchmark_scaling.compared([{"seen": "tiles of 256", "microseconds_per_pixel": 3.0}])
    assert alone["to_whole"] is None


def test_start(tmp_path: Path) -> None:
    record = run_benchmark(benchmark_start, tmp_path, "--sizes=32", "--rounds=1")
    seconds = {row["phase"]: row["seconds"][0] for row in record["rows"]}
    total = seconds.pop("process start to first step")
    assert sum(seconds.values()) == pytest.approx(total)
    assert min(seconds.values()) > 0
    phases = {"TensorFlow imported", "network built, weights read", "aims computed", "step traced", "first step"}
    assert phases < set(seconds)


@pytest.mark.slow
def test_studio(tmp_path: Path) -> None:
    record = run_benchmark(benchmark_studio, tmp_path, "--sizes=32", "--rounds=1", "--pictures=2")
    seconds = {row["phase"]: row["seconds"][0] for row in record["rows"]}
    sights = {"start to sight, picture 1", "start to sight, picture 2"}
    assert seconds.keys() == {"process start to open", "open to ready"} | sights and min(seconds.values()) > 0


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="Received: out of order"):
        measuring.answer_of_a_process("-c", "raise SystemExit('out of order')")


# --- The batch ---


def test_overhead_of_a_batch(tmp_path: Path) -> None:
    one, three = run_benchmark(benchmark_batch, tmp_path, "--jobs=1,3", "--workers=1")["rows"]
    assert (one["jobs"], three["jobs"]) == (1, 3) and one["per_job"] >= 0 < three["per_job"] < three["start"]


@pytest.mark.slow
def test_pictures_by_a_batch_and_alone(tmp_path: Path) -> None:
    few = ["--pictures=2", "--rounds=1", "--together=2", "--flags=--size=32 --steps=1 --scales=1 --figures=false"]
    rows = run_benchmark(benchmark_batch, tmp_path, *few)["rows"]
    assert [row["way"] for row in rows] == ["single commands", "batch", "batch, --batch_size=2"]
    for row in rows:
        assert row["ratio"][1] == pytest.approx(rows[0]["seconds"][0] / row["seconds"][0])


def test_contents_of_a_benchmark_are_of_one_shape_and_all_different(tmp_path: Path) -> None:
    paths = benchmark_batch.variants(tmp_path / "contents", 3)
    arrays = [np.asarray(Image.open(path)) for path in paths]
    assert {array.shape for array in arrays} == {(400, 600, 3)}
    assert not (arrays[0] == arrays[1]).all() and not (arrays[1] == arrays[2]).all()


def run_benchmark(benchmark: ModuleType, folder: Path, *arguments: str) -> measuring.Row:
    """Runs a benchmark and returns what it wrote."""
    file = folder / "record.json"
    benchmark.main([*arguments, f"--json={file}", "--markdown", "--weights=random"])
    record = json.loads(file.read_text())
    assert record["cpu"] and record["cores"] >= 1 and record["versions"]["tensorflow"] == tf.__version__
    assert f"benchmark_{record['benchmark']}" == benchmark.__name__
    return record
