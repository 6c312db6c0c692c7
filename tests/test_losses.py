"""The published definitions, against NumPy written as the sources write them, from the same feature maps."""

import math
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.objective import definitions, losses
from keras_nst.core.objective.definitions import DEFINITIONS
from keras_nst.core.objective.moments import Moments, moments
from keras_nst.core.objective.terms import Seen
from keras_nst.core.objective.variation import whole_picture
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective
from keras_nst.core.plan.pyramid import Size
from keras_nst.session.method import objective_of
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer
from keras_nst.settings.recipes import RECIPES

SHAPES = {"block1_conv1": (12, 14, 4), "block2_conv1": (6, 7, 8), "block3_conv1": (3, 3, 6)}
CONTENT = "block2_conv1"


def feature_maps(seed: int, shapes: dict[str, tuple[int, ...]] = SHAPES) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.gamma(1.0, 3.0, (1, *shape)).astype(np.float32) for name, shape in shapes.items()}


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((1, 12, 14, 3), np.float32)


def objective(normalization: str, layers: tuple[Layer, ...] | None = None, **given: object) -> Objective:
    style = layers or tuple(Layer(name) for name in SHAPES)
    own = {"variation_weight": RECIPES[normalization].variation_weight or 0.5, **given}
    layers_of = {"content_layers": (Layer(CONTENT),), "style_layers": style}
    return objective_of(Config(normalization=normalization, **layers_of, **own).resolved())


class Inputs(NamedTuple):
    """Features in place of the network's."""

    smooth: tf.Tensor
    features: dict[str, tf.Tensor]
    moments: dict[str, Moments]

    def content(self, layers: list[str]) -> dict[str, tf.Tensor]:
        return {name: self.features[name] for name in layers}

    def style(self, layers: list[str]) -> tuple[dict[str, Moments], dict]:
        return {name: self.moments[name] for name in layers}, {}

    def with_enough_positions(self, layers: list[str]) -> list[str]:
        return layers

    def small_content(self) -> None:
        return None


def ours(asked: Objective, seen: dict[str, np.ndarray], content: dict, style: dict, shown: np.ndarray) -> LossValues:
    tensors = {name: tf.constant(value) for name, value in seen.items()}
    aim = aim_of(asked, content, style)
    total = losses.measure(Seen(whole_picture(tf.constant(shown)), tensors, {}, {}), aim, asked)
    return losses.evaluate(total, aim, Size(*shown.shape[1:3]), asked)


def aim_of(asked: Objective, content: dict, style: dict) -> losses.Aim:
    of_style = {name: moments(tf.constant(style[name])) for name in SHAPES}
    inputs = Inputs(tf.constant(picture(2)), {CONTENT: tf.constant(content[CONTENT])}, of_style)
    aims = {name: term.aim(inputs, asked) for name, term in losses.terms_of(asked).items()}
    return losses.Aim(aims, {name: tf.constant(weight) for name, weight in asked.weights}, {}, ())


# --- What the sources say, in float64, one picture, as their own texts write it ---


def columns(feature_map: np.ndarray) -> np.ndarray:
    """The papers' F: one row per filter, one column per position."""
    return feature_map[0].astype(np.float64).reshape(-1, feature_map.shape[-1]).T


def paper_content(f: np.ndarray, p: np.ndarray) -> float:
    return 0.5 * ((columns(f) - columns(p)) ** 2).sum()


def paper_style(f: np.ndarray, a: np.ndarray) -> float:
    n, m = columns(f).shape
    g_matrix, a_matrix = columns(f) @ columns(f).T, columns(a) @ columns(a).T
    return ((g_matrix - a_matrix) ** 2).sum() / (4 * n**2 * m**2)


def gatys(f: dict, p: dict, a: dict, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    style = sum(paper_style(f[name], a[name]) / len(SHAPES) for name in SHAPES)
    x255 = x[0].astype(np.float64) * 255
    variation = (np.diff(x255, axis=0) ** 2).sum() + (np.diff(x255, axis=1) ** 2).sum()
    return paper_content(f[CONTENT], p[CONTENT]), style, variation


def keras(f: dict, p: dict, a: dict, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    rows, cols = x.shape[1:3]
    style = 0.0
    for name in SHAPES:
        s_matrix, c_matrix = (columns(maps[name]) @ columns(maps[name]).T for maps in (a, f))
        style += np.sum((s_matrix - c_matrix) ** 2) / (4.0 * 3**2 * (rows * cols) ** 2) / len(SHAPES)
    x = x.astype(np.float64) * 255
    down = (x[:, : rows - 1, : cols - 1] - x[:, 1:, : cols - 1]) ** 2
    right = (x[:, : rows - 1, : cols - 1] - x[:, : rows - 1, 1:]) ** 2
    return ((columns(f[CONTENT]) - columns(p[CONTENT])) ** 2).sum(), style, ((down + right) ** 1.25).sum()


def tensorflow(f: dict, p: dict, a: dict, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    def tutorial_gram(maps: np.ndarray) -> np.ndarray:
        return columns(maps) @ columns(maps).T / columns(maps).shape[1]

    style = sum(np.mean((tutorial_gram(f[name]) - tutorial_gram(a[name])) ** 2) for name in SHAPES) / len(SHAPES)
    x = x.astype(np.float64)
    variation = np.abs(np.diff(x, axis=1)).sum() + np.abs(np.diff(x, axis=2)).sum()
    return np.mean((columns(f[CONTENT]) - columns(p[CONTENT])) ** 2), style, variation


def d2l(f: dict, p: dict, a: dict, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    def chapter_gram(maps: np.ndarray) -> np.ndarray:
        channels, positions = columns(maps).shape
        return columns(maps) @ columns(maps).T / (channels * positions)

    style = sum(np.square(chapter_gram(f[name]) - chapter_gram(a[name])).mean() for name in SHAPES)
    x = x.astype(np.float64)
    variation = 0.5 * (
        np.abs(x[:, 1:, :, :] - x[:, :-1, :, :]).mean() + np.abs(x[:, :, 1:, :] - x[:, :, :-1, :]).mean()
    )
    return np.square(columns(f[CONTENT]) - columns(p[CONTENT])).mean(), style, variation


def balanced(f: dict, p: dict, a: dict, x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """The 2-Wasserstein distance, four times as much of each block as of the next."""
    linalg = pytest.importorskip("scipy.linalg")
    style, shares = 0.0, {name: 4.0 ** -int(name[5]) for name in SHAPES}
    for name in SHAPES:
        means = [columns(maps[name]).mean(axis=1) for maps in (f, a)]
        spread, target = (np.cov(columns(maps[name]), bias=True) for maps in (f, a))
        common = np.trace(np.real(linalg.sqrtm(spread @ target)))  # the same eigenvalues as of the symmetric product
        w2 = (((means[0] - means[1]) ** 2).sum() + np.trace(spread + target) - 2 * common) / np.trace(target)
        style += shares[name] / sum(shares.values()) * w2
    content = np.linalg.norm(columns(f[CONTENT]) - columns(p[CONTENT])) ** 2 / np.linalg.norm(columns(p[CONTENT])) ** 2

    chroma = x - (x @ [0.2126, 0.7152, 0.0722])[..., None]
    a, b, c, d = chroma[:, :-1, :-1], chroma[:, :-1, 1:], chroma[:, 1:, :-1], chroma[:, 1:, 1:]  # of 2 x 2 pixels
    straight = sum(((i - j) ** 2).sum() for i, j in ((a, b), (c, d), (a, c), (b, d)))
    slanting = sum(((i - j) ** 2).sum() for i, j in ((a, d), (b, c)))
    own = (np.diff(y * 1.0, axis=1) ** 2).sum() + (np.diff(y * 1.0, axis=2) ** 2).sum()
    return content, style, (straight / 3 + slanting / 6) / own


SOURCES = {"balanced": balanced, "gatys": gatys, "keras": keras, "tensorflow": tensorflow, "d2l": d2l}


@pytest.mark.parametrize("normalization", SOURCES)
def test_every_term_is_the_published_one(normalization: str) -> None:
    settings = objective(normalization)
    seen, content, style, shown = feature_maps(0), feature_maps(1), feature_maps(2), picture(1)
    values = ours(settings, seen, content, style, shown)
    expected = SOURCES[normalization](seen, content, style, shown, picture(2))
    near = 1e-4 if normalization == "balanced" else 1e-5  # roots make more of rounding
    for term, number in zip(("content", "style", "variation"), expected, strict=True):
        np.testing.assert_allclose(getattr(values, term), [number], rtol=near, err_msg=term)
    weights = [settings.weight(term) for term in ("content", "style", "variation")]
    np.testing.assert_allclose(values.total, [np.dot(weights, expected)], rtol=near)


def test_every_normalization_is_tested() -> None:
    assert set(SOURCES) == set(DEFINITIONS) == set(RECIPES)


def test_the_lecture_notes_are_gatys() -> None:
    """J_style = sum_l lambda_l / (2 H W C)^2 sum (G_S - G_G)^2 with lambda as given."""
    weights = {"block1_conv1": 0.5, "block2_conv1": 1.0, "block3_conv1": 1.5}
    settings = objective("gatys", tuple(Layer(name, weight) for name, weight in weights.items()))
    seen, style = feature_maps(0), feature_maps(2)
    expected = 0.0
    for name, weight in weights.items():
        height, width, channels = SHAPES[name]
        difference = columns(seen[name]) @ columns(seen[name]).T - columns(style[name]) @ columns(style[name]).T
        expected += weight * (difference**2).sum() / (2 * height * width * channels) ** 2
    values = ours(settings, seen, feature_maps(1), style, picture(1))
    np.testing.assert_allclose(values.style, [expected], rtol=1e-5)


def test_hand_computed() -> None:
    """Two positions, two channels: F = (1, 0), (2, 1); style (1, 1), (1, 1).

    S = [[5, 2], [2, 1]], S_style = [[2, 2], [2, 2]], so sum (S - S_style)^2 = 9 + 1 = 10.
    """
    seen = moments(tf.constant([[[[1.0, 0.0], [2.0, 1.0]]]]))
    style = moments(tf.ones([1, 1, 2, 2]))
    expected = {
        "gatys": 10 / (4 * 4 * 4),
        "keras": 10 / (36 * 32**2),  # of a picture of 4 x 8 pixels
        "tensorflow": (10 / 4) / 4,
        "d2l": (10 / 16) / 4,
        "balanced": (10 / 4) / (16 / 4),
    }
    for name, number in expected.items():
        asked = objective(name, style_loss=(("gram", 1.0),))
        value = DEFINITIONS[name].style(seen, style, None, Size(4, 8), asked)[:, 0]
        np.testing.assert_allclose(value, [number], rtol=1e-5, err_msg=name)


def test_balanced_does_not_depend_on_size() -> None:
    """The same picture tiled twice each way has the same terms (up to the seams of the variation)."""
    settings = objective("balanced")
    once = feature_maps(0), feature_maps(1), feature_maps(2)
    twice = [{name: np.tile(value, (1, 2, 2, 1)) for name, value in maps.items()} for maps in once]
    small = ours(settings, *once, picture(1))
    large = ours(settings, *twice, picture(1))
    for term in ("content", "style"):
        np.testing.assert_allclose(getattr(small, term), getattr(large, term), rtol=1e-5)


def test_losses_are_per_picture() -> None:
    seen = [feature_maps(seed) for seed in (0, 3)]
    both = {name: np.concatenate([maps[name] for maps in seen]) for name in SHAPES}
    content, style = feature_maps(1), feature_maps(2)
    shown = np.concatenate([picture(0), picture(3)])
    for normalization in SOURCES:
        settings = objective(normalization)
        together = ours(settings, both, content, style, shown)
        for index in (0, 1):
            alone = ours(settings, seen[index], content, style, shown[index : index + 1])
            np.testing.assert_allclose(together.total[index], alone.total[0], rtol=1e-5)


@pytest.mark.parametrize("normalization", SOURCES)
def test_a_flat_black_target_stays_finite(normalization: str) -> None:
    nothing = {name: np.zeros((1, *shape), np.float32) for name, shape in SHAPES.items()}
    settings = objective(normalization)
    values = ours(settings, feature_maps(0), nothing, nothing, np.zeros((1, 12, 14, 3), np.float32))
    assert math.isfinite(values.total[0])


def test_layer_weights() -> None:
    given = (Layer("a", 2.0), Layer("b", 6.0))
    plain = (Layer("a"), Layer("b"))
    assert definitions.shares(given) == [0.25, 0.75]
    assert definitions.weights_as_given(given) == [2.0, 6.0] and definitions.weights_as_given(plain) == [1.0, 1.0]
    assert definitions.weights_over_count(given) == [1.0, 3.0]
    assert definitions.weights_or_equal(given) == [2.0, 6.0] and definitions.weights_or_equal(plain) == [0.5, 0.5]


def test_no_losses_has_the_shape_of_losses() -> None:
    settings = objective("balanced")
    values = ours(settings, feature_maps(0), feature_maps(1), feature_maps(2), picture(1))
    aim = aim_of(settings, feature_maps(1), feature_maps(2))
    tf.nest.assert_same_structure(values, losses.no_losses(tf.constant(picture(1)), aim, settings))
