"""The wheel: built, installed beside the same TensorFlow, run from another folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from PIL import Image

from keras_nst.system.version import __version__


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    source, target = folder / "source", folder / "site"
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    names = tracked.stdout.split("\n") if tracked.returncode == 0 else []
    for name in filter(None, names):  # a copy, so that building leaves nothing in the checkout
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, timeout=300)
    return target


def run_installed(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(installed)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_it_runs_from_another_folder_with_its_configs_and_samples(installed: Path, tmp_path: Path) -> None:
    small = ["--weights=random", "--size=32", "--steps=1", "--scales=1", "--workdir=out"]
    done = run_installed(installed, tmp_path, "-m", "keras_nst.run", "--flagfile=configs/starry.cfg", *small)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out" / "picture.png") as picture:
        assert picture.size == (32, 21)
    where = run_installed(installed, tmp_path, "-c", "import keras_nst; print(keras_nst.__file__)")
    assert where.stdout.startswith(str(installed))


def test_the_short_command(installed: Path, tmp_path: Path) -> None:
    command = str(installed / "bin" / "keras-nst")
    done = run_installed(installed, tmp_path, command)
    assert done.returncode == 0 and "usage: keras-nst COMMAND" in done.stdout
    done = run_installed(installed, tmp_path, command, "video")
    assert done.returncode == 2 and done.stderr.startswith("usage: keras-nst video --content=FILM")
    done = run_installed(installed, tmp_path, command, "--size=0")
    assert done.returncode == 2 and done.stderr.startswith("keras_nst: --size=0: ")


def test_one_version_everywhere(installed: Path) -> None:
    written = {
        "CITATION.cff": f"\nversion: {__version__}\n",
        "CHANGELOG.md": f"\n## [{__version__}] - ",
        "docs/guides/install.md": f"keras_nst-{__version__}-py3-none-any.whl",
    }
    assert all(text in (ROOT / name).read_text(encoding="utf8") for name, text in written.items())
    (info,) = installed.glob("keras_nst-*.dist-info")
    assert f"\nVersion: {__version__}\n" in (info / "METADATA").read_text(encoding="utf8")


def test_nothing_else_is_installed(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if "dist-info" not in path.name} == {"bin", "keras_nst"}
    configs = {path.name for path in (installed / "keras_nst" / "configs").iterdir()}
    assert configs == {path.name for path in (ROOT / "configs").iterdir()}
    files = {path.relative_to(ROOT) for path in (ROOT / "keras_nst").rglob("*.py")}
    assert {path.relative_to(installed) for path in (installed / "keras_nst").rglob("*.py")} == files
    pages = {path.name for path in (installed / "keras_nst" / "studio" / "static").iterdir()}
    assert pages == {path.name for path in (ROOT / "keras_nst" / "studio" / "static").iterdir()}


def test_type_checkers_find_it_and_its_keywords(tmp_path: Path) -> None:
    """As it is installed here, from another folder."""
    lines = ["import keras_nst", 'keras_nst.stylize("a", "b", size=64)', 'keras_nst.stylize("a", "b", sizee=64)']
    (tmp_path / "program.py").write_text("\n".join(lines) + "\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "mypy", "--strict", "program.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    found = [line for line in done.stdout.splitlines() if "error:" in line]
    assert len(found) == 1 and found[0].startswith('program.py:3: error: Unexpected keyword argument "sizee"'), done
