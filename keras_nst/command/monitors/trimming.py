"""Trims the curves of a resumed run: events after its checkpoint are removed, since they will be written again."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.util import event_pb2

from keras_nst.command.monitors.records import records
from keras_nst.command.run_folder import EVENTS
from keras_nst.system.files import written_whole


def trim_events(folder: Path, step: int) -> None:
    """Keeps only events up to `step` in the event files; incomplete records are removed too.

    So is the second value of a step, which belongs to the picture finished there; the mark of a scale does not count.
    """
    seen: set[tuple[int, str, bool]] = set()
    for path in sorted(folder.glob(EVENTS)):
        kept = [record for record in records(path) if _stays(event_pb2.Event.FromString(record), step, seen)]
        with written_whole(path) as file:
            trimmed = Path(file.name).with_suffix(".events")
            with tf.io.TFRecordWriter(str(trimmed)) as writer:
                for record in kept:
                    writer.write(record)
            file.write(trimmed.read_bytes())
            trimmed.unlink()


def _stays(event: event_pb2.Event, step: int, seen: set[tuple[int, str, bool]]) -> bool:
    """Returns whether the event is within the steps and the first of its name at its step; adds it to `seen` then."""
    values = {(event.step, value.tag, _is_nan(value.tensor)) for value in event.summary.value}
    if event.step > step or values & seen:
        return False
    seen |= values
    return True


def _is_nan(tensor: TensorProto) -> bool:
    return tensor.dtype == tf.float32.as_datatype_enum and bool(np.isnan(tf.make_ndarray(tensor)).any())
