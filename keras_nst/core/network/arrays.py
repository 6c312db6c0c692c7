"""Reads a pickle of NumPy arrays without running any code that it names."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

_reconstruct = np.empty(0).__reduce__()[0]  # under the name that this NumPy has for it
# All that arrays consist of. Older NumPys, and so files, may name the first where the second is today.
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
    """Returns the contents of the file: arrays, and dictionaries of them.

    Raises:
        ValueError: it is no such pickle, or names anything else, of which nothing has run.
    """
    with path.open("rb") as file:
        try:
            return _Arrays(file).load()
        except Exception as error:  # a damaged pickle may raise anything
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(f"Expected a pickle of NumPy arrays. Received: {path}, {reason}") from None
