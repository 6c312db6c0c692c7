"""Command lines to settings."""

import re
from pathlib import Path

import pytest

from keras_nst.run import request
from keras_nst.settings import flags
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, fields, read_setting
from keras_nst.settings.text import OF_ONE_RUN, absolute, flag_file, settings_of
from keras_nst.settings.values import parted


def test_values_of_all_kinds(tmp_path: Path) -> None:
    given = ["--content=a.jpg", "--style", "b.jpg", "--steps=3,2", "--overwrite", "--learning_rate=auto"]
    config = request.parse(given)
    assert config == Config(content="a.jpg", style="b.jpg", steps=(3, 2), overwrite=True)
    assert request.parse(["--nooverwrite", "--decay_staircase=true"]) == Config(decay_staircase=True)


def test_flag_files_and_what_overrules_them(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_text("# a comment\n--size=99\n--seed=4\n")
    assert request.parse([f"--flagfile={tmp_path / 'a.cfg'}", "--size=77"]) == Config(size="77", seed=4)
    (tmp_path / "b.cfg").write_text(f"--flagfile={tmp_path / 'a.cfg'}\n--seed=5\n")
    assert request.parse(["--flagfile", str(tmp_path / "b.cfg")]) == Config(size="99", seed=5)


@pytest.mark.parametrize("written", ["configs/starry.cfg", "starry.cfg"])
def test_configs_are_found_from_any_folder(written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert request.parse([f"--flagfile={written}"]).content == "sample:harbor"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--alpha=10"], "^--alpha: There is no such flag. Did you mean --content_weight[?]$"),
        (["--iterations=10"], "^--iterations: There is no such flag. Did you mean --steps[?]$"),
        (["--styel=a.jpg"], "^--styel: There is no such flag. Did you mean --style or"),
        (["picture.jpg"], "as in --content=picture.jpg, and quotes around a name with spaces. Received: picture.jpg"),
        (["\N{EN DASH}content=a.jpg"], "Expected two hyphens before each flag, as in --content. Received: "),
        (["--flagfile=stary.cfg"], "--flagfile=stary.cfg: Expected a file of flags. Did you mean starry"),
        (["--flagfile=/nowhere/my.cfg"], "--flagfile=/nowhere/my.cfg: .*quick"),
        (["--overwrite=perhaps"], "^--overwrite=perhaps: Expected true or false. Received: perhaps$"),
        (["--content"], "content"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    with pytest.raises(flags.UsageError, match=message) as caught:
        request.parse(arguments)
    assert "\n" not in str(caught.value)


def test_a_wrong_value_names_flag_and_value() -> None:
    with pytest.raises(SettingError, match="--steps=many: Expected a whole number at least 0. Received: many"):
        request.parse(["--steps=many"])


def test_help_has_every_flag_in_its_group_with_its_default() -> None:
    shown = flags.help_text(Config, request.OWN_FLAGS)
    assert all(f"  --{name}=" in shown for name in fields(Config))
    assert shown.index("\nPictures:") < shown.index("\n  --content=") < shown.index("\nObjective:")
    assert "[balanced]" in shown
    assert max(map(len, shown.splitlines())) <= 125


def test_settings_of_pictures_are_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only known settings are taken, none that says where to write; what is given beside them overrules them."""
    carried = {
        "seed": "7",
        "size": "64",
        "output": "/etc/passwd",
        "workdir": "/",
        "flagfile": "x",
        "tensorflow": "2.21",
    }
    monkeypatch.setattr(request, "read_settings", lambda path: carried)
    assert request.parse(["--from_image=a.png", "--size=80"]) == Config(seed=7, size="80")


def carrying(monkeypatch: pytest.MonkeyPatch, **carried: str) -> None:
    monkeypatch.setattr(request, "read_settings", lambda path: carried)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("content", "/etc/passwd"),
        ("content", "http://127.0.0.1/a.png"),
        ("content", "PICTURE"),
        ("content", "auto"),
        ("content", "sample:../../etc/passwd"),
        ("style", "sample:night + ~/private.png"),
        ("style", "sample:night + sample:harbor+/etc/passwd"),
        ("style", "--content=x"),
        ("init", "first.png"),
        ("init", "imagenet"),
        ("init", "PATH"),
        ("weights", "mine.h5"),
        ("max_megapixels", "1e9"),
    ],
)
def test_what_a_picture_refers_to_is_not_followed(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is given again, or --follow is; one line says both."""
    carrying(monkeypatch, seed="7", **{name: value})
    line = f"--from_image=a.png: Expected your own values .* or --follow .* Received: --{name}={value}"
    with pytest.raises(SettingError, match=line.replace("+", "[+]")):
        request.parse(["--from_image=a.png"])
    followed = request.parse(["--from_image=a.png", "--follow"])
    assert (
        followed.shown(name) == Config(**{name: read_setting(Config, name, value)}).shown(name) and followed.seed == 7
    )
    assert request.parse(["--from_image=a.png", f"--{name}=12"]) == Config(
        seed=7, **{name: read_setting(Config, name, "12")}
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("content", "sample:harbor"),
        ("content", ""),
        ("style", "sample:night + sample:harbor"),
        ("style", "sample:night:0.5 + sample:harbor:2"),
        ("init", "blend"),
        ("init", "auto"),
        ("weights", "imagenet"),
        ("weights", "random"),
        ("max_megapixels", "200"),
    ],
)
def test_what_refers_to_nothing_outside_is_taken(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    carrying(monkeypatch, **{name: value})
    assert request.parse(["--from_image=a.png"]).shown(name) == value


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x85b", "a\u2028b", "\x1b[2J", "a\0b", "a\tb", "\udc80", "\ud800"])
@pytest.mark.parametrize("name", ["content", "network", "steps"])
def test_settings_of_more_than_plain_text(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are refused with --follow as well, but not where they are overruled."""
    carrying(monkeypatch, **{name: value})
    for given in ([], ["--follow"]):
        with pytest.raises(SettingError, match="Expected settings in plain text. Received: ") as caught:
            request.parse(["--from_image=a.png", *given])
        assert str(caught.value).isprintable()
    plain = {"content": "a.png", "network": "vgg16", "steps": "3"}[name]
    assert request.parse(["--from_image=a.png", f"--{name}={plain}"]) == request.parse([f"--{name}={plain}"])


def test_thousands_of_settings_of_which_none_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    carrying(monkeypatch, **{f"setting{n}": "x" * 50 for n in range(10_000)}, follow="true", flagfile="x", seed="3")
    assert request.parse(["--from_image=a.png"]) == Config(seed=3)


def test_what_a_machine_chose_is_taken_only_if_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    carrying(monkeypatch, device="auto", xla="off", exactly="--device=gpu --tile_size=64 --xla=off --overwrite=true")
    assert request.parse(["--from_image=a.png"]) == Config(xla="off")
    assert request.parse(["--from_image=a.png", "--exactly"]) == Config(device="gpu", tile_size=64, xla="off")
    assert request.parse(["--from_image=a.png", "--exactly", "--device=cpu"]).device == "cpu"
    carrying(monkeypatch, exactly="--device=\x1b[2J")
    with pytest.raises(SettingError, match="--device=.*: Expected one of auto, cpu, gpu, tpu"):
        request.parse(["--from_image=a.png", "--exactly"])


def test_every_setting_that_can_name_a_file_is_guarded() -> None:
    """Whoever adds one is reminded here; what is of one run is never taken from a picture."""
    free = {
        name
        for name, field in fields(Config).items()
        if re.search("PICTURE|PATH|FOLDER|FILE", field.metadata["kind"].takes)
    }
    assert free <= {*request.GUARDED, *OF_ONE_RUN}


def test_a_picture_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> dict[str, str]:
        raise ValueError("Expected a picture made by keras_nst.")

    monkeypatch.setattr(request, "read_settings", refuse)
    with pytest.raises(SettingError, match="--from_image=a.png: Expected a picture made by keras_nst"):
        request.parse(["--from_image=a.png"])


def test_a_plus_in_a_name(tmp_path: Path) -> None:
    """What settings.cfg writes between pictures may stand in the name of one."""
    mixed = tmp_path / "salt + pepper.jpg"
    mixed.touch()
    config = request.parse([f"--style={mixed}", f"--style={mixed}:0.5@1-2", "--style=b.jpg", f"--style_mask={mixed}"])
    expected = [(str(mixed), 1.0), (str(mixed), 0.5), ("b.jpg", 1.0)]
    assert [(style.source, style.weight) for style in config.style_sources()] == expected
    (tmp_path / "settings.cfg").write_text(flag_file(settings_of(absolute(config))))
    again = request.parse([f"--flagfile={tmp_path / 'settings.cfg'}"])
    assert [(style.source, style.weight) for style in again.style_sources()] == expected
    assert parted(again.style_mask) == [str(mixed)]
    assert [style.source for style in request.parse(["--style=a.jpg + b.jpg"]).style_sources()] == ["a.jpg", "b.jpg"]
