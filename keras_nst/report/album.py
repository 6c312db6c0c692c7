"""The page of a batch: its pictures side by side, with their settings and figures."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from keras_nst.command.monitors.history import read_sources
from keras_nst.command.run_folder import REPORT
from keras_nst.core.judging.words import MEANINGS
from keras_nst.report.markup import definitions, embedded, folded, image_of, link, name, page, table, text
from keras_nst.system.files import written_whole

OF_THE_PICTURES, OF_THE_INPUTS = 6_000_000, 1_500_000  # bytes at most
LONGEST, LONGEST_INPUT = 320, 96  # pixels
MOST_ROWS = 5000  # with all their text, pictures still have room


class Row(NamedTuple):
    """A picture of the batch."""

    name: str
    content: str
    style: str
    settings: dict[str, str]  # those that differ from the batch's
    figures: dict[str, float]
    seconds: float
    state: str
    error: str
    picture: Path | None
    report: Path | None
    workdir: Path


def write_page(folder: Path, rows: Sequence[Row]) -> Path:
    """Writes the page of a batch into its folder and returns its path.

    Raises:
        OSError: it cannot be written.
    """
    content = album(folder, rows).encode("utf8", errors="replace")
    with written_whole(folder / REPORT) as file:
        file.write(content)
    return folder / REPORT


def album(folder: Path, rows: Sequence[Row]) -> str:
    """Returns the page of a batch."""
    shown = rows[:MOST_ROWS]
    settings, figures = columns(row.settings for row in shown), columns(row.figures for row in shown)
    head = ["picture", "name", "content picture", "style picture", *settings, *figures, "seconds", "state"]
    most = OF_THE_PICTURES // max(1, len(shown))
    inputs = Inputs(row.workdir for row in shown)
    cells = ([thumbnail(row, most), *told(row, folder, inputs, settings, figures)] for row in shown)
    states = columns({row.state: 1} for row in rows)
    counts = ", ".join(f"{sum(row.state == state for row in rows)} {text(state)}" for state in states)
    rest = f"<p>The first {MOST_ROWS} are shown; summary.csv has all of them.</p>" if len(rows) > MOST_ROWS else ""
    body = f"<header><h1>{name(folder.absolute().name)}</h1><p>{len(rows)} pictures: {counts}.</p></header>{rest}"
    meanings = definitions({each: text(MEANINGS.get(each, "")) for each in figures})
    body += f'{inputs.drawn()}<div class="album">{table(head, cells)}</div>{folded("What the figures mean", meanings)}'
    return page(folder.absolute().name, body, "sort.js")


def columns(known: Iterable[dict]) -> list[str]:
    """Returns all names, each once."""
    return list(dict.fromkeys(each for row in known for each in row))


class Inputs:
    """The contents and styles of the runs: many runs share one, and the page has it once."""

    def __init__(self, workdirs: Iterable[Path]):
        self.images: dict[str, Image.Image] = {}  # small, by the hashes of the large ones
        self.of_runs = {workdir: self._known(read_sources(workdir)) for workdir in workdirs}

    def _known(self, sources: dict[str, bytes]) -> dict[str, str]:
        """Returns the hashes of a run's inputs by their names; unreadable ones are left out."""
        hashes = {}
        for each, picture in sources.items():
            number = hashlib.sha256(picture).hexdigest()[:16]
            if number not in self.images and (image := image_of(picture)):
                image.thumbnail((LONGEST_INPUT, LONGEST_INPUT), Image.Resampling.LANCZOS)
                self.images[number] = image
            if number in self.images:
                hashes[each] = number
        return hashes

    def drawn(self) -> str:
        """Returns the images, for others to refer to."""
        most = OF_THE_INPUTS // max(1, len(self.images))
        found = ((number, embedded(image, most, LONGEST_INPUT)) for number, image in self.images.items())
        drawn = "".join(
            f'<image id="input-{number}" href="{address}" width="{width}" height="{height}"/>'
            for number, (address, width, height) in found
        )
        return f'<svg width="0" height="0" aria-hidden="true"><defs>{drawn}</defs></svg>' if drawn else ""

    def shown(self, workdir: Path, what: str, names: str) -> str:
        """Returns the names of a run's content, or of its styles, below the pictures."""
        numbers = [number for each, number in self.of_runs[workdir].items() if each.startswith(what)]
        boxes = ((number, self.images[number].size) for number in dict.fromkeys(numbers))
        pictures = "".join(
            f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">'
            f'<use href="#input-{number}"/></svg>'
            for number, (width, height) in boxes
        )
        return pictures + name(names)


def thumbnail(row: Row, most: int) -> str:
    """Returns the picture as a thumbnail."""
    image = image_of(row.picture) if row.picture else None
    if image is None or row.picture is None:
        return ""
    address, width, height = embedded(image, most, LONGEST)
    return f'<img src="{address}" width="{width}" height="{height}" alt="{text(row.name)}" loading="lazy">'


def told(row: Row, folder: Path, inputs: Inputs, settings: Sequence[str], figures: Sequence[str]) -> list[str]:
    """Returns the other cells of a row."""
    return [
        link(row.report, folder, row.name) if row.report else name(row.name),
        inputs.shown(row.workdir, "content", row.content),
        inputs.shown(row.workdir, "style", row.style),
        *(name(row.settings.get(each, "")) for each in settings),
        *(f"{row.figures[each]:.3f}" if each in row.figures else "" for each in figures),
        f"{row.seconds:.1f}",
        text(row.state) + (f': <span class="warning">{text(row.error, 300)}</span>' if row.error else ""),
    ]
