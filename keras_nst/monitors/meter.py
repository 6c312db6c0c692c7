"""tqdm's bars, for streams that may be closed by whoever reads them."""

import contextlib
import sys

from tqdm import tqdm


class Meter(tqdm):
    """A bar that nobody may be looking at any more: what cannot be shown is not, and that is all.

    tqdm's own would keep the lock that all bars share, and each bar of another thread would wait for it for ever.
    """

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
