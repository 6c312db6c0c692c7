"""What the network is shown and asked: several styles, regions, what is kept."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.core.network import programs, resizing
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.objective.losses import Aim
from keras_nst.core.objective.moments import blended, moments
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing import sight
from keras_nst.core.seeing.sight import Pictures, Style
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer

LAYERS = {
    "content_layers": (Layer("block2_conv2"),),
    "style_layers": (Layer("block1_conv1"), Layer("block2_conv1")),
}
SIZE = Size(48, 70)


@pytest.fixture(scope="module")
def features() -> keras.Model:
    return extractor("vgg19", ["block1_conv1", "block2_conv1", "block2_conv2"], weights=0, precision="float64")


def settings(**given: object) -> Method:
    return method_of(Config(**{**LAYERS, **given}).resolved())


def tensor(seed: int, size: Size = SIZE) -> tf.Tensor:
    return tf.constant(smooth_picture(*size, seed)[None].astype(np.float64))


def halves(size: Size = SIZE) -> np.ndarray:
    """A left and a right region with a soft edge."""
    right = np.clip((np.arange(size.width) - size.width / 2) / 6 + 0.5, 0, 1)
    right = np.tile(right, (size.height, 1)).astype(np.float32)
    return np.stack([1 - right, right])


def judged(pictures: Pictures, shown: tf.Tensor, features: keras.Model, method: Method):
    look = sight.look_at(Size(*shown.shape[1:3]), features, method.objective, method.seeing)
    aim = sight.aim_at(pictures, look.size, Network(features), method)
    return look.evaluate(shown, aim), look.judge(shown, aim)


def test_a_blend_of_one_style_with_itself_is_that_style(features: keras.Model) -> None:
    one, twice = (Pictures(tensor(0), (Style(tensor(1)),) * count) for count in (1, 2))
    (values, gradient), _ = judged(one, tensor(2), features, settings())
    (blend, slope), _ = judged(twice, tensor(2), features, settings())
    np.testing.assert_allclose(blend.total, values.total, rtol=1e-12)
    np.testing.assert_allclose(slope, gradient, atol=1e-12)


def test_moments_are_blended_per_position_by_weight() -> None:
    few, many = (tf.constant(np.random.default_rng(n).normal(size=(1, n, 5, 3))) for n in (2, 8))
    of = blended([(1.0, moments(few)), (3.0, moments(many))])
    rows = [np.asarray(values).reshape(-1, 3) for values in (few, many)]
    mean = (rows[0].mean(axis=0) + 3 * rows[1].mean(axis=0)) / 4
    np.testing.assert_allclose(of.first[0, 0], mean)
    second = sum(share * row.T @ row / len(row) for share, row in zip((0.25, 0.75), rows, strict=True))
    np.testing.assert_allclose(of.second[0, 0], second)


def test_a_style_serves_its_blocks_only(features: keras.Model) -> None:
    fine, coarse = tensor(1), tensor(5)
    both = Pictures(tensor(0), (Style(fine, blocks=(1, 1)), Style(coarse, blocks=(2, 5))))
    values = judged(both, tensor(2), features, settings())[0][0].layers["style"]
    for style, layer in ((fine, "block1_conv1"), (coarse, "block2_conv1")):
        alone = judged(Pictures(tensor(0), (Style(style),)), tensor(2), features, settings())[0][0].layers["style"]
        np.testing.assert_allclose(values[layer], alone[layer], rtol=1e-12)


def test_the_scale_of_a_style_is_that_of_its_picture() -> None:
    style = Style(tensor(1, Size(60, 60)), scale=0.5)
    full = sight.style_at(style._replace(scale=1.0), SIZE, settings().seeing).shape[1:3]
    half = sight.style_at(style, SIZE, settings().seeing).shape[1:3]
    assert [2 * side for side in half] == pytest.approx(list(full), abs=2)


def test_regions_that_cover_all_are_no_regions(features: keras.Model) -> None:
    whole = np.ones((1, 20, 30), np.float32)
    plain = judged(Pictures(tensor(0), (Style(tensor(1)),)), tensor(2), features, settings())
    masked = Pictures(tensor(0), (Style(tensor(1), regions=whole),), regions=whole)
    for ours, theirs in zip(
        tf.nest.flatten(judged(masked, tensor(2), features, settings())), tf.nest.flatten(plain), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-12)


def test_each_region_is_compared_with_its_own_style() -> None:
    """Hard halves of a picture, by hand: the loss is the mean of those of the halves, seen by the first layer."""
    features, config = of_the_first_layer(padding="zero")
    hard = np.float32([np.arange(64) < 32, np.arange(64) >= 32])[:, None, :] * np.ones((1, 40, 1), np.float32)
    shown, styles = tensor(2, Size(40, 64)), [tensor(1, Size(40, 64)), tensor(5, Size(40, 64))]
    ones = np.ones((40, 64), np.float32)
    parts = tuple(
        Style(style, regions=np.stack([ones * (region == own) for region in (0, 1)]))
        for own, style in enumerate(styles)
    )
    total = judged(Pictures(None, parts, regions=hard), shown, features, config)[0][0].style
    seen = np.asarray(features(shown)["block1_conv1"])[0]
    expected = []
    for own, style in enumerate(styles):
        target = np.asarray(features(style)["block1_conv1"])[0]
        expected.append(apart(seen[:, 32 * own : 32 * own + 32], target))
    np.testing.assert_allclose(total, [np.mean(expected)], rtol=1e-6)


@pytest.mark.parametrize(("given", "rim"), [({}, 2), ({"rim": 1}, 1), ({"padding": "zero"}, 0)])
@pytest.mark.parametrize("evaluator", ["whole", "tiles"])
def test_the_outermost_pixels_do_not_count_for_the_finest_style(given: dict, rim: int, evaluator: str) -> None:
    """By hand, in the picture and in the style; black beyond the border is the sources' own, where all count."""
    features, config = of_the_first_layer(**given, evaluator=evaluator, tile_size=32)
    shown, style = tensor(2), tensor(1)
    total = judged(Pictures(tensor(0), (Style(style),)), shown, features, config)[0][0].style
    inner = slice(rim, -rim or None)
    seen, target = (np.asarray(features(of)["block1_conv1"])[0, inner, inner] for of in (shown, style))
    np.testing.assert_allclose(total, [apart(seen, target)], rtol=1e-6)


def of_the_first_layer(**given: object) -> tuple[keras.Model, Method]:
    """The first layer, random, and the Gram matrix of it alone as the objective."""
    alone = {"style_layers": (Layer("block1_conv1"),), "style_loss": (("gram", 1.0),)}
    method = settings(**alone, content_weight=0.0, variation_weight=0.0, roughness_weight=0.0, **given)
    padding = given.get("padding", "replicate")
    return extractor("vgg19", ["block1_conv1"], weights=0, precision="float64", padding=padding), method


def apart(seen: np.ndarray, target: np.ndarray) -> float:
    """The relative distance of Gram matrices of features (h, w, c)."""
    own, aim = (np.einsum("hwc,hwd->cd", of, of) / (of.shape[0] * of.shape[1]) for of in (seen, target))
    return np.sum((own - aim) ** 2) / np.sum(aim**2)


@pytest.mark.parametrize("loss", ["gram", "mean_std", "covariance", "w2", "mmd"])
@pytest.mark.parametrize("reach", ["simple", "inside", "all"])
def test_regions_and_every_distance_of_moments_in_tiles(features: keras.Model, loss: str, reach: str) -> None:
    regions = halves(Size(30, 40))
    styles = (Style(tensor(1), 2.0, 0.8, None, halves()), Style(tensor(5), 1.0, 1.3, (1, 1), halves()))
    pictures = Pictures(tensor(0), styles, regions=regions)
    config = settings(style_loss=((loss, 1.0),), mask_reach=reach)
    tiled = config.seeing._replace(evaluator="tiles", tile_size=32)
    whole = judged(pictures, tensor(2), features, config)
    tiles = judged(pictures, tensor(2), features, config._replace(seeing=tiled))
    for ours, theirs in zip(tf.nest.flatten(tiles), tf.nest.flatten(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("losses", [(("swd", 1.0),), (("neighbor", 1.0),), (("gram", 1.0), ("swd", 3.0))])
def test_distances_of_maps(features: keras.Model, losses: tuple) -> None:
    """They are told beside those of moments, by their shares."""
    pictures, config = Pictures(tensor(0), (Style(tensor(1)),)), settings(style_loss=losses)
    (values, gradient), judgment = judged(pictures, tensor(2), features, config)
    np.testing.assert_allclose(judgment.total, values.total)
    assert 0 < np.linalg.norm(gradient) < np.inf
    if len(losses) > 1:
        alone = [
            judged(pictures, tensor(2), features, settings(style_loss=((name, 1.0),)))[1].style for name, _ in losses
        ]
        np.testing.assert_allclose(values.style, 0.25 * alone[0] + 0.75 * alone[1], rtol=1e-5)


def test_what_is_kept_is_the_content_and_has_no_gradient() -> None:
    free = halves()[1]
    content, shown = (tf.cast(tensor(seed), tf.float32) for seed in (0, 2))
    pictures = Pictures(content, (Style(tensor(1)),), free=free)
    aim = Aim({}, {}, {}, sight.kept_of(pictures, SIZE))

    class Plain:
        def evaluate(self, seen: tf.Tensor, aim: Aim) -> tuple[None, tf.Tensor]:
            return None, tf.ones_like(seen)

    np.testing.assert_allclose(sight.evaluator_of(Plain())(shown, aim)[1][0, :, :, 0], free, atol=1e-6)
    composed = sight.composed(shown, aim.kept)
    np.testing.assert_array_equal(composed[:, :, :20], content[:, :, :20])
    np.testing.assert_array_equal(composed[:, :, -20:], shown[:, :, -20:])


# --- Enlarging ---


def test_what_is_enlarged_is_the_change() -> None:
    """A content that nothing was changed of comes out whole; a change of color comes with it."""
    content = tf.constant(np.float32(0.2 + 0.5 * smooth_picture(48, 64)[None]))
    small = resizing.resize(content, Size(24, 32))
    np.testing.assert_allclose(resizing.enlarged(small, content, Size(48, 64)), content, atol=1e-6)
    redder = resizing.enlarged(small + (0.1, 0.0, 0.0), content.numpy(), Size(48, 64))
    np.testing.assert_allclose(redder, content + (0.1, 0.0, 0.0), atol=1e-5)
    plain = resizing.enlarged(small, None, Size(48, 64))
    np.testing.assert_array_equal(plain, resizing.resize(small, Size(48, 64)))
    assert np.abs(plain - content).max() > 1e-3


def test_enlarged_pictures_stay_pictures() -> None:
    content = tf.constant(np.float32(np.indices((1, 48, 64, 3)).sum(axis=0) % 2))  # a chessboard
    bright = resizing.enlarged(tf.ones((1, 24, 32, 3)), content, Size(48, 64))
    assert 0.0 <= np.min(bright) and np.max(bright) <= 1.0 and np.std(bright) > 0.1


def test_seen_once_by_a_program_or_without_one(features: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small picture needs no program; what is measured is the same."""
    measured = judged(Pictures(tensor(0), (Style(tensor(1)),)), tensor(2), features, settings())
    monkeypatch.setattr(programs, "SOON_SEEN", 0)
    by_programs = judged(Pictures(tensor(0), (Style(tensor(1)),)), tensor(2), features, settings())
    for one, other in zip(tf.nest.flatten(measured), tf.nest.flatten(by_programs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)
