"""Curves of a run that goes on: what was written beyond its checkpoint is taken out, to be written again."""

from pathlib import Path

import tensorflow as tf
from tensorflow.core.util import event_pb2

from keras_nst.atomic import written_whole
from keras_nst.workdir import EVENTS


def trim_events(folder: Path, step: int) -> None:
    """Leaves only what belongs to the first steps, so many, in the event files; a record cut off by a kill goes too."""
    for path in sorted(folder.glob(EVENTS)):
        records = _records(path)
        kept = [record for record in records if event_pb2.Event.FromString(record).step <= step]
        with written_whole(path) as file:
            trimmed = Path(file.name).with_suffix(".events")
            with tf.io.TFRecordWriter(str(trimmed)) as writer:
                for record in kept:
                    writer.write(record)
            file.write(trimmed.read_bytes())
            trimmed.unlink()


def _records(path: Path) -> list[bytes]:
    records = []
    try:
        for record in tf.data.TFRecordDataset(str(path)):
            records.append(record.numpy())
    except tf.errors.DataLossError:  # the last one was being written
        pass
    return records
