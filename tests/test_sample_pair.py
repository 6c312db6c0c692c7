"""The sample pair through the real network: the losses, and what the picture is."""

from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_nst
from keras_nst.core.network.resizing import resize
from keras_nst.core.plan.events import Progress
from keras_nst.core.plan.pyramid import Size, same_area
from keras_nst.pictures.files import read_picture
from keras_nst.pictures.sources import SAMPLES

pytestmark = pytest.mark.weights

SIZE = Size(128, 192)
OPTIMIZED = [f"block{block}_conv1" for block in range(1, 6)]
HELD_OUT = [f"block{block}_conv2" for block in range(1, 5)]


class Outcome(NamedTuple):
    content: np.ndarray  # each (h, w, 3)
    style: np.ndarray
    result: np.ndarray
    seen: list[Progress]
    vgg: keras.Model

    def maps(self, picture: np.ndarray, name: str) -> np.ndarray:
        """Returns a feature map as rows of channels, by Keras' own preprocessing and model."""
        pixels = keras.applications.vgg19.preprocess_input(255.0 * picture[None].astype(np.float32))
        features = keras.Model(self.vgg.input, self.vgg.get_layer(name).output)(pixels).numpy()[0]
        return features.reshape(-1, features.shape[-1]).astype(np.float64)

    def style_distance(self, picture: np.ndarray, names: list[str]) -> float:
        distances = []
        for name in names:
            ours, theirs = (
                rows.T @ rows / len(rows) for rows in (self.maps(picture, name), self.maps(self.style, name))
            )
            distances.append(np.sum((ours - theirs) ** 2) / np.sum(theirs**2))
        return float(np.mean(distances))

    def w2(self, picture: np.ndarray, name: str) -> float:
        """Returns the squared 2-Wasserstein distance of normal distributions to the style's, over its variance."""
        ours, theirs = self.maps(picture, name), self.maps(self.style, name)
        spread, target = (np.cov(rows.T, bias=True) for rows in (ours, theirs))
        values, vectors = np.linalg.eigh(target)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        common = np.sqrt(np.maximum(np.linalg.eigvalsh(root.T @ spread @ root), 0.0)).sum()
        squares = np.sum((ours.mean(axis=0) - theirs.mean(axis=0)) ** 2) + np.trace(spread + target) - 2 * common
        return float(squares / np.trace(target))

    def content_distance(self, picture: np.ndarray, name: str) -> float:
        ours, theirs = self.maps(picture, name), self.maps(self.content, name)
        return 1 - float(np.sum(ours * theirs) / np.linalg.norm(ours) / np.linalg.norm(theirs))


@pytest.fixture(scope="module")
def outcome(vgg19_weights: Path) -> Outcome:
    content, style = (read_picture(SAMPLES / f"{name}.jpg").pixels for name in ("harbor", "night"))
    seen: list[Progress] = []
    size = f"{SIZE.width}x{SIZE.height}"
    result = keras_nst.stylize(
        content,
        style,
        size=size,
        steps=(60, 20),
        precision="float32",
        padding="zero",  # as Keras' own model has it
        listeners=[seen.append],
        scales=2,
    )
    vgg = keras.applications.VGG19(include_top=False, weights=str(vgg19_weights))
    small = resize(tf.constant(content[None]), SIZE).numpy()[0]
    brush = resize(tf.constant(style[None]), same_area(Size(*style.shape[:2]), SIZE.height * SIZE.width)).numpy()[0]
    return Outcome(small, brush, result.array, seen, vgg)


def test_the_final_losses_are_those_of_an_independent_evaluation(outcome: Outcome) -> None:
    final = outcome.seen[-1].losses
    rows, target = outcome.maps(outcome.result, "block4_conv2"), outcome.maps(outcome.content, "block4_conv2")
    np.testing.assert_allclose(final.content, [np.sum((rows - target) ** 2) / np.sum(target**2)], rtol=1e-3)
    weights = 3.0 ** -np.arange(5)
    expected = np.average([outcome.w2(outcome.result, name) for name in OPTIMIZED], weights=weights)
    np.testing.assert_allclose(final.style, [expected], atol=3e-4)  # of 1, as of moments in float32


def test_it_starts_at_the_content_and_the_loss_falls(outcome: Outcome) -> None:
    first, last = outcome.seen[0].losses, outcome.seen[-1].losses
    assert first.content[0] == 0 and 0.02 < first.variation[0] < 0.5  # of all variation color alone has less than half
    assert last.total[0] < 0.35 * first.total[0]
    assert last.style[0] < 0.15 * first.style[0]


def test_the_picture_is_a_picture(outcome: Outcome) -> None:
    assert np.all(np.isfinite(outcome.result)) and outcome.result.std() > 0.1
    assert 0.1 < outcome.result.mean() < 0.7


def test_closer_to_the_style_on_layers_that_were_not_optimized(outcome: Outcome) -> None:
    before, after = (outcome.style_distance(picture, HELD_OUT) for picture in (outcome.content, outcome.result))
    assert after < 0.3 * before


def test_still_near_the_content(outcome: Outcome) -> None:
    """Much nearer than the style picture's own pixels are, or noise."""
    noise = np.random.default_rng(0).random(outcome.content.shape)
    ours = outcome.content_distance(outcome.result, "block4_conv2")
    assert ours < 0.75 * outcome.content_distance(noise, "block4_conv2")
    assert outcome.content_distance(outcome.result, "block3_conv4") < 0.5
