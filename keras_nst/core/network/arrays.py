"""A pickle of NumPy arrays, read without running anything that it asks for."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

_reconstruct = np.empty(0).__reduce__()[0]  # by whatever name this NumPy keeps it
# All that arrays are made of. Older NumPys have, and so files may name, the first where the second is today.
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return ALLOWED[module, name]


def read_arrays(path: Path) -> Any:
    """Returns what the file holds: arrays, and dictionaries of them.

    Raises:
        ValueError: it is no such pickle, or asks for anything else; nothing of it has run.
    """
    with path.open("rb") as file:
        try:
            return _Arrays(file).load()
        except Exception as error:  # a damaged pickle may end in any
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"Expected a pickle of NumPy arrays. Received: {path}, {reason}") from None
