"""Command lines to settings."""

from pathlib import Path

import pytest

from keras_nst import flags
from keras_nst.config import Config, SettingError, fields


def test_values_of_all_kinds(tmp_path: Path) -> None:
    config = flags.parse(["--content=a.jpg", "--style", "b.jpg", "--steps=3,2", "--overwrite", "--learning_rate=auto"])
    assert config == Config(content="a.jpg", style="b.jpg", steps=(3, 2), overwrite=True)
    assert flags.parse(["--nooverwrite", "--decay_staircase=true"]) == Config(decay_staircase=True)


def test_flag_files_and_what_overrules_them(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_text("# a comment\n--size=99\n--seed=4\n")
    assert flags.parse([f"--flagfile={tmp_path / 'a.cfg'}", "--size=77"]) == Config(size="77", seed=4)
    (tmp_path / "b.cfg").write_text(f"--flagfile={tmp_path / 'a.cfg'}\n--seed=5\n")
    assert flags.parse(["--flagfile", str(tmp_path / "b.cfg")]) == Config(size="99", seed=5)


@pytest.mark.parametrize("written", ["configs/starry.cfg", "starry.cfg"])
def test_configs_are_found_from_any_folder(written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert flags.parse([f"--flagfile={written}"]).content == "sample:harbor"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--styel=a.jpg"], "styel.*Did you mean.*style"),
        (["picture.jpg"], "Expected flags only, as in --content=picture.jpg. Received: picture.jpg"),
        (["--flagfile=stary.cfg"], "--flagfile=stary.cfg: Expected a file of flags. Did you mean starry"),
        (["--flagfile=/nowhere/my.cfg"], "--flagfile=/nowhere/my.cfg: .*quick"),
        (["--overwrite=perhaps"], "overwrite"),
        (["--content"], "content"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str) -> None:
    with pytest.raises(flags.UsageError, match=message) as caught:
        flags.parse(arguments)
    assert "\n" not in str(caught.value)


def test_a_wrong_value_names_flag_and_value() -> None:
    with pytest.raises(SettingError, match="--steps=many: Expected a whole number at least 0. Received: many"):
        flags.parse(["--steps=many"])


def test_help_has_every_flag_in_its_group_with_its_default() -> None:
    shown = flags.help_text("keras-nst")
    assert all(f"  --{name}=" in shown for name in fields())
    assert shown.index("\nPictures:") < shown.index("\n  --content=") < shown.index("\nObjective:")
    assert "[balanced]" in shown and shown.startswith("usage: keras-nst")
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
    monkeypatch.setattr(flags, "read_settings", lambda path: carried)
    assert flags.parse(["--from_image=a.png", "--size=80"]) == Config(seed=7, size="80")


def test_a_picture_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> dict[str, str]:
        raise ValueError("Expected a picture made by keras_nst.")

    monkeypatch.setattr(flags, "read_settings", refuse)
    with pytest.raises(SettingError, match="--from_image=a.png: Expected a picture made by keras_nst"):
        flags.parse(["--from_image=a.png"])
