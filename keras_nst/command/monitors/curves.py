"""Writes curves and pictures for TensorBoard."""

import contextlib
import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorboard.plugins.custom_scalar import summary as custom_scalars

from keras_nst.command.meter import warn
from keras_nst.command.monitors.display import Speed
from keras_nst.command.monitors.names import (
    PICTURE,
    SOURCE,
    description,
    layout,
    named,
    of_figure,
)
from keras_nst.core.network.resizing import resize
from keras_nst.core.plan.events import LossValues, Progress, Step
from keras_nst.core.plan.pyramid import Size
from keras_nst.system.memory import peak_memory_gb

MOST_STEPS = 1000  # written steps, so that event files stay small: of more, only every second, third, ...
LONGEST = 512  # pixels; larger pictures are shrunk, so that event files stay small


class Curves:
    """A listener that writes event files: every loss term and layer, learning rate, speed and memory.

    A failed write does not end the run: with a full disk, it is reported once and the values are left out.

    Args:
        done: the number of steps already taken.

    Raises:
        OSError: event files cannot be written there from the start.
    """

    def __init__(self, folder: Path, done: int = 0) -> None:
        try:
            self.writer = tf.summary.create_file_writer(str(folder))
        except tf.errors.OpError as error:
            expected = "Expected a writable folder for event files"
            raise OSError(f"{expected}. Received: {folder} ({_reason(error)})") from None
        self.speed, self.complained = Speed(done), False
        self.described: set[str] = set()
        self.laid_out = done > 0
        self.shown = 0  # the step of the last picture
        self.write_first: Callable[[], None] | None = None

    def describe(self, settings: Mapping[str, str], **pictures: np.ndarray) -> None:
        """Writes the settings and the given pictures (h, w, 3), once: after the first step, to not delay it."""
        self.write_first = functools.partial(self._describe, settings, pictures)

    def _describe(self, settings: Mapping[str, str], pictures: Mapping[str, np.ndarray]) -> None:
        rows = "".join(f"| {name} | `{value}` |\n" for name, value in settings.items())
        with self._at(0):
            tf.summary.text("settings", "| setting | value |\n|---|---|\n" + rows)
            for name, picture in pictures.items():
                tf.summary.image(f"{SOURCE}/{name}", _preview(picture[None]))

    def __call__(self, progress: Progress) -> None:
        self._catch_up()
        if not self.laid_out:
            self._lay_out(progress.losses)
        period = -(-progress.steps // MOST_STEPS)
        for step in progress.taken:
            if step.number % period == 0:
                with self._at(step.number):
                    self._write(*named(step.losses), ("run/learning_rate", step.learning_rate))
            if 1 < step.number == progress.step - progress.scale_step + 1:
                self._mark(step)
        with self._at(progress.step):
            if progress.final:  # a second value at the last step, for the finished picture
                self._write(*named(progress.losses))
                return
            speed, peak = ("run/steps_per_second", self.speed(progress)), ("run/peak_memory_gb", peak_memory_gb())
            self._write(speed, ("run/scale", progress.scale), peak)

    def _lay_out(self, losses: LossValues) -> None:
        """Writes TensorBoard's layout of curves that belong together."""
        together = custom_scalars.pb(layout(losses.terms, losses.layers))
        with self._at(0):
            tf.summary.experimental.write_raw_pb(together.SerializeToString())
        self.laid_out = True

    def _mark(self, step: Step) -> None:
        """Interrupts the losses at the start of a scale: TensorBoard draws a triangle for nan."""
        with self._at(step.number):
            self._write(*((name, math.nan) for name, _ in named(step.losses)))

    def _write(self, *values: tuple[str, float]) -> None:
        """Writes values by their names, which are described the first time."""
        for name, value in values:
            tf.summary.scalar(name, value, description=None if name in self.described else description(name))
            self.described.add(name)

    def show(self, progress: Progress) -> None:
        """Writes the current picture, once per step: used as a separate listener."""
        if progress.step == self.shown:
            return
        self.shown = progress.step
        with self._at(progress.step):
            tf.summary.image(PICTURE, _preview(progress.picture()))

    def judge(self, figures: Mapping[str, float], step: int) -> None:
        """Writes quality figures of the finished picture."""
        with self._at(step):
            self._write(*((of_figure(name), value) for name, value in figures.items()))

    def close(self) -> None:
        """Closes the event file."""
        self._catch_up()
        with self._leniently():
            self.writer.close()

    def _catch_up(self) -> None:
        """Writes what `describe` has left for later."""
        write, self.write_first = self.write_first, None
        if write:
            write()

    @contextlib.contextmanager
    def _at(self, step: int) -> Iterator[None]:
        """Writes summaries made inside at this step."""
        with self._leniently():
            with self.writer.as_default(step=step):
                yield
            self.writer.flush()

    @contextlib.contextmanager
    def _leniently(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            if not self.complained:
                warn(f"Could not write some of the curves: {_reason(error)}")
            self.complained = True


def _preview(pictures: np.ndarray) -> tf.Tensor:
    """Returns pictures (n, h, w, 3), reduced to LONGEST if they are larger."""
    sides = pictures.shape[1:3]
    share = min(1.0, LONGEST / max(sides))
    return resize(pictures, Size(*(max(1, round(side * share)) for side in sides)))


def _reason(error: tf.errors.OpError) -> str:
    """Returns the first line of TensorFlow's message, without the operation."""
    return re.sub(r"^\{\{.*?\}\} | \[Op:.*", "", error.message.splitlines()[0])
