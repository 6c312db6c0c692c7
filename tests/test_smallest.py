"""The smallest sizes, and pictures of one color: what a style has next to nothing of is not divided by."""

from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import smooth_picture

from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.network.resizing import resize
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size, style_size, with_enough_positions
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, look_at
from keras_nst.run.__main__ import main
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer
from keras_nst.settings.values import STYLE_LOSSES

BLOCKS = tuple(f"block{block}_conv1" for block in range(1, 6))
PHOTO, PAINTING = smooth_picture(120, 160)[None], smooth_picture(100, 90, seed=1)[None]
GRAY, RED = (np.full((1, 40, 50, 3), color, np.float32) for color in ((0.5, 0.5, 0.5), (0.8, 0.1, 0.1)))


@pytest.fixture(scope="module")
def features() -> keras.Model:
    return extractor("vgg19", ["block4_conv2", *BLOCKS], weights=0)


def method(loss: str, **given: object) -> Method:
    layers = {"style_layers": tuple(map(Layer, BLOCKS)), "content_layers": (Layer("block4_conv2"),)}
    return method_of(Config(**layers | {"style_loss": ((loss, 1.0),), "network": "vgg19"} | given).resolved())


def at_the_start(
    features: keras.Model, asked: Method, size: Size, content: np.ndarray, style: np.ndarray
) -> LossValues:
    """Returns the losses of the content itself."""
    look = look_at(size, features, asked.objective, asked.seeing)
    aim = aim_at(Pictures(content, (Style(style),)), size, Network(features), asked)
    return look.judge(resize(content, size), aim)


@pytest.mark.parametrize("loss", STYLE_LOSSES)
def test_losses_begin_as_what_they_are_for_larger_pictures(loss: str, features: keras.Model) -> None:
    """Neither few positions nor a style of one color makes them more than 10, layer by layer."""
    for size, content, style in (
        (Size(16, 16), PHOTO, PAINTING),
        (Size(33, 24), PHOTO, GRAY),
        (Size(24, 33), RED, PAINTING),
        (Size(32, 32), GRAY, GRAY),
        (Size(16, 300), PHOTO, GRAY),
    ):
        values = at_the_start(features, method(loss), size, content, style)
        layers = [float(of[0]) for of in values.layers["style"].values()]
        assert layers and all(-1e-6 < value <= 10 for value in layers), (size, layers)
        assert 0 <= float(values.style[0]) <= 10


def test_what_has_too_few_positions_has_no_part(features: keras.Model) -> None:
    shown = {
        size: set(at_the_start(features, method("w2"), size, PHOTO, PAINTING).layers["style"])
        for size in (Size(16, 16), Size(32, 32), Size(16, 160))
    }
    assert shown == {Size(16, 16): set(BLOCKS[:3]), Size(32, 32): set(BLOCKS[:4]), Size(16, 160): set(BLOCKS)}


def test_the_published_definitions_stay_as_they_are(features: keras.Model) -> None:
    """They divide by nothing of the style's."""
    asked = method("gram", normalization="gatys")
    values = at_the_start(features, asked, Size(16, 16), PHOTO, GRAY)
    assert set(values.layers["style"]) == set(BLOCKS)
    aim = aim_at(Pictures(PHOTO, (Style(GRAY),)), Size(16, 16), Network(features), asked)
    assert not aim.terms["style"].reins


def test_nothing_is_held_back_of_what_is_usual(features: keras.Model) -> None:
    aim = aim_at(Pictures(PHOTO, (Style(PAINTING),)), Size(96, 128), Network(features), method("w2"))
    assert set(aim.terms["style"].reins) == set(BLOCKS)
    assert all((of.numpy() == 1.0).all() for of in aim.terms["style"].reins.values())


def test_each_of_several_pictures_is_held_back_for_itself(features: keras.Model) -> None:
    pair = np.concatenate([PHOTO, 0.5 * PHOTO])
    together = at_the_start(features, method("w2"), Size(32, 40), pair, GRAY)
    alone = [at_the_start(features, method("w2"), Size(32, 40), pair[n : n + 1], GRAY) for n in (0, 1)]
    np.testing.assert_allclose(together.style, [float(of.style[0]) for of in alone], rtol=1e-4)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([Size(16, 16)], BLOCKS[:3]),  # 2 x 2 positions of block4
        ([Size(24, 24)], BLOCKS[:4]),
        ([Size(47, 47)], BLOCKS[:4]),
        ([Size(48, 48)], BLOCKS),
        ([Size(16, 80)], BLOCKS),
        ([Size(16, 79)], BLOCKS[:4]),
        ([Size(48, 48), Size(16, 16)], BLOCKS[:3]),
    ],
)
def test_layers_with_enough_positions(sizes: list[Size], expected: tuple[str, ...]) -> None:
    assert with_enough_positions(BLOCKS, sizes) == list(expected)


def test_where_no_layer_has_enough_all_are_taken() -> None:
    assert with_enough_positions(["block5_conv1"], [Size(16, 16)]) == ["block5_conv1"]


def test_a_style_is_seen_with_as_many_pixels_or_in_the_same_shape() -> None:
    assert style_size(Size(400, 100), Size(50, 50), 1.0, "aspect") == Size(100, 25)
    assert style_size(Size(400, 100), Size(50, 50), 2.0, "aspect") == Size(200, 50)
    assert style_size(Size(400, 100), Size(50, 60), 1.0, "squash") == Size(50, 60)


def test_it_is_told(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layers, style = "--style_layers=block1_conv1,block4_conv1,block5_conv1", tmp_path / "gray.png"
    assert main([*quick, "--size=32", "--steps=1", layers]) == 0
    said = capsys.readouterr().out
    line = "Style layers of fewer than 5 positions are too small and are skipped: "
    assert f"{line}block4_conv1 up to 23 x 17 pixels, block5_conv1 up to 32 x 24 pixels.\n" in said
    assert main([*quick, f"--workdir={tmp_path / 'second'}", "--steps=1"]) == 0
    assert "positions" not in capsys.readouterr().out
    keras.utils.save_img(style, GRAY[0], scale=True)
    assert main([*quick, f"--workdir={tmp_path / 'third'}", "--steps=1", f"--style={style}"]) == 0
    assert "gray.png: It has only one color" in capsys.readouterr().out
