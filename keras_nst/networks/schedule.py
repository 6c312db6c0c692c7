"""The learning rate of a training, and its end: constant until the last third, then falling to zero.

The last third begins early if held-out photographs stop improving, or time is short.
"""

import math
import time
from typing import NamedTuple

WARM = 50  # steps until the full rate
LAST = 1 / 3  # of the steps, or of the time
PATIENCE = 8  # evaluations on the held-out photographs
GAIN = 0.005  # of the loss: a smaller gain within PATIENCE evaluations counts as none
AFTERWARDS = 0.1  # of the time, reserved for what follows the last step
LATE = 1.1  # of the time: after that, only what the model needs is still done


class Plan(NamedTuple):
    """The progress of a training."""

    rate: float
    steps: int  # at most
    taken: int = 0
    slowing: int | None = None  # the step at which the last third began
    ending: int = 0  # number of steps in the last third
    begun: int = 0  # number of steps taken when the clock was started
    judged: tuple[float, ...] = ()  # the held-out loss at each evaluation before the last third
    first: float | None = None  # the held-out loss before the first step, if known

    @property
    def end(self) -> int:
        """The step after the last one, as currently planned."""
        return self.steps if self.slowing is None else min(self.steps, self.slowing + self.ending)

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        warm = min(1.0, (self.taken + 1) / WARM)
        if self.slowing is None:
            return self.rate * warm
        return self.rate * warm * max(0, self.end - self.taken) / (self.ending + 1)

    def after_a_step(self, time_gone: float, possible: float = math.inf) -> "Plan":
        """Returns the plan after another step.

        Args:
            time_gone: the share of the time for steps that has passed; 0 without a limit.
            possible: the number of further steps there is time for.
        """
        plan = self._replace(taken=self.taken + 1)
        if plan.slowing is not None:
            return plan
        if plan.taken >= round(plan.steps * (1 - LAST)):
            return plan.slowed(plan.steps - plan.taken)
        if time_gone < 1 - LAST:
            return plan
        return plan.slowed(max(1, int(min(half(plan.taken - plan.begun), possible))))

    def slowed(self, ending: int) -> "Plan":
        """Returns the plan with the last `ending` steps beginning now."""
        return self._replace(slowing=self.taken, ending=ending)

    def with_other_steps(self) -> "Plan":
        """Returns the plan after a change of `steps`: the last third is that of the new number."""
        late = self.taken >= round(self.steps * (1 - LAST))
        return self.slowed(max(0, self.steps - self.taken)) if late else self._replace(slowing=None)

    def has_learned(self, loss: float) -> bool:
        """Returns whether this loss on held-out photographs is an improvement over the first."""
        return self.first is None or loss <= (1 - GAIN) * self.first

    def after_a_look(self, loss: float) -> "Plan":
        """Returns the plan after an evaluation with this loss."""
        if self.slowing is not None:
            return self
        plan = self._replace(judged=(*self.judged, loss))
        settled = len(plan.judged) > PATIENCE and min(plan.judged[-PATIENCE:]) > (1 - GAIN) * min(
            plan.judged[:-PATIENCE]
        )
        return plan.slowed(half(plan.taken)) if settled else plan


def half(steps: int) -> int:
    """Returns the number of steps in a last third that follows `steps` steps."""
    return max(1, math.ceil(steps * LAST / (1 - LAST)))


class Clock:
    """Measures how much of the time for steps has passed.

    Args:
        seconds: from now on, for the whole training; 0: no limit.
    """

    def __init__(self, seconds: float):
        self.seconds, self.begun = seconds, time.monotonic()
        self.end = self.begun + seconds * (1 - AFTERWARDS) if seconds else math.inf
        self.first = math.inf  # the end of the first step, which includes compilation and is not representative
        self.steps = 0  # after that one

    def step(self) -> None:
        """Records that a step is finished."""
        if self.first == math.inf:
            self.first = time.monotonic()
        else:
            self.steps += 1

    def gone(self) -> float:
        """Returns the share of the time since the first step that has passed; 0 without a limit."""
        now = time.monotonic()
        if self.end == math.inf or self.first == math.inf:
            return 0.0
        return (now - self.first) / (self.end - self.first) if self.first < self.end else 1.0

    def possible(self) -> float:
        """Returns the number of further steps there is time for."""
        left = self.end - time.monotonic()
        of_a_step = (time.monotonic() - self.first) / self.steps if self.steps else 0.0
        return math.inf if left == math.inf or not of_a_step else left / of_a_step

    def allows_a_step(self) -> bool:
        """Returns whether there is time for another step; always for the first."""
        return self.first == math.inf or (time.monotonic() < self.end and self.possible() >= 1.0)

    def is_late(self) -> bool:
        """Returns whether only what the model needs should still be done."""
        return bool(self.seconds) and time.monotonic() - self.begun > LATE * self.seconds
