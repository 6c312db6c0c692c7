"""The folder of a run: named, refused, claimed."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from keras_nst.command import run_folder as workdir
from keras_nst.command.run_folder import (
    LOG,
    PICTURE,
    RECORD,
    SETTINGS,
    choose_output,
    choose_workdir,
    clear_workdir,
    create_workdir,
    release_workdir,
)
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(workdir, "_now", lambda: "20300102-030405")


@pytest.mark.parametrize(
    ("content", "style", "name"),
    [
        ("town.jpg", "/pictures/starry night.final.png", "town-starry_night.final"),
        ("sample:harbor", "sample:night", "harbor-night"),
        ("https://a.org/x/F28w3Ac.jpg?next=/y/z.png", "https://b.org/?id=3", "F28w3Ac-b"),
        (r"C:\Users\me\a.jpg", "", "a"),
        ("", "", ""),
        ("../Über den Dächern.tif", "a;$(b)'c", "Über_den_Dächern-a___b__c"),
    ],
)
def test_default_names(content: str, style: str, name: str) -> None:
    folder = choose_workdir(Config(content=content, style=style))
    assert folder == Path("runs", "-".join(filter(None, ["20300102-030405", name])))
    assert not folder.exists()  # bad input leaves no folder behind
    made, held = create_workdir(folder, "")
    held.close()
    assert made == folder and folder.is_dir()


def test_the_default_name_begins_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert re.fullmatch(r"20\d{6}-[0-2]\d[0-5]\d[0-5]\d-a", choose_workdir(Config(content="a.png")).name)


@pytest.mark.parametrize("letter", ["a", "京", "𐎀"])
def test_long_names_fit_into_a_file_system(letter: str) -> None:
    """Which allows 255 bytes; these letters take one, three and four."""
    folder = choose_workdir(Config(content=60 * letter + ".png", style=60 * letter + ".png"))
    assert len(os.fsencode(f"{folder.name}-999999")) <= 255
    assert 20 * letter in folder.name
    create_workdir(folder, "")[1].close()


def test_runs_of_the_same_second_get_folders_of_their_own() -> None:
    config = Config(content="a.png", style="b.png")
    chosen = [choose_workdir(config) for _ in range(8)]  # all before the first is made
    with ThreadPoolExecutor(8) as pool:
        made, held = zip(*pool.map(lambda folder: create_workdir(folder, ""), chosen), strict=True)
    for each in held:
        each.close()
    numbers = ["", *(f"-{number}" for number in range(2, 9))]
    assert sorted(folder.name for folder in made) == sorted(f"20300102-030405-a-b{number}" for number in numbers)


def test_a_folder_at_work_is_refused() -> None:
    _, held = create_workdir(Path("mine"), "mine")
    with pytest.raises(SettingError, match=f"--workdir=mine: Another run is using this folder: process {os.getpid()}"):
        create_workdir(Path("mine"), "mine")
    held.close()
    create_workdir(Path("mine"), "mine")[1].close()


@pytest.mark.parametrize("name", [SETTINGS, PICTURE])
def test_a_folder_with_a_run_in_it_is_refused(name: str) -> None:
    Path("mine").mkdir()
    Path("mine", name).touch()
    with pytest.raises(
        SettingError, match="--workdir=mine: This folder holds another run. Expected a new one or --overwrite"
    ):
        choose_workdir(Config(workdir="mine"))
    assert choose_workdir(Config(workdir="mine", overwrite=True)) == Path("mine")


def test_only_what_a_run_left_is_cleared() -> None:
    kept = {"notes.txt", "snapshots/mine.jpg"}
    left = {SETTINGS, PICTURE, RECORD, LOG, "snapshots/step-00003.jpg", "events.out.tfevents.1.v2"}
    Path("mine/snapshots").mkdir(parents=True)
    for name in kept | left:
        Path("mine", name).touch()
    clear_workdir(Path("mine"))
    assert {str(path.relative_to("mine")) for path in Path("mine").rglob("*") if path.is_file()} == kept


def test_a_folder_with_other_things_in_it_is_taken() -> None:
    Path("mine").mkdir()
    Path("mine", "notes.txt").write_text("kept")
    create_workdir(choose_workdir(Config(workdir="mine")), "mine")[1].close()
    assert Path("mine", "notes.txt").read_text() == "kept"


def test_a_released_folder_is_free_again() -> None:
    for folder in (Path("new"), Path("used")):
        Path("used").mkdir(exist_ok=True)
        Path("used", "notes.txt").touch()
        made, held = create_workdir(folder, folder.name)
        (made / SETTINGS).touch()
        release_workdir(made)
        held.close()
        assert choose_workdir(Config(workdir=folder.name)) == folder
    assert not Path("new").exists() and Path("used", "notes.txt").exists()


def test_no_folder_but_something_else() -> None:
    Path("file").touch()
    Path("link").symlink_to("nowhere")
    for name in ("file", "link"):
        with pytest.raises(SettingError, match=f"--workdir={name}: Expected a folder. Received: a file"):
            choose_workdir(Config(workdir=name))


@pytest.mark.parametrize("name", ["file/inside", "file/far/inside", "/proc/keras_nst", "/proc/self/fdinfo", 300 * "a"])
def test_folders_that_cannot_be_made_or_written_to(name: str) -> None:
    """Not by permissions, since those do not hold for root."""
    Path("file").touch()
    with pytest.raises(SettingError, match=f"--workdir={name}: Expected a writable folder. [A-Z]") as caught:
        create_workdir(choose_workdir(Config(workdir=name)), name)
    assert "\n" not in str(caught.value) and "None" not in str(caught.value)


@pytest.mark.parametrize("obstacle", ["file", "dangling link"])
def test_default_folders_that_cannot_be_made(obstacle: str) -> None:
    Path("runs").touch() if obstacle == "file" else Path("runs").symlink_to("nowhere")
    with pytest.raises(SettingError, match="--workdir=runs/20300102-030405-a: Expected a writable folder"):
        create_workdir(choose_workdir(Config(content="a")), "")


def test_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert choose_workdir(Config(workdir="~/mine")) == Path("/home/me/mine")
    assert choose_output(Config(output="~/mine.png"), Path("run")) == Path("/home/me/mine.png")
    assert choose_workdir(Config(workdir="~nobody-here/mine")) == Path("~nobody-here/mine")


def test_the_output_is_never_overwritten_unasked() -> None:
    assert choose_output(Config(), Path("run")) == Path("run", PICTURE)
    assert choose_output(Config(output="new.png"), Path("run")) == Path("new.png")
    Path("old.png").touch()
    with pytest.raises(SettingError, match="--output=old.png: This file exists. Expected a new path, or --overwrite."):
        choose_output(Config(output="old.png"), Path("run"))
    assert choose_output(Config(output="old.png", overwrite=True), Path("run")) == Path("old.png")
