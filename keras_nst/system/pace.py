"""How many steps to take before looking up: about a second of work, and none when it is time to go on or to stop."""

import threading
import time
from collections.abc import Sequence

CHUNK_SECONDS = 1.0
JUDGED = 0.5  # of a step's time: the finished picture's losses
ENDING, LARGEST_ENDING = 3.0, 0.1  # seconds kept for figures and saving, and at most this part of all


def seconds_for_steps(max_seconds: float, begun: float) -> float:
    """Returns what of --max_seconds is left for steps, in a run that began at `begun`; 0 where there is no limit."""
    if not max_seconds:
        return 0.0
    ending = min(ENDING, LARGEST_ENDING * max_seconds)
    return max(1e-3, begun + max_seconds - ending - time.monotonic())


class Pace:
    """Tells the loop the length of its next chunk.

    Each scale begins with single steps, since the first contains the compilation and tells nothing about the others.
    With a limit of time that is too short for all steps, each scale gets the share of what is left that its planned
    work has; one that could not even begin in its share is left out.

    Args:
        stop: set when the run is to end.
        max_seconds: the limit, from now on; 0: none.
        work: (pixels, steps) of each scale; empty: all time is the first one's.
    """

    def __init__(self, stop: threading.Event, max_seconds: float = 0.0, work: Sequence[tuple[int, int]] = ()):
        self.stop, self.work = stop, work
        self.deadline = time.monotonic() + max_seconds if max_seconds else float("inf")
        self.until = self.deadline
        self.cut = False  # whether time was too short for some of the steps
        self.scale, self.chunks, self.count, self.started = 0, 0, 1, 0.0
        self.first, self.setup, self.per_pixel = 0.0, 0.0, 0.0  # seconds: a scale's first step, its part beyond a step

    def __call__(self, scale: int, left: int) -> int | None:
        now = time.monotonic()
        if self.stop.is_set():
            return None
        if scale == self.scale:
            self._learn(now)
            self.chunks += 1
            if self._all_fits(scale, left, now):
                self.until = self._end_of(max(scale, len(self.work)), now)
        if now >= self.deadline:  # the finished picture's losses take less than a step
            self.cut = True
            return 0 if scale == self.scale else None
        if scale != self.scale:
            self.until = self._end_of(scale, now)
            self.scale, self.chunks = scale, 0
            if now + self.setup + self._step_of(scale) > self.until:
                self.cut = True
                return 0
        elif now >= self.until and self.per_pixel:  # the very first two steps tell how long a step takes
            self.cut = True
            return 0
        self.count = min(left, self._count(now))
        self.started = now
        return self.count

    def _learn(self, now: float) -> None:
        """Takes note of what the last chunk took."""
        taken = now - self.started
        if self.chunks == 0:
            self.first = self.setup = taken  # until a second step tells them apart
        else:
            self.per_pixel = taken / self.count / self._pixels(self.scale)
            if self.chunks == 1:
                self.setup = max(0.0, self.first - taken / self.count)

    def _all_fits(self, scale: int, left: int, now: float) -> bool:
        """Returns whether there is time for all steps, so that none need be saved for the scales to come."""
        ahead = self.work[scale:]
        pixels = left * self._pixels(scale) + sum(pixels * steps for pixels, steps in ahead)
        return self.per_pixel > 0 and now + len(ahead) * self.setup + self.per_pixel * pixels <= self.deadline

    def _end_of(self, scale: int, now: float) -> float:
        """Returns when this scale is to end."""
        ahead = [pixels * steps for pixels, steps in self.work[scale - 1 :]]
        if len(ahead) <= 1:
            return self.deadline - JUDGED * self._step_of(scale)
        return now + (self.deadline - now) * ahead[0] / max(1, sum(ahead))

    def _step_of(self, scale: int) -> float:
        """Returns the seconds that a step of this scale is expected to take."""
        return self.per_pixel * self._pixels(scale)

    def _pixels(self, scale: int) -> int:
        return self.work[scale - 1][0] if scale <= len(self.work) else 1

    def _count(self, now: float) -> int:
        if self.chunks < 2:
            return 1
        seconds_per_step = max((now - self.started) / self.count, 1e-9)
        time_left = min(CHUNK_SECONDS, self.until - now)
        if self.until - now < 0.5 * seconds_per_step:
            self.cut = True
            return 0
        # At most doubled, so that one lucky measurement does not make a long chunk.
        return max(1, min(2 * self.count, int(time_left / seconds_per_step)))
