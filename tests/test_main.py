"""python -m keras_nst shows the commands."""

import os
import re
from pathlib import Path

import pytest
from conftest import ROOT, run_process

from keras_nst.__main__ import main


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_every_command_is_shown(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    said = capsys.readouterr()
    commands = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "keras_nst").rglob("*.py")
        if 'if __name__ == "__main__"' in path.read_text(encoding="utf8") and path.name != "__main__.py"
    }
    assert set(re.findall(r"python -m ([\w.]+)", said.out)) == commands and not said.err


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"keras_nst \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_flags_belong_to_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--content=a.jpg", "--style=b.jpg"]) == 2
    said = capsys.readouterr().err
    expected = "Expected a command, as in python -m keras_nst.run --content=a.jpg --style=b.jpg"
    assert said == f"keras_nst: {expected}. Received: --content=a.jpg\n"


@pytest.mark.parametrize("arguments", [[], ["run", "--size=5"]])
def test_as_a_process(arguments: list[str], tmp_path: Path) -> None:
    """Without TensorFlow, whose place is taken by a module that fails."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = run_process(*arguments, cwd=tmp_path, module="keras_nst", env=path)
    assert done.returncode == (2 if arguments else 0) and "Traceback" not in done.stderr
    assert "python -m keras_nst.run" in done.stdout + done.stderr
