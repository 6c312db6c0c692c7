"""The network as a function of a picture."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.core.network.features import AVERAGE_POOLING_GAINS, NETWORKS, extractor, reaches
from keras_nst.pictures.files import read_picture
from keras_nst.pictures.sources import SAMPLES
from keras_nst.settings.networks import CONVOLUTIONS, layer_names

PICTURE = np.random.default_rng(0).random((1, 37, 50, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def plain_vgg(tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path]:
    """VGG19 with random weights, and a file that holds them."""
    keras.utils.set_random_seed(7)
    vgg = keras.applications.VGG19(include_top=False, weights=None, input_shape=(None, None, 3))
    path = tmp_path_factory.mktemp("weights") / "vgg19.weights.h5"
    vgg.save_weights(path)
    return vgg, path


@pytest.mark.parametrize("network", CONVOLUTIONS)
def test_layer_names_are_those_of_keras(network: str) -> None:
    vgg = NETWORKS[network](include_top=False, weights=None)
    assert layer_names(network) == [layer.name for layer in vgg.layers if "conv" in layer.name]


def test_features_are_those_of_keras_applications(plain_vgg: tuple[keras.Model, Path]) -> None:
    """Keras' own preprocessing and model, on the same pixels."""
    vgg, path = plain_vgg
    names = ["block1_conv2", "block3_conv1", "block5_conv2"]
    ours = extractor("vgg19", names, weights=path)(tf.constant(PICTURE))
    pixels = keras.applications.vgg19.preprocess_input(255 * PICTURE.copy())
    theirs = keras.Model(vgg.input, [vgg.get_layer(name).output for name in names])(pixels)
    assert list(ours) == names
    for name, expected in zip(names, theirs, strict=True):
        np.testing.assert_allclose(ours[name], expected, rtol=1e-4, atol=1e-5 * np.max(expected))


@pytest.mark.parametrize("how", [{}, {"padding": "replicate"}, {"padding": "wrap"}, {"pooling": "average"}])
def test_weights_of_another_extractor(plain_vgg: tuple[keras.Model, Path], how: dict[str, str]) -> None:
    """However that one pads and pools, the same features as from the file."""
    other = extractor("vgg19", ["block4_conv1"], weights=plain_vgg[1], precision="bfloat16", **how)
    names = ["block2_pool", "block3_conv2"]
    assert reaches(other, names) and not reaches(other, ["block4_conv2"]) and not reaches(other, ["block5_pool"])
    ours, expected = (extractor("vgg19", names, weights=of)(tf.constant(PICTURE)) for of in (other, plain_vgg[1]))
    for name in names:
        np.testing.assert_allclose(ours[name], expected[name], rtol=0.02, atol=0.01 * np.max(expected[name]))


def test_cut_after_the_deepest_layer() -> None:
    model = extractor("vgg16", ["block2_conv1", "block1_conv1"], weights=0)
    assert [layer.name for layer in model.layers if "conv" in layer.name] == [
        *("block1_conv1", "block1_conv2", "block2_conv1")
    ]
    assert not model.trainable_weights


def test_random_weights_repeat_and_keep_magnitude() -> None:
    names = ["block1_conv1", "block5_conv1"]
    first, again, other = (extractor("vgg19", names, weights=seed)(tf.constant(PICTURE)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["block5_conv1"], again["block5_conv1"])
    assert np.any(first["block5_conv1"] != other["block5_conv1"])
    magnitude = [float(tf.sqrt(tf.reduce_mean(tf.square(first[name])))) for name in names]
    assert 0.1 < magnitude[1] / magnitude[0] < 10


def test_average_pooling(plain_vgg: tuple[keras.Model, Path]) -> None:
    _, path = plain_vgg
    names = ["block1_conv2", "block2_conv1"]
    plain = extractor("vgg19", names, weights=path, pooling="average_unscaled")(tf.constant(PICTURE))
    scaled = extractor("vgg19", names, weights=path, pooling="average")(tf.constant(PICTURE))
    before = plain["block1_conv2"].numpy()[:, :36, :50]
    pooled = before.reshape(1, 18, 2, 25, 2, 64).mean(axis=(2, 4))
    second = keras.layers.Conv2D(128, 3, padding="same", activation="relu")
    second.build(pooled.shape)
    vgg, _ = plain_vgg
    second.set_weights(vgg.get_layer("block2_conv1").get_weights())
    for features, gain in ((plain, 1.0), (scaled, AVERAGE_POOLING_GAINS["block1_pool"])):
        np.testing.assert_allclose(features["block2_conv1"], second(pooled * gain), rtol=1e-4, atol=1e-3)


@pytest.mark.weights
def test_average_pooling_keeps_the_magnitude(vgg19_weights: Path) -> None:
    """On a picture none of the gains was measured on, at the deepest layer."""
    picture = read_picture(SAMPLES / "harbor.jpg").pixels[None, 200:456, 300:556]
    rms = [
        float(tf.sqrt(tf.reduce_mean(tf.square(features["block5_conv1"]))))
        for features in (
            extractor("vgg19", ["block5_conv1"], weights=vgg19_weights, pooling=pooling)(picture)
            for pooling in ("max", "average", "average_unscaled")
        )
    ]
    assert rms[1] / rms[0] == pytest.approx(1.0, abs=0.2)
    assert rms[2] / rms[0] < 0.5


def test_bfloat16_is_near_float32(plain_vgg: tuple[keras.Model, Path]) -> None:
    _, path = plain_vgg
    exact = extractor("vgg19", ["block3_conv1"], weights=path)(tf.constant(PICTURE))["block3_conv1"]
    coarse = extractor("vgg19", ["block3_conv1"], weights=path, precision="bfloat16")(tf.constant(PICTURE))
    coarse = coarse["block3_conv1"]
    assert coarse.dtype == tf.bfloat16
    error = np.linalg.norm(tf.cast(coarse, tf.float32) - exact) / np.linalg.norm(exact)
    assert 0 < error < 0.02


def test_wrong_weights(tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="Expected weights of vgg19 without its top. Received: .*other"):
        extractor("vgg19", ["block1_conv1"], weights=tmp_path / "other.weights.h5")


# --- Borders ---


@pytest.mark.parametrize(("padding", "mode"), [("replicate", "edge"), ("reflect", "reflect")])
def test_the_frame_of_the_first_layer(padding: str, mode: str) -> None:
    """The same as the network without padding of a picture with the frame, by hand."""
    picture = smooth_picture(20, 24)[None]
    ours = extractor("vgg19", ["block1_conv1"], weights=0, padding=padding)(tf.constant(picture))["block1_conv1"]
    framed = np.pad(picture, [(0, 0), (1, 1), (1, 1), (0, 0)], mode=mode)
    plain = extractor("vgg19", ["block1_conv1"], weights=0)(tf.constant(framed))["block1_conv1"]
    np.testing.assert_allclose(ours, plain[:, 1:-1, 1:-1], rtol=1e-5, atol=1e-4)


def test_a_flat_picture_has_no_frame_when_its_border_is_repeated() -> None:
    flat = tf.fill((1, 16, 16, 3), 0.7)
    features = extractor("vgg19", ["block1_conv1"], weights=0, padding="replicate")(flat)["block1_conv1"]
    np.testing.assert_allclose(features, features[:, 8:9, 8:9] + tf.zeros_like(features), rtol=1e-4, atol=1e-3)


def test_seamless_features_turn_with_the_picture() -> None:
    """Rolled by what the poolings step, the picture gives the same features, rolled: also their gradient."""
    picture = tf.constant(smooth_picture(48, 64)[None].astype(np.float64))
    features = extractor("vgg19", ["block3_conv1"], weights=0, padding="wrap", precision="float64")

    def seen(shown: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(shown)
            found = features(shown)["block3_conv1"]
            total = tf.reduce_sum(found**2)
        return found, tape.gradient(total, shown)

    (plain, slope), (rolled, slope_there) = seen(picture), seen(tf.roll(picture, (8, -12), (1, 2)))
    np.testing.assert_allclose(rolled, tf.roll(plain, (2, -3), (1, 2)), rtol=1e-9)
    np.testing.assert_allclose(slope_there, tf.roll(slope, (8, -12), (1, 2)), rtol=1e-7, atol=1e-6)
