"""The processes that make one picture together, as named by TF_CONFIG."""

import functools
import json
import os
from typing import Any, NamedTuple

PATIENCE = 600.0  # seconds between two sums that the other processes may take: the first one also writes files


class Task(NamedTuple):
    """The number of this process, among all of them."""

    number: int = 0  # process 0 writes the run's folder
    processes: int = 1


def task() -> Task:
    """Returns the number of this process in TF_CONFIG.

    Raises:
        ValueError: TF_CONFIG is missing or invalid.
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


@functools.cache  # TensorFlow can connect only once per process
def connected() -> Any:
    """Connects the processes, which waits for all of them, and returns TensorFlow's strategy.

    It must be called before TensorFlow's first operation.
    """
    import tensorflow as tf

    options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=PATIENCE)
    return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)
