"""How fast a network learns, and when it ends: until the last third at one rate, then ever more slowly to nothing.

The last third begins early where held-out photographs gain nothing any more, or time is short.
"""

import math
import time
from typing import NamedTuple

WARM = 50  # steps to the full rate
LAST = 1 / 3  # of the steps, or of the time
PATIENCE = 8  # looks at the held-out photographs
GAIN = 0.005  # of the loss: less in so many looks is none


class Plan(NamedTuple):
    """Where a training stands."""

    rate: float
    steps: int  # at most
    taken: int = 0
    slowing: int | None = None  # the step at which the last third began
    ending: int = 0  # how many steps it has
    begun: int = 0  # the steps taken when the clock was started
    judged: tuple[float, ...] = ()  # the held-out loss at each look, but in the last third

    @property
    def end(self) -> int:
        """The step after the last one, as far as is known."""
        return self.steps if self.slowing is None else min(self.steps, self.slowing + self.ending)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        warm = min(1.0, (self.taken + 1) / WARM)
        if self.slowing is None:
            return self.rate * warm
        return self.rate * warm * max(0, self.end - self.taken) / (self.ending + 1)

    def after_a_step(self, time_gone: float) -> "Plan":
        """Returns where it stands then; `time_gone` is the share of the time that is over, 0 without a limit."""
        plan = self._replace(taken=self.taken + 1)
        if plan.slowing is not None:
            return plan
        if plan.taken >= round(plan.steps * (1 - LAST)):
            return plan.slowed(plan.steps - plan.taken)
        return plan.slowed(half(plan.taken - plan.begun)) if time_gone >= 1 - LAST else plan

    def slowed(self, ending: int) -> "Plan":
        """Returns where it stands when its last steps begin, so many."""
        return self._replace(slowing=self.taken, ending=ending)

    def with_other_steps(self) -> "Plan":
        """Returns where it stands when its steps are others than they were: the last third is that of the new ones."""
        late = self.taken >= round(self.steps * (1 - LAST))
        return self.slowed(max(0, self.steps - self.taken)) if late else self._replace(slowing=None)

    def after_a_look(self, loss: float) -> "Plan":
        """Returns where it stands then."""
        if self.slowing is not None:
            return self
        plan = self._replace(judged=(*self.judged, loss))
        settled = len(plan.judged) > PATIENCE and min(plan.judged[-PATIENCE:]) > (1 - GAIN) * min(
            plan.judged[:-PATIENCE]
        )
        return plan.slowed(half(plan.taken)) if settled else plan


def half(steps: int) -> int:
    """Returns how many steps make a last third where so many come before it."""
    return max(1, math.ceil(steps * LAST / (1 - LAST)))


class Clock:
    """Tells how much of the time is gone.

    Args:
        seconds: from now on; 0: there is no limit.
    """

    def __init__(self, seconds: float):
        self.seconds, self.begun = seconds, time.monotonic()

    def gone(self) -> float:
        """Returns the share of the time that is over; 0 without a limit."""
        return (time.monotonic() - self.begun) / self.seconds if self.seconds else 0.0
