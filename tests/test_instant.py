"""Pictures painted at once: statistics moved as a whole, and the decoder that turns features back into pictures."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.linalg
import scipy.ndimage
import tensorflow as tf
from conftest import ROOT, smooth_picture, write_picture
from PIL import Image

import keras_nst
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.objective import gaussians
from keras_nst.core.objective.moments import moments, per_position
from keras_nst.core.plan.events import Progress
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style
from keras_nst.networks import decoder
from keras_nst.networks.decoder import DEEPEST
from keras_nst.networks.instant import LAYERS, WEIGHTS, Change, Instant
from keras_nst.networks.painter import Mirrored
from keras_nst.pictures.metadata import read_settings
from keras_nst.pictures.sources import SAMPLES
from keras_nst.run.__main__ import main
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config


def cloud(seed: int, channels: int = 6, shape: tuple[int, int] = (40, 50)) -> np.ndarray:
    """Returns features (1, h, w, c) whose channels hang together."""
    random = np.random.default_rng(seed)
    mixing = 0.3 * random.normal(size=(channels, channels)) + np.eye(channels)
    return (random.normal(size=(1, *shape, channels)) @ mixing + random.normal(size=channels)).astype(np.float32)


def mean_and_covariance(features: np.ndarray, where: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    rows = features[0].reshape(-1, features.shape[-1]) if where is None else features[0][where]
    return rows.mean(axis=0), np.cov(rows.T, bias=True)


def change(style: np.ndarray, strength: float, shares: np.ndarray | None = None, of_style: np.ndarray | None = None):
    told = None if of_style is None else tf.constant(of_style)
    known = {} if shares is None else {DEEPEST: tf.constant(shares)}
    return Change({DEEPEST: per_position(moments(tf.constant(style), told))}, known, strength)


def test_the_map_is_the_optimal_one_between_two_gaussians() -> None:
    """SciPy's T = C^-1/2 (C^1/2 C' C^1/2)^1/2 C^-1/2, in float64: the same map from the picture's side."""
    picture, style = cloud(1), cloud(2)
    (_, own), (_, other) = mean_and_covariance(picture), mean_and_covariance(style)
    root = scipy.linalg.sqrtm(own)
    inverse = np.linalg.inv(root)
    expected = inverse @ scipy.linalg.sqrtm(root @ other @ root) @ inverse
    known = gaussians.gaussian(moments(tf.constant(style)))
    turn = gaussians.transport(moments(tf.constant(picture)), known, least=0.0)[0, 0]
    np.testing.assert_allclose(turn, expected, rtol=1e-2, atol=2e-3)
    np.testing.assert_allclose(turn, np.transpose(turn), atol=1e-4)


def test_all_the_way_gives_the_style_s_statistics_and_none_the_picture() -> None:
    picture, style = cloud(1), cloud(2)
    mean, covariance = mean_and_covariance(np.asarray(change(style, 1.0).moved(DEEPEST, tf.constant(picture), 1e-3)))
    expected, spread = mean_and_covariance(style)
    np.testing.assert_allclose(mean, expected, atol=1e-3)
    assert np.linalg.norm(covariance - spread) < 0.01 * np.linalg.norm(spread)  # a little blur stays
    np.testing.assert_allclose(change(style, 0.0).moved(DEEPEST, tf.constant(picture), 0.1), picture, atol=1e-5)


def test_half_the_way_lies_on_the_line() -> None:
    picture, style = tf.constant(cloud(1)), cloud(2)
    whole, half = (change(style, strength).moved(DEEPEST, picture, 0.1) for strength in (1.0, 0.5))
    np.testing.assert_allclose(half, (picture + whole) / 2.0, atol=1e-5)


def test_means_and_deviations() -> None:
    """A quarter of the way to what lies a quarter of the way from the content's to the style's."""
    came, content, style = cloud(1), cloud(2), cloud(3)
    result = np.asarray(change(style, 0.25).scaled(DEEPEST, tf.constant(came), tf.constant(content)))
    for of in (np.mean, np.std):
        there = 0.75 * of(content, axis=(1, 2)) + 0.25 * of(style, axis=(1, 2))
        expected = 0.75 * of(came, axis=(1, 2)) + 0.25 * there
        np.testing.assert_allclose(of(result, axis=(1, 2)), expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(np.corrcoef(result[..., 0].ravel(), came[..., 0].ravel())[0, 1], 1.0, rtol=1e-5)


def test_each_region_gets_its_own_style() -> None:
    """The left half gets the statistics of the one cloud, the right half of the other."""
    picture, style = cloud(1), np.concatenate([cloud(2), cloud(3)], axis=2)
    left, of_style = np.zeros((40, 50), np.float32), np.zeros((40, 100), np.float32)
    left[:, :25], of_style[:, :50] = 1.0, 1.0
    both = change(style, 1.0, np.stack([left, 1.0 - left]), np.stack([of_style, 1.0 - of_style]))
    for result in (both.moved(DEEPEST, tf.constant(picture), 1e-3), both.scaled(DEEPEST, *2 * [tf.constant(picture)])):
        for where, seed in ((left > 0, 2), (left == 0, 3)):
            mean, covariance = mean_and_covariance(np.asarray(result), where)
            expected, spread = mean_and_covariance(cloud(seed))
            np.testing.assert_allclose(mean, expected, atol=1e-3)
            np.testing.assert_allclose(np.diag(covariance), np.diag(spread), rtol=0.02)


def test_a_style_without_a_part_in_a_layer_changes_nothing_there() -> None:
    none, picture = Change({}, {}, 1.0), tf.constant(cloud(1))
    np.testing.assert_array_equal(none.moved(DEEPEST, picture, 0.1), picture)
    np.testing.assert_array_equal(none.scaled(DEEPEST, picture, picture), picture)


def test_a_convolution_sees_the_picture_mirrored() -> None:
    """Against SciPy's correlation, channel by channel."""
    random = np.random.default_rng(0)
    features, layer = random.normal(size=(1, 7, 9, 2)).astype(np.float32), Mirrored(3)
    layer(features)
    kernel, bias = random.normal(size=(3, 3, 2, 3)).astype(np.float32), np.array([1.0, 2.0, 3.0], np.float32)
    layer.set_weights([kernel, bias])
    expected = [
        sum(scipy.ndimage.correlate(features[0, :, :, c], kernel[:, :, c, d], mode="mirror") for c in range(2))
        for d in range(3)
    ]
    np.testing.assert_allclose(layer(features)[0], np.stack(expected, axis=-1) + bias, rtol=1e-4, atol=1e-4)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(again, Mirrored) and again.filters == 3


def test_stages_lead_from_each_block_to_the_one_before(tmp_path: Path) -> None:
    """And their weights come back as they were written, to 16 bits."""
    stages, other = decoder.stages(), decoder.stages()
    values = tf.random.stateless_uniform((1, 2, 3, 512), [0, 1])
    for name, stage in stages.items():
        assert values.shape[1:] == (
            2 * 8 // decoder_stride(name),
            3 * 8 // decoder_stride(name),
            decoder.LAYERS[name][0],
        )
        values = stage(values)
    assert values.shape == (1, 16, 24, 3)
    decoder.save(stages, tmp_path / "weights.npz")
    decoder.load(other, tmp_path / "weights.npz")
    for one, two in zip(stages.values(), other.values(), strict=True):
        for weight, read in zip(one.get_weights(), two.get_weights(), strict=True):
            np.testing.assert_array_equal(weight.astype(np.float16), read)


def decoder_stride(name: str) -> int:
    return 2 ** (int(name[len("block")]) - 1)


def test_several_at_once_are_each_what_it_is_alone() -> None:
    """Untrained, and one step of rounding is all there is to tell them apart."""
    names = [layer.name for layer in LAYERS]
    network, method = Network(extractor("vgg19", names, weights=3)), method_of(Config(weights="random").resolved())
    paint = Instant(network, decoder.stages())
    contents, style = np.stack([smooth_picture(40, 56, seed) for seed in (1, 2)]), smooth_picture(48, 40, 3)[None]
    together = paint(Pictures(contents, (Style(style),)), Size(40, 56), method)
    for number, content in enumerate(contents):
        alone = paint(Pictures(content[None], (Style(style),)), Size(40, 56), method)
        np.testing.assert_allclose(together[number], alone[0], atol=1e-4)
    assert np.abs(together[0] - together[1]).max() > 0.01


def test_the_card_is_that_of_the_weights() -> None:
    card = json.loads(WEIGHTS.with_suffix(".json").read_text(encoding="utf8"))
    assert card["sha256"] == hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    assert WEIGHTS.stat().st_size < 8e6
    assert f"{sum(stage.count_params() for stage in decoder.stages().values()):,} weights" in card["architecture"]


@pytest.mark.weights
@pytest.mark.slow
def test_the_script_that_trains_it(vgg19_weights: Path, tmp_path: Path) -> None:
    """A few steps on from the weights that come along: they are written as they are read, and are still a decoder's."""
    given = [f"--weights={vgg19_weights}", f"--start={WEIGHTS}", f"--out={tmp_path}", "--learning_rate=1e-6"]
    small = ["--steps=1", "--epochs=2", "--size=64", "--batch_size=2", "--paintings=2"]
    script = [sys.executable, str(ROOT / "scripts" / "train_decoder.py"), str(SAMPLES), *given, *small]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=True)
    assert [row["step"] for row in json.loads((tmp_path / "curve.json").read_text())] == [1, 2]
    assert float(done.stdout.split("Held out: ")[1].split()[0]) < 0.5 and (tmp_path / "sheet.png").exists()
    with np.load(tmp_path / "decoder.npz") as written, np.load(WEIGHTS) as before:
        assert set(written) == set(before)
        assert all(np.abs(written[name] - before[name]).max() < 1e-3 for name in before)


# --- By the command ---


@pytest.mark.parametrize("size", ["50x35", "64x48", "17x19"])
def test_a_picture_at_once_of_any_size(size: str, quick: list[str], tmp_path: Path) -> None:
    assert main([*quick, "--instant", f"--size={size}", f"--output={tmp_path / 'result.png'}"]) == 0
    with Image.open(tmp_path / "result.png") as picture:
        assert "{}x{}".format(*picture.size) == size


@pytest.mark.parametrize("strength", ["0", "0.4", "1"])
def test_a_picture_at_once_of_any_strength(strength: str, quick: list[str], tmp_path: Path) -> None:
    """Also where the content, or the style, would have no weight in the optimizer."""
    output = tmp_path / "result.png"
    assert main([*quick, "--instant", f"--style_strength={strength}", f"--output={output}"]) == 0
    assert read_settings(output)["style_strength"] == strength


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--network=vgg16"], "--instant=true: Expected --network=vgg19. Received: vgg16"),
        (["--seamless"], "--instant=true: Cannot be combined with --seamless: it paints pictures with borders."),
        (["--style="], "--style: Expected a picture"),
        (
            ["--style_weight=0"],
            "--instant=true: Cannot be combined with --style_weight=0: --style_strength, from 0 to 1, replaces it.",
        ),
        (["--style=", "--style_strength=0"], "--instant=true: Expected --style as well."),
    ],
)
def test_what_cannot_be_painted_at_once(
    given: list[str], said: str, quick: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*quick, "--instant", *given]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.weights
def test_a_picture_comes_back_from_its_deepest_features_or_becomes_a_painting() -> None:
    """At strength 0 what is lost is the decoder's, a third of the variance at this size. At 1 the style is near."""
    with keras_nst.Session(size=192, instant=True) as session:
        plain, painted = (
            session.stylize("sample:harbor", "sample:night", style_strength=strength) for strength in (0.0, 1.0)
        )
        figures = [result.figures for result in (plain, painted)]
    content = np.asarray(Image.open(SAMPLES / "harbor.jpg").resize(plain.image.size), float) / 255
    assert np.mean((plain.array - content) ** 2) < 0.33 * content.var()
    assert figures[0].gram > 0.9 > 0.8 > figures[1].gram and figures[1].color < 0.6 < figures[0].color
    assert plain.steps == painted.steps == 0


def test_masks_and_keep(quick: list[str], tmp_path: Path) -> None:
    """What is kept stays the content to the bit of its 8 bits."""
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    content = write_picture(tmp_path / "content.png", seed=4)
    flags = [f"--content={content}", f"--content_mask={tmp_path / 'mask.png'}", "--keep", "--size=64x48", "--instant"]
    assert main([*quick, *flags, f"--output={tmp_path / 'kept.png'}"]) == 0
    with Image.open(tmp_path / "kept.png") as kept, Image.open(content) as before:
        one, two = np.asarray(kept, float), np.asarray(before, float)
    assert np.abs(one[:, :31] - two[:, :31]).max() <= 1 and np.abs(one[:, 33:] - two[:, 33:]).mean() > 5


def test_losses_are_had_where_somebody_hears_of_them() -> None:
    told: list[Progress] = []
    pictures = smooth_picture(40, 52), smooth_picture(44, 40, seed=3)
    asked = {"size": 48, "instant": True, "weights": "random", "precision": "float32"}
    unheard = keras_nst.stylize(*pictures, **asked)
    heard = keras_nst.stylize(*pictures, **asked, listeners=[told.append])
    np.testing.assert_array_equal(unheard.array, heard.array)
    assert unheard.losses is None and repr(unheard) == "<Result 48 x 37, 0 steps>"
    assert heard.losses.total[0] == told[-1].losses.total[0] > 0 and told[-1].final
