"""One number from content to texture, that means the same for any pair and size."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.descent.scales import Audience
from keras_nst.core.descent.transfer import transfer
from keras_nst.core.judging.quality import LAYERS, Judge
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.network.resizing import resize
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style
from keras_nst.core.seeing.strength import SUM_OF_WEIGHTS, calibrated
from keras_nst.pictures.files import read_picture
from keras_nst.pictures.sources import SAMPLES
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
FEW = (0.0, 0.5, 1.0)
SIZE = Size(64, 96)


@pytest.fixture(scope="module")
def features(vgg19_weights: Path) -> keras.Model:
    config = Config()
    names = [layer.name for layer in config.layers_of("content") + config.layers_of("style")]
    return extractor("vgg19", names, weights=vgg19_weights)


@pytest.fixture(scope="module")
def judging(vgg19_weights: Path) -> keras.Model:
    return extractor("vgg19", LAYERS, weights=vgg19_weights)


def asked(**given: object) -> Method:
    return method_of(Config(**given).resolved())


def sample(name: str, size: Size = SIZE) -> tf.Tensor:
    return resize(read_picture(SAMPLES / f"{name}.jpg").pixels[None], size)


def pairs() -> dict[str, Pictures]:
    harbor, night = sample("harbor"), sample("night")
    return {
        "harbor, night": Pictures(harbor, (Style(night),)),
        "night, harbor": Pictures(night, (Style(harbor),)),
        "dim harbor, night on its side": Pictures(0.4 * harbor, (Style(tf.image.rot90(night)),)),
    }


@pytest.mark.weights
@pytest.mark.slow
@pytest.mark.parametrize("pair", pairs())
def test_more_strength_is_more_style_and_less_content(pair: str, features: keras.Model, judging: keras.Model) -> None:
    pictures = pairs()[pair]
    judge = Judge(pictures.content.numpy(), pictures.styles[0].picture.numpy(), judging)
    figures, network = [], Network(features, keep=1e9)  # compiled once for all strengths
    for strength in STRENGTHS if pair == "harbor, night" else FEW:
        method = asked(style_strength=strength, steps=(20,), scales=1)
        result = transfer(pictures, SIZE, method, network, Audience(lambda *left: 20))
        figures.append(judge(result.picture))
    content, style = ([getattr(each, name) for each in figures] for name in ("content", "w2"))
    assert content == sorted(content) and style == sorted(style, reverse=True)
    assert content[0] < 0.05 and style[0] > 0.9 and style[-1] < 0.8


@pytest.mark.weights
def test_the_weights_do_not_depend_on_the_size(features: keras.Model) -> None:
    found = []
    for factor in (3, 6):
        size = Size(factor * SIZE.height, factor * SIZE.width)
        pictures = Pictures(sample("harbor", size), (Style(sample("night", size)),))
        found.append(calibrated(pictures, size, Network(features), asked(style_strength=0.5)).objective)
    small, large = (each.weight("style") / each.weight("content") for each in found)
    assert small == pytest.approx(large, rel=0.1)
    for each in found:
        assert each.weight("content") + each.weight("style") == pytest.approx(SUM_OF_WEIGHTS)


def test_the_ends_need_no_measurement(vgg19_weights: Path) -> None:
    for strength, weights in ((0.0, (SUM_OF_WEIGHTS, 0.0)), (1.0, (0.0, SUM_OF_WEIGHTS))):
        found = calibrated(None, SIZE, None, asked(style_strength=strength))
        assert (found.objective.weight("content"), found.objective.weight("style")) == weights
        assert found.strength is None
    plain = asked()
    assert calibrated(None, SIZE, None, plain) is plain


def test_one_picture_that_pulls_at_nothing() -> None:
    """A gray content and the same as its style: nothing to divide by, and still weights."""
    gray = np.full((1, 32, 48, 3), 0.5, np.float32)
    config = Config()
    names = [layer.name for layer in config.layers_of("content") + config.layers_of("style")]
    random = extractor("vgg19", names, weights=0)
    pictures = Pictures(gray, (Style(gray),))
    found = calibrated(pictures, Size(32, 48), Network(random), asked(style_strength=0.5)).objective
    assert np.isfinite([found.weight("content"), found.weight("style")]).all()


@pytest.mark.weights
def test_means_the_same_wherever_a_run_starts(features: keras.Model) -> None:
    """The first picture has no say in what a strength means."""
    pictures, method = pairs()["harbor, night"], asked(style_strength=0.4)
    weights = [
        dict(calibrated(pictures._replace(first=first), SIZE, Network(features), method).objective.weights)
        for first in (None, sample("night"))
    ]
    assert weights[0] == weights[1]
