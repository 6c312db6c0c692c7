"""tqdm's bars, for streams that the reader may close."""

import contextlib
import sys
import time
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN = 30.0  # between two lines


class Meter(tqdm):
    """A progress bar that ignores a closed stream.

    tqdm's own would keep the lock that all bars share, and bars of other threads would wait for it forever. Without a
    terminal for a bar (disable=None), it prints a line from time to time instead.
    """

    def __init__(self, iterable: Any = None, **how: Any):
        super().__init__(iterable, **how)
        self.stream, self.of = how.get("file"), how.get("unit", "it")
        self.begun, self.first = time.monotonic(), self.n
        self.told = self.begun

    def update(self, n: float | None = 1) -> bool | None:
        """Advances by n."""
        if not self.disable:
            return super().update(n)
        self.n += n or 0
        now = time.monotonic()
        if now - self.told >= SECONDS_BETWEEN and self.total and self.n > self.first:
            self.told = now
            left = (now - self.begun) / (self.n - self.first) * (self.total - self.n)
            with contextlib.suppress(OSError):
                print(
                    f"{self.of} {self.n} of {self.total}  {self.format_interval(left)} left",
                    file=self.stream,
                    flush=True,
                )
        return None

    def refresh(self, nolock: bool = False, lock_args: object = None) -> None:
        """Shows the current state of the bar."""
        with contextlib.suppress(OSError), self.get_lock():
            super().refresh(nolock=True)

    def clear(self, nolock: bool = False) -> None:
        """Hides the bar until it is shown again."""
        with contextlib.suppress(OSError), self.get_lock():
            super().clear(nolock=True)

    def close(self) -> None:
        """Leaves the bar as it is; the next output begins a new line."""
        with contextlib.suppress(OSError):
            super().close()


def warn(line: str) -> None:
    """Prints a line to standard error, above all bars."""
    with contextlib.suppress(OSError):
        tqdm.write(line, file=sys.stderr)
