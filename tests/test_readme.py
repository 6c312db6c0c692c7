"""The README stays true: its commands and its Python run, its files are there, its table is the code's."""

import re
import shlex
from pathlib import Path

import pytest
from conftest import ROOT, run_process, smooth_picture, write_picture

from keras_nst import flags
from keras_nst.config import RECIPES, fields
from keras_nst.core.losses import DEFINITIONS
from keras_nst.pictures.files import save_picture

README = (ROOT / "README.md").read_text(encoding="utf8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line]
    inline = re.findall(r"`((?:python|tensorboard|pip) [^`]*?)`", README)
    return lines + [command for command in inline if "..." not in command]


def test_every_command_is_known() -> None:
    """Each is run here, or by another test that is named for it."""
    elsewhere = {"scripts/start", "scripts/check", "scripts/test", "pip install .", "pip install -e ."}
    runs = {command for command in commands() if command.startswith("python -m keras_nst.run")}
    others = set(commands()) - runs - elsewhere
    assert {other.split()[0] for other in others} <= {"tensorboard"}
    assert len(runs) >= 4
    for script in elsewhere:
        if script.startswith("scripts"):
            assert (ROOT / script).stat().st_mode & 0o111


@pytest.mark.parametrize("command", [command for command in commands() if "keras_nst.run" in command])
def test_the_commands_run(command: str, tmp_path: Path) -> None:
    """With small pictures of the names they have, random weights and few steps, in an empty folder."""
    write_picture(tmp_path / "photo.jpg")
    write_picture(tmp_path / "painting.jpg", seed=1)
    made_with = {"content": "photo.jpg", "style": "painting.jpg"}
    save_picture(tmp_path / "picture.png", smooth_picture(20, 20), settings=made_with)
    small = ["--weights=random", "--size=32", "--steps=1", "--scales=1", "--precision=float32"]
    arguments = shlex.split(command)[3:]
    done = run_process(*arguments, *small, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--help" in command or len(list(tmp_path.glob("runs/*/picture.png"))) == 1


@pytest.mark.weights
def test_the_python_runs(tmp_path: Path, vgg19_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keras_nst").mkdir()
    (tmp_path / "keras_nst" / "samples").symlink_to(ROOT / "keras_nst" / "samples")
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "harbor-night.png").stat().st_size > 10_000


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 20
    for link in links:
        assert link.startswith("http") or (ROOT / link).exists(), link


def test_flags_and_values_exist() -> None:
    for flag in set(re.findall(r"`--(\w+)", README)):
        assert flag in fields() or flag in flags.DOOR_HELP, flag
    for flag in re.findall(r"`(--\w+=[^`]*?)`", README):
        if "..." not in flag and "from_image" not in flag:
            flags.parse(shlex.split(flag))


def test_the_table_of_formulas_names_every_normalization() -> None:
    assert set(RECIPES) == set(DEFINITIONS)
    for name in RECIPES:
        assert re.search(rf"^\| `{name}`", README, re.MULTILINE), name


def test_the_changelog_has_this_version() -> None:
    import keras_nst

    assert f"## [{keras_nst.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
