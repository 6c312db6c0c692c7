"""A batch in TensorBoard's HParams: the settings that differ, next to losses and figures."""

import contextlib
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams.summary_v2 import HParam, Metric, hparams_config_pb, hparams_pb
from tensorboard.summary.writer.record_writer import RecordWriter

from keras_nst.batch.jobs import BatchJob
from keras_nst.command.monitors.names import LOSS, description, of_figure
from keras_nst.core.judging.words import MEANINGS
from keras_nst.report.facts import short_name
from keras_nst.system.files import written_whole

FILE = "events.out.tfevents.9999999999.trial"  # after all others of its folder: TensorBoard does not go back


def write_experiment(folder: Path, jobs: Iterable[BatchJob]) -> None:
    """Writes into the folder of a batch which settings of its jobs differ, and which values to compare."""
    settings = [settings_of(job) for job in jobs]
    names = dict.fromkeys(name for own in settings for name in own)
    different = [HParam(name) for name in names if len({own.get(name) for own in settings}) > 1]
    metrics = {LOSS: LOSS} | {of_figure(figure): figure for figure in MEANINGS}
    shown = [Metric(tag, display_name=name, description=description(tag)) for tag, name in metrics.items()]
    write(folder, hparams_config_pb(different, shown))


def write_trial(job: BatchJob) -> None:
    """Writes the settings of a finished job into its folder, where its figures already are."""
    settings = {name: number_or_text(value) for name, value in settings_of(job).items()}
    with contextlib.suppress(OSError):  # the folder may be gone, or on another machine: the picture is done
        write(job.spec.workdir, hparams_pb(settings, trial_id=job.name))


def settings_of(job: BatchJob) -> Mapping[str, str]:
    """Returns the settings in which a job may differ from others."""
    config = job.spec.config
    return {"content": short_name(config.content), "style": short_name(config.style)} | job.settings


def number_or_text(value: str) -> float | str:
    """Returns a value in the form that TensorBoard sorts."""
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value


def write(folder: Path, summary: Summary) -> None:
    """Writes an event file with this summary alone.

    Raises:
        OSError: it cannot be written.
    """
    with written_whole(folder / FILE) as file:
        writer = RecordWriter(file)
        for event in (Event(file_version="brain.Event:2"), Event(summary=summary)):
            writer.write(event.SerializeToString())
