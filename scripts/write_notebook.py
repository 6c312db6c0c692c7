"""Writes the notebook docs/tutorials/first_picture.ipynb from its script: python scripts/write_notebook.py"""

import json
import re
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent.parent / "docs" / "tutorials" / "first_picture.py"
FILE = SOURCE.with_suffix(".ipynb")
MARKS = r"^# %%( \[markdown\])?\n"


def written() -> str:
    """Returns the notebook's text."""
    parts = re.split(MARKS, SOURCE.read_text(encoding="utf8"), flags=re.MULTILINE)[1:]
    cells = [cell(number, *pair) for number, pair in enumerate(zip(parts[::2], parts[1::2], strict=True))]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def cell(number: int, mark: str | None, text: str) -> dict[str, Any]:
    """Returns a cell; text is what comments say."""
    text = text.strip("\n")
    common = {"id": f"cell-{number}", "metadata": {}}
    if mark:
        said = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
        return {"cell_type": "markdown", **common, "source": said.splitlines(keepends=True)}
    code = {"execution_count": None, "outputs": [], "source": text.splitlines(keepends=True)}
    return {"cell_type": "code", **common, **code}


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf8")
