"""Settings: declared once, checked, written out and read back."""

import pytest

from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, fields, read_setting
from keras_nst.settings.networks import Layer
from keras_nst.settings.recipes import RECIPES
from keras_nst.settings.values import parse_size


def test_every_setting_is_read_back_from_what_it_shows() -> None:
    config = Config(
        content="a b.png", style_layers=(Layer("block1_conv1", 0.25), Layer("block2_conv1")), steps=(7, 5), scales=3
    )
    for name in fields(Config):
        assert read_setting(Config, name, config.shown(name)) == getattr(config, name)


def test_numbers_are_shown_exactly_enough() -> None:
    for rate in (100 / 255**2, 1 / 3, 1e-300, 0.1):
        assert read_setting(Config, "learning_rate", Config(learning_rate=rate).shown("learning_rate")) == rate
    assert Config(learning_rate=0.5).shown("learning_rate") == "0.5"


@pytest.mark.parametrize("normalization", RECIPES)
def test_resolved(normalization: str) -> None:
    config = Config(normalization=normalization).resolved()
    recipe = RECIPES[normalization]
    assert (config.content_weight, config.style_weight) == (recipe.content_weight, recipe.style_weight)
    assert config.resolved() == config
    assert Config(normalization=normalization, style_weight=3.0).resolved().style_weight == 3.0


def test_style_layers_left_to_the_normalization() -> None:
    """Ours fall by 3 from block to block; as published all count alike, and so do those that are named, as ever."""
    names = [f"block{block}_conv1" for block in range(1, 6)]
    ours = Config().resolved()
    assert ours.style_layers == tuple(map(Layer, names, (81.0, 27.0, 9.0, 3.0, 1.0))) == Config().layers_used("style")
    published = tuple(map(Layer, names))
    assert Config(normalization="gatys").resolved().style_layers == published
    assert Config(style_layers=published).resolved().style_layers == published
    shares = (Config(), Config(style_layers=published), Config(style_layers=published, coarse_content=0.2))
    assert [each.resolved().coarse_content for each in shares] == [0.5, 1.0, 0.2]
    assert Config(style_weight=0.0).layers_used("style") == ()


def test_the_rim_is_that_of_the_default_alone() -> None:
    """A picture of a version without --rim names its padding."""
    given = (
        {},
        {"padding": "replicate"},
        {"padding": "reflect", "rim": 3},
        {"seamless": True},
        {"normalization": "d2l"},
    )
    assert [Config(**each).resolved().rim for each in given] == [2, 0, 3, 0, 0]
    for other in ({"seamless": True}, {"normalization": "gatys"}):
        with pytest.raises(SettingError, match="--rim=2: Expected 0"):
            Config(rim=2, **other)


@pytest.mark.parametrize("normalization", ["gatys", "keras", "tensorflow", "d2l"])
def test_published_objectives_have_their_own_variation(normalization: str) -> None:
    resolved = Config(normalization=normalization).resolved()
    assert (resolved.variation, resolved.roughness_weight) == ("squared", 0.0)
    assert Config().resolved().variation == "chroma"
    assert resolved.coarse_content == 1.0
    published = f"--normalization={normalization} is published"
    with pytest.raises(SettingError, match=f"--coarse_content=0.5: Expected 1: {published}"):
        Config(normalization=normalization, coarse_content=0.5)
    for given in ({"variation": "chroma"}, {"variation": "absolute"}, {"roughness_weight": 0.1}):
        with pytest.raises(SettingError, match=f"--{next(iter(given))}=.*({published}|has no such term)"):
            Config(normalization=normalization, **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"style_weight": -1.0}, "--style_weight=-1: Expected a number at least 0"),
        ({"content_weight": float("nan")}, "--content_weight=nan: "),
        ({"variation_weight": float("inf")}, "--variation_weight=inf: "),
        ({"steps": (3, -1)}, "--steps=3,-1: Expected a whole number at least 0. Received: -1"),
        ({"steps": ()}, "--steps: Expected at least one number"),
        ({"steps": (4, ...)}, "--steps=4,...: Expected at most one ..., between two numbers. Received: 4,..."),
        ({"steps": (..., 4)}, "--steps=...,4: Expected at most one ..., between two numbers"),
        ({"steps": (4, ..., 3, ..., 2)}, "--steps=4,...,3,...,2: Expected at most one ..."),
        ({"size": "8"}, "--size=8: Expected at least 16 pixels a side"),
        ({"size": "big"}, "--size=big: Expected a number of pixels, WIDTHxHEIGHT, a print such as 60x40cm"),
        ({"size": "100x9"}, "--size=100x9: Expected at least 16 pixels a side"),
        ({"size": "5000000"}, "--size=5000000: Expected at most 999999 pixels a side. Received: 5000000"),
        ({"size": "64x" + "9" * 5000}, "--size=64x9+: Expected at most 999999 pixels a side. Received: 64x9+"),
        ({"size": "64x64x64"}, "--size=64x64x64: Expected a number of pixels, WIDTHxHEIGHT, a print such as 60x40cm"),
        ({"bit_depth": 12}, "--bit_depth=12: Expected 8 or 16"),
        ({"normalization": "gaty"}, "--normalization=gaty: .* Did you mean gatys"),
        (
            {"style_layers": (Layer("block1_con1"),)},
            "--style_layers=block1_con1: vgg19 has no layer .* Did you mean block1_conv1",
        ),
        ({"content_layers": (Layer("conv4_2"),)}, "vgg19 has no layer conv4_2. Did you mean block4_conv2[?]$"),
        (
            {"network": "vgg16", "content_layers": (Layer("block3_conv4"),)},
            "--content_layers=block3_conv4: vgg16 has no layer",
        ),
        ({"style_layers": ()}, "--style_layers: Expected at least one layer"),
        ({"style_layers": (Layer("block1_conv1", 0.0),)}, "--style_layers=block1_conv1:0: Expected at least one layer"),
        ({"style_layers": (Layer("block1_conv1"), Layer("block1_conv1", 2.0))}, "Expected each layer once"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "Expected --content_weight or --style_weight above 0"),
        ({"decay_rate": 0.0}, "--decay_rate=0: "),
        ({"beta_1": 1.0}, "--beta_1=1: "),
        ({"scales": 0}, "--scales=0: "),
    ],
)
def test_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Config(**given)


def test_layers_may_be_left_out_where_their_weight_is_zero() -> None:
    assert Config(style_layers=(), style_weight=0.0).layers_used("style") == ()
    assert Config(content_layers=(), content_weight=0.0).resolved().layers_used("content") == ()


def test_sizes() -> None:
    assert parse_size("512") == 512
    assert parse_size("300x200") == (300, 200)
    assert parse_size("original") is None
    assert parse_size("999999") == 999_999


@pytest.mark.parametrize("written", ["64x160", "64X160", "64×160", "64 x 160", "64 × 160"])
def test_sizes_as_people_write_them(written: str) -> None:
    """They are one setting, whatever the sign."""
    assert parse_size(written) == (64, 160)
    assert read_setting(Config, "size", written) == "64x160"


def test_every_setting_explains_itself() -> None:
    for name, field in fields(Config).items():
        assert field.metadata["help"].endswith("."), name
        assert len(field.metadata["help"]) > 15, name
