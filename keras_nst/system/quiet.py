"""Silences libraries that write to standard error without Python."""

import contextlib
import os
import threading
from collections.abc import Iterator

_LOCK = threading.Lock()
_kept: list[int | None] = []  # standard error, once for each active user: threads of one process share it


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Mutes file descriptor 2, which the libraries' own settings do not, until the last user has ended."""
    with _LOCK:
        _kept.append(_kept[0] if _kept else _muted())
    try:
        yield
    finally:
        with _LOCK:
            kept = _kept.pop()
            if not _kept and kept is not None:
                os.dup2(kept, 2)
                os.close(kept)


def _muted() -> int | None:
    """Mutes file descriptor 2 and returns a copy of it."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error; a file opened later must not take its number
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        return None
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    os.close(silence)
    return kept
