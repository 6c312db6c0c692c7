"""Settings to text and back."""

from pathlib import Path

import pytest

from keras_nst.run import request
from keras_nst.settings import flags
from keras_nst.settings.config import Config
from keras_nst.settings.declared import fields
from keras_nst.settings.networks import Layer
from keras_nst.settings.text import OF_ONE_RUN, absolute, choices, flag_file, read_choices, repeatable, settings_of

UNUSUAL = Config(
    content="my town, 50% = #1.jpg",
    style="https://a.org/starry night.jpg?a=b&c=d",
    size="640x480",
    normalization="gatys",
    content_weight=1e-07,
    style_weight=1234567.0,
    content_layers=(Layer("block4_conv2"), Layer("block5_conv2", 0.25)),
    steps=(3, 2, 1),
    scales=3,
    learning_rate=1e-05,
    decay_steps=7,
    decay_staircase=True,
    init="~/first.png",
    max_seconds=12.5,
    seed=2**31 - 1,
    precision="bfloat16",
)


@pytest.mark.parametrize("config", [Config(), Config().resolved(), UNUSUAL, UNUSUAL.resolved(device="cpu")])
def test_a_flag_file_gives_the_settings_back(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "settings.cfg"
    path.write_text(flag_file(settings_of(config)), encoding="utf8")
    assert vars(request.parse([f"--flagfile={path}"])) == vars(config)


def test_what_belongs_to_one_run_is_left_out() -> None:
    config = Config(content="a.png", workdir="mine", output="b.png", overwrite=True)
    settings = settings_of(config)
    assert settings == settings_of(Config(content="a.png"))
    assert set(OF_ONE_RUN) == set(fields(Config)) - set(
        settings_of(Config(content="a", style="b", content_mask="c", style_mask="d", background="white"))
    )
    assert "--content=a.png\n" in flag_file(settings) and "mine" not in flag_file(settings)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_value_cannot_bring_further_flags(end: str) -> None:
    """A picture's settings may come from strangers."""
    with pytest.raises(ValueError, match=r"Expected a value without line breaks. Received: --content='a.png") as caught:
        flag_file(settings_of(Config(content=f"a.png{end}--overwrite=true")))
    assert not {"\n", "\r"} & set(str(caught.value))


def test_paths_hold_in_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("town.png", "night.png", "first.png", "weights.h5"):
        Path(name).touch()
    config = Config(content="town.png", style="./night.png", init="~/first.png", weights="weights.h5", output="a.png")
    written = absolute(config)
    assert written.content == str(tmp_path / "town.png") and written.style == str(tmp_path / "night.png")
    assert written.init == str(tmp_path / "first.png") and written.weights == str(tmp_path / "weights.h5")
    assert absolute(written) == written
    assert written.output == "a.png" and settings_of(written).keys() == settings_of(config).keys()


@pytest.mark.parametrize(
    "source",
    ["", "sample:harbor", "missing.png", "https://a.org/a.png", 300 * "a", "~nobody-here/a"],
)
def test_what_is_no_file_stays(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute(Config(content=source)).content == source


def test_words_stay_words_where_files_have_such_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("noise", "random", "content"):
        Path(name).touch()
    config = absolute(Config(init="noise", weights="random", content="content"))
    assert (config.init, config.weights) == ("noise", "random")
    assert config.content == str(tmp_path / "content")


GIVEN = Config(content="a.png", precision="float32")
RESOLVED = GIVEN.resolved(device="gpu", xla="on", convolution="direct", evaluator="tiles", tile_size=512)


def test_what_the_machine_chose_is_left_to_the_next_one() -> None:
    """And what was given stays; what does not depend on the machine is written out."""
    repeated = repeatable(settings_of(GIVEN), settings_of(RESOLVED))
    named = {name: repeated[name] for name in ("device", "precision", "xla", "convolution", "evaluator", "tile_size")}
    assert named == dict.fromkeys(named, "auto") | {"precision": "float32"}
    assert repeated["style_weight"] == "5.7"
    assert repeated | choices(settings_of(RESOLVED)) == settings_of(RESOLVED)


def test_a_flag_file_with_choices(tmp_path: Path) -> None:
    path = tmp_path / "settings.cfg"
    repeated = repeatable(settings_of(GIVEN), settings_of(RESOLVED))
    path.write_text(flag_file(repeated, choices(settings_of(RESOLVED))))
    assert vars(request.parse([f"--flagfile={path}"])) == vars(GIVEN.completed())
    assert request.parse([f"--flagfile={path}", "--exactly"]) == Config(**vars(RESOLVED))
    assert request.parse(["--exactly", "--flagfile", str(path)]) == Config(**vars(RESOLVED))
    overruled = request.parse([f"--flagfile={path}", "--exactly", "--device=cpu", "--steps=3"])
    assert (overruled.device, overruled.xla, overruled.steps) == ("cpu", "on", (3,))
    assert read_choices("# --device=cpu --overwrite=true --tile_size=64") == {"device": "cpu", "tile_size": "64"}


@pytest.mark.parametrize("other", ["--size=99", "--flagfile=starry.cfg"])
def test_exactly_what(other: str) -> None:
    with pytest.raises(flags.UsageError, match="--exactly: Expected the settings.cfg of a run as --flagfile, or"):
        request.parse(["--exactly", other])
