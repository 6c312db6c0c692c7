"""How many steps to take before looking up: about a second of work, and none when it is time to go on or to stop."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Protocol

CHUNK_SECONDS = 1.0

# Steps to be had at a scale, or it is left out. A few do much: of what a picture enlarged from 181 pixels has too much
# loss at 256, five steps take three quarters away. The first scale, which begins with the photograph, needs more.
WORTHWHILE, WORTHWHILE_AT_FIRST = 6, 15
LEAST = 3  # steps, with which a scale is begun all the same where those before it took longer than expected

SMALL = 256 * 256  # pixels of a first scale that is begun even when time is over

# What comes after the last step: the picture's losses, in steps at its scale; saving it, in steps at the final size;
# files are closed, in setups of a scale, as the figures are counted too.
JUDGED, SAVED, CLOSED = 0.5, 0.05, 0.2
FIGURES = 4.0
ROUNDING = 1e-6


class Stop(Protocol):
    """What tells a run to end."""

    def is_set(self) -> bool:
        """Tells whether it is to."""


class Pace:
    """Tells the loop the length of its next chunk.

    Each scale begins with single steps, since the first contains the compilation and tells nothing about the others.

    With a limit of time that is too short for all steps, the finest scales are left out until each of the others can
    have a worthwhile number of steps. These then have the same share of those planned for them. A small first scale
    gets its worthwhile number even late: fewer leave a photograph.

    Args:
        stop: set when the run is to end.
        deadline: when the picture is to be saved, by the monotonic clock.
        work: the pixels and the steps planned of each scale, by its number; without any, all time is the first one's.
    """

    def __init__(self, stop: Stop, deadline: float = math.inf, work: Mapping[int, tuple[int, int]] | None = None):
        self.stop, self.deadline, self.work = stop, deadline, work or {}
        self.most: Callable[[], float] = lambda: math.inf  # steps until somebody else has to look up
        self.cut, self.late = False, False  # whether time was too short for some of the steps, and over for others
        self.scale, self.chunks, self.count, self.started = 0, 0, 1, 0.0
        self.first, self.setup, self.per_pixel = 0.0, 0.0, 0.0  # seconds: a scale's first step, its part beyond a step

    def __call__(self, scale: int, left: int) -> int | None:
        """Returns the steps of the next chunk; 0 where there is no time for any at this scale; None to stop."""
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
        """Returns whether the finished picture's figures can be had in time."""
        return time.monotonic() + FIGURES * self.setup <= self.deadline

    def _learn(self, now: float) -> None:
        """Takes note of what the last chunk took."""
        taken = now - self.started
        if self.chunks == 0:
            self.first = self.setup = taken  # until a second step tells them apart
        else:
            self.per_pixel = taken / self.count / self._pixels(self.scale)
            if self.chunks == 1:
                self.setup = max(0.0, self.first - taken / self.count)
        self.chunks += 1

    def _affordable(self, scale: int, left: int, begins: bool, now: float) -> int:
        """Returns how many of the steps left at this scale there is time for."""
        if not self.per_pixel or math.isinf(self.deadline):  # the very first two steps tell how long a step takes
            return left if now < self.deadline else 0
        step, planned, least = self._step_of(scale), self._planned(scale) or left, self._lacking(scale, left)
        room = self.deadline - now - (self._setup_of(scale) if begins else 0.0)
        room -= CLOSED * self.setup + SAVED * self._step_of(max(self.work, default=scale))
        ahead = self._ahead(scale, room - least * step)
        room -= sum(map(self._setup_of, ahead)) + JUDGED * self._step_of((ahead or [scale])[-1])
        work_ahead = sum(self._planned(other) * self._step_of(other) for other in ahead)
        done = planned - left
        share = (room + done * step) / (planned * step + work_ahead)  # of the steps planned for each of these scales
        room -= sum(self._worthwhile(other) * self._step_of(other) for other in ahead)
        return max(0, int(min(left, max(least, share * planned - done), room / step) + ROUNDING))

    def _urgent(self, scale: int, left: int, begins: bool) -> int:
        """Returns how many steps the first scale gets even late, if they do not take long as far as is known."""
        lacking = self._lacking(scale, left)
        quick = self._pixels(scale) <= SMALL if begins else lacking * self._step_of(scale) <= self.setup
        return lacking if quick and scale == min(self.work, default=scale) else 0

    def _lacking(self, scale: int, left: int) -> int:
        """Returns how many of the steps left a scale needs for a worthwhile number."""
        done = (self._planned(scale) or left) - left
        return min(left, max(0, self._worthwhile(scale) - done))

    def _ahead(self, scale: int, room: float) -> list[int]:
        """Returns the scales to come that can have a worthwhile number of steps in so many seconds."""
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
        """Returns the seconds that a step of this scale is expected to take."""
        return self.per_pixel * self._pixels(scale)

    def _setup_of(self, scale: int) -> float:
        """Returns the seconds that its setup takes: tracing, and once through the network for what is aimed at."""
        return self.setup + max(0.0, self._step_of(scale) - self._step_of(self.scale))

    def _quick(self, now: float) -> int:
        """Returns how many steps take about a second."""
        if self.chunks < 2:
            return 1
        seconds_per_step = max((now - self.started) / self.count, 1e-9)
        # At most doubled, so that one lucky measurement does not make a long chunk.
        return max(1, min(2 * self.count, int(CHUNK_SECONDS / seconds_per_step)))
