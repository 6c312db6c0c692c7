"""How many steps to take before looking up: about a second of work, and none when it is time to stop."""

import threading
import time

CHUNK_SECONDS = 1.0


class Pace:
    """Tells the loop the length of its next chunk.

    Each scale begins with single steps, since the first contains the compilation and tells nothing about the others.
    """

    def __init__(self, stop: threading.Event, max_seconds: float = 0.0):
        self.stop = stop
        self.deadline = time.monotonic() + max_seconds if max_seconds else float("inf")
        self.scale, self.chunks, self.count, self.started = 0, 0, 1, 0.0

    def __call__(self, scale: int, left: int) -> int:
        now = time.monotonic()
        if self.stop.is_set() or now >= self.deadline:
            return 0
        self.chunks = self.chunks + 1 if scale == self.scale else 0
        self.count = min(left, self._count(now))
        self.scale, self.started = scale, now
        return self.count

    def _count(self, now: float) -> int:
        if self.chunks < 2:
            return 1
        seconds_per_step = max((now - self.started) / self.count, 1e-9)
        time_left = min(CHUNK_SECONDS, self.deadline - now)
        # At most doubled, so that one lucky measurement does not make a long chunk.
        return max(1, min(2 * self.count, int(time_left / seconds_per_step)))
