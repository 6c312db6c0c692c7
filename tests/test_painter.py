"""Networks that paint: their layers against NumPy, large pictures in strips, the folder a network is kept in."""

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.networks import trained
from keras_nst.networks import trained as strips
from keras_nst.networks.model import CARD, WEIGHTS, Card, Shape, read_card, read_weights, write_model
from keras_nst.networks.painter import Mirrored, Recolored, Styled, first_colors, joined, network, parts
from keras_nst.networks.trained import Trained, load
from keras_nst.settings.declared import InputError

SHAPE = Shape(width=4, blocks=1, styles=3)


def painter(shape: Shape = SHAPE, precision: str = "float32", seed: int = 0) -> Trained:
    """Returns a network with weights that nobody has trained, none of them as it begins."""
    keras.utils.set_random_seed(seed)
    layers = parts(shape, precision)
    whole = joined(layers, shape, precision)
    random = np.random.default_rng(seed)
    for weight in whole.weights:
        weight.assign(weight + 0.1 * random.standard_normal(weight.shape))
    return Trained(layers, whole, "float32" if precision == "float32" else "bfloat16")


def write_painter(folder: Path, shape: Shape = SHAPE, seed: int = 0) -> Path:
    """Writes such a network as a model, and returns its folder."""
    folder.mkdir(exist_ok=True)
    weights = [weight.numpy() for weight in painter(shape, seed=seed).network.weights]
    styles = tuple({"name": name} for name in ("night", "ink", "glass", "wood")[: shape.styles])
    write_model(folder, Card(shape, styles, "", {"settings": {"style_strength": "0.5"}}), weights)
    return folder


# --- Layers ---


def test_features_get_the_means_and_deviations_of_the_styles_mixture() -> None:
    random = np.random.default_rng(0)
    values, shares = random.normal(3.0, 2.0, (2, 7, 5, 4)).astype(np.float32), np.float32([[0.2, 0.8], [1.0, 0.0]])
    layer = Styled(2)
    layer(values, shares)
    gamma, beta = random.normal(size=(2, 4)), random.normal(size=(2, 4))
    layer.gamma.assign(gamma), layer.beta.assign(beta)
    for picture, made in enumerate(layer(values, shares).numpy()):
        flat = values[picture].reshape(-1, 4).astype(float)
        standard = (flat - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-5)
        expected = standard * (shares[picture] @ gamma) + shares[picture] @ beta
        np.testing.assert_allclose(made.reshape(-1, 4), expected, atol=2e-5)


@pytest.mark.parametrize("stride", [1, 2])
def test_beyond_the_border_is_the_picture_mirrored(stride: int) -> None:
    """SciPy's "mirror" is the same: the border's own pixels are not repeated."""
    picture = np.random.default_rng(1).normal(size=(1, 12, 8, 1)).astype(np.float32)
    layer = Mirrored(1, 3, strides=stride, use_bias=False)
    made = layer(picture).numpy()[0, :, :, 0]
    kernel = layer.kernel.numpy()[:, :, 0, 0]
    expected = scipy.ndimage.correlate(picture[0, :, :, 0], kernel, mode="mirror")[::stride, ::stride]
    np.testing.assert_allclose(made, expected, atol=1e-5)
    assert layer.compute_output_shape((1, 12, 8, 1)) == (1, *made.shape, 1)


def test_normalized_colors_are_mixed_by_the_styles_matrices() -> None:
    random = np.random.default_rng(2)
    picture, matrices, means = smooth_picture(6, 5)[None], random.normal(size=(2, 3, 3)), random.normal(size=(2, 3))
    layer = Recolored(2)
    layer(picture, np.float32([[0.5, 0.5]]))
    layer.set_weights([matrices, means])
    flat = picture.reshape(-1, 3).astype(float)
    standard = (flat - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3)
    expected = standard @ (0.3 * matrices[0] + 0.7 * matrices[1]) + 0.3 * means[0] + 0.7 * means[1]
    made = layer(picture, np.float32([[0.3, 0.7]])).numpy()
    np.testing.assert_allclose(made.reshape(-1, 3), expected, atol=1e-5)


def test_it_begins_with_the_photograph_whatever_its_light() -> None:
    """Its contrast and brightness aside, which are the style's: so a dark one and a bright one come out alike."""
    photograph = smooth_picture(32, 48)[None]
    made = network(SHAPE)([photograph, np.float32([[0, 1, 0]])]).numpy()
    dark = network(SHAPE)([0.5 * photograph, np.float32([[0, 1, 0]])]).numpy()
    for channel in range(3):
        assert np.corrcoef(made[..., channel].ravel(), photograph[..., channel].ravel())[0, 1] > 0.9999
    assert abs(dark - made).max() < 0.02 and abs(made.mean() - 0.5) < 1e-4


def test_the_first_colors_are_the_styles_for_the_mean_photograph() -> None:
    photographs = [np.uint8(255 * smooth_picture(30, 40, seed)) for seed in (1, 2)]
    style = smooth_picture(20, 30, 3)
    matrix, mean = first_colors(photographs, style)
    standard = []
    for photograph in photographs:
        flat = photograph.reshape(-1, 3) / 255
        standard.append((flat - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3))
    painted = np.concatenate(standard) @ matrix + mean
    np.testing.assert_allclose(painted.mean(0), style.reshape(-1, 3).mean(0), atol=1e-5)
    np.testing.assert_allclose(np.cov(painted.T), np.cov(style.reshape(-1, 3).T), atol=2e-3)
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)  # the least way is symmetric


def test_what_is_learned_is_all_there_is() -> None:
    """No weight is left out of the training, and none is counted among a style's own that is not."""
    whole = network(SHAPE)
    assert len(whole.trainable_weights) == len(whole.weights)
    per_style = {weight.shape[0] for weight in whole.weights if weight.name in ("gamma", "beta", "matrices", "means")}
    assert per_style == {SHAPE.styles}


# --- Sizes ---


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (45, 62)])
def test_a_picture_has_the_photographs_size(size: tuple[int, int]) -> None:
    made = painter()(smooth_picture(*size), (1.0, 0.0, 0.0))
    assert made.shape == (*size, 3)
    assert made.min() >= 0.0 and made.max() <= 1.0


@pytest.mark.parametrize(("size", "at_once"), [((90, 70), 70 * 4 * 16), ((61, 47), 1), ((33, 130), 10**9)])
def test_strips_are_the_whole(size: tuple[int, int], at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "AT_ONCE", at_once)
    paints, photograph, shares = painter(), smooth_picture(*size), (0.2, 0.3, 0.5)
    whole = paints(photograph, shares)
    in_strips = strips.paint(paints.parts, photograph, tf.constant([shares]), np.dtype(np.float32))
    np.testing.assert_allclose(in_strips.clip(0, 1), whole, atol=1e-4)  # rounding, through nine layers


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_large_pictures_are_painted_in_strips_whose_features_take_half_the_memory(
    precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """float16 for float32 makes less than a level of 255 in the mean; bfloat16 is what the network computes in."""
    paints, photograph = painter(precision=precision), smooth_picture(90, 70)
    whole = paints(photograph, (1.0, 0.0, 0.0))
    monkeypatch.setattr(trained, "MOST", 1000)
    in_strips = paints(photograph, (1.0, 0.0, 0.0))
    assert paints.kept.itemsize == 2
    assert 0 < abs(in_strips - whole).mean() < {"float32": 1 / 255, "mixed_bfloat16": 0.02}[precision]


def test_what_is_mirrored_is_counted_as_numpy_does() -> None:
    expected = np.pad(np.arange(7), 4, mode="reflect")
    np.testing.assert_array_equal(strips.mirrored(range(-4, 11), 7), expected)


def test_means_and_variances_are_those_of_all_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "AT_ONCE", 1)
    photograph = strips.Photograph(smooth_picture(64, 32))
    mean, variance = strips.means_and_variances(photograph)
    np.testing.assert_allclose(mean.numpy().ravel(), photograph.pixels.mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(variance.numpy().ravel(), photograph.pixels.var((0, 1)), rtol=1e-4)


# --- The folder ---


def test_a_network_comes_back_from_its_folder(tmp_path: Path) -> None:
    folder = write_painter(tmp_path / "model")
    again = load(folder, read_card(folder), "float32")
    photograph = smooth_picture(24, 20)
    np.testing.assert_array_equal(again(photograph, (0, 1, 0)), painter()(photograph, (0, 1, 0)))
    assert read_card(folder).names == ("night", "ink", "glass")


def change(**said: object) -> Callable[[Path], None]:
    def work(folder: Path) -> None:
        card = json.loads((folder / CARD).read_text())
        (folder / CARD).write_text(json.dumps(card | said))

    return work


def write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def repacked(number: int, array: object) -> Callable[[Path], None]:
    """Puts another array into the weights, with the hash that belongs to them."""

    def work(folder: Path) -> None:
        with np.load(folder / WEIGHTS) as arrays:
            known = dict(arrays)
        known[f"{number:03}"] = np.asarray(array)
        packed = io.BytesIO()
        np.savez(packed, **known)
        (folder / WEIGHTS).write_bytes(packed.getvalue())
        change(weights_sha256=hashlib.sha256(packed.getvalue()).hexdigest())(folder)

    return work


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda folder: os.remove(folder / CARD), "the folder of a trained model"),
        (write(CARD, b"\xff\xfe{"), "card"),
        (write(CARD, b"[1, 2]"), "not of the kind"),
        (write(CARD, b'{"a":' * 5000), "card"),
        (write(CARD, b" " * 1_000_001), "too large"),
        (change(kind="another"), "not of the kind"),
        (change(version=2), "version 2, and this program reads version 1"),
        (change(width=10**9), "width is 1000000000"),
        (change(width=True), "width is True"),
        (change(blocks="5"), "blocks is '5'"),
        (change(styles=2), "names 3 styles, not 2"),
        (change(of_styles=["night"] * 3), "a style has no name"),
        (change(of_styles=None), "card"),
        (change(weights_sha256="00"), "hash"),
        (lambda folder: os.remove(folder / WEIGHTS), "No such file"),
        (write(WEIGHTS, b"PK rubbish"), "hash"),
        (repacked(0, np.zeros((7, 7, 3, 5), np.float32)), "array 0 is float32 (7, 7, 3, 5)"),
        (repacked(0, np.zeros((7, 7, 3, 4))), "array 0 is float64"),
        (repacked(1, np.full((3, 4), np.nan, np.float32)), "contains NaN or infinity"),
        (repacked(0, np.array([{"os": "system"}], object)), "array 0 is object"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(spoil: Callable[[Path], None], expected: str, tmp_path: Path) -> None:
    folder = write_painter(tmp_path / "model")
    spoil(folder)
    with pytest.raises(InputError) as error:
        load(folder, read_card(folder), "float32")
    assert expected in str(error.value) and "\n" not in str(error.value)


def test_a_header_that_promises_much_takes_no_memory(tmp_path: Path) -> None:
    """An array of 4 TB in a file of a few bytes: refused by its header."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("000.npy", header.getvalue())
    (tmp_path / WEIGHTS).write_bytes(packed.getvalue())
    card = Card(SHAPE, (), hashlib.sha256(packed.getvalue()).hexdigest(), {})
    with pytest.raises(InputError, match="array 0 is"):
        read_weights(tmp_path, card, [(3, 3)])


def test_names_of_a_card_are_text_and_end_somewhere(tmp_path: Path) -> None:
    folder = write_painter(tmp_path / "model")
    change(of_styles=[{"name": "a\nb\x1b[31m" + 500 * "x", "other": {"deep": 1}}] * 3)(folder)
    name = read_card(folder).names[0]
    assert len(name) <= 100 and "\n" not in name and "\x1b" not in name


def test_a_network_of_one_style_needs_no_table_of_its_own() -> None:
    """Keras builds the same network from its configuration as from its card."""
    whole = network(Shape(4, 1, 1))
    again = keras.Model.from_config(whole.get_config())
    again.set_weights(whole.get_weights())
    photograph = [smooth_picture(16, 20)[None], np.ones((1, 1), np.float32)]
    np.testing.assert_array_equal(whole(photograph), again(photograph))
