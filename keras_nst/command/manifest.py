"""The manifest of a batch, the only record of its jobs: a line of JSON for each event.

Lines are only ever appended, so everything before a crash is kept. A line that was cut off is skipped, and its job is
done again, or resumed.
"""

import json
import os
import time
from pathlib import Path
from typing import IO, Any, NamedTuple

JOBS, RESULTS = "jobs", "pictures"  # folders inside the batch's folder
MANIFEST = "manifest.jsonl"
PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"
STATES = (PENDING, RUNNING, DONE, FAILED)


class Entry(NamedTuple):
    """The state of a job."""

    state: str = PENDING
    attempts: int = 0
    seconds: float = 0.0  # over all attempts
    name: str = ""
    output: str = ""
    error: str = ""
    figures: dict[str, float] = {}
    settings: dict[str, str] = {}  # those that differ from the batch's


def result_of(folder: Path, entry: Entry) -> Path | None:
    """Returns where the picture of a job is now; None if nowhere. The batch may have been moved since it was made."""
    output = Path(entry.output) if entry.output else None
    places = [output, folder / RESULTS / output.name] if output else []
    return next((path for path in places if path.is_file()), None)


class Manifest:
    """The jobs of a batch, by their hashes.

    Args:
        folder: of the batch; the caller has locked it.
    """

    def __init__(self, folder: Path):
        self.path = folder / MANIFEST
        self.entries, self.passed_over = read(self.path)
        self.file: IO[str] | None = None

    def __enter__(self) -> "Manifest":
        cut_off = self.path.exists() and not self.path.read_bytes().endswith(b"\n")
        self.file = self.path.open("a", encoding="utf8")
        if cut_off:  # the next line must not be appended to the broken one
            self.file.write("\n")
        return self

    def __exit__(self, *error: object) -> None:
        if self.file:
            self.file.close()

    def get(self, job: str) -> Entry:
        """Returns the state of the job."""
        return self.entries.get(job, Entry())

    def note(self, job: str, **changed: Any) -> Entry:
        """Records an event of a job, on disk before anything else happens."""
        entry = self.get(job)._replace(**changed)
        self.entries[job] = entry
        if self.file:
            line = {"job": job, "time": round(time.time(), 3), **entry._asdict()}
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())
        return entry


def read(path: Path) -> tuple[dict[str, Entry], int]:
    """Returns the jobs of a manifest, and the number of its lines that cannot be read."""
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
