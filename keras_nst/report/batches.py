"""Builds the page of a batch from its manifest."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from keras_nst.command.manifest import JOBS, MANIFEST, Entry, read, result_of
from keras_nst.command.run_folder import REPORT, read_record
from keras_nst.report.album import Row, write_page
from keras_nst.report.facts import short_name, texts
from keras_nst.report.pages import write_report


def page_of(folder: Path) -> Path:
    """Writes the page of a batch or of a run and returns its path.

    Raises:
        OSError: it cannot be written.
        ValueError: the folder belongs to neither.
    """
    if (folder / MANIFEST).is_file():
        return write_album(folder, read(folder / MANIFEST)[0])
    return write_report(folder)


def write_album(folder: Path, entries: Mapping[str, Entry]) -> Path:
    """Writes the page of a batch, and the missing pages of its runs; returns the path of the first.

    Raises:
        OSError: it cannot be written.
    """
    return write_page(folder, [row_of(folder, job, entry) for job, entry in entries.items()])


def row_of(folder: Path, job: str, entry: Entry) -> Row:
    """Returns the page's row for a job."""
    workdir = folder / JOBS / Path(job).name
    picture = result_of(folder, entry)
    record = read_record(workdir)
    given = texts(record.given) if record else {}
    report = workdir / REPORT
    if not report.exists():
        with contextlib.suppress(OSError, ValueError):  # a failed job may have left no folder
            write_report(workdir, picture)
    return Row(
        entry.name,
        short_name(given.get("content", "")),
        short_name(given.get("style", "")),
        texts(entry.settings),
        {each: value for each, value in entry.figures.items() if isinstance(value, float | int)},
        entry.seconds,
        entry.state,
        entry.error,
        picture,
        report if report.exists() else None,
        workdir,
    )
