"""What TensorFlow would keep for good, in a process that makes many pictures."""

import contextlib
from collections.abc import Iterator

PREFIX = "CustomGradient"


@contextlib.contextmanager
def gradients_forgotten() -> Iterator[None]:
    """Frees the programs that were traced within, once nothing else holds them.

    TensorFlow keeps each gradient of tf.custom_gradient in a table by a name of its own, and with it the program it
    stands in and all its tensors (github.com/tensorflow/tensorflow/issues/97697): 80 MB for each picture of 1024
    pixels. A program that was traced does not look there again.
    """
    from tensorflow.python.framework import ops

    table = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
    before = set(table)
    try:
        yield
    finally:
        for name in [name for name in table if name.startswith(PREFIX) and name not in before]:
            del table[name]
