"""A batch from its first job to its last: manifest, engine, progress, summary."""

import itertools
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from keras_nst.batch.jobs import BatchJob, Hashes, job_of, parcels
from keras_nst.batch.prepare import Batch, Item
from keras_nst.batch.settings import BatchConfig
from keras_nst.batch.summary import SUMMARY, write_summary
from keras_nst.batch.together import Painter
from keras_nst.batch.trials import write_experiment, write_trial
from keras_nst.command.board import show
from keras_nst.command.manifest import DONE, FAILED, JOBS, MANIFEST, PENDING, RESULTS, RUNNING, Manifest, result_of
from keras_nst.command.meter import Meter, warn
from keras_nst.command.workers.engines import engine_of
from keras_nst.command.workers.hands import watched
from keras_nst.command.workers.local import workers_here
from keras_nst.command.workers.parcels import Outcome
from keras_nst.core.plan.pyramid import Size
from keras_nst.session.scene import size_of_result
from keras_nst.session.session import scales_of
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.settings.values import parse_styles
from keras_nst.system.files import Locked, lock
from keras_nst.system.pace import Stop
from keras_nst.system.signals import in_this_form

SHOWN, FEW = 20, 3  # lines of a list in the terminal; names in a line
USUAL = Size(400, 600)  # the shape of most photographs
# Pictures optimized in one batch, if memory allows. The number for a GPU was never measured.
ON_CPU, ON_GPU = 4, 8
SMALL = 256 * 256  # pixels
BYTES_PER_PIXEL, BYTES_PER_JOB = 2.2, 0.5e6  # of a picture as PNG; of its curves and its record


def drive(batch: Batch, stop: Stop, tell: Tell) -> int:
    """Does all jobs that are not done yet; returns the exit code."""
    if batch.config.dry_run:
        _, ahead = planned(batch, Manifest(batch.folder), stop, tell)
        for job in ahead[:SHOWN]:
            tell(f"  {job.name}")
        if len(ahead) > SHOWN:
            tell(f"  and {len(ahead) - SHOWN} more")
        tell("--dry_run: nothing was painted.")
        return 0
    try:
        for folder in (batch.folder, batch.folder / JOBS, batch.folder / RESULTS):
            folder.mkdir(parents=True, exist_ok=True)
        held = lock(batch.folder)
    except Locked as error:
        raise SettingError(
            "workdir", str(batch.folder), f"{error}. Expected another folder, or this one when that run has ended."
        ) from None
    except OSError as error:
        raise SettingError("workdir", str(batch.folder), f"Expected a writable folder. {error.strerror}.") from None
    with held, Manifest(batch.folder) as manifest:
        jobs, ahead = planned(batch, manifest, stop, tell)
        if stop.is_set():
            return 0
        if batch.config.tensorboard:
            tell(show(batch.folder))
        write_experiment(batch.folder, jobs)
        work(batch, manifest, ahead, stop)
        return conclude(batch, manifest, jobs, stop, tell)


def planned(batch: Batch, manifest: Manifest, stop: Stop, tell: Tell) -> tuple[list[BatchJob], list[BatchJob]]:
    """Returns all jobs, and those that are not done yet; says how many they are and what they take."""
    if manifest.passed_over:
        tell(f"{manifest.passed_over} lines of {MANIFEST} cannot be read and are skipped.")
    hashes = Hashes()
    items = itertools.takewhile(lambda _: not stop.is_set(), batch.items)  # thousands take a while
    jobs = [job_of(item, batch.config, batch.folder, hashes, manifest.entries) for item in items]
    ahead = [job for job in jobs if wanted(manifest, job, batch)]
    if missing := missing_inputs(batch.items):
        more = f" and {len(missing) - FEW} more" if len(missing) > FEW else ""
        tell(f"Missing: {', '.join(missing[:FEW])}{more}. Pictures that need them will fail.")
    pictures = "1 picture" if len(jobs) == 1 else f"{len(jobs)} pictures"
    tell(f"{pictures}: {len(jobs) - len(ahead)} done or failed before, {len(ahead)} to paint.")
    if ahead:
        tell(effort(ahead))
    return jobs, ahead


def effort(jobs: Sequence[BatchJob]) -> str:
    """Returns a message with the cost of the jobs, as if each content were a photograph of 3 to 2."""
    steps = pixels = 0
    for job in jobs:
        config = job.spec.config
        size = size_of_result(config, USUAL)
        pixels += size.height * size.width
        steps += sum(scale.steps for scale in scales_of(config, size))
    disk = (pixels * BYTES_PER_PIXEL + len(jobs) * BYTES_PER_JOB) / 1e6
    return (
        f"About {steps:,} steps and {disk:,.0f} MB on disk. The first finished picture gives an estimate of the time."
    )


def missing_inputs(items: Iterable[Item]) -> list[str]:
    """Returns the contents and styles that are paths to nothing, each once."""
    named = (name for item in items for name in (item.content, *(style.source for style in parse_styles(item.style))))
    paths = (name for name in dict.fromkeys(named) if name and ":" not in name)  # no sample, no address
    return [path for path in paths if not Path(path).expanduser().exists()]


def wanted(manifest: Manifest, job: BatchJob, batch: Batch) -> bool:
    """Returns whether a job has to be done."""
    entry = manifest.get(job.id)
    if entry.state == DONE:
        return result_of(batch.folder, entry) is None
    return entry.state != FAILED or batch.config.retry_failed


def work(batch: Batch, manifest: Manifest, ahead: list[BatchJob], stop: Stop) -> None:
    """Passes the jobs to the engine, and records their outcomes."""
    given = itertools.takewhile(lambda _: not stop.is_set(), parcels(ahead, together(batch.config, len(ahead))))
    with (
        engine_of(batch.config, batch.folder, Painter()) as engine,
        Shown(len(ahead), sys.stderr) as shown,
        watched(stop, engine.stop),
    ):
        for job, outcome in engine.outcomes(given):
            entry = manifest.get(job.id)
            if outcome is None:
                shown.begins(job.name)
                attempts = entry.attempts + 1
                manifest.note(job.id, state=RUNNING, attempts=attempts, name=job.name, settings=job.settings)
                continue
            seconds = entry.seconds + outcome.seconds
            told = {"output": outcome.output, "error": outcome.error, "figures": outcome.figures}
            manifest.note(job.id, state=outcome.state, seconds=round(seconds, 2), **told)
            if outcome.state == DONE:
                write_trial(job)
            shown(outcome, job.name)


def together(config: BatchConfig, jobs: int) -> int:
    """Returns how many pictures a worker gets together by default: small ones gain by it on a CPU."""
    if config.batch_size:
        return config.batch_size
    size = size_of_result(config, USUAL)
    small = config.engine == "local" and size.height * size.width <= SMALL
    most = ON_GPU if config.device == "gpu" else ON_CPU if small else 1
    return max(1, min(most, jobs // workers_here(config)))


class Shown:
    """The progress over all jobs, with the time left."""

    def __init__(self, total: int, stream: Any):
        self.bar = Meter(total=total, file=stream, unit="picture", desc="batch", dynamic_ncols=True, smoothing=0.1)
        self.failed, self.at_work = 0, set[str]()

    def __enter__(self) -> "Shown":
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def begins(self, name: str) -> None:
        """Shows that a job is running, which may take long before there is more to show."""
        self.at_work.add(name)
        self._refresh()

    def __call__(self, outcome: Outcome, name: str) -> None:
        """Shows that a job has ended."""
        self.at_work.discard(name)
        if outcome.state == PENDING:
            return
        if outcome.state == FAILED:
            self.failed += 1
            warn(f"{name}: {outcome.error}")
        self.bar.update()
        self._refresh()

    def _refresh(self) -> None:
        counts = {"running": len(self.at_work), "failed": self.failed}
        self.bar.set_postfix_str(", ".join(f"{count} {what}" for what, count in counts.items() if count))


def conclude(batch: Batch, manifest: Manifest, jobs: list[BatchJob], stop: Stop, tell: Tell) -> int:
    """Writes the summary and the contact sheet, reports the failures; returns the exit code."""
    from keras_nst.batch.sheet import sheets
    from keras_nst.report.batches import write_album

    entries = {job.id: manifest.get(job.id) for job in jobs}
    outputs = {
        job.id: result_of(batch.folder, entries[job.id]) or Path(entries[job.id].output)
        for job in jobs
        if entries[job.id].state == DONE
    }
    failed = [job for job in jobs if entries[job.id].state == FAILED]
    write_summary(batch.folder, jobs, manifest)
    made = [(item, outputs.get(job.id)) for item, job in zip(batch.items, jobs, strict=True)]
    for path in sheets(batch.folder, [(item, path) for item, path in made if path and path.exists()]):
        tell(f"Sheet: {path}")
    if batch.config.report:
        tell(f"Report: {write_album(batch.folder, manifest.entries)}")
    for job in failed[:SHOWN]:
        tell(f"Failed: {job.name}: {entries[job.id].error}")
    if len(failed) > SHOWN:
        tell(f"Failed: {len(failed) - SHOWN} more, in {batch.folder / SUMMARY}")
    tell(f"{len(outputs)} of {len(jobs)} pictures are done, {len(failed)} failed.")
    tell(f"Table: {batch.folder / SUMMARY}")
    tell(f"Curves: tensorboard --logdir {batch.folder}")
    if len(outputs) + len(failed) < len(jobs):
        command = f"{in_this_form('batch')} --workdir={shlex.quote(str(batch.folder))}"
        tell(f"To resume, repeat the command: {command} ...")
    elif failed:
        tell("To retry the failed pictures, repeat the command with --retry_failed.")
    return int(bool(failed) or (len(outputs) < len(jobs) and not stop.is_set()))
