"""One job of a batch: its identifier, its folder, and its execution."""

import functools
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from keras_nst.batch.prepare import Item, shown_settings
from keras_nst.batch.settings import BatchConfig
from keras_nst.command.manifest import JOBS, RESULTS
from keras_nst.command.run_folder import CHECKPOINT, FREE, PICTURE, RECORD, Busy
from keras_nst.command.workers.parcels import EXPECTED, Outcome
from keras_nst.run.prepare import JobSpec, ready
from keras_nst.settings.config import Config
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import absolute, settings_of
from keras_nst.settings.values import parted
from keras_nst.system.pace import Stop

if TYPE_CHECKING:
    from keras_nst.run.outcome import Done


Answer = TypeVar("Answer")
Open = Callable[[Config], Any]  # opens a session

# Settings that leave the picture as it is: a job that has others is the same one.
# Defaults of settings that earlier versions did not have: left out of the names of jobs.
LATER = {"rim": "auto", "tile_passes": "2"}
ALIKE = frozenset(FREE) - {"steps", "max_seconds", "bit_depth", "strategy"}

BYTES_AT_ONCE = 1 << 20
PATIENCE = 90.0  # seconds to wait for another run in a job's folder to end


class BatchJob(NamedTuple):
    """A job that any worker can do."""

    id: str
    name: str
    spec: JobSpec
    settings: dict[str, str]  # those that differ from the batch's


class Hashes:
    """SHA-256 of files, each read once."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, source: str) -> str:
        """Returns the hash of the file; a source that is not a file is returned unchanged."""
        if source not in self.known:
            path = os.path.expanduser(source)
            self.known[source] = sha256(path) if os.path.isfile(path) else source
        return self.known[source]


def sha256(path: str) -> str:
    """Returns the hash of a file; its name if it cannot be read, which its job will report."""
    hashed = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while strip := file.read(BYTES_AT_ONCE):
                hashed.update(strip)
    except OSError:
        return path
    return hashed.hexdigest()


def job_of(
    item: Item, batch: BatchConfig, folder: Path, hashes: Hashes, known: Container[str] = frozenset()
) -> BatchJob:
    """Returns the job of an item; its identifier is the hash of its inputs and of what makes its picture.

    `known` are the jobs of the batch so far: those of earlier versions are the hashes of all settings.
    """
    config = absolute(item.config(batch))
    files = [config.content, *(style.source for style in config.style_sources()), config.init, config.content_mask]
    inputs = [hashes(file) for file in (*files, *parted(config.style_mask)) if file]
    settings = {name: value for name, value in settings_of(config).items() if LATER.get(name) != value}
    earlier, id = (identifier([each, item.output, inputs]) for each in (settings, settings | usual()))
    id = earlier if earlier in known else id
    output = item.output or str(folder / RESULTS / f"{item.name}.png")
    workdir = folder / JOBS / id
    replaces = batch.overwrite and not (workdir / RECORD).exists()  # another picture, never what a job resumes from
    own: dict[str, Any] = {"workdir": str(workdir), "output": output, "overwrite": replaces, "tensorboard": False}
    return BatchJob(id, item.name, JobSpec(Config(**vars(config) | own), workdir), shown_settings(item))


@functools.cache
def usual() -> dict[str, str]:
    """Returns the defaults of the settings that leave the picture as it is."""
    return {name: value for name, value in settings_of(Config()).items() if name in ALIKE}


def identifier(about: list[Any]) -> str:
    """Returns the name of a job of which this is known."""
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def do(job: BatchJob, open_session: Open, stop: Stop, tell: Tell) -> Outcome:
    """Does a job, or resumes it; an error becomes a part of the outcome."""
    from keras_nst.run.perform import perform

    begun = time.monotonic()

    def attempt() -> "Done | Path":
        known = ready(job.spec, tell)
        if known.is_done and known.output.exists():
            return known.output
        return perform(known, open_session, stop, tell, begun, io.StringIO())

    try:
        done = when_free(attempt, stop)
    except EXPECTED as error:
        state = "pending" if isinstance(error, Busy) and stop.is_set() else "failed"
        return Outcome(job.id, state, time.monotonic() - begun, error=str(error) or type(error).__name__)
    if isinstance(done, Path):  # done before, by a worker that could no longer report it
        return Outcome(job.id, "done", 0.0, str(done))
    seconds = time.monotonic() - begun
    if done.result.diverged:
        return Outcome(job.id, "failed", seconds, str(done.path), "The loss is no longer a number.", done.figures)
    if done.result.losses is None:
        return Outcome(job.id, "pending", seconds)
    tidy(job.spec.workdir)
    return Outcome(job.id, "done", seconds, str(done.path), figures=done.figures)


def when_free(work: Callable[[], Answer], stop: Stop) -> Answer:
    """Returns the result of the work; waits if a worker whose driver has died is still at its last step."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except Busy:
            if stop.is_set() or time.monotonic() > end:
                raise
            time.sleep(1.0)


def tidy(workdir: Path) -> None:
    """Removes large files that a finished job no longer needs."""
    for name in (CHECKPOINT, PICTURE):
        (workdir / name).unlink(missing_ok=True)
    shutil.rmtree(workdir / "snapshots", ignore_errors=True)


OF_ONE_JOB = ("content", "content_mask")


def parcels(jobs: Iterable[BatchJob], most: int) -> Iterator[tuple[BatchJob, ...]]:
    """Yields the jobs in their order, neighbors with the same style and settings together, `most` at most."""
    parcel: tuple[BatchJob, ...] = ()
    for job in jobs:
        if parcel and (len(parcel) == most or in_common(job) != in_common(parcel[0])):
            yield parcel
            parcel = ()
        parcel += (job,)
    if parcel:
        yield parcel


def in_common(job: BatchJob) -> dict[str, str]:
    """Returns the settings that jobs must share to be done together."""
    return {name: value for name, value in settings_of(job.spec.config).items() if name not in OF_ONE_JOB}
