"""One job of a batch: what it is known by, its folder, and how it is done."""

import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from keras_nst.fleet.combinations import Item, shown_settings
from keras_nst.fleet.settings import BatchConfig
from keras_nst.runs.job import JobSpec, ready
from keras_nst.runs.log import Unexpected
from keras_nst.runs.workdir import CHECKPOINT, PICTURE, Busy
from keras_nst.session.scene import Tell
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError
from keras_nst.settings.text import absolute, settings_of
from keras_nst.settings.values import parse_masks
from keras_nst.system.pace import Stop

if TYPE_CHECKING:
    from keras_nst.runs.outcome import Done

Answer = TypeVar("Answer")

JOBS, RESULTS = "jobs", "pictures"  # folders in that of the batch
EXPECTED = (InputError, OSError, MemoryError, Unexpected)
BYTES_AT_ONCE = 1 << 20
PATIENCE = 90.0  # seconds for another run in a job's folder to end


class BatchJob(NamedTuple):
    """A job that may be given to any worker."""

    id: str
    name: str
    spec: JobSpec
    settings: dict[str, str]  # that are its own


class Outcome(NamedTuple):
    """What became of a job that a worker was given."""

    id: str
    state: str  # done, failed, or pending where the worker was stopped
    seconds: float
    output: str = ""
    error: str = ""
    figures: dict[str, float] = {}


class Hashes:
    """SHA-256 of files, each read once."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def __call__(self, source: str) -> str:
        """Returns the hash of the file; what is none stands for itself."""
        if source not in self.known:
            path = os.path.expanduser(source)
            self.known[source] = sha256(path) if os.path.isfile(path) else source
        return self.known[source]


def sha256(path: str) -> str:
    """Returns the hash of a file; its name where it cannot be read, which its job will tell."""
    hashed = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while strip := file.read(BYTES_AT_ONCE):
                hashed.update(strip)
    except OSError:
        return path
    return hashed.hexdigest()


def job_of(item: Item, batch: BatchConfig, folder: Path, hashes: Hashes) -> BatchJob:
    """Returns the job of an item: the hash of its inputs and settings is what it is known by."""
    config = absolute(item.config(batch))
    files = [config.content, *(style.source for style in config.style_sources()), config.init, config.content_mask]
    inputs = [hashes(file) for file in (*files, *parse_masks(config.style_mask)) if file]
    told = json.dumps([settings_of(config), item.output, inputs], sort_keys=True)
    id = hashlib.sha256(told.encode()).hexdigest()[:16]
    output = item.output or str(folder / RESULTS / f"{item.name}.png")
    workdir = folder / JOBS / id
    own: dict[str, Any] = {"workdir": str(workdir), "output": output, "overwrite": False, "tensorboard": False}
    return BatchJob(id, item.name, JobSpec(Config(**vars(config) | own), workdir), shown_settings(item))


def do(job: BatchJob, open_session: Callable[[Config], Any], stop: Stop, tell: Tell) -> Outcome:
    """Does a job, or goes on with it; what goes wrong is a part of the outcome."""
    from keras_nst.reports.pages import try_report
    from keras_nst.runs.perform import perform

    begun = time.monotonic()

    def attempt() -> "Done | Path":
        known = ready(job.spec, tell)
        return known.output if known.is_done else perform(known, open_session, stop, tell, begun, io.StringIO())

    try:
        done = when_free(attempt, stop)
    except EXPECTED as error:
        state = "pending" if isinstance(error, Busy) and stop.is_set() else "failed"
        return Outcome(job.id, state, time.monotonic() - begun, error=str(error) or type(error).__name__)
    if isinstance(done, Path):  # whoever did it could not say so any more
        return Outcome(job.id, "done", 0.0, str(done))
    seconds = time.monotonic() - begun
    if job.spec.config.report and done.path:
        try_report(done.workdir, done.path, tell)
    if done.result.diverged:
        return Outcome(job.id, "failed", seconds, str(done.path), "The loss is no longer a number.", done.figures)
    if done.result.losses is None:
        return Outcome(job.id, "pending", seconds)
    tidy(job.spec.workdir)
    return Outcome(job.id, "done", seconds, str(done.path), figures=done.figures)


def when_free(work: Callable[[], Answer], stop: Stop) -> Answer:
    """Returns what the work returns; waits where a worker whose driver has died is still at its last step."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except Busy:
            if stop.is_set() or time.monotonic() > end:
                raise
            time.sleep(1.0)


def tidy(workdir: Path) -> None:
    """Removes what a finished job needs no longer, which is large."""
    for name in (CHECKPOINT, PICTURE):
        (workdir / name).unlink(missing_ok=True)
    shutil.rmtree(workdir / "snapshots", ignore_errors=True)
