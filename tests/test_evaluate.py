"""The door to figures, as its users meet it."""

import json
import os
import re
from pathlib import Path

import pytest
from conftest import ROOT, run_process, write_picture

from keras_nst.evaluate import Evaluation, main
from keras_nst.settings import flags
from keras_nst.settings.declared import fields

FIGURES = ["content", "structure", "gram", "w2", "sliced", "color"]
FIGURES += ["sharpness", "sharpness_to_style", "grain", "grain_to_content"]
FIGURES += ["weave", "lattice", "crispness", "borders"]


@pytest.fixture
def asked(pair: tuple[Path, Path], tmp_path: Path) -> list[str]:
    """Flags for small pictures through random weights, and two results."""
    results = [write_picture(tmp_path / "a.png", seed=2), write_picture(tmp_path / "b.jpg", 36, 48, seed=3)]
    return [f"--content={pair[0]}", f"--style={pair[1]}", "--weights=random", *map(str, results)]


def test_one_row_per_result_and_the_same_in_json(
    asked: list[str], pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*asked, str(pair[0]), f"--json={tmp_path / 'out.json'}"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["result", "compared", "at", *FIGURES, "in", "words"]
    said = json.loads((tmp_path / "out.json").read_text())
    assert (said["content"], said["size"], said["weights"]) == (str(pair[0]), 512, "random")
    assert [each["compared_at"] for each in said["results"]] == ["64 x 48", "48 x 36", "64 x 48"]
    for row, each, name in zip(rows, said["results"], [*asked[3:], str(pair[0])], strict=True):
        cells = re.split(r"\s{2,}", row)
        assert cells == [name, each["compared_at"], *(f"{each[figure]:.3f}" for figure in FIGURES), each["in_words"]]
        assert each["result"] == name and row.index(each["in_words"]) == header.index("in words")
    in_words = said["results"][2]["in_words"]
    assert in_words.startswith("Far from the style, content closely kept, colors not the style's")
    assert said["results"][2]["content"] == 0 and said["results"][2]["w2"] == pytest.approx(1, abs=1e-3)


def test_only_what_can_be_computed(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*asked[1:4], "--size=32"]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[1:4] == ["32", "x", "24"]
    cells, words = row[4 : 4 + len(FIGURES)], row[4 + len(FIGURES) :]
    known = {name: cell for name, cell in zip(FIGURES, cells, strict=True) if cell != "-"}
    assert words and not {"content", "flat"} & set(words)
    assert list(known) == ["sharpness_to_style", "grain", "weave", "lattice", "crispness"]
    assert 0 < float(known["sharpness_to_style"]) < 2 and float(known["grain"]) > 0


@pytest.mark.weights
def test_with_the_real_weights(pair: tuple[Path, Path], vgg19_weights: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["sample:harbor", "--content=sample:harbor", "--style=sample:night", "--size=96"]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    told = dict(zip(FIGURES, row[4:], strict=False))
    assert row[0] == "sample:harbor" and {told[name] for name in ("content", "structure", "borders")} == {"0.000"}
    alike = ("gram", "w2", "sliced", "color", "sharpness", "grain_to_content")
    assert {told[name] for name in (*alike, "weave")} == {"1.000"}


BAD = [
    (["--content={none.jpg}"], 2, "--content=.*none.jpg: .*no such file"),
    (["--style={text.png}"], 2, "--style=.*text.png"),
    (["--content=", "--style="], 2, "--content: Expected --content or --style"),
    (["--content=sample:harbour"], 2, "--content=sample:harbour: .*harbor"),
    (["{none.png}"], 2, "none.png: .*no such file"),
    (["{text.png}"], 2, "text.png: "),
    (["{.}"], 2, ": "),
    (["two\nlines.png"], 2, r"two\\nlines.png: Expected a name in Unicode without line breaks"),
    (["{wide.png}"], 2, "wide.png: Expected the proportions of the content, 64 x 48. Received: 64 x 40"),
    (["{tiny.png}"], 2, "tiny.png: Expected at least 16 pixels a side to compare. Received: 16 x 12"),
    (["--size=15"], 2, "--size=15: Expected a whole number from 16"),
    (["--size=nan"], 2, "--size=nan: Expected a whole number"),
    (["--size=5000"], 2, "--size=5000: .*to 4096"),
    (["--weights={none.h5}"], 2, "--weights=.*none.h5"),
    (["--weights={text.png}"], 2, "--weights=.*text.png"),
    (["--json={.}"], 2, "--json=.*Expected the name of a file"),
    (["--json={.}/nowhere/a.json"], 2, "--json=.*nowhere/a.json: Expected the name of a file in a writable folder"),
    (["--contnet=a.jpg"], 2, "contnet.*content"),
    (["--flagfile={none.cfg}"], 2, "none.cfg"),
]


@pytest.mark.parametrize(("given", "code", "message"), BAD, ids=[" ".join(case[0]) for case in BAD])
def test_bad_input(
    given: list[str], code: int, message: str, asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, what is wrong, and nothing left behind."""
    (tmp_path / "text.png").write_text("not a picture at all")
    write_picture(tmp_path / "wide.png", 40, 64)
    write_picture(tmp_path / "tiny.png", 12, 16)
    before = sorted(tmp_path.rglob("*"))
    assert main([*asked, *(re.sub(r"\{(.*?)\}", lambda name: str(tmp_path / name[1]), each) for each in given)]) == code
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and said.err.startswith("keras_nst: ") and not said.out, said
    assert re.search(message, said.err), said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_weights_of_something_else(asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fake.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(5000))
    assert main([*asked, f"--weights={tmp_path / 'fake.h5'}"]) == 2
    assert re.fullmatch(r"keras_nst: --weights=.*fake.h5: Expected weights of vgg19.*\n", capsys.readouterr().err)


def test_no_results_and_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--content=a.jpg", "--style=b.jpg"]) == 2
    assert "Expected at least one result" in capsys.readouterr().err
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_help_tells_every_flag_and_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"--{flag}=" in said for flag in fields(Evaluation)) and all(figure in said for figure in FIGURES)
    documented = (ROOT / "docs" / "reference" / "figures.md").read_text(encoding="utf8")
    assert all(f"`{figure}`" in documented for figure in FIGURES)


def test_flags_may_stand_anywhere() -> None:
    given = flags.read(["a.png", "--content=c.jpg", "b.png", "--style=s.jpg"], Evaluation, {})
    assert given.rest == ["a.png", "b.png"] and given.settings == {"content": "c.jpg", "style": "s.jpg"}


@pytest.mark.parametrize("arguments", [["--help"], ["--stile=a.jpg", "b.jpg"], ["--content=none.jpg", "none.png"]])
def test_answers_without_tensorflow(arguments: list[str], tmp_path: Path) -> None:
    """TensorFlow is not even looked for: its place is taken by a module that fails."""
    for name in ("tensorflow", "keras"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('{name} was imported')")
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = run_process(*arguments, cwd=tmp_path, module="keras_nst.evaluate", env=path)
    assert done.returncode in (0, 1, 2) and "Traceback" not in done.stderr and "imported" not in done.stderr


def test_nothing_else_is_said(asked: list[str]) -> None:
    done = run_process(*asked, module="keras_nst.evaluate")
    assert (done.returncode, done.stderr) == (0, "") and len(done.stdout.splitlines()) == 3
