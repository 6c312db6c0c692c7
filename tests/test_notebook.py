"""docs/tutorials/first_picture.ipynb: as its script says, and running from top to bottom."""

import ast
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import write_notebook
from PIL import Image


def cells(kind: str) -> list[str]:
    notebook = json.loads(write_notebook.FILE.read_text(encoding="utf8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]


def shown(code: str, names: dict[str, Any]) -> Any:
    """Runs a cell; returns what a notebook shows below it, the value of its last line."""
    tree = ast.parse(code)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None


def test_the_notebook_is_its_script() -> None:
    assert write_notebook.FILE.read_text(encoding="utf8") == write_notebook.written(), (
        "Expected docs/tutorials/first_picture.ipynb as python scripts/write_notebook.py writes it."
    )
    assert cells("markdown")[0].startswith("# A first picture\n\nNeural style transfer")
    assert sum("keras_nst" in cell for cell in cells("code")) >= 5


@pytest.mark.slow
@pytest.mark.weights
def test_the_notebook_runs(
    tmp_path: Path, vgg19_weights: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    values = [shown(code, names) for code in cells("code")]
    pictures = [picture_of(value) for value in values if hasattr(value, "_repr_png_")]
    assert [picture.size for picture in pictures] == [(128, 85), (384, 85), names["halfway"].image.size, (384, 128)]
    assert all(np.ptp(np.asarray(picture)) > 100 for picture in pictures)
    terms, layers, figures = (value for value in values if isinstance(value, (dict, tuple)))
    assert set(terms) == {"content", "style", "variation"} and len(layers) == 5 and figures.w2 < 1.0
    losses = [float(line.rsplit(" ", 1)[1]) for line in capsys.readouterr().out.splitlines() if line.startswith("step")]
    assert len(losses) >= 2 and losses[-1] < losses[0]
    assert (tmp_path / "harbor-night.png").exists()


def picture_of(value: Any) -> Image.Image:
    return Image.open(io.BytesIO(value._repr_png_()))
