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

from keras_nst import evaluate, explore, export, report, sound, train, video, volume
from keras_nst.apply import main as apply
from keras_nst.applying.exporting import Export
from keras_nst.applying.settings import Application
from keras_nst.batch import main as batch
from keras_nst.core.definitions import DEFINITIONS
from keras_nst.filming.settings import Filming
from keras_nst.fleet.settings import BatchConfig
from keras_nst.run import main
from keras_nst.runs import request
from keras_nst.seeing.settings import Exploration
from keras_nst.settings import flags
from keras_nst.settings.declared import SettingError, Settings, fields
from keras_nst.settings.recipes import RECIPES
from keras_nst.settings.values import STYLE_LOSSES
from keras_nst.sounds.settings import Sounding
from keras_nst.training.settings import Training
from keras_nst.volumes.settings import Carving
from keras_nst.web.settings import StudioConfig

README = (ROOT / "README.md").read_text(encoding="utf8")
DOCS = {
    name: (ROOT / "docs" / name).read_text(encoding="utf8")
    for name in (
        "control.md",
        "styles.md",
        "robust.md",
        "studio.md",
        "explore.md",
        "networks.md",
        "film.md",
        "volumes.md",
        "sound.md",
    )
}
TEXTS = {"README.md": README, **DOCS}
DOORS = {"video": video.main, "volume": volume.main, "sound": sound.main}
STUDIO = "python -m keras_nst.studio"
SMALL = ["--weights=random", "--size=32x32", "--steps=1", "--scales=2", "--precision=float32"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands(text: str = README) -> list[str]:
    """Returns the commands in code blocks, fenced or indented, and inline; one that ends in a backslash goes on."""
    text = text.replace(" \\\n", " ")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line]
    lines += re.findall(r"^    (python .*)$", text, re.MULTILINE)
    inline = re.findall(r"`((?:python|tensorboard|pip) [^`]*?)`", text)
    return [re.sub(r" +", " ", command) for command in lines + inline if "..." not in command]


def every_run() -> list[str]:
    found = [command for text in TEXTS.values() for command in commands(text) if "-m keras_nst.run" in command]
    return list(dict.fromkeys(found))


def test_every_command_is_known() -> None:
    """Each is run here, or by another test that is named for it."""
    elsewhere = {"scripts/start", "scripts/check", "scripts/test", "pip install .", "pip install -e ."}
    elsewhere |= {". .venv/bin/activate", "python -m keras_nst", STUDIO, 'pip install "keras-nst[studio]"'}
    elsewhere |= {f'pip install "keras-nst[{extra}]"' for extra in ("export", "video", "volume", "sound")}
    elsewhere |= {
        "tensorboard --logdir models",
        "tensorboard --logdir films",
        "python scripts/study_networks.py FOLDER",
        "python scripts/study_volume.py",
        "python scripts/study_film.py",
        "python scripts/study_refine.py",
    }
    runs = {command for command in commands() if command.startswith("python -m keras_nst.run")}
    figures = {command for command in commands() if command.startswith("python -m keras_nst.evaluate")}
    batches = {command for command in commands() if command.startswith("python -m keras_nst.batch")}
    reports = {command for command in commands() if command.startswith("python -m keras_nst.report")}
    explorations = {command for command in commands() if command.startswith("python -m keras_nst.explore")}
    others = set(commands()) - runs - figures - batches - reports - explorations - of_networks(commands()) - elsewhere
    others -= further(commands())
    assert {other.split()[0] for other in others} <= {"tensorboard"}
    of_docs = {command for text in DOCS.values() for command in commands(text)} - set(every_run())
    of_docs -= of_networks(list(of_docs)) | further(list(of_docs))
    painted = {"python scripts/paint_masks.py --out=.", "python -m keras_nst.explore --help"}
    assert of_docs - elsewhere - explorations == painted | {'pip install -e ".[studio]"'}
    assert len(runs) >= 4
    for script in elsewhere:
        if script.startswith("scripts"):
            assert (ROOT / script).stat().st_mode & 0o111


def test_python_is_that_of_the_program_before_it_is_called() -> None:
    """scripts/start leaves the terminal's own Python as it is, which knows nothing of the program."""
    listed = [line for block in blocks("sh") for line in block.splitlines()]
    first_call = next(number for number, line in enumerate(listed) if line.startswith("python "))
    assert listed[:first_call] == ["scripts/start", ". .venv/bin/activate"]
    assert ".venv/bin/activate" in (ROOT / "scripts" / "start").read_text()


@pytest.mark.parametrize("command", every_run())
def test_the_commands_run(
    command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With small pictures of the names they have, random weights and few steps."""
    monkeypatch.chdir(named_files)
    longer = ["--steps=1,2"] if "--resume" in command else []
    if "runs/FOLDER" in command:
        assert main(["--content=photo.jpg", "--style=painting.jpg", "--workdir=runs/FOLDER", *SMALL]) == 0
    assert main([*shlex.split(command)[3:], *SMALL, *longer]) == 0
    assert "--help" in command or len(list(named_files.glob("**/run.log"))) == 1 + ("runs/FOLDER/" in command)
    assert not longer or "Resuming after step 2." in capsys.readouterr().out


def test_figures_can_be_asked_for(
    named_files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(named_files)
    (command,) = (command for command in commands() if "keras_nst.evaluate" in command)
    assert evaluate.main([*shlex.split(command)[3:], "--weights=random"]) == 0
    assert "picture.png" in capsys.readouterr().out


def test_the_masks_are_painted(tmp_path: Path) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "paint_masks.py"), f"--out={tmp_path}"]
    subprocess.run(script, check=True, timeout=60)
    assert {path.name for path in tmp_path.iterdir()} == {"glass.png", "sky.png", "town.png"}


@pytest.mark.parametrize("command", [one for one in commands() if one.startswith("python -m keras_nst.report")])
def test_the_reports_are_written(command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(named_files)
    given = ["--content=photo.jpg", "--style=painting.jpg", "--workdir=runs/FOLDER", "--report=false"]
    assert main([*given, "--snapshot_steps=1", *SMALL]) == 0
    assert report.main(shlex.split(command)[3:]) == 0
    assert Path("making.webp" if "--making" in command else "runs/FOLDER/report.html").exists()


@pytest.mark.parametrize("command", [one for one in commands() if one.startswith("python -m keras_nst.explore")])
def test_the_explorations_are_made(command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder that is named for the pictures."""
    monkeypatch.chdir(named_files)
    small = ["--weights=random", "--size=32", "--layers=block1_conv1", "--steps=1", "--channel_steps=1", "--channels=1"]
    assert explore.main([*shlex.split(command)[3:], *small]) == 0
    assert Path("explore/photo-painting/explore.html").exists()


def further(listed: list[str]) -> set[str]:
    """Returns the commands for film, volumes and sound."""
    return {command for command in listed if re.match(r"python -m keras_nst\.(video|volume|sound) ", command)}


@pytest.mark.parametrize("name", ["README.md", "film.md", "volumes.md", "sound.md"])
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
    for number, command in enumerate(sorted(further(commands(TEXTS[name])))):
        door, given = command.split()[2].removeprefix("keras_nst."), shlex.split(command)[3:]
        more = ["--phase_steps=1"] if door == "sound" else [f"--workdir=work{number}", "--overwrite"]
        learning = ["--learning_steps=1"] if "--how=keyframes" in command else []
        assert DOORS[door]([*given, *small[door], *more, *learning]) == 0
    assert any(named_files.glob("*painted.*")) or Path("arpeggio-as-rain.wav").exists()


def of_networks(listed: list[str]) -> set[str]:
    """Returns the commands that train networks, and use them."""
    return {command for command in listed if re.match(r"python -m keras_nst\.(train|apply|export) ", command)}


@pytest.mark.parametrize("name", ["README.md", "networks.md"])
def test_networks_are_trained_and_paint(name: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    known = of_networks(commands(TEXTS[name]))
    for command in [one for one in commands(TEXTS[name]) if one in known]:
        door, flags_given = command.split()[2].removeprefix("keras_nst."), shlex.split(command)[3:]
        if door == "train":
            assert train.main([*flags_given, *small]) == 0
        elif door == "apply":
            assert apply(flags_given) == 0
        else:
            assert export.main([*flags_given, "--format=saved_model", "--output=exported"]) == 0
            shutil.rmtree("exported")
    assert len(list(Path("painted").iterdir())) == 3


@pytest.mark.parametrize("command", [one for one in commands() if one.startswith("python -m keras_nst.batch")])
def test_the_batches_run(command: str, named_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a folder of two photographs and one of a painting."""
    monkeypatch.chdir(named_files)
    for name, folder in (("photo.jpg", "photos"), ("a.jpg", "photos"), ("painting.jpg", "paintings")):
        Path(folder).mkdir(exist_ok=True)
        shutil.copy(name, folder)
    assert batch([*shlex.split(command)[3:], *SMALL]) == 0
    (sheet,) = named_files.glob("*/sheet.jpg")
    assert len(list((sheet.parent / "pictures").iterdir())) in (2, 3)


@pytest.mark.weights
def test_the_python_runs(tmp_path: Path, vgg19_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # any folder will do
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "harbor-night.png").stat().st_size > 10_000


def test_times_and_losses_are_those_of_the_configs() -> None:
    def told(name: str) -> tuple[str, str]:
        head = (ROOT / "configs" / name).read_text()
        return re.search(r"time (\d+ seconds)", head)[1], re.search(r"final loss (\d[.\d]*\d)", head)[1]

    text = " ".join(README.split())
    time, loss = told("starry.cfg")
    assert f"about {time} on two cores" in text and f"ends with a loss near {loss}." in text
    assert f"a sketch of it in about {told('quick.cfg')[0]}" in text
    assert len(re.findall(r"\d+ seconds|minute and a half|a loss (?:of|near)", text)) == 3


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXTS[name])
    home = ROOT if name == "README.md" else ROOT / "docs"
    assert links or name == "robust.md"
    for link in links:
        assert link.startswith("http") or (home / link).exists(), link


@pytest.mark.parametrize("name", TEXTS)
def test_flags_and_values_exist(name: str) -> None:
    text = TEXTS[name]
    doors = (BatchConfig, StudioConfig, evaluate.Request, report.Request, Exploration, Training, Application, Export)
    doors += (Filming, Carving, Sounding)
    known = {name for settings in doors for name in fields(settings)} | {*request.OWN_FLAGS, "flagfile", "help", "from"}
    for flag in set(re.findall(r"`--(\w+)", text)):
        assert flag in known, flag
    for flag in re.findall(r"`(--\w+=[^`]*?)`", text):
        if not re.search(r"\.\.\.|from_image|resume", flag):
            assert any(reads(flag, of) for of in doors if flag[2:].partition("=")[0] in fields(of)), flag


def reads(flag: str, of: type[Settings]) -> bool:
    """Tells whether a command takes a flag with this value."""
    try:
        of.written(**flags.read(shlex.split(flag), of, request.OWN_FLAGS).settings)
    except SettingError:
        return False
    return True


def test_files_import_from_further_down() -> None:
    """In the order in which the README has them; those in a row may import each other."""
    table = README[README.index("## Reading the code") : README.index("## Tests")]
    rows = [re.findall(r"\]\(keras_nst/([^)]+)\)", line) for line in table.splitlines() if line.startswith("| [")]
    row_of = {path: number for number, row in enumerate(rows) for path in row}
    for path, row in row_of.items():
        for file in (ROOT / "keras_nst" / path).glob("*.py") if path.endswith("/") else [ROOT / "keras_nst" / path]:
            for module in re.findall(r"from keras_nst\.([\w.]+) import", file.read_text(encoding="utf8")):
                name = module.replace(".", "/") + ".py"
                known = row_of.get(name, row_of.get(name.split("/")[0] + "/", len(rows)))
                assert row <= known, f"{file.name} imports {module}"


def test_every_style_loss_has_its_row() -> None:
    for name in STYLE_LOSSES:
        assert re.search(rf"^\| `{name}`", DOCS["styles.md"], re.MULTILINE), name
        assert (ROOT / "docs" / "styles" / f"{name}.jpg").exists()


def test_the_table_of_formulas_names_every_normalization() -> None:
    assert set(RECIPES) == set(DEFINITIONS)
    for name in RECIPES:
        assert re.search(rf"^\| `{name}`", README, re.MULTILINE), name


def test_the_changelog_has_this_version() -> None:
    import keras_nst

    assert f"## [{keras_nst.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
