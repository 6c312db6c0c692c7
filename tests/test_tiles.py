"""Tiles are the whole: losses, gradient, targets, for odd sizes, borders, networks and layers."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.descent import transfer as core
from keras_nst.core.descent.scales import Audience
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.network.resizing import resize
from keras_nst.core.objective.losses import Aim
from keras_nst.core.plan import tiling
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.once import OncePerStep
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, look_at
from keras_nst.core.seeing.tiles import Tiled
from keras_nst.core.seeing.whole import Whole
from keras_nst.pictures.files import read_picture
from keras_nst.pictures.sources import SAMPLES
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer

# To block4_conv2, whose halo is 40 pixels: deep enough to see all there is, quick enough to try it often.
USUAL = {
    "content_layers": (Layer("block4_conv2"),),
    "style_layers": (Layer("block1_conv1"), Layer("block3_conv1"), Layer("block4_conv1")),
    "style_loss": (("gram", 1.0),),
}
SHALLOW = {
    "content_layers": (Layer("block2_conv2"), Layer("block1_conv1")),
    "style_layers": (Layer("block1_conv2"), Layer("block3_conv1")),
}


def sample(name: str) -> tf.Tensor:
    return tf.constant(read_picture(SAMPLES / f"{name}.jpg").pixels[None])


def both(
    size: Size,
    dtype: str = "float32",
    weights: Path | int = 0,
    batch: int = 1,
    judged: list[LossValues] | None = None,
    **given: object,
) -> list[tuple[LossValues, tf.Tensor]]:
    """Returns losses and gradient of the same picture, seen as a whole and by tiles; adds the judgments to `judged`."""
    config = Config(**{**USUAL, "evaluator": "tiles", "tile_size": 32, **given}).resolved()
    method, names = (
        method_of(config),
        [layer.name for term in ("content", "style") for layer in config.layers_used(term)],
    )
    features = extractor(config.network, names, weights=weights, pooling=config.pooling, precision=dtype)
    content = tf.cast(resize(sample("harbor"), size), dtype)
    style = tf.cast(resize(sample("night"), Size(96, 130)), dtype)
    noise = np.random.default_rng(0).normal(size=(batch, *size, 3))
    shown = tf.clip_by_value(content + tf.constant(0.1 * noise, dtype), 0, 1)
    answers: list[tuple[LossValues, tf.Tensor]] = []
    for seeing in (method.seeing._replace(evaluator="whole"), method.seeing):
        look = (Whole if seeing.evaluator == "whole" else Tiled)(features, size, method.objective, seeing)
        aim = aim_at(Pictures(content, (Style(style),)), size, Network(features), method._replace(seeing=seeing))
        answers.append(look.evaluate(shown, aim))
        if judged is not None:
            judged.append(look.judge(shown, aim))
    return answers


def check_equal(answers: list[tuple[LossValues, tf.Tensor]], tolerance: float) -> None:
    (values, gradient), (tiled_values, tiled_gradient) = answers
    for ours, expected in zip(tf.nest.flatten(tiled_values), tf.nest.flatten(values), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=tolerance)
    error = np.linalg.norm(tiled_gradient - gradient) / np.linalg.norm(gradient)
    assert 0 < np.linalg.norm(gradient) < np.inf and error < tolerance


# float64 tells exactness from luck: in float32 a ReLU that switches can hide or fake an error of 1e-4.


@pytest.mark.parametrize("normalization", ["balanced", "gatys", "keras", "tensorflow", "d2l"])
def test_every_normalization(normalization: str) -> None:
    check_equal(both(Size(150, 33), "float64", normalization=normalization, variation_weight=0.1, **SHALLOW), 1e-9)


@pytest.mark.parametrize("variation", ["absolute", "squared", "chroma"])
def test_variation_and_roughness(variation: str) -> None:
    given = {"variation_weight": 0.1, "roughness_weight": 0.1, **SHALLOW}
    answers = both(Size(150, 33), "float64", variation=variation, **given)
    check_equal(answers, 1e-9)
    values, _ = answers[0]
    assert values.variation[0] > 0 and values.terms["roughness"][0] > 0
    other, _ = both(Size(150, 33), "float64", variation="squared" if variation == "chroma" else "chroma", **given)[0]
    assert abs(values.variation[0] / other.variation[0] - 1) > 0.01


def test_the_judgment_is_the_losses_alone() -> None:
    judged: list[LossValues] = []
    answers = both(Size(150, 33), "float64", judged=judged, variation_weight=0.1, **SHALLOW)
    for values, (expected, _) in zip(judged, answers, strict=True):
        for ours, theirs in zip(tf.nest.flatten(values), tf.nest.flatten(expected), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("size", [Size(131, 121), Size(40, 153), Size(33, 50)])
def test_odd_sizes_thin_pictures_and_those_smaller_than_a_tile(size: Size) -> None:
    check_equal(both(size, "float64"), 1e-9)


@pytest.mark.parametrize(
    "given",
    [
        {"network": "vgg16"},
        {"pooling": "average"},
        {"content_layers": (Layer("block5_conv2"),), "size": Size(233, 40)},
        {"style_layers": (Layer("block3_conv4"),), "content_layers": (Layer("block2_conv1"),)},
        {"content_weight": 0.0},
        {"style_weight": 0.0},
        {"batch": 2},
        {"content_loss": "normalized", "content_layers": (Layer("block2_conv1"), Layer("block3_conv2")), "batch": 2},
    ],
    ids=str,
)
def test_networks_poolings_layers_terms_and_batches(given: dict) -> None:
    check_equal(both(given.pop("size", Size(130, 50)), "float64", **given), 1e-9)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-6), ("float32", 1e-3)])
def test_w2(dtype: str, tolerance: float) -> None:
    """Roots make more of rounding: where a direction of features holds next to nothing, half the digits are left."""
    check_equal(both(Size(130, 50), dtype, style_loss=None), tolerance)


def check_that_of_float64(size: Size, **given: object) -> None:
    """Losses by w2, term by term and layer by layer, as a whole and in tiles."""
    (expected, _), _ = both(size, "float64", style_loss=None, **given)
    for values, _ in both(size, "float32", style_loss=None, **given):
        assert len(tf.nest.flatten(values)) > 6
        for ours, theirs in zip(tf.nest.flatten(values), tf.nest.flatten(expected), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_w2_in_float32_is_that_of_float64() -> None:
    check_that_of_float64(Size(130, 90))


@pytest.mark.weights
def test_w2_of_photographs_is_that_of_float64(vgg19_weights: Path) -> None:
    layers = tuple(Layer(f"block{block}_conv1") for block in range(1, 6))
    check_that_of_float64(Size(180, 270), weights=vgg19_weights, tile_size=96, style_layers=layers)


def test_one_step_less_of_halo_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = tiling.reach
    monkeypatch.setattr(tiling, "reach", lambda network, layer: exact(network, layer) - 8)
    (_, gradient), (_, tiled) = both(Size(140, 60), "float64")
    assert np.linalg.norm(tiled - gradient) / np.linalg.norm(gradient) > 1e-4


@pytest.mark.weights
@pytest.mark.parametrize(("loss", "tolerance"), [("gram", 1e-5), ("w2", 1e-3)])
def test_photographs_through_the_real_network(vgg19_weights: Path, loss: str, tolerance: float) -> None:
    check_equal(both(Size(261, 347), weights=vgg19_weights, tile_size=128, style_loss=((loss, 1.0),)), tolerance)


def test_programs_are_few_whatever_the_size() -> None:
    method = method_of(Config(evaluator="tiles", tile_size=32, **SHALLOW).resolved())
    features = extractor("vgg19", ["block1_conv1", "block1_conv2", "block2_conv2", "block3_conv1"], weights=0)
    counts = []
    for size in (Size(203, 203), Size(401, 377)):
        look = Tiled(features, size, method.objective, method.seeing)
        look.moments(tf.zeros([1, *size, 3]), ["block3_conv1"], {})
        (programs,) = {eye.programs for eye in look.eyes.values()}
        counts.append((len(look.tiles), len(programs.known)))
    assert counts[0][0] < counts[1][0] and counts[0][1] == counts[1][1] == 4


def test_a_run_by_tiles_ends_at_the_same_loss() -> None:
    def final(evaluator: str) -> float:
        method = method_of(Config(evaluator=evaluator, tile_size=32, steps=(5,), scales=2, **SHALLOW).resolved())
        features = extractor("vgg19", ["block1_conv1", "block1_conv2", "block2_conv2", "block3_conv1"], weights=0)
        pictures = Pictures(sample("harbor"), (Style(sample("night")),))
        result = core.transfer(pictures, Size(150, 40), method, Network(features), Audience(lambda scale, left: 2))
        return float(result.losses.total[0])

    assert final("tiles") == pytest.approx(final("whole"), rel=1e-3)


def one_pass(size: Size, steps: int = 4) -> tuple[OncePerStep, Tiled, Aim]:
    """Returns the evaluators of a picture in one pass a step and in two, and their target."""
    method = method_of(Config(**{**USUAL, "evaluator": "tiles", "tile_size": 32, "tile_passes": 1}).resolved())
    names = [layer.name for layer in (*USUAL["content_layers"], *USUAL["style_layers"])]
    features = extractor("vgg19", names, weights=0)
    aim = aim_at(Pictures(sample("harbor"), (Style(sample("night")),)), size, Network(features), method)
    once = look_at(size, features, method.objective, method.seeing, steps=steps)
    assert isinstance(once, OncePerStep)
    return once, Tiled(features, size, method.objective, method.seeing), aim


def noisy(size: Size, share: float) -> tf.Tensor:
    noise = np.random.default_rng(1).normal(size=(1, *size, 3))
    return resize(sample("harbor"), size) + share * tf.constant(noise, tf.float32)


def test_a_picture_that_stands_still_is_exact_in_one_pass() -> None:
    size = Size(150, 190)
    (once, tiled, aim), picture = one_pass(size), noisy(size, 0.1)
    expected = tiled.evaluate(picture, aim)
    for _ in range(4):  # one step by two passes, then three by one pass: from the first tile on, from the last one on
        check_equal([expected, once.evaluate(picture, aim)], 1e-5)


def test_in_one_pass_the_last_tile_is_pulled_by_all_as_they_are_and_each_end_is_last_in_turn() -> None:
    size = Size(280, 64)  # three tiles, one below the other
    once, tiled, aim = one_pass(size, steps=8)
    alone = slice(0, once.own[1].rows.block_start), slice(once.own[-2].rows.block_stop, None)  # in no other's halo
    errors = []
    for step in range(4):  # the first quarter of eight steps is exact
        picture = noisy(size, 0.1 * (step + 1))
        (values, gradient), (exact, expected) = once.evaluate(picture, aim), tiled.evaluate(picture, aim)
        np.testing.assert_allclose(values.total, exact.total, rtol=1e-5)
        errors.append(
            [np.linalg.norm((gradient - expected)[:, rows] / np.linalg.norm(expected[:, rows])) for rows in alone]
        )
    exactly = [[bool(error < 1e-5) for error in step] for step in errors]
    assert exactly[:2] == [[True, True]] * 2 and sorted(exactly[2:]) == [[False, True], [True, False]]
    assert max(errors[2]) > 1e-3 and max(errors[3]) > 1e-3


def test_what_other_tiles_have_left_is_not_taken_for_ones_own() -> None:
    size, picture = Size(280, 64), noisy(Size(280, 64), 0.1)
    once, tiled, aim = one_pass(size)
    other, *_ = one_pass(Size(150, 190))
    other.taken, other.before = 9, [[tf.ones(3)] * 3] * 6
    once.remember(other.remembered())  # a resumed run may have smaller tiles
    check_equal([tiled.evaluate(picture, aim), once.evaluate(picture, aim)], 1e-5)


def test_a_run_in_one_pass_ends_near_the_exact_one_without_seams() -> None:
    def painted(passes: int) -> tuple[float, np.ndarray]:
        given = {"evaluator": "tiles", "tile_size": 32, "tile_passes": passes, "steps": (24,), "scales": 1}
        method = method_of(Config(**given, **SHALLOW).resolved())
        features = extractor("vgg19", ["block1_conv1", "block1_conv2", "block2_conv2", "block3_conv1"], weights=0)
        pictures = Pictures(sample("harbor"), (Style(sample("night")),))
        result = core.transfer(pictures, Size(150, 40), method, Network(features), Audience(lambda scale, left: 24))
        return float(result.losses.total[0]), result.picture[0]

    (loss, picture), (exact, expected) = painted(1), painted(2)
    assert loss == pytest.approx(exact, rel=0.03) and not np.array_equal(picture, expected)
    jumps = np.abs(np.diff(picture - expected, axis=0)).mean(axis=(1, 2))
    borders = [tile.rows.start for tile in tiling.tiles(Size(150, 40), 32, "vgg19", ["block3_conv1"])][1:]
    assert len(borders) > 2 and jumps[np.subtract(borders, 1)].mean() < 1.5 * jumps.mean()


def test_small_scales_are_seen_as_a_whole() -> None:
    method = method_of(Config(evaluator="tiles", tile_size=64).resolved())
    features = extractor("vgg19", ["block5_conv1"], weights=0)
    assert isinstance(look_at(Size(64 + 160, 100), features, method.objective, method.seeing), Whole)
    assert isinstance(look_at(Size(64 + 161, 100), features, method.objective, method.seeing), Tiled)
