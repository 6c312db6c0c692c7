"""One number from content to texture, that means the same for any pair and size."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_nst.config import SUM_OF_WEIGHTS, Config
from keras_nst.core.features import extractor
from keras_nst.core.pyramid import Size
from keras_nst.core.quality import LAYERS, Judge
from keras_nst.core.sight import Pictures, Style, resize
from keras_nst.core.strength import calibrated
from keras_nst.core.transfer import transfer
from keras_nst.inputs import SAMPLES
from keras_nst.pictures.files import read_picture

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
SIZE = Size(64, 96)


@pytest.fixture(scope="module")
def features(vgg19_weights: Path) -> keras.Model:
    config = Config()
    names = [layer.name for layer in config.content_layers + config.style_layers]
    return extractor("vgg19", names, weights=vgg19_weights)


@pytest.fixture(scope="module")
def judging(vgg19_weights: Path) -> keras.Model:
    return extractor("vgg19", LAYERS, weights=vgg19_weights)


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
    figures = []
    for strength in STRENGTHS:
        config = Config(style_strength=strength, steps=(40,), scales=1).resolved()
        result = transfer(pictures, SIZE, config, features, lambda *left: 40, [])
        figures.append(judge(result.picture))
    content, style = ([getattr(each, name) for each in figures] for name in ("content", "w2"))
    assert content == sorted(content) and style == sorted(style, reverse=True)
    assert content[0] < 0.05 and style[0] > 0.9 and style[-1] < 0.8


@pytest.mark.weights
def test_the_weights_do_not_depend_on_the_size(features: keras.Model) -> None:
    config = Config(style_strength=0.5).resolved()
    found = []
    for factor in (3, 6):
        size = Size(factor * SIZE.height, factor * SIZE.width)
        pictures = Pictures(sample("harbor", size), (Style(sample("night", size)),))
        found.append(calibrated(pictures, size, features, config))
    small, large = (each.style_weight / each.content_weight for each in found)
    assert small == pytest.approx(large, rel=0.1)
    for each in found:
        assert each.style_strength is None
        assert each.content_weight + each.style_weight == pytest.approx(SUM_OF_WEIGHTS)


def test_the_ends_need_no_measurement(vgg19_weights: Path) -> None:
    for strength, weights in ((0.0, (SUM_OF_WEIGHTS, 0.0)), (1.0, (0.0, SUM_OF_WEIGHTS))):
        config = calibrated(None, SIZE, None, Config(style_strength=strength).resolved())
        assert (config.content_weight, config.style_weight) == weights
    plain = Config().resolved()
    assert calibrated(None, SIZE, None, plain) is plain


def test_one_picture_that_pulls_at_nothing() -> None:
    """A gray content and the same as its style: nothing to divide by, and still weights."""
    gray = np.full((1, 32, 48, 3), 0.5, np.float32)
    config = Config(style_strength=0.5).resolved()
    names = [layer.name for layer in config.content_layers + config.style_layers]
    random = extractor("vgg19", names, weights=None)
    found = calibrated(Pictures(gray, (Style(gray),)), Size(32, 48), random, config)
    assert np.isfinite([found.content_weight, found.style_weight]).all()
