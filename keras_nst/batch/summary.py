"""The table of a batch: a row for each picture."""

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path

from keras_nst.batch.jobs import BatchJob
from keras_nst.command.manifest import Entry, Manifest, result_of
from keras_nst.settings.config import Config
from keras_nst.settings.values import joined

SUMMARY = "summary.csv"
FIRST = ("name", "content_path", "style_path")  # columns
COUNTS, LAST = ("state", "attempts", "seconds"), ("output", "error")


def write_summary(folder: Path, jobs: Sequence[BatchJob], manifest: Manifest) -> None:
    """Writes the table into the folder of the batch."""
    entries = [(job, manifest.get(job.id)) for job in jobs]
    figures = list(dict.fromkeys(name for _, entry in entries for name in entry.figures))
    settings = list(dict.fromkeys(name for job in jobs for name in job.settings))
    with (folder / SUMMARY).open("w", encoding="utf8", newline="") as file:
        table = csv.DictWriter(file, [*FIRST, *settings, *COUNTS, *figures, *LAST], restval="")
        table.writeheader()
        for job, entry in entries:
            told = {name: getattr(entry, name) for name in (*COUNTS, "error")}
            measured = {name: f"{value:.4f}" for name, value in entry.figures.items()}
            table.writerow(paths_of(folder, job, entry) | job.settings | told | measured)


def paths_of(folder: Path, job: BatchJob, entry: Entry) -> dict[str, str]:
    """Returns the name of a picture and the paths of its inputs and its file, relative to the folder of the batch."""
    config: Config = job.spec.config
    styles = (style._replace(source=relative_to(folder, style.source)) for style in config.style_sources())
    output = str(result_of(folder, entry) or entry.output)
    inputs = (relative_to(folder, config.content), joined(map(str, styles)))
    return dict(zip(FIRST, (job.name, *inputs), strict=True)) | {"output": relative_to(folder, output)}


def relative_to(folder: Path, source: str) -> str:
    """Returns a path relative to a folder; an address, a sample and a path on another drive as they are."""
    if not source or re.match("(https?|sample):", source):
        return source
    path = Path(source).expanduser().resolve()
    try:
        return os.path.relpath(path, folder.resolve())
    except ValueError:  # another drive
        return str(path)
