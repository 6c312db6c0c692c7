"""Records a profile of some steps for TensorBoard."""

import math
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from keras_nst.core.plan.events import Progress

PLACE = "plugins/profile"  # inside the folder of a run, where TensorBoard looks for it
# TensorFlow's own work in detail, without Python's calls.
OPTIONS = {"host_tracer_level": 2, "python_tracer_level": 0, "device_tracer_level": 1}


class Profile:
    """A listener that records a profile of some steps.

    A failed recording does not end the run: it is reported and left out.

    Args:
        steps: the first and the last one.
        done: the number of steps already taken.
    """

    def __init__(self, folder: Path, steps: tuple[int, int], done: int, tell: Callable[[str], None]) -> None:
        self.folder, self.tell = folder, tell
        self.first, self.last = steps
        self.since: int | None = None  # the step after which it was started
        self.step = done
        if done >= self.last:
            self._give_up(f"step {self.last} was already taken")
        self._begin_in_time()

    def __call__(self, progress: Progress) -> None:
        self.step = progress.step
        if self.step >= self.last or progress.final:
            self.close()
        self._begin_in_time()

    def left(self) -> float:
        """Returns the number of steps until the recording starts or ends; a chunk must end there."""
        if self.step >= self.last:
            return math.inf
        return self.last - self.step if self.since is not None else self.first - 1 - self.step

    def _begin_in_time(self) -> None:
        if self.since is None and self.first - 1 <= self.step < self.last:
            try:
                tf.profiler.experimental.start(str(self.folder), tf.profiler.experimental.ProfilerOptions(**OPTIONS))
                self.since = self.step
            except tf.errors.OpError as error:
                self._give_up(error.message)

    def close(self) -> None:
        """Writes the profile."""
        if not self.last:
            return
        if self.since is None:
            self._give_up(f"the run ended before step {self.first}")
            return
        try:
            tf.profiler.experimental.stop()
            self.tell(f"Profile of steps {self.since + 1} to {self.step}: {self.folder / PLACE}")
            self.last = 0
        except tf.errors.OpError as error:
            self._give_up(error.message)

    def _give_up(self, why: str) -> None:
        self.last = 0  # no step is before that
        self.tell(f"No profile: {why.splitlines()[0].rstrip('.')}.")
