"""What became of each job of a batch: the only truth, a line of JSON for each thing that happened.

Lines are only ever added, so that whatever ends the batch leaves all that came before; one that was cut off is passed
over, and its job is done again, or resumed.
"""

import json
import os
import time
from pathlib import Path
from typing import IO, Any, NamedTuple

JOBS, RESULTS = "jobs", "pictures"  # folders in that of the batch
MANIFEST = "manifest.jsonl"
PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"
STATES = (PENDING, RUNNING, DONE, FAILED)


class Entry(NamedTuple):
    """Where a job stands."""

    state: str = PENDING
    attempts: int = 0
    seconds: float = 0.0  # of all attempts
    name: str = ""
    output: str = ""
    error: str = ""
    figures: dict[str, float] = {}
    settings: dict[str, str] = {}  # that are the job's own


class Manifest:
    """The jobs of a batch, by their hashes.

    Args:
        folder: of the batch; it is locked by whoever has this.
    """

    def __init__(self, folder: Path):
        self.path = folder / MANIFEST
        self.entries, self.passed_over = read(self.path)
        self.file: IO[str] | None = None

    def __enter__(self) -> "Manifest":
        cut_off = self.path.exists() and not self.path.read_bytes().endswith(b"\n")
        self.file = self.path.open("a", encoding="utf8")
        if cut_off:  # the next line is not to be a part of the last one
            self.file.write("\n")
        return self

    def __exit__(self, *error: object) -> None:
        if self.file:
            self.file.close()

    def get(self, job: str) -> Entry:
        """Returns where the job stands."""
        return self.entries.get(job, Entry())

    def note(self, job: str, **changed: Any) -> Entry:
        """Takes note of what happened to a job, on the disk before anything else happens."""
        entry = self.get(job)._replace(**changed)
        self.entries[job] = entry
        if self.file:
            line = {"job": job, "time": round(time.time(), 3), **entry._asdict()}
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())
        return entry


def read(path: Path) -> tuple[dict[str, Entry], int]:
    """Returns the jobs of a manifest, and how many of its lines cannot be read."""
    entries: dict[str, Entry] = {}
    passed_over = 0
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return {}, 0
    for line in filter(None, lines):
        try:
            told = json.loads(line)
            entry = Entry(**{name: told[name] for name in Entry._fields if name in told})
            if entry.state not in STATES:
                raise ValueError(f"Expected one of {', '.join(STATES)}. Received: {entry.state}")
            entries[told["job"]] = entry
        except (ValueError, KeyError, TypeError):
            passed_over += 1
    return entries, passed_over
