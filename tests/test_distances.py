"""Distances of a layer's statistics, against NumPy in float64 written from their other definitions."""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_nst.core.network.features import extractor
from keras_nst.core.objective import distances, gaussians
from keras_nst.core.objective.definitions import DEFINITIONS
from keras_nst.core.objective.distances import distance
from keras_nst.core.objective.moments import Moments, moments
from keras_nst.core.plan.method import Objective
from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.sources import SAMPLES
from keras_nst.settings.values import STYLE_LOSSES

FROM_MOMENTS = [name for name, kind in STYLE_LOSSES.items() if kind == "moments"]


def whole(features: tf.Tensor) -> Moments:
    """Returns the moments of a feature map that is one region."""
    return Moments(*(values[:, 0] for values in moments(features)))


def feature_map(seed: int, shape: tuple[int, ...] = (1, 6, 7, 5), dtype: type = np.float32) -> np.ndarray:
    """Returns features as behind a ReLU: correlated, nowhere negative, often 0."""
    random = np.random.default_rng(seed)
    mixed = random.gamma(1.0, 2.0, shape) @ random.normal(size=(shape[-1], shape[-1])) + 0.3
    return np.maximum(mixed, 0.0).astype(dtype)


def one_channel(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).gamma(1.0, 2.0, (1, height, width, 1)).astype(np.float32)


def rows(features: np.ndarray) -> np.ndarray:
    """The cloud: one feature vector per row."""
    return features[0].astype(np.float64).reshape(-1, features.shape[-1])


def from_maps(name: str) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Returns any distance as a function of feature maps."""
    if STYLE_LOSSES[name] == "maps":
        return distance(name)
    return lambda picture, style: distance(name)(whole(picture), whole(style))


def value(name: str, picture: np.ndarray, style: np.ndarray) -> np.ndarray:
    return from_maps(name)(tf.constant(picture), tf.constant(style)).numpy()


def value_and_gradient(name: str, picture: tf.Tensor, style: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(picture)
        values = from_maps(name)(picture, style)
    return values, tape.gradient(values, picture)


# --- Values ---


def test_gram_is_the_balanced_style_loss() -> None:
    seen, style = (moments(tf.constant(feature_map(seed))) for seed in (0, 1))
    expected = DEFINITIONS["balanced"].style(seen, style, None, Size(6, 7), Objective(()))
    assert distance("gram")(seen, style).numpy() == expected.numpy()


def test_mean_std() -> None:
    seen, style = feature_map(0), feature_map(1, (1, 3, 4, 5))
    x, y = rows(seen), rows(style)
    squares = (x.mean(0) - y.mean(0)) ** 2 + (x.std(0) - y.std(0)) ** 2
    expected = 2 * squares.sum() / y.var(0).sum()
    np.testing.assert_allclose(value("mean_std", seen, style), [expected], rtol=1e-3)  # the blur takes a little


def test_covariance_is_gram_of_centered_features() -> None:
    seen, style = feature_map(0), feature_map(1)
    centered = [of - of.mean(axis=(1, 2), keepdims=True) for of in (seen, style)]
    np.testing.assert_allclose(value("covariance", seen, style), value("gram", *centered), rtol=1e-4)
    x, y = rows(seen), rows(style)
    expected = np.linalg.norm(np.cov(x.T, bias=True) - np.cov(y.T, bias=True)) / np.linalg.norm(np.cov(y.T, bias=True))
    np.testing.assert_allclose(value("covariance", seen, style), [expected**2], rtol=1e-4)


def test_covariance_does_not_see_the_mean() -> None:
    seen = feature_map(0)
    assert value("covariance", seen + 1.0, seen)[0] < 1e-9 < 1e-2 < value("mean_std", seen + 1.0, seen)[0]


def test_mmd_is_the_double_sum_over_the_kernel() -> None:
    seen, style = feature_map(0), feature_map(1, (1, 3, 4, 5))
    x, y = rows(seen), rows(style)
    norm = np.linalg.norm(sum(np.outer(row, row) for row in y) / len(y))

    def mean_kernel(first: np.ndarray, second: np.ndarray) -> float:
        return np.mean([(a @ b + norm / 2) ** 2 for a in first for b in second])

    expected = (mean_kernel(x, x) - 2 * mean_kernel(x, y) + mean_kernel(y, y)) / norm**2
    np.testing.assert_allclose(value("mmd", seen, style), [expected], rtol=1e-5)


def test_gram_is_the_double_sum_without_bias() -> None:
    """Li, Wang, Liu and Hou 2017: Gram matrices match by the kernel (x . y)^2."""
    seen, style = feature_map(0), feature_map(1, (1, 3, 4, 5))
    x, y = rows(seen), rows(style)
    own = np.mean((y @ y.T) ** 2)
    expected = (np.mean((x @ x.T) ** 2) - 2 * np.mean((x @ y.T) ** 2) + own) / own
    np.testing.assert_allclose(value("gram", seen, style), [expected], rtol=1e-5)


def test_w2_in_one_dimension() -> None:
    """(m - m')^2 + (s - s')^2, of which mean_std is the double."""
    seen, style = one_channel(0, 6, 7), one_channel(1, 3, 4)
    x, y = rows(seen), rows(style)
    expected = ((x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2) / y.var()
    np.testing.assert_allclose(value("w2", seen, style), [expected], rtol=1e-4)
    np.testing.assert_allclose(value("mean_std", seen, style), 2 * value("w2", seen, style), rtol=1e-3)  # its blur


def cloud(channels: int, positions: int, condition: float, seed: int) -> np.ndarray:
    """Returns features (1, positions, 1, channels) whose standard deviations lie `condition` apart."""
    random = np.random.default_rng(seed)
    turn = np.linalg.qr(random.normal(size=(channels, channels)))[0]
    scales = np.geomspace(1.0, condition, channels)
    return (random.normal(size=(1, positions, 1, channels)) * scales @ turn + 0.3).astype(np.float32)


def gaussian_w2(x: np.ndarray, y: np.ndarray) -> float:
    """The formula, by SciPy's root."""
    linalg = pytest.importorskip("scipy.linalg")
    first, second = (np.cov(of.T, bias=True) for of in (x, y))
    root = linalg.sqrtm(second)
    common = np.trace(np.real(linalg.sqrtm(root @ first @ root)))
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(first + second) - 2 * common


CLOUDS = [
    *((8, 0.5, 1000), (8, 1e-3, 1000), (8, 0.5, 5)),
    *((64, 0.5, 1000), (64, 1e-3, 1000), (64, 0.1, 100), (64, 0.5, 5)),
    *((512, 1e-2, 1000), (512, 0.5, 5)),
]


@pytest.mark.filterwarnings("ignore:Matrix is singular")
@pytest.mark.parametrize("by_products", [False, True], ids=["eigenvalues", "products"])
@pytest.mark.parametrize("known", [False, True], ids=["", "known"])
@pytest.mark.parametrize(("channels", "condition", "positions"), CLOUDS)
def test_w2(channels: int, condition: float, positions: int, known: bool, by_products: bool) -> None:
    """In float32; the style's root in all its columns, or known and in those that it takes."""
    seen, style = cloud(channels, positions, condition, 0), cloud(channels, positions * 2, condition, 1)
    x, y = rows(seen), rows(style)
    of, target = whole(tf.constant(seen)), whole(tf.constant(style))
    gaussian = gaussians.gaussian(target) if known else None
    if known:
        most = -(-(2 * positions - 1) // gaussians.COLUMNS) * gaussians.COLUMNS
        assert gaussian.root.shape[:2] == [1, channels] and gaussian.root.shape[2] <= min(channels, most)
    found = distances.w2(of, target, gaussian, by_products)[0] * (y.var(0).sum() + 1e-6 * channels)
    np.testing.assert_allclose(found, gaussian_w2(x, y), rtol=2e-3 if by_products else 1e-4)


def test_w2_is_1_for_nothing_but_the_mean() -> None:
    style = feature_map(1, (1, 12, 14, 5))
    np.testing.assert_allclose(value("w2", np.full_like(style, style.mean((1, 2))), style), [1.0], rtol=0.03)


def test_swd_in_one_dimension() -> None:
    """Sorted values, each of the one moved to that of the other."""
    seen, style = one_channel(0, 6, 7), one_channel(1, 7, 6)
    x, y = rows(seen)[:, 0], rows(style)[:, 0]
    expected = 2 * np.mean((np.sort(x) - np.sort(y)) ** 2) / y.var()
    np.testing.assert_allclose(value("swd", seen, style), [expected], rtol=1e-5)


def test_swd_of_other_numbers_of_positions() -> None:
    """The style's quantile function is a staircase: the q-th share of its values lies below it."""
    seen, style = one_channel(0, 6, 7), one_channel(1, 5, 5)
    x, y = np.sort(rows(seen)[:, 0]), rows(style)[:, 0]
    quantiles = np.quantile(y, (np.arange(42) + 0.5) / 42, method="inverted_cdf")
    np.testing.assert_allclose(value("swd", seen, style), [2 * np.mean((x - quantiles) ** 2) / y.var()], rtol=1e-5)


@pytest.mark.parametrize("more", ["picture", "style"])
def test_swd_of_features_repeated_is_0(more: str) -> None:
    once = feature_map(0)
    twice = np.concatenate([once, once], axis=1)
    pair = (twice, once) if more == "picture" else (once, twice)
    assert value("swd", *pair)[0] < 1e-9


def test_swd_along_its_directions() -> None:
    """Several channels are the sum of one direction each; shifted clouds are apart by the shift, however turned."""
    seen, style = feature_map(0), feature_map(1)
    x, y = rows(seen), rows(style)
    directions = distances._directions(5).T
    np.testing.assert_allclose(directions @ directions.T, np.eye(5), atol=1e-12)
    np.testing.assert_array_equal(distances._directions.__wrapped__(5).T, directions)  # drawn again
    squares = sum(np.mean((np.sort(x @ v) - np.sort(y @ v)) ** 2) for v in directions)
    np.testing.assert_allclose(value("swd", seen, style), [2 * squares / y.var(0).sum()], rtol=1e-5)
    shift = np.array([1.0, -2.0, 0.0, 0.5, 3.0], np.float32)
    expected = 2 * (shift**2).sum() / rows(seen).var(0).sum()
    np.testing.assert_allclose(value("swd", seen + shift, seen), [expected], rtol=1e-4)


def brute_force_neighbor(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - y.mean(0), y - y.mean(0)
    cosines = np.array([[a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for b in y] for a in x])
    return 2 - cosines.max(axis=1).mean() - cosines.max(axis=0).mean()


@pytest.mark.parametrize("strip", [1024, 42, 10])
def test_neighbor(strip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "POSITIONS_AT_ONCE", strip)
    seen, style = feature_map(0), feature_map(1, (1, 3, 4, 5))
    np.testing.assert_allclose(
        value("neighbor", seen, style), [brute_force_neighbor(rows(seen), rows(style))], rtol=1e-3
    )


def test_neighbor_takes_a_large_style_at_a_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "NEIGHBORS", 12)  # 6 x 7 positions: 3 x 4 of every other row and column
    seen, style = feature_map(0), feature_map(1)
    expected = brute_force_neighbor(rows(seen), rows(style[:, ::2, ::2]))
    np.testing.assert_allclose(value("neighbor", seen, style), [expected], rtol=1e-3)


# --- What all have in common ---


def test_every_name_is_a_function() -> None:
    for name in STYLE_LOSSES:
        assert distance(name).__module__ == distances.__name__ and distance(name).__name__ == name


@pytest.mark.parametrize("name", STYLE_LOSSES)
@pytest.mark.parametrize("shape", [(1, 6, 7, 5), (1, 3, 4, 64)])
def test_0_for_equal_inputs(name: str, shape: tuple[int, ...]) -> None:
    seen = tf.constant(feature_map(0, shape))
    values, gradient = value_and_gradient(name, seen, seen)
    _, usual = value_and_gradient(name, tf.constant(feature_map(1, shape)), seen)
    assert abs(values[0]) < 1e-6
    assert tf.norm(gradient) < 0.02 * tf.norm(usual)


FLAT = {"black": 0.0, "flat": 3.0, "flat and bright": 3e3}


@pytest.mark.parametrize("name", STYLE_LOSSES)
@pytest.mark.parametrize("what", FLAT)
@pytest.mark.parametrize("channels", [5, 64])
def test_finite_for_flat_features(name: str, what: str, channels: int) -> None:
    shape = (1, 6, 7, channels)
    flat = tf.broadcast_to(FLAT[what] * tf.linspace(1.0, 2.0, channels), shape)  # over the positions
    usual = tf.constant(feature_map(0, shape))
    for picture, style in ((flat, usual), (usual, flat), (flat, flat), (usual * 1e3, usual), (usual, usual * 1e3)):
        values, gradient = value_and_gradient(name, picture, style)
        assert np.isfinite(values).all() and np.isfinite(gradient).all()
    assert value(name, flat, flat)[0] < 1e-3  # of float32's rounding, relative to next to nothing


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_finite_for_large_flat_features(name: str) -> None:
    """Adding up 250000 equal values in float32 leaves covariances with negative eigenvalues, of 5e-4 of E |x|^2."""
    flat = whole(tf.broadcast_to(3e3 * tf.linspace(1.0, 2.0, 8), (1, 500, 500, 8)))
    usual = whole(tf.constant(feature_map(0, (1, 6, 7, 8))))
    for picture, style in ((flat, usual), (usual, flat), (flat, flat)):
        seen = picture.first, picture.second
        with tf.GradientTape() as tape:
            tape.watch(seen)
            values = distance(name)(Moments(picture.count, *seen), style)
        gradients = tape.gradient(values, seen, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        assert all(np.isfinite(tensor).all() for tensor in (values, *gradients))
        assert values >= 0


@pytest.mark.parametrize("name", STYLE_LOSSES)
@pytest.mark.parametrize("positions", [(6, 7), (2, 2)])
def test_the_gradient_is_the_slope(name: str, positions: tuple[int, int]) -> None:
    """Along a random direction, by a central difference in float64; also with fewer positions than channels."""
    random = np.random.default_rng(2)
    seen, style = feature_map(0, (1, *positions, 5), np.float64), feature_map(1, (1, 5, 5, 5), np.float64)
    seen += 0.01 * random.normal(size=seen.shape)  # equal values, such as 0, have no order, and swd no slope there
    direction = random.normal(size=seen.shape)
    _, gradient = value_and_gradient(name, tf.constant(seen), tf.constant(style))
    step = 1e-4 if name == "w2" else 1e-6  # the root of what is 0 but for rounding has half as many digits
    expected = (value(name, seen + step * direction, style) - value(name, seen - step * direction, style)) / (2 * step)
    steepest = np.linalg.norm(gradient) * np.linalg.norm(direction)
    np.testing.assert_allclose(np.sum(gradient * direction), expected[0], rtol=1e-4, atol=1e-6 * steepest)


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_bfloat16_features(name: str) -> None:
    """They are compared in float32."""
    seen, style = (tf.cast(feature_map(seed), tf.bfloat16) for seed in (0, 1))
    values, gradient = value_and_gradient(name, seen, style)
    expected, slope = value_and_gradient(name, tf.cast(seen, tf.float32), tf.cast(style, tf.float32))
    assert values.dtype == tf.float32 and gradient.dtype == tf.bfloat16
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_allclose(tf.cast(gradient, tf.float32), slope, rtol=0.02, atol=0.02 * np.abs(slope).max())


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_compiled_by_xla(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, style = (tf.constant(feature_map(seed, (2, 6, 7, 8))) for seed in (0, 1))
    if name == "w2":  # as with --xla=on
        monkeypatch.setattr(distances, name, functools.partial(distances.w2, by_products=True))
    compiled = tf.function(lambda of: value_and_gradient(name, of, style), jit_compile=True, autograph=False)
    for ours, expected in zip(compiled(seen), value_and_gradient(name, seen, style), strict=True):
        near = 2e-3 if name == "w2" else 1e-4
        np.testing.assert_allclose(ours, expected, rtol=near, atol=near * np.abs(expected).max())


@pytest.mark.parametrize("styles", [1, 2])
@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_pictures_together_equal_singles(name: str, styles: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, "POSITIONS_AT_ONCE", 10)
    seen, style = feature_map(0, (2, 6, 7, 5)), feature_map(1, (styles, 5, 6, 5))
    values, gradient = value_and_gradient(name, tf.constant(seen), tf.constant(style))
    assert values.shape == [2]
    for index in (0, 1):
        own = style[min(index, styles - 1)][None]
        single, slope = value_and_gradient(name, tf.constant(seen[index : index + 1]), tf.constant(own))
        np.testing.assert_allclose(values[index], single[0], rtol=1e-5)
        np.testing.assert_allclose(gradient[index], slope[0], rtol=1e-4, atol=1e-4 * np.abs(slope).max())


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_leading_axes(name: str) -> None:
    """Moments of 2 pictures with 3 regions each equal those of 6 pictures."""
    seen, style = (whole(tf.constant(feature_map(seed, (6, 6, 7, 5)))) for seed in (0, 1))
    by_region = [Moments(*(tf.reshape(value, [2, 3, *value.shape[1:]]) for value in of)) for of in (seen, style)]
    values = distance(name)(*by_region)
    assert values.shape == [2, 3]
    np.testing.assert_allclose(tf.reshape(values, [6]), distance(name)(seen, style), rtol=1e-5)


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_moments_of_tiles_add_up(name: str) -> None:
    seen, style = feature_map(0), whole(tf.constant(feature_map(1)))
    tiles = [whole(tf.constant(tile)) for tile in np.split(seen, [2, 5], axis=2)]
    added = Moments(*(tf.add_n(values) for values in zip(*tiles, strict=True)))
    np.testing.assert_allclose(distance(name)(added, style), distance(name)(whole(tf.constant(seen)), style), 1e-5)


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_free_of_units_and_positions(name: str) -> None:
    """The same features, twice as often, in another unit."""
    seen, style = feature_map(0), feature_map(1)
    often = np.tile(seen, (1, 2, 1, 1))
    np.testing.assert_allclose(value(name, often * 100, style * 100), value(name, seen, style), rtol=1e-3)


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_positions_may_be_shuffled(name: str) -> None:
    seen, style = feature_map(0), feature_map(1)
    shuffled = np.random.default_rng(3).permutation(seen.reshape(42, 5)).reshape(seen.shape)
    np.testing.assert_allclose(value(name, shuffled, style), value(name, seen, style), rtol=1e-4)


@pytest.mark.parametrize("name", STYLE_LOSSES)
def test_descending_brings_them_together(name: str) -> None:
    seen, style = tf.constant(feature_map(0)), tf.constant(feature_map(1))
    before, gradient = value_and_gradient(name, seen, style)
    step = 0.5 * before / tf.reduce_sum(tf.square(gradient))
    assert from_maps(name)(seen - step * gradient, style)[0] < 0.9 * before[0]


@pytest.mark.weights
def test_a_photograph_is_about_1_away_from_a_painting(vgg19_weights: Path) -> None:
    layers = [f"block{block}_conv1" for block in range(1, 6)]
    features = extractor("vgg19", layers, weights=vgg19_weights)
    seen, style = (
        features(np.asarray(Image.open(SAMPLES / file).resize((160, 128)), np.float32)[None] / 255)
        for file in ("harbor.jpg", "night.jpg")
    )
    for name in STYLE_LOSSES:
        away = np.mean([from_maps(name)(seen[layer], style[layer]) for layer in layers])
        assert 0.5 < away < 2.0, name
