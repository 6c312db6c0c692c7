"""python -m keras_nst shows the commands."""

import importlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, run_process

from keras_nst.command.commands import COMMANDS, COMPLETION, WEIGHTS, main, named


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_every_command_is_shown(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each module that can be started stands in the table, and answers by its name."""
    assert main(arguments) == 0
    said = capsys.readouterr()
    modules = {
        path.parent.name if path.name == "__main__.py" else path.stem
        for path in (ROOT / "keras_nst").rglob("*.py")
        if 'if __name__ == "__main__"' in path.read_text(encoding="utf8") and path != ROOT / "keras_nst" / "__main__.py"
    }
    assert set(re.findall(r"^  (\w+) +[A-Z]", said.out, re.MULTILINE)) - {COMPLETION} == modules == {*COMMANDS, WEIGHTS}
    assert not said.err


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_what_its_module_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    by_name = capsys.readouterr().out
    module = f"keras_nst.{name}" if name in ("evaluate", "export") else f"keras_nst.{name}.__main__"
    assert importlib.import_module(module).main(["--help"]) == 0
    assert capsys.readouterr().out == by_name and named(name).about in by_name
    assert named(name).name == name and by_name.startswith(f"usage: python -m keras_nst.{name} ")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"keras_nst \d+\.\d+\.\d+(rc\d+)?\n", capsys.readouterr().out)


def test_flags_alone_are_those_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--content=a.jpg", "--style=b.jpg", "--size=0"]) == 2
    assert capsys.readouterr().err.startswith("keras_nst: --size=0: ")


def test_a_command_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vidoe", "--content=a.jpg"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("keras_nst: Expected a command: run, batch, ") and "Did you mean video?" in line
    assert line.endswith("Received: vidoe")


@pytest.mark.parametrize("arguments", [[], ["run", "--size=5", "--content=a", "--style=b"]])
def test_as_a_process(arguments: list[str], tmp_path: Path) -> None:
    """Without TensorFlow, whose place is taken by a module that fails."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = run_process(*arguments, cwd=tmp_path, module="keras_nst", env=path)
    assert done.returncode == 2 * bool(arguments) and "Traceback" not in done.stderr
    assert "keras-nst run" in done.stdout if not arguments else "--size=5: " in done.stderr


# --- Completion ---


def completed(script: str, *words: str) -> list[str]:
    """Returns what bash offers in place of the last word."""
    line = " ".join(f"'{word}'" for word in ("keras-nst", *words))
    code = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; _keras_nst; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_bash_completes_commands_and_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([COMPLETION, "bash"]) == 0
    script = capsys.readouterr().out
    assert completed(script, "v") == ["video", "volume"]
    assert completed(script, "") == list(COMMANDS)
    assert completed(script, "video", "--keyf") == ["--keyframe_every="]
    assert completed(script, "--style_st") == completed(script, "run", "--style_st") == ["--style_strength="]
    assert completed(script, "run", "pho") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_all_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([COMPLETION, shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS) and "style_strength" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("given", [[], ["tcsh"]])
def test_a_shell_that_is_not_known(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([COMPLETION, *given]) == 2
    assert capsys.readouterr().err.startswith("keras_nst: Expected one of bash, zsh, fish, as in ")
