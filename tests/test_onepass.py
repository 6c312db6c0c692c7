"""Tiles passed once a step: the loss exactly, the gradient by what was asked in the step before, no seams."""

import numpy as np
import pytest
import tensorflow as tf
from test_tiles import SHALLOW, sample

from keras_nst.core.descent import transfer as core
from keras_nst.core.descent.scales import Audience
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.network.resizing import resize
from keras_nst.core.objective.losses import Aim
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.onepass import OnePass
from keras_nst.core.seeing.sight import Pictures, Style, aim_at
from keras_nst.core.seeing.tiles import Eye
from keras_nst.core.seeing.whole import Whole
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError

SIZE = Size(150, 97)
LAYERS = ["block1_conv1", "block1_conv2", "block2_conv2", "block3_conv1"]


@pytest.fixture(scope="module", params=["own", "normalized"])
def looks(request: pytest.FixtureRequest) -> tuple[OnePass, Whole, Aim]:
    """One pass and the whole, in float64, of the same pictures."""
    given = {"content_loss": "normalized"} if request.param == "normalized" else {}
    config = Config(evaluator="onepass", tile_size=32, variation_weight=0.1, **SHALLOW, **given).resolved()
    method, features = method_of(config), extractor("vgg19", LAYERS, weights=0, precision="float64")
    content, style = (tf.cast(resize(sample(name), SIZE), "float64") for name in ("harbor", "night"))
    aim = aim_at(Pictures(content, (Style(style),)), SIZE, Network(features), method)
    seeing = method.seeing
    return (
        OnePass(features, SIZE, method.objective, seeing),
        Whole(features, SIZE, method.objective, seeing._replace(evaluator="whole")),
        aim,
    )


def picture(seed: int) -> tf.Tensor:
    noise = np.random.default_rng(seed).normal(size=(1, *SIZE, 3))
    return tf.clip_by_value(tf.cast(resize(sample("harbor"), SIZE), "float64") + 0.1 * noise, 0, 1)


def test_a_picture_that_stays_has_the_exact_gradient(looks: tuple[OnePass, Whole, Aim]) -> None:
    onepass, whole, aim = looks
    onepass.memory = ()
    values, gradient = whole.evaluate(picture(0), aim)
    for _ in range(2):  # measured first, and by what was measured on the way
        ours, pulled = onepass.evaluate(picture(0), aim)
        np.testing.assert_allclose(ours.total, values.total, rtol=1e-9)
        np.testing.assert_allclose(pulled, gradient, atol=1e-9 * np.abs(gradient).max())


def test_the_loss_is_exact_and_the_gradient_that_of_the_step_before(looks: tuple[OnePass, Whole, Aim]) -> None:
    """All but the slopes is of the picture as it is: its directional derivative, by differences of J(x, M(before))."""
    onepass, whole, aim = looks
    onepass.memory = ()
    before, now = picture(0), 0.98 * picture(0) + 0.02 * picture(1)
    onepass.evaluate(before, aim)
    ours, pulled = onepass.evaluate(now, aim)
    values, exact = whole.evaluate(now, aim)
    for mine, theirs in zip(tf.nest.flatten(ours), tf.nest.flatten(values), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    error = np.linalg.norm(pulled - exact) / np.linalg.norm(exact)
    assert 1e-6 < error < 0.1
    # No seam: along the tiles' borders it differs from the exact one no more than elsewhere.
    difference = np.abs(np.asarray(pulled - exact))[0].sum(axis=-1)
    borders = np.zeros(SIZE, bool)
    for tile in onepass.tiles:
        for line, axis in ((tile.rows.start, 0), (tile.columns.start, 1)):
            if line:
                np.moveaxis(borders, axis, 0)[line - 1 : line + 1] = True
    assert 0.8 < difference[borders].mean() / difference[~borders].mean() < 1.25


def test_the_tiles_are_passed_once(looks: tuple[OnePass, Whole, Aim], monkeypatch: pytest.MonkeyPatch) -> None:
    onepass, _, aim = looks
    onepass.memory, works = (), []
    run = OnePass._run

    def counted(self: OnePass, work: object, *more: object) -> object:
        works.append(work)
        return run(self, work, *more)

    monkeypatch.setattr(OnePass, "_run", counted)
    onepass.evaluate(picture(0), aim)
    assert works == [Eye.assess] * len(onepass.tiles) + [Eye.descend] * len(onepass.tiles)
    works.clear()
    onepass.evaluate(picture(1), aim)
    assert works == [Eye.descend] * len(onepass.tiles)


def test_what_it_remembers_may_be_kept(looks: tuple[OnePass, Whole, Aim]) -> None:
    onepass, _, aim = looks
    onepass.memory = ()
    onepass.evaluate(picture(0), aim)
    memory = onepass.memory
    _, expected = onepass.evaluate(picture(1), aim)
    onepass.memory = memory
    assert [kept.tobytes() for kept in onepass.memory] == [kept.tobytes() for kept in memory]
    _, pulled = onepass.evaluate(picture(1), aim)
    np.testing.assert_array_equal(pulled, expected)
    onepass.memory = ()  # another picture: nothing of the last one
    _, anew = onepass.evaluate(picture(1), aim)
    assert np.abs(anew - expected).max() > 1e-4 * np.abs(expected).max()


def test_a_run_ends_near_the_exact_one() -> None:
    def final(evaluator: str) -> float:
        method = method_of(Config(evaluator=evaluator, tile_size=32, steps=(12,), scales=2, **SHALLOW).resolved())
        pictures = Pictures(sample("harbor"), (Style(sample("night")),))
        network = Network(extractor("vgg19", LAYERS, weights=0))
        result = core.transfer(pictures, Size(150, 40), method, network, Audience(lambda scale, left: 2))
        return float(result.losses.total[0])

    assert final("onepass") == pytest.approx(final("tiles"), rel=0.01)


def test_a_search_needs_exact_gradients() -> None:
    with pytest.raises(SettingError, match="--evaluator=onepass: Not with --optimizer=lbfgs, which needs exact"):
        Config(evaluator="onepass", optimizer="lbfgs")
