"""The next scale, made ready on another thread beside the steps of this one.

What is traced and compiled before a scale's first step keeps one core busy, and the others wait. Beside the steps of
the scale before it takes the time of cores that there are to spare. The programs are the same, and so are the bits.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from keras_nst.core.events import Progress
from keras_nst.core.pyramid import Scale
from keras_nst.core.stage import Stage

# Begins work on another thread; what it returns waits for the answer, and returns it or raises what the work raised.
Beside = Callable[[Callable[[], Any]], Callable[[], Any]]


class Ahead:
    """A listener that has the next scale made ready once the first steps of a scale are taken, if there is a thread."""

    def __init__(self, scales: Sequence[Scale], ready: Callable[[Scale], Stage], beside: Beside | None):
        self.scales, self.ready, self.beside = scales, ready, beside
        self.coming: Scale | None = None

    def __call__(self, progress: Progress) -> None:
        coming = next((scale for scale in self.scales if scale.number > progress.scale), None)
        if self.beside and coming and coming != self.coming:
            self.coming, self.wait = coming, self.beside(functools.partial(self.ready, coming))

    def stage(self, scale: Scale) -> Stage | None:
        """Waits for the stage of a scale; None where it was not begun, or went wrong."""
        if scale != self.coming:
            return None
        try:
            stage: Stage = self.wait()
        except Exception:  # what is wrong will be met again, and told, where the steps are taken
            return None
        return stage
