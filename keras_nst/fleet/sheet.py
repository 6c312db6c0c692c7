"""Contact sheets: the pictures of a batch side by side, with what they have in common at the heads of the lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from keras_nst.fleet.combinations import Item, labels, stem

CELL = 240  # pixels, the longer side of a picture
HEAD = 18  # pixels, for a line of text
ROWS, COLUMNS = 12, 8  # of a sheet: more go to the next one


class Cell(NamedTuple):
    """One picture and where it stands."""

    row: str
    column: str
    path: Path


def sheets(folder: Path, made: Sequence[tuple[Item, Path]]) -> list[Path]:
    """Writes sheets of the pictures into the folder, and returns their paths; of fewer than two there are none."""
    cells = [Cell(*heads(item), path) for item, path in made]
    if len(cells) < 2:
        return []
    rows, columns = parts([cell.row for cell in cells], ROWS), parts([cell.column for cell in cells], COLUMNS)
    places = [(of_rows, of_columns) for of_rows in rows for of_columns in columns]
    paths = []
    for number, (of_rows, of_columns) in enumerate(places, start=1):
        shown = [cell for cell in cells if cell.row in of_rows and cell.column in of_columns]
        if shown:
            path = folder / ("sheet.jpg" if len(places) == 1 else f"sheet-{number}.jpg")
            sheet(shown, of_rows, of_columns).save(path, quality=90)
            paths.append(path)
    return paths


def heads(item: Item) -> tuple[str, str]:
    """Returns what stands before the picture's row and above its column."""
    return stem(item.content) or "-", "  ".join([stem(item.style) or "-", *labels(item)])


def parts(names: Sequence[str], count: int) -> list[list[str]]:
    """Returns the names, each once, in parts of so many."""
    each = list(dict.fromkeys(names))
    return [each[start : start + count] for start in range(0, len(each), count)]


def sheet(cells: Sequence[Cell], rows: Sequence[str], columns: Sequence[str]) -> Image.Image:
    """Returns one sheet: content by content downwards, style by style across."""
    whole = Image.new("RGB", (len(columns) * CELL, len(rows) * (CELL + HEAD) + HEAD), "white")
    canvas = ImageDraw.Draw(whole)
    for number, column in enumerate(columns):
        canvas.text((number * CELL + 3, 3), shortened(column, canvas), "black")
    for number, row in enumerate(rows):
        canvas.text((3, HEAD + number * (CELL + HEAD) + 3), shortened(row, canvas), "black")
    for cell in cells:
        with Image.open(cell.path) as file:
            image = file.convert("RGB")
        image.thumbnail((CELL - 2, CELL - 2))
        left, top = columns.index(cell.column) * CELL, HEAD + rows.index(cell.row) * (CELL + HEAD) + HEAD
        whole.paste(image, (left, top))
    return whole


def shortened(text: str, canvas: ImageDraw.ImageDraw) -> str:
    """Returns the text, its middle left out if it is longer than a cell is wide."""
    kept = len(text)
    shown = text
    while canvas.textlength(shown) > CELL - 6:
        kept -= 1
        shown = f"{text[: kept // 2]}...{text[-(kept - kept // 2) :]}"
    return shown
