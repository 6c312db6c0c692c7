"""Reads the curves and pictures of a run from its event files, without TensorFlow."""

import contextlib
import math
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from tensorboard.compat.proto import event_pb2, types_pb2
from tensorboard.util import tensor_util

from keras_nst.command.monitors.names import LOSS, QUALITY, SOURCE
from keras_nst.command.monitors.records import records
from keras_nst.command.run_folder import EVENTS

Curve = list[tuple[int, float]]  # steps and values


class History(NamedTuple):
    """Curves and pictures by their tags, in the order of writing."""

    curves: dict[str, Curve]
    pictures: dict[str, dict[int, bytes]]  # by step, as PNG

    def scale_starts(self) -> list[int]:
        """Returns the first step of each scale, as far as the curves show."""
        ends = [(0, 0.0), *self.curves.get("run/scale", [])]  # the last step of each chunk, and its scale
        return [before + 1 for (before, last), (_, scale) in zip(ends, ends[1:], strict=False) if scale != last]

    def figures(self) -> dict[str, float]:
        """Returns the figures of the finished picture."""
        start = f"{QUALITY}/"
        return {tag.removeprefix(start): curve[-1][1] for tag, curve in self.curves.items() if tag.startswith(start)}


def read_history(folder: Path) -> History:
    """Returns the contents of a folder's event files; unreadable parts are left out."""
    history = History({}, {})
    for path in sorted(folder.glob(EVENTS)):
        try:
            for record in records(path):
                _add(history, event_pb2.Event.FromString(record))
        except (OSError, DecodeError):  # a damaged file is read up to the damage
            continue
    return history


def read_sources(folder: Path) -> dict[str, bytes]:
    """Returns the inputs that a run has stored, by name, as PNG; the files are read as far as the first loss only."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob(EVENTS)):
        with contextlib.suppress(OSError, DecodeError):
            for event in map(event_pb2.Event.FromString, records(path)):
                if any(value.tag == LOSS for value in event.summary.value):
                    return found
                found |= {
                    value.tag.removeprefix(f"{SOURCE}/"): value.tensor.string_val[2]
                    for value in event.summary.value
                    if value.tag.startswith(f"{SOURCE}/") and _is_picture(value)
                }
    return found


def _is_picture(value: Any) -> bool:
    """Returns whether a value of an event is an image: its width, its height, and PNG."""
    tensor = value.tensor
    is_of_images = value.metadata.plugin_data.plugin_name in ("images", "")
    return is_of_images and tensor.dtype == types_pb2.DT_STRING and len(tensor.string_val) > 2


def _add(history: History, event: Any) -> None:
    """Adds the values of an event."""
    for value in event.summary.value:
        tensor = value.tensor
        if _is_picture(value):
            history.pictures.setdefault(value.tag, {})[event.step] = tensor.string_val[2]
        elif tensor.dtype == types_pb2.DT_FLOAT and len(numbers := tensor_util.make_ndarray(tensor).ravel()) == 1:
            curve = history.curves.setdefault(value.tag, [])
            if math.isfinite(numbers[0]):
                curve.append((event.step, float(numbers[0])))
            elif not curve or curve[-1][0] != event.step:  # otherwise the mark of a scale, after its first value
                curve.append((event.step, math.nan))
