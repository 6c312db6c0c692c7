"""Decides how many steps to take per chunk: about a second of work, and none when it is time to continue or stop."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Protocol

CHUNK_SECONDS = 1.0

# Steps that a scale must get, or it is left out. A few steps do much: in a picture enlarged from 181 to 256 pixels,
# five steps remove three quarters of the excess loss. The first scale, which starts from the photograph, needs more.
WORTHWHILE, WORTHWHILE_AT_FIRST = 6, 15
LEAST = 3  # steps: a scale is begun with as few as these if those before it took longer than expected

SMALL = 256 * 256  # pixels of a first scale that is begun even after the deadline

# The work after the last step: the picture's losses, in steps at its scale; saving it, in steps at the final size;
# closing files, in setups of a scale; so is the time of the figures.
JUDGED, SAVED, CLOSED = 0.5, 0.05, 0.2
FIGURES = 4.0
ROUNDING = 1e-6


class Stop(Protocol):
    """An event that ends a run."""

    def is_set(self) -> bool:
        """Returns whether the run should end."""


class Pace:
    """Chooses the number of steps in the loop's next chunk.

    Each scale begins with single steps, since the first one contains the compilation and is not representative.

    If the time is too short for all steps, the finest scales are left out until each of the others can have a
    worthwhile number of steps. These then get the same share of their planned steps. A small first scale gets its
    worthwhile number even late: fewer steps would leave a photograph.

    Args:
        stop: set to end the run.
        deadline: the time by which the picture must be saved, by the monotonic clock.
        work: the pixels and the planned steps of each scale, by its number; if empty, all time is for the first one.
    """

    def __init__(self, stop: Stop, deadline: float = math.inf, work: Mapping[int, tuple[int, int]] | None = None):
        self.stop, self.deadline, self.work = stop, deadline, work or {}
        self.most: Callable[[], float] = lambda: math.inf  # steps until some listener needs the chunk to end
        self.cut, self.late = False, False  # whether steps were dropped for lack of time; taken after the deadline
        self.scale, self.chunks, self.count, self.started = 0, 0, 1, 0.0
        self.first, self.setup, self.per_pixel = 0.0, 0.0, 0.0  # seconds: a scale's first step, the setup in it

    def __call__(self, scale: int, left: int) -> int | None:
        """Returns the steps of the next chunk; 0 if there is no time for any at this scale; None to stop."""
        now = time.monotonic()
        if self.stop.is_set():
            return None
        begins = scale != self.scale
        if not begins:
            self._learn(now)
        affordable, urgent = self._affordable(scale, left, begins, now), self._urgent(scale, left, begins)
        if affordable < urgent:
            self.cut = self.late = True
            affordable = urgent
        elif affordable < min(left, LEAST if begins and self.per_pixel else 1):
            self.cut = True
            return 0
        if begins:
            self.scale, self.chunks = scale, 0
        self.count = int(min(affordable, self._quick(now), self.most()))
        self.started = now
        return self.count

    def has_time_for_figures(self) -> bool:
        """Returns whether there is time to compute the finished picture's figures."""
        return time.monotonic() + FIGURES * self.setup <= self.deadline

    def _learn(self, now: float) -> None:
        """Records how long the last chunk took."""
        taken = now - self.started
        if self.chunks == 0:
            self.first = self.setup = taken  # until a second step separates them
        else:
            self.per_pixel = taken / self.count / self._pixels(self.scale)
            if self.chunks == 1:
                self.setup = max(0.0, self.first - taken / self.count)
        self.chunks += 1

    def _affordable(self, scale: int, left: int, begins: bool, now: float) -> int:
        """Returns how many of the steps left at this scale there is time for."""
        if not self.per_pixel or math.isinf(self.deadline):  # the first two steps measure the time of a step
            return left if now < self.deadline else 0
        step, planned, least = self._step_of(scale), self._planned(scale) or left, self._lacking(scale, left)
        room = self.deadline - now - (self._setup_of(scale) if begins else 0.0)
        room -= CLOSED * self.setup + SAVED * self._step_of(max(self.work, default=scale))
        ahead = self._ahead(scale, room - least * step)
        room -= sum(map(self._setup_of, ahead)) + JUDGED * self._step_of((ahead or [scale])[-1])
        work_ahead = sum(self._planned(other) * self._step_of(other) for other in ahead)
        done = planned - left
        share = (room + done * step) / (planned * step + work_ahead)  # of the planned steps of each of these scales
        room -= sum(self._worthwhile(other) * self._step_of(other) for other in ahead)
        return max(0, int(min(left, max(least, share * planned - done), room / step) + ROUNDING))

    def _urgent(self, scale: int, left: int, begins: bool) -> int:
        """Returns how many steps the first scale gets even late, if they are expected to be quick."""
        lacking = self._lacking(scale, left)
        quick = self._pixels(scale) <= SMALL if begins else lacking * self._step_of(scale) <= self.setup
        return lacking if quick and scale == min(self.work, default=scale) else 0

    def _lacking(self, scale: int, left: int) -> int:
        """Returns how many more of the steps left a scale needs for a worthwhile number."""
        done = (self._planned(scale) or left) - left
        return min(left, max(0, self._worthwhile(scale) - done))

    def _ahead(self, scale: int, room: float) -> list[int]:
        """Returns the further scales that can have a worthwhile number of steps within `room` seconds."""
        ahead = [other for other in sorted(self.work) if other > scale and self._planned(other)]
        while ahead and room < JUDGED * self._step_of(ahead[-1]) + sum(
            self._setup_of(other) + self._worthwhile(other) * self._step_of(other) for other in ahead
        ):
            ahead.pop()
        return ahead

    def _worthwhile(self, scale: int) -> int:
        return min(self._planned(scale), WORTHWHILE_AT_FIRST if scale == min(self.work, default=scale) else WORTHWHILE)

    def _planned(self, scale: int) -> int:
        return self.work[scale][1] if scale in self.work else 0

    def _pixels(self, scale: int) -> int:
        return self.work[scale][0] if scale in self.work else 1

    def _step_of(self, scale: int) -> float:
        """Returns the expected seconds of a step at this scale."""
        return self.per_pixel * self._pixels(scale)

    def _setup_of(self, scale: int) -> float:
        """Returns the expected seconds of its setup: tracing, and one pass through the network for the target."""
        return self.setup + max(0.0, self._step_of(scale) - self._step_of(self.scale))

    def _quick(self, now: float) -> int:
        """Returns the number of steps that take about a second."""
        if self.chunks < 2:
            return 1
        seconds_per_step = max((now - self.started) / self.count, 1e-9)
        # At most doubled, so that one lucky measurement does not cause a long chunk.
        return max(1, min(2 * self.count, int(CHUNK_SECONDS / seconds_per_step)))
