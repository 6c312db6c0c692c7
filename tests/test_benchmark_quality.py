"""The benchmark of quality, its charts and the study of Adam do their sums. No way is asserted to be good."""

import dataclasses
import json
from pathlib import Path

import benchmark_quality
import chart
import measuring
import numpy as np
import pytest
import study_adam
import tensorflow as tf
from benchmark_quality import Goal, Way, example_row, find_goal, objective, row_of
from descents import (
    Pair,
    as_the_example,
    evaluations,
    loss_of,
    nearest,
    quick_evaluator,
    read_pair,
    steps_worth,
)
from keras_example import CONTENT_WEIGHT, LAYERS, STYLE_WEIGHT, VARIATION_WEIGHT, KerasExample, Shortcut
from PIL import Image
from steps import kernels, pictures
from test_benchmarks import run_benchmark
from weighing import Point, least, passing, shown_share

from keras_nst.core.plan.pyramid import Size
from keras_nst.session.session import load_features, scales_of
from keras_nst.settings.config import Config

EXACT = objective(Config(weights="random", device="cpu")).resolved(
    precision="float32", xla="off", evaluator="whole", convolution="direct"
)
COURSE = [Point(1, 0.5, 9.0), Point(2, 1.0, 4.0), Point(3, 1.5, float("nan")), Point(4, 2.0, 6.0), Point(5, 2.5, 1.0)]


# --- Sums ---


def test_evaluations_count_by_pixels() -> None:
    """Scales of a quarter, about half and all of the pixels."""
    scales = scales_of(Config(scales=3, steps=(8, 4, 10)), Size(64, 96))
    half = 45 * 68 / (64 * 96)
    assert [evaluations(scales, steps) for steps in (0, 3, 8, 10, 22)] == pytest.approx(
        [0, 0.75, 2, 2 + 2 * half, 2 + 4 * half + 10]
    )


def test_equal_evaluations() -> None:
    size, config = Size(64, 96), Config(scales=2, steps=(120, 80)).resolved()
    steps = steps_worth(70, size, config)
    assert steps == (60, 40)
    scales = scales_of(dataclasses.replace(config, steps=steps), size)
    assert evaluations(scales, 100) == pytest.approx(70, abs=0.5)
    assert steps_worth(50, size, config.resolved(scales=1)) == (50,)


def test_the_first_picture_that_is_good_enough_counts() -> None:
    assert passing(COURSE, 4.0) == Point(2, 1.0, 4.0)
    assert passing(COURSE, 0.5) is None
    assert [point.loss for point in least(COURSE)] == [9, 4, 4, 4, 1]
    assert [point.evaluations for point in least(COURSE)] == [1, 2, 3, 4, 5]


def test_shares_of_the_example() -> None:
    options = benchmark_quality.parser().parse_args([])
    example = example_row(Goal(4.0, 12_000, []), [0.1, 0.2, 0.9], options)
    assert example["median"] == pytest.approx(0.2 * 4000) and example["to_evaluations"] == 1
    slower = [point._replace(seconds=3 * point.seconds) for point in COURSE]
    row = row_of(Way("ours", EXACT, None), [COURSE, slower], example)
    assert row["evaluations"] == 2 and row["seconds"] == [1.0, 3.0] and row["median"] == 2.0
    assert row["to_evaluations"] == pytest.approx(1 / 6000) and row["to_seconds"] == pytest.approx(1 / 400)
    never = row_of(Way("ours", EXACT, None), [COURSE[:1]], example)
    assert never["evaluations"] is never["median"] is never["to_seconds"] is None
    lines = measuring.table(benchmark_quality.COLUMNS, [example, row, never], markdown=False).splitlines()
    assert lines[3].split() == ["ours", "1", "2.0", "2.0", "1/6e+03", "1/400"]
    assert lines[4].split() == ["ours", "9", "-", "-", "-", "-"]
    assert shown_share(0.0125) == "1/80"


# --- The objective ---


def test_the_objective_is_the_examples() -> None:
    """Of a picture within [0, 1], ours in float32 and the example's own are the same number."""
    shown, size = pictures(Size(32, 48)), Size(32, 48)
    content, style = shown.content.numpy(), shown.styles[0].picture.numpy()
    network = load_features(EXACT, None)
    example = KerasExample(content, style, kernels(load_features(LAYERS.resolved(weights="random"), None)))
    example.combination.assign(example.combination + 3.0 * np.sin(np.arange(48, dtype=np.float32))[:, None])
    example.combination.assign(tf.constant(np.float32(as_units(example.picture()))))
    assert (EXACT.content_weight, EXACT.style_weight) == (CONTENT_WEIGHT, STYLE_WEIGHT)
    assert EXACT.variation_weight == VARIATION_WEIGHT and EXACT.style_fit == "squash"
    loss = loss_of(Pair(content, style).pictures(), size, EXACT, network)
    assert float(loss(tf.constant(example.picture()))) == pytest.approx(float(example.loss()), rel=1e-4)


def as_units(picture: np.ndarray) -> np.ndarray:
    """A picture in VGG's units."""
    from keras_example import as_vgg

    return as_vgg(picture).numpy()


def test_the_shortcut_makes_the_examples_pictures() -> None:
    """Steps of a fixed rate each, not clipped on the way."""
    shown = pictures(Size(48, 64))
    content, style = shown.content.numpy(), shown.styles[0].picture.numpy()
    exact = KerasExample(content, style, kernels(load_features(LAYERS.resolved(weights="random"), None)))
    network, direct = load_features(EXACT, None), EXACT.resolved(convolution="direct")
    given = Pair(content, style).pictures()
    quick = Shortcut(content, quick_evaluator(given, Size(48, 64), direct, network))
    for example in (exact, quick):
        example.take(3)
    moved = np.abs(exact.picture() - content)
    assert moved.max() > 0.005
    np.testing.assert_allclose(quick.picture(), exact.picture(), atol=5e-3 * moved.max())


def test_resized_as_by_the_example() -> None:
    """Rows as given, columns by the content's shape rounded down, for both; each pixel is one that was there."""
    random = np.random.default_rng(0)
    pair = Pair(*(np.float32(random.integers(0, 256, (1, *size, 3)) / 255) for size in ((40, 61), (90, 30))))
    small = as_the_example(pair, 20)
    assert small.content.shape == small.style.shape == (1, 20, 30, 3)
    assert {tuple(pixel) for pixel in small.style.reshape(-1, 3)} <= {tuple(p) for p in pair.style.reshape(-1, 3)}
    smooth = as_the_example(pair, 20, "smooth")
    assert smooth.content.shape == smooth.style.shape == small.style.shape
    assert smooth.content.std() < small.content.std()
    np.testing.assert_array_equal(nearest(pair.content[0], Size(40, 61)), pair.content[0])


# --- Whole runs ---


SMALL = ["--rows=24", "--precision=float32", "--turn_seconds=0", "--device=cpu"]


def test_quality(tmp_path: Path) -> None:
    """The curve is measured, stored and read again; a content that is already better than the target ends at once."""
    curve, drawn = tmp_path / "curve.json", tmp_path / "chart.png"
    files = [f"--curve={curve}", f"--chart={drawn}"]
    run = [*SMALL, "--ways=adam,lbfgs+pyramid", "--steps=4", "--coarse_steps=2", "--scales=2", "--example_steps=2"]
    first = run_benchmark(benchmark_quality, tmp_path, *run, *files)
    written = curve.read_text()
    example, adam, pyramid = first["rows"]
    assert example["evaluations"] == 6 and json.loads(written)["points"][-1][2] == example["loss"]
    assert [point[0] for point in pyramid["points"]][:2] == pytest.approx([17 * 25 / (24 * 36), 34 * 25 / (24 * 36)])
    assert [row["name"] for row in first["rows"][1:]] == ["adam, float32", "lbfgs+pyramid, float32"]
    with Image.open(drawn) as image:
        image.load()
    options = benchmark_quality.parser().parse_args([f"--curve={curve}", "--example_steps=99"])
    pair = as_the_example(read_pair(options.content, options.style), 24)
    goal = find_goal(None, pair, None, options)
    assert goal.loss == example["loss"] and goal.evaluations == 6 and curve.read_text() == written
    with pytest.raises(ValueError, match="Expected a curve of"):
        find_goal(None, pair._replace(style=pair.content), None, options)


def test_a_target_in_place_of_the_curve(tmp_path: Path) -> None:
    run = [*SMALL, "--ways=adam", "--steps=50", "--target=1e9", "--example_steps=10", "--rounds=2"]
    example, adam = run_benchmark(benchmark_quality, tmp_path, *run)["rows"]
    assert example["loss"] == 1e9 and example["evaluations"] == 30 and len(example["seconds"]) == 2
    assert adam["evaluations"] == len(adam["points"]) == 1  # passed at once, and ended there
    assert adam["to_evaluations"] == pytest.approx(1 / 30) and len(adam["seconds"]) == 2


def test_unknown_ways(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmark_quality.parser().parse_args(["--ways=adam,newton"])
    assert "Received: newton" in capsys.readouterr().err


def test_pareto(tmp_path: Path) -> None:
    small = ["--pareto", "--size=48", "--evaluations=2", "--strengths=0.2,0.8", "--style_losses=gram"]
    few = ["--optimizers=lbfgs", "--recipes=d2l", "--device=cpu", f"--chart={tmp_path / 'chart.png'}"]
    rows = run_benchmark(benchmark_quality, tmp_path, *small, *few)["rows"]
    assert [(row["group"], row["strength"]) for row in rows] == [
        ("gram, lbfgs", 0.2),
        ("gram, lbfgs", 0.8),
        ("d2l.cfg", None),
    ]
    assert all(row["evaluations"] == 2 and 0 <= row["w2"] < 2 for row in rows)
    assert {file.name for file in tmp_path.glob("*.png")} == {"chart-w2.png", "chart-gram.png"}


# --- The study of Adam ---


def test_coordinate_search() -> None:
    """Each setting is tried beside the best of those before it."""
    grid = {"a": (1, 2, 3), "b": (10, 20)}

    def score(values: study_adam.Values) -> list[float]:
        return [abs(values["a"] - 3) + values["b"], 2.0 * values["b"]]

    rows = study_adam.search(score, {"a": 2, "b": 20}, grid, seconds=60)
    assert [(row["name"], row["value"]) for row in rows[1:]] == [("a", 1), ("a", 3), ("b", 10)]
    assert rows[-1]["values"] == {"a": 3, "b": 10} and rows[-1]["ratios"] == pytest.approx([10 / 21, 0.5])
    assert rows[-1]["score"] == pytest.approx((10 / 21 + 0.5) / 2)
    assert study_adam.verdict(rows) == "Best: a 3, b 10: 0.4881 of the defaults' loss, more than 2 % better."
    assert len(study_adam.search(score, {"a": 2, "b": 20}, grid, seconds=-1)) == 1


def test_what_ends_without_a_number_is_not_the_best() -> None:
    def score(values: study_adam.Values) -> list[float]:
        return [float("nan") if values["a"] else 1.0]

    rows = study_adam.search(score, {"a": 0}, {"a": (1,)}, seconds=60)
    assert rows[1]["score"] == float("inf")
    assert study_adam.verdict(rows) == "Nothing tried is better than the defaults."


def test_study_of_adam(tmp_path: Path) -> None:
    file = tmp_path / "adam.json"
    small = ["--size=32", "--evaluations=2", "--only=epsilon,shares", "--weights=random", "--device=cpu"]
    study_adam.main([*small, f"--json={file}"])
    rows = json.loads(file.read_text())["rows"]
    assert [row["name"] for row in rows] == ["defaults", "epsilon", *["shares"] * 3]
    assert rows[0]["score"] == 1 and rows[0]["values"]["learning_rate"] == Config().resolved().learning_rate


# --- Charts ---


@pytest.mark.parametrize("logarithmic", [True, False])
def test_charts(tmp_path: Path, logarithmic: bool) -> None:
    """A falling line: from the upper left to the lower right of the axes, in the first color."""
    file = tmp_path / "chart.png"
    falling = [(10.0**k, 10.0 ** (4 - k)) for k in range(5)]
    chart.draw(file, [chart.Line("falling", [*falling, (3.0, float("nan"))], dots=True)], "x", "y", logarithmic)
    pixels = np.asarray(Image.open(file).convert("RGB"))
    assert pixels.shape == (chart.SIZE[1], chart.SIZE[0], 3)
    inside = pixels[:, : chart.SIZE[0] - chart.RIGHT + 5]
    rows, columns = np.where((inside == (0, 0x72, 0xB2)).all(axis=-1))
    assert rows[columns.argmin()] < chart.TOP + 10 and rows[columns.argmax()] > chart.SIZE[1] - chart.BOTTOM - 10
    assert abs(columns.min() - chart.LEFT) < 6 and abs(columns.max() - (chart.SIZE[0] - chart.RIGHT)) < 6


def test_axes() -> None:
    assert chart.axis([3, 40], True).ticks == pytest.approx([2, 5, 10, 20, 50])
    assert chart.axis([3, 40_000], True).ticks == pytest.approx([1, 10, 100, 1000, 10_000, 100_000])
    assert chart.axis([0.12, 0.58], False).ticks == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert chart.axis([10, 1000], True).share(100) == pytest.approx(0.5)
    for values in ([], [5.0], [1.0, 1.0]):
        for logarithmic in (True, False):
            assert chart.axis(values, logarithmic).low < chart.axis(values, logarithmic).high
    assert chart.shown([(0, 1), (1, 2), (1, float("inf"))], True) == [(1, 2)]
    assert chart.shown([(0, 1), (1, 2), (1, float("inf"))], False) == [(0, 1), (1, 2)]
