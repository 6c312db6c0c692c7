"""The progress of a training: bar, curves of training and held-out photographs, samples."""

from types import TracebackType
from typing import Self

import numpy as np

from keras_nst.command.monitors.curves import Curves
from keras_nst.command.monitors.display import display
from keras_nst.command.monitors.trimming import trim_events
from keras_nst.core.plan.events import LossValues, Progress, Step
from keras_nst.networks.learning import Learned
from keras_nst.networks.schedule import Clock, Plan
from keras_nst.session.scene import numbered
from keras_nst.settings.declared import fields
from keras_nst.train.course import Course
from keras_nst.train.prepare import CURVES, JUDGED
from keras_nst.train.settings import Training

SHOWN = 4  # evaluations between two samples in TensorBoard
SAMPLES = 4  # photographs in one sample


class Watch:
    """Shows the progress of a training."""

    def __init__(self, course: Course, plan: Plan):
        self.course, settings = course, course.asked.settings
        self.photographs = course.asked.photographs.judges(settings.size)
        self.bar = display(float((plan.end - plan.taken) * settings.size**2), plan.taken)
        folders = [course.asked.folder / name for name in (CURVES, JUDGED)]
        for folder in folders:
            trim_events(folder, plan.taken or -1)
        self.looks = 0
        self.last: Progress | None = None  # of the last evaluation
        self.learning, self.held_out = (Curves(folder, plan.taken) for folder in folders)
        if not plan.taken:
            named = {name: settings.shown(name) for name in fields(Training)}
            pictures = numbered("style", [style.picture for style in course.asked.styles])
            self.learning.describe(named, **{name: picture.pixels for name, picture in pictures.items()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self.bar, self.learning, self.held_out):
            each.close()

    def hear(self, plan: Plan, learned: Learned, rate: float, clock: Clock) -> None:
        """Shows a step."""
        losses = learned.losses
        if self.course.asked.settings.steady:
            losses = losses._replace(terms=losses.terms | {"flicker": np.array([learned.flicker])})
        gone = clock.gone()
        by_time = plan.begun + round((plan.taken - plan.begun) / gone) if gone else plan.end
        end = min(plan.end, max(plan.taken, by_time))
        progress = self._progress(plan, losses, rate, end)
        self.bar(progress._replace(picture=lambda: self.photographs[:1]))  # which is used for its size
        self.learning(progress)

    def loss(self) -> float:
        """Returns the mean loss of the network's pictures of held-out photographs."""
        return float(mean_of(self.course.learner.judge(self.photographs)).total.mean())

    def look(self, plan: Plan) -> float:
        """Evaluates and shows the network's pictures of held-out photographs; returns their mean loss."""
        self.looks += 1
        losses = mean_of(self.course.learner.judge(self.photographs))
        self.last = self._progress(plan, losses, plan.learning_rate, plan.end)
        self.held_out(self.last)
        if self.looks % SHOWN == 1:
            self.held_out.show(self.last)
        return float(losses.total.mean())

    def end(self, plan: Plan) -> float:
        """Evaluates and shows them at the end; returns their mean loss."""
        if self.last is None or self.last.step < plan.taken:
            self.look(plan)
        if self.last is None:
            return self.loss()
        self.held_out.show(self.last)
        return float(self.last.losses.total.mean())

    def _progress(self, plan: Plan, losses: LossValues, rate: float, end: int) -> Progress:
        step = Step(plan.taken, losses, rate)
        return Progress(plan.taken, end, 1, 1, plan.taken, end, losses, rate, self._samples, taken=[step])

    def _samples(self) -> np.ndarray:
        """Returns the network's pictures of some photographs, in its first style, side by side: (1, h, w, 3)."""
        return np.concatenate(self.course.learner.paint(self.photographs[:SAMPLES], 0), axis=1)[None]


def mean_of(several: list[LossValues]) -> LossValues:
    """Returns the mean losses over several styles, for each photograph."""
    import tensorflow as tf

    return tf.nest.map_structure(lambda *values: np.mean(values, axis=0), *several)
