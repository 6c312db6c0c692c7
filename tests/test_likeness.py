"""The content's distance where channels are normalized: its formula in NumPy, what it does not see, a run by it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

import keras_nst
from keras_nst.core.objective.likeness import FLAT, likeness, normal_of, unlikeness
from keras_nst.run.__main__ import main
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError


def features(seed: int, shape: tuple[int, ...] = (2, 70, 9, 5)) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.maximum(random.normal(0.5, 1.0, shape) * random.uniform(0.2, 3.0, shape[-1]), 0.0)


def ours(picture: np.ndarray, content: np.ndarray) -> np.ndarray:
    of, target = tf.constant(picture), tf.constant(content)
    normal = normal_of(target)
    return unlikeness(likeness(of, target, normal, None), normal).numpy()


def test_it_is_the_mean_of_the_squares_of_what_is_normalized() -> None:
    picture, content = features(0), features(1)
    for index, value in enumerate(ours(picture, content)):
        flat = FLAT * content[index].var(axis=(0, 1)).mean()
        one, other = (
            (each[index] - each[index].mean(axis=(0, 1))) / np.sqrt(each[index].var(axis=(0, 1)) + flat)
            for each in (picture, content)
        )
        assert value == pytest.approx(((one - other) ** 2).mean(), rel=2e-5)


def test_it_does_not_see_contrast_and_brightness_of_a_channel() -> None:
    content = features(2)
    gain, offset = np.random.default_rng(3).uniform(1.0, 4.0, (2, 5))
    assert ours(gain * content + offset, content) == pytest.approx(0.0, abs=1e-4)
    assert ours(content, content) == pytest.approx(0.0, abs=1e-12)
    assert ours(content.mean() - content, content) == pytest.approx(4.0, rel=0.01)  # all the other way round


def test_parts_add_up() -> None:
    picture, content = map(tf.constant, (features(4), features(5)))
    normal, own = normal_of(content), np.zeros((70, 9))
    own[:33, 2:] = 1.0
    parts = [likeness(picture, content, normal, tf.constant(each)) for each in (own, 1.0 - own)]
    total = tf.nest.map_structure(tf.add, *parts)
    np.testing.assert_allclose(unlikeness(total, normal), ours(picture.numpy(), content.numpy()), rtol=1e-12)


def test_the_first_loss_of_a_run_is_that_of_its_features() -> None:
    """Keras' network, asked by the test itself; the picture begins as another one than the content."""
    content, style, first = smooth_picture(40, 52), smooth_picture(44, 40, seed=3), smooth_picture(40, 52, seed=4)
    told: list[float] = []
    keras_nst.stylize(
        content,
        style,
        first=first,
        size="original",
        weights="random",
        precision="float32",
        padding="zero",
        steps=[1],
        scales=1,
        content_loss="normalized",
        content_layers="block2_conv2",
        content_weight=1.0,
        style_weight=1.0,
        listeners=[lambda progress: told.extend(float(step.losses.content[0]) for step in progress.taken)],
    )
    from keras_nst.core.network.features import extractor

    seen = extractor("vgg19", ["block2_conv2"], weights=0)
    of, target = (seen(picture[None])["block2_conv2"].numpy().astype(float) for picture in (first, content))
    assert told == pytest.approx([ours(of, target)[0]], rel=1e-3)


def test_published_recipes_stay_what_they_are() -> None:
    with pytest.raises(
        SettingError, match="content_loss=normalized: Expected squared, as --normalization=gatys is published"
    ):
        Config(content="a.jpg", style="b.jpg", normalization="gatys", content_loss="normalized")


def test_a_run_by_it(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With another picture than by the squares, and its settings on it."""
    for loss in ("squared", "normalized"):
        assert (
            main(
                [
                    *quick,
                    f"--content_loss={loss}",
                    "--style_strength=0.5",
                    f"--output={tmp_path / loss}.png",
                    f"--workdir={tmp_path / loss}",
                ]
            )
            == 0
        )
    one, other = ((tmp_path / f"{loss}.png").read_bytes() for loss in ("squared", "normalized"))
    assert one != other and b"content_loss" in other
