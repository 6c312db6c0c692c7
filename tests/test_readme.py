"""The README and the docs stay true: commands and Python run, files are there, tables are the code's."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
from conftest import ROOT
from films import frames_of, write_clip
from PIL import Image

from keras_nst.command.command import Command, written_out
from keras_nst.command.commands import COMMANDS, named
from keras_nst.command.commands import main as keras_nst
from keras_nst.core.objective.definitions import DEFINITIONS
from keras_nst.settings import flags
from keras_nst.settings.declared import SettingError, fields
from keras_nst.settings.recipes import RECIPES
from keras_nst.settings.values import STYLE_LOSSES

README = (ROOT / "README.md").read_text(encoding="utf8")
PAGES = ("runs", "control", "style", "method", "python", "troubleshooting", "studio", "explore", "networks", "film")
PAGES += ("volumes", "sound", "batches")
PATHS = {page.name: page for page in (ROOT / "docs").rglob("*.md") if page.stem in PAGES}
DOCS = {name: page.read_text(encoding="utf8") for name, page in PATHS.items()}
TEXTS = {"README.md": README, **DOCS}
SMALL = ["--weights=random", "--size=32x32", "--steps=1", "--scales=1", "--precision=float32"]
NETWORKS, FURTHER = ("train", "apply", "export"), ("video", "volume", "sound")


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text: str = README) -> list[str]:
    """Returns the commands in code blocks, fenced or indented, and inline; one that ends in a backslash goes on."""
    text = text.replace(" \\\n", " ")
    lines = [line for block in blocks("sh", text) for line in block.splitlines() if line]
    lines += re.findall(r"^    ((?:python|keras-nst) .*)$", text, re.MULTILINE)
    inline = re.findall(r"`((?:python|keras-nst|tensorboard|pip) [^`]*?)`", text)
    return [re.sub(r" +", " ", command) for command in lines + inline if "..." not in command]


def name_of(command: str) -> str:
    """Returns which of our commands it is, or nothing."""
    found = re.match(r"(?:keras-nst|python -m keras_nst)[. ](\w+)( |$)", command)
    return found[1] if found else ""


def arguments_of(command: str) -> list[str]:
    return shlex.split(re.sub(r"^(keras-nst \w+|python -m keras_nst\.\w+) ?", "", command))


def given(command: str, *more: str) -> int:
    """Does what a command of the text says, with further flags; returns the exit code."""
    return keras_nst([name_of(command), *arguments_of(command), *more])


def those(*names: str, text: str = "") -> list[str]:
    """Returns our commands of these names, in one text or in all, each once; those that need a cluster are not here."""
    listed = [command for each in ([text] if text else TEXTS.values()) for command in commands(each)]
    found = {" ".join(arguments_of(command)): command for command in listed if name_of(command) in names}
    return [command for flags, command in found.items() if flags and not re.search("--engine=ray|=multi_worker", flags)]


def test_every_command_is_known() -> None:
    """Each is run here, or by another test that is named for it."""
    elsewhere = {"scripts/start", "scripts/check", "scripts/test", 'scripts/test -m "not slow"', "pip install ."}
    elsewhere |= {". .venv/bin/activate", "keras-nst studio", "tensorboard --logdir runs"}
    elsewhere |= {"keras-nst explore --help", "python scripts/paint_masks.py --out=."}
    elsewhere |= {"tensorboard --logdir models", "tensorboard --logdir films", 'pip install -e ".[studio]"'}
    studies = {f"python scripts/study_{name}.py" for name in ("networks", "volume", "film", "refine")}
    families = ("run", "evaluate", "batch", "report", "explore", *NETWORKS, *FURTHER)
    listed = {command for text in TEXTS.values() for command in commands(text)} - elsewhere
    others = {command for command in listed if name_of(command) not in families}
    others = {command for command in others if command.removesuffix(" FOLDER") not in studies}
    extras = r"pip install ['\"](keras-nst|tensorflow)\[|export TF_CONFIG="
    assert {command for command in others if not re.match(extras, command)} == set()
    assert len(those("run", text=README)) >= 4
    for script in elsewhere:
        if script.startswith("scripts"):
            assert (ROOT / script.split()[0]).stat().st_mode & 0o111


def test_python_is_that_of_the_program_before_it_is_called() -> None:
    """scripts/start leaves the terminal's own Python as it is, which knows nothing of the program."""
    listed = [line for block in blocks("sh") for line in block.splitlines()]
    first_call = next(number for number, line in enumerate(listed) if line.startswith(("python ", "keras-nst ")))
    assert listed[:first_call] == ["scripts/start", ". .venv/bin/activate"]
    assert ".venv/bin/activate" in (ROOT / "scripts" / "start").read_text()


@pytest.mark.parametrize("command", those("run"))
def test_the_commands_run(
    command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With small pictures of the names they have, random weights and few steps."""
    monkeypatch.chdir(named_files)
    longer = ["--steps=2"] if "--resume" in command else []
    if "runs/FOLDER" in command:
        assert keras_nst(["--content=photo.jpg", "--style=painting.jpg", "--workdir=runs/FOLDER", *SMALL]) == 0
    assert given(command, *SMALL, *longer) == 0
    assert "--help" in command or len(list(named_files.glob("**/run.log"))) == 1 + ("runs/FOLDER/" in command)
    assert not longer or "Resuming after step 1." in capsys.readouterr().out


def test_figures_can_be_asked_for(
    named_files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(named_files)
    (command,) = those("evaluate")
    assert given(command, "--weights=random") == 0
    assert "picture.png" in capsys.readouterr().out


def test_the_masks_are_painted(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "paint_masks.py"), f"--out={tmp_path}"]
    subprocess.run(script, check=True, timeout=60)
    assert {path.name for path in tmp_path.iterdir()} == {"glass.png", "sky.png", "town.png"}


@pytest.mark.parametrize("command", those("report"))
def test_the_reports_are_written(command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(named_files)
    run = ["--content=photo.jpg", "--style=painting.jpg", "--workdir=runs/FOLDER", "--report=false"]
    assert keras_nst([*run, "--snapshot_steps=1", *SMALL, "--steps=2"]) == 0
    assert given(command) == 0
    assert Path("making.webp" if "--making" in command else "runs/FOLDER/report.html").exists()


@pytest.mark.parametrize("command", [command for command in those("explore") if "--help" not in command])
def test_the_explorations_are_made(command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder that is named for the pictures."""
    monkeypatch.chdir(named_files)
    small = ["--weights=random", "--size=32", "--layers=block1_conv1", "--steps=1", "--channel_steps=1", "--channels=1"]
    assert given(command, *small) == 0
    assert Path("explore/photo-painting/explore.html").exists()


@pytest.mark.parametrize("name", ["film.md", "volumes.md", "sound.md"])
def test_films_volumes_and_sounds_are_made(name: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command after the other, each in a folder of its own, with what they name in small."""
    monkeypatch.chdir(named_files)
    write_clip(named_files / "film.mp4", frames_of(3), codec="libx264", pixels="yuv420p", sound="aac")
    voxels = np.random.default_rng(0).integers(0, 9, (17, 18, 19)).astype(np.int16)
    np.save("stack.npy", voxels)
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), "scan.nii.gz")
    for number, table in enumerate(("temperatures.csv", "heartbeat.csv"), start=1):
        Path(table).write_text("x\n" + "\n".join(str(np.sin(step / number)) for step in range(200)))
    few = ["--weights=random", "--steps=1", "--tensorboard=false"]
    small = {"video": [*few, "--steps_more=1", "--scales=1"], "volume": few, "sound": ["--steps=2", "--filters=8"]}
    for number, command in enumerate(sorted(those(*FURTHER, text=TEXTS[name]))):
        name = name_of(command)
        more = ["--phase_steps=1"] if name == "sound" else [f"--workdir=work{number}", "--overwrite"]
        learning = ["--learning_steps=1"] if "--how=keyframes" in command else []
        assert given(command, *small[name], *more, *learning) == 0
    assert any(named_files.glob("*painted.*")) or Path("arpeggio-as-rain.wav").exists()


def test_networks_are_trained_and_paint(named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command after the other, with a few small photographs and steps."""
    monkeypatch.chdir(named_files)
    Path("photos").mkdir()
    for number in range(3):
        Image.new("RGB", (70, 64), (80 * number, 10, 100)).save(f"photos/{number}.jpg")
    small = [
        "--weights=random",
        "--size=64",
        "--style_size=48",
        "--steps=1",
        "--batch_size=1",
        "--width=4",
        "--blocks=1",
    ]
    for command in those(*NETWORKS, text=DOCS["networks.md"]):
        if name_of(command) == "train":
            assert given(command, *small) == 0
        elif name_of(command) == "apply":
            assert given(command, *(["--size=48"] if "--refine=20" in command else [])) == 0
        else:
            assert given(command, "--format=saved_model", "--output=exported") == 0
            shutil.rmtree("exported")
    assert len(list(Path("painted").iterdir())) == 3


@pytest.mark.parametrize("command", those("batch"))
def test_the_batches_run(command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a folder of two photographs and one of a painting."""
    monkeypatch.chdir(named_files)
    for name, folder in (("photo.jpg", "photos"), ("a.jpg", "photos"), ("painting.jpg", "paintings")):
        Path(folder).mkdir(exist_ok=True)
        shutil.copy(name, folder)
    assert given(command, *SMALL) == 0
    (sheet,) = named_files.glob("*/sheet.jpg")
    assert len(list((sheet.parent / "pictures").iterdir())) in (2, 3)


@pytest.mark.weights
@pytest.mark.parametrize("name", ["README.md", "python.md"])
def test_the_python_runs(name: str, tmp_path: Path, vgg19_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # any folder will do
    code = "\n".join(blocks("python", TEXTS[name]))  # as one program
    quick = code.replace("size=128, steps=30", "size=64, steps=3").replace("step >= 20", "step >= 2")
    exec(compile(quick, name, "exec"), {})
    with Image.open(tmp_path / "harbor-night.png") as image:
        assert image.width == 64


def test_times_are_those_of_the_configs() -> None:
    def told(name: str) -> str:
        return re.search(r"time (\d+ seconds)", (ROOT / "configs" / name).read_text())[1]

    text = " ".join(README.split())
    assert f"about {told('starry.cfg')} on two cores" in text
    assert f"a sketch of it in about {told('quick.cfg')}" in text
    assert len(re.findall(r"\d+ seconds|minute and a half|a loss (?:of|near)", text)) == 2  # these and no others


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXTS[name])
    home = ROOT if name == "README.md" else PATHS[name].parent
    assert links
    for link in links:
        file = link.partition("#")[0]  # the headings are looked for in test_docs.py
        assert link.startswith("http") or (home / file).exists(), link


@pytest.mark.parametrize("name", TEXTS)
def test_flags_and_values_exist(name: str) -> None:
    text = TEXTS[name]
    known_commands = [named(name) for name in COMMANDS]
    known = {name for command in known_commands for name in (*fields(command.settings), *command.own_flags)}
    known |= {"flagfile", "help", "from"}
    for flag in set(re.findall(r"`--(\w+)", text)):
        assert flag in known, flag
    for flag in re.findall(r"`(--\w+=[^`]*?)`", text):
        if not re.search(r"\.\.\.|from_image|resume|flagfile|=N$", flag):
            name = flag[2:].partition("=")[0]
            assert any(reads(flag, command) for command in known_commands if name in fields(command.settings)), flag


def reads(flag: str, command: Command) -> bool:
    """Tells whether a command takes a flag with this value."""
    try:
        given = flags.read(written_out(shlex.split(flag), command.short), command.settings, command.own_flags)
        command.settings.written(**given.settings)
    except SettingError:
        return False
    return True


def test_files_import_from_further_down() -> None:
    """In the order in which the docs have them; those in a row may import each other."""
    text = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf8")
    table = text[text.index("## The rooms") : text.index("## Where to change what")]
    table = table.replace("/__init__.py)", "/)")
    rows = [
        re.findall(r"\]\(\.\./\.\./keras_nst/([^)]+)\)", line) for line in table.splitlines() if line.startswith("| [")
    ]
    row_of = {path: number for number, row in enumerate(rows) for path in row}
    for path, row in row_of.items():
        for file in (ROOT / "keras_nst" / path).glob("*.py") if path.endswith("/") else [ROOT / "keras_nst" / path]:
            for module in re.findall(r"from keras_nst\.([\w.]+) import", file.read_text(encoding="utf8")):
                room = next((room for room in row_of if f"{module.replace('.', '/')}/".startswith(room)), "")
                assert row <= row_of.get(room, len(rows)), f"{file.name} imports {module}"


def test_every_style_loss_has_its_row() -> None:
    for name in STYLE_LOSSES:
        assert re.search(rf"^\| `{name}`", DOCS["style.md"], re.MULTILINE), name
        assert (ROOT / "docs" / "styles" / f"{name}.jpg").exists()


def test_the_table_of_formulas_names_every_normalization() -> None:
    assert set(RECIPES) == set(DEFINITIONS)
    for name in RECIPES:
        assert re.search(rf"^\| `{name}`", DOCS["method.md"], re.MULTILINE), name


def test_the_changelog_has_this_version() -> None:
    import keras_nst

    assert f"## [{keras_nst.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
