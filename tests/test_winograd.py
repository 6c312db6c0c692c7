"""Winograd's convolution against the direct one in float64."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_nst.core.descent import transfer
from keras_nst.core.descent.scales import Audience
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.network.winograd import Winograd, faster
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.core.seeing.sight import Pictures, Style
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer

# n, h, w, c, k; the last in two bands, and not quite
SHAPES = [(1, 13, 22, 64, 128), (2, 8, 9, 128, 64), (1, 1, 3, 512, 512), (2, 9, 260, 64, 64)]


def drawn(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def layer(c: int, k: int) -> keras.layers.Conv2D:
    """A layer of VGG's, with weights that keep the magnitude and a bias that matters."""
    convolution = keras.layers.Conv2D(k, 3, padding="same", activation="relu")
    convolution.build((None, None, None, c))
    convolution.set_weights([drawn(3, 3, c, k) / np.float32(np.sqrt(4.5 * c)), drawn(k, seed=1)])
    return convolution


def exact(features: np.ndarray, convolution: keras.layers.Conv2D, upstream: np.ndarray) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the result and the gradient by the features, in float64."""
    x = tf.constant(features, tf.float64)
    kernel, bias = (weights.astype(np.float64) for weights in convolution.get_weights())
    with tf.GradientTape() as tape:
        tape.watch(x)
        result = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
    return result, tape.gradient(result, x, upstream.astype(np.float64))


def error(found: tf.Tensor, expected: tf.Tensor) -> float:
    """Returns how far they are apart, relative to what is expected."""
    return float(np.linalg.norm(found.numpy() - expected.numpy()) / np.linalg.norm(expected))


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_direct_convolution(shape: tuple[int, ...]) -> None:
    """Odd sizes, borders, batches, less than a tile; and so does the gradient by the input."""
    n, h, w, c, k = shape
    features, upstream, convolution = drawn(n, h, w, c), drawn(n, h, w, k, seed=2), layer(c, k)
    x = tf.constant(features)
    with tf.GradientTape() as tape:
        tape.watch(x)
        result = Winograd(convolution)(x)
    expected, slope = exact(features, convolution, upstream)
    found = tape.gradient(result, x, tf.constant(upstream))
    assert error(result, expected) < 1e-5
    assert error(found, slope) < 1e-5


@pytest.fixture(scope="module")
def features() -> keras.Model:
    return extractor("vgg19", ["block1_conv1", "block2_conv1"], weights=0)


def settings(**given: object) -> Method:
    layers = {"content_layers": (Layer("block2_conv1"),), "style_layers": (Layer("block1_conv1"),)}
    return method_of(Config(**{**layers, "convolution": "winograd", "steps": (3,), "scales": 1, **given}).resolved())


def pictures(count: int, height: int, width: int) -> Pictures:
    content, style = tf.random.stateless_uniform((2, count, height, width, 3), seed=(1, 2))
    return Pictures(content, (Style(style),))


@pytest.mark.parametrize(
    ("given", "size"), [({}, Size(21, 34)), ({"evaluator": "tiles", "tile_size": 32}, Size(40, 50))]
)
def test_a_run_goes_the_same_way(features: keras.Model, given: dict[str, object], size: Size) -> None:
    """Two pictures in one loop on the device, and by tiles."""
    ends = [
        transfer.transfer(
            pictures(2, *size),
            size,
            settings(convolution=how, **given),
            Network(features),
            Audience(lambda scale, left: left),
        )
        for how in ("direct", "winograd")
    ]
    np.testing.assert_allclose(ends[0].losses.total, ends[1].losses.total, rtol=1e-4)
    assert np.any(ends[0].picture != ends[1].picture)  # or it was not Winograd's


def test_only_deep_convolutions_are_replaced(features: keras.Model) -> None:
    model = faster(features)
    assert [layer.name for layer in model.layers if isinstance(layer, Winograd)] == ["block1_conv2", "block2_conv1"]
    assert list(model.output) == list(features.output)
    assert not model.trainable_weights


def test_only_scales_that_repay_the_compilation(features: keras.Model) -> None:
    scales, network = [Scale(1, Size(100, 200), 50, 0), Scale(2, Size(400, 600), 50, 50)], Network(features)

    def chosen(how: str) -> list[keras.Model]:
        return [network.that_takes_steps(scale, settings(convolution=how).seeing) for scale in scales]

    small, large = chosen("auto")
    assert small is features and large is not features
    assert features not in chosen("winograd")
    assert chosen("direct") == [features, features]
