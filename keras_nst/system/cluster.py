"""The processes that make one picture together, as TF_CONFIG names them."""

import functools
import json
import os
from typing import Any, NamedTuple

PATIENCE = 600.0  # seconds that the others may take for what is between two sums: the first writes files meanwhile


class Task(NamedTuple):
    """The part of this process."""

    number: int = 0  # the first writes the run's folder, the others take part
    processes: int = 1


def task() -> Task:
    """Returns this process's part in what TF_CONFIG describes.

    Raises:
        ValueError: it describes nothing.
    """
    written = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(written)
        workers, own = config["cluster"]["worker"], config["task"]
        number = int(own["index"])
        if own.get("type", "worker") != "worker" or not 0 <= number < len(workers):
            raise ValueError(own)
    except (ValueError, KeyError, TypeError):
        example = '{"cluster": {"worker": ["HOST:PORT", "HOST:PORT"]}, "task": {"type": "worker", "index": 0}}'
        raise ValueError(f"Expected TF_CONFIG as in {example}. Received: {written or 'none'}") from None
    return Task(number, len(workers))


@functools.cache  # TensorFlow can do it once in a process
def connected() -> Any:
    """Connects the processes, which waits for all of them, and returns TensorFlow's strategy.

    It has to come before TensorFlow's first operation.
    """
    import tensorflow as tf

    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=PATIENCE)
    return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
