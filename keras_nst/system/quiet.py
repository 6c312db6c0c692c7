"""Silence for libraries that write to standard error past Python."""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Mutes file descriptor 2, which no setting of theirs does."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error, and a file opened later must not take its number
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        yield
        return
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(silence, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)
