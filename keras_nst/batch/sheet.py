"""Contact sheets: the pictures of a batch side by side, with labels for the rows and columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from keras_nst.batch.prepare import Item, labels, long_stem
from keras_nst.pictures.drawing import Look, grid

CELL, NARROWEST = 240, 120  # pixels: the longer side of a picture; the least width of a cell, for its label
ROWS, COLUMNS = 12, 8  # of a sheet: more continue on the next one


class Cell(NamedTuple):
    """One picture and its position."""

    row: str
    column: str
    path: Path


def sheets(folder: Path, made: Sequence[tuple[Item, Path]]) -> list[Path]:
    """Writes sheets of the pictures into the folder, and returns their paths; none for fewer than two pictures."""
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
    """Returns the labels of the picture's row and column."""
    return long_stem(item.content) or "-", "  ".join([long_stem(item.style) or "-", *labels(item)])


def parts(names: Sequence[str], count: int) -> list[list[str]]:
    """Returns the names, each once, in parts of `count`."""
    each = list(dict.fromkeys(names))
    return [each[start : start + count] for start in range(0, len(each), count)]


def sheet(cells: Sequence[Cell], rows: Sequence[str], columns: Sequence[str]) -> Image.Image:
    """Returns one sheet: contents downwards, styles across."""
    small = {(cell.row, cell.column): thumbnail(cell.path) for cell in cells}
    width, height = (max(getattr(image, side) for image in small.values()) for side in ("width", "height"))
    return grid(small, rows, columns, Look(max(width, NARROWEST), height))


def thumbnail(path: Path) -> Image.Image:
    """Returns a picture from its file, reduced to the sheet's size."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    image.thumbnail((CELL, CELL))
    return image
