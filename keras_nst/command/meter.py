"""tqdm's bars, for streams that may be closed by whoever reads them."""

import contextlib
import sys
import time
from typing import Any

from tqdm import tqdm

SECONDS_BETWEEN = 30.0  # lines


class Meter(tqdm):
    """A bar that nobody may be looking at any more: what cannot be shown is not, and that is all.

    tqdm's own would keep the lock that all bars share, and each bar of another thread would wait for it for ever. Where
    there is no terminal for a bar (disable=None), a line now and then tells how far it is.
    """

    def __init__(self, iterable: Any = None, **how: Any):
        super().__init__(iterable, **how)
        self.stream, self.of = how.get("file"), how.get("unit", "it")
        self.begun, self.first = time.monotonic(), self.n
        self.told = self.begun

    def update(self, n: float | None = 1) -> bool | None:
        """Counts so many more."""
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
        """Shows the bar as it stands."""
        with contextlib.suppress(OSError), self.get_lock():
            super().refresh(nolock=True)

    def clear(self, nolock: bool = False) -> None:
        """Takes the bar away until it is shown again."""
        with contextlib.suppress(OSError), self.get_lock():
            super().clear(nolock=True)

    def close(self) -> None:
        """Leaves the bar as it stands; what is printed next begins a new line."""
        with contextlib.suppress(OSError):
            super().close()


def warn(line: str) -> None:
    """Prints a line on standard error, above the bars there are."""
    with contextlib.suppress(OSError):
        tqdm.write(line, file=sys.stderr)
