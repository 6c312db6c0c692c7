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
    judged: tuple[float, ...] = ()  # the held-out loss at each look, but in the last third

    @property
    def end(self) -> int:
        """The step after the last one, as far as is known."""
        if self.slowing is None:
            return self.steps
        return min(self.steps, self.slowing + max(1, math.ceil(self.slowing * LAST / (1 - LAST))))

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        warm = min(1.0, (self.taken + 1) / WARM)
        if self.slowing is None:
            return self.rate * warm
        return self.rate * warm * (self.end - self.taken) / (self.end - self.slowing + 1)

    def after_a_step(self, time_gone: float) -> "Plan":
        """Returns where it stands then; `time_gone` is the share of the time that is over, 0 without a limit."""
        plan = self._replace(taken=self.taken + 1)
        if plan.slowing is None and (plan.taken >= round(plan.steps * (1 - LAST)) or time_gone >= 1 - LAST):
            plan = plan._replace(slowing=plan.taken)
        return plan

    def with_other_steps(self) -> "Plan":
        """Returns where it stands when its steps are others than they were: the last third is that of the new ones."""
        return self._replace(slowing=self.taken if self.taken >= round(self.steps * (1 - LAST)) else None)

    def after_a_look(self, loss: float) -> "Plan":
        """Returns where it stands then."""
        if self.slowing is not None:
            return self
        plan = self._replace(judged=(*self.judged, loss))
        settled = len(plan.judged) > PATIENCE and min(plan.judged[-PATIENCE:]) > (1 - GAIN) * min(
            plan.judged[:-PATIENCE]
        )
        return plan._replace(slowing=plan.taken) if settled else plan


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
