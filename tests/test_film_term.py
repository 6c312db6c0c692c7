"""The term that keeps a film steady: against its formula, its gradient, tiles and the whole; what steps begin with."""

import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, look_at
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer
from keras_nst.video.motion import Past
from keras_nst.video.optimizing import NAME, Steady, first_of
from keras_nst.video.painting import Work

SIZE = Size(80, 112)


def past(seed: int = 3) -> Past:
    """Returns what earlier frames tell of a part of a picture."""
    seen = np.zeros(SIZE, np.float32)
    seen[10:60, 30:100] = 1
    return Past(smooth_picture(*SIZE, seed=seed), seen)


def evaluated(steady: Steady, evaluator: str = "whole", weight: float = 3.0, **weights: float) -> tuple:
    """Returns losses and gradient of a picture, and the picture (h, w, 3)."""
    config = Config(
        content_layers=(Layer("block2_conv2"),),
        style_layers=(Layer("block1_conv1"), Layer("block2_conv1")),
        evaluator=evaluator,
        tile_size=32,
    ).resolved()
    method = method_of(config)
    objective = method.objective.weighted(**{NAME: weight}, **weights)
    method = method._replace(objective=objective._replace(more_terms=((NAME, steady.term),)))
    features = extractor("vgg19", ("block2_conv2", "block1_conv1", "block2_conv1"), weights=0, precision="float64")
    content, style, shown = (tf.constant(smooth_picture(*SIZE, seed=seed)[None], tf.float64) for seed in range(3))
    network, pictures = Network(features), Pictures(content, (Style(style),))
    look = look_at(SIZE, features, method.objective, method.seeing)
    losses, gradient = look.evaluate(shown, aim_at(pictures, SIZE, network, method))
    return losses, gradient.numpy()[0], shown.numpy()[0]


def test_it_is_its_formula() -> None:
    """1 / (3 H W) sum seen (x - m)^2, whose derivative is 2 seen (x - m) / (3 H W)."""
    steady = Steady()
    steady.past = past()
    losses, gradient, picture = evaluated(steady, content=0.0, style=0.0, variation=0.0)
    apart = picture[10:60, 30:100] - np.float64(steady.past.picture[10:60, 30:100])
    expected = (apart**2).sum() / picture.size
    assert float(losses.terms[NAME][0]) == pytest.approx(expected, rel=1e-9)
    assert float(losses.total[0]) == pytest.approx(3 * expected, rel=1e-9)
    slope = np.zeros_like(picture)
    slope[10:60, 30:100] = 6 * apart / picture.size
    np.testing.assert_allclose(gradient, slope, atol=1e-12)


def test_by_tiles_it_is_that_of_the_whole() -> None:
    steady = Steady()
    steady.past = past()
    (whole, gradient, _), (tiled, by_tiles, _) = (evaluated(steady, evaluator) for evaluator in ("whole", "tiles"))
    for one, other in zip(tf.nest.flatten(whole), tf.nest.flatten(tiled), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert np.linalg.norm(gradient - by_tiles) < 1e-9 * np.linalg.norm(gradient)


def test_one_term_tells_of_one_frame_after_the_other() -> None:
    """So that all frames have the same compiled steps."""
    steady, term = Steady(), None
    for seed in (3, 4):
        steady.past, term = past(seed), term or steady.term
        assert steady.term is term
        losses, _, picture = evaluated(steady)
        expected = (steady.past.seen[..., None] * (picture - np.float64(steady.past.picture)) ** 2).mean()
        assert float(losses.terms[NAME][0]) == pytest.approx(expected, rel=1e-9)


def test_steps_begin_with_what_is_known() -> None:
    frame, own, known = smooth_picture(*SIZE), smooth_picture(*SIZE, seed=5), past()
    inside = known.seen > 0
    first = first_of(Work(1, frame, known))
    np.testing.assert_array_equal(first[inside], known.picture[inside])
    np.testing.assert_allclose(first[~inside].mean(axis=0), known.picture.mean(axis=(0, 1)), atol=0.1)
    both = first_of(Work(1, frame, known, own))
    np.testing.assert_allclose(both[inside], (own + known.picture)[inside] / 2, atol=1e-6)
    np.testing.assert_array_equal(both[~inside], own[~inside])
    assert first_of(Work(1, frame, None, own)) is own
