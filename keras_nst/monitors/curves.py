"""Curves and pictures for TensorBoard."""

import contextlib
import functools
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from keras_nst.core.events import LossValues, Progress
from keras_nst.core.pyramid import Size
from keras_nst.core.sight import resize
from keras_nst.monitors.display import Speed
from keras_nst.system.memory import peak_memory_gb

MOST_STEPS = 1000  # whose losses are written, so that event files stay small: of more every second, third, ...
LONGEST = 512  # pixels; larger pictures are shrunk, so that event files stay small


class Curves:
    """A listener that writes event files: every loss term and layer, learning rate, speed and memory.

    A run is worth more than its curves: what cannot be written later on, to a full disk, is told of once and left out.

    Args:
        done: steps already taken.

    Raises:
        OSError: event files cannot be written there at all.
    """

    def __init__(self, folder: Path, done: int = 0) -> None:
        try:
            self.writer = tf.summary.create_file_writer(str(folder))
        except tf.errors.OpError as error:
            expected = "Expected a folder that event files can be written to"
            raise OSError(f"{expected}. Received: {folder} ({_reason(error)})") from None
        self.speed, self.complained = Speed(done), False
        self.write_first: Callable[[], None] | None = None

    def describe(self, settings: Mapping[str, str], **pictures: np.ndarray) -> None:
        """Writes the settings and the given pictures (h, w, 3), once: after the first step, which need not wait."""
        self.write_first = functools.partial(self._describe, settings, pictures)

    def _describe(self, settings: Mapping[str, str], pictures: Mapping[str, np.ndarray]) -> None:
        rows = "".join(f"| {name} | `{value}` |\n" for name, value in settings.items())
        with self._at(0):
            tf.summary.text("settings", "| setting | value |\n|---|---|\n" + rows)
            for name, picture in pictures.items():
                tf.summary.image(name, _preview(picture[None]))

    def __call__(self, progress: Progress) -> None:
        self._catch_up()
        period = -(-progress.steps // MOST_STEPS)
        for step in progress.taken:
            if step.number % period == 0:
                with self._at(step.number):
                    self._write(step.losses)
                    tf.summary.scalar("run/learning_rate", step.learning_rate)
        with self._at(progress.step):
            if progress.final:  # a second value at the last step, which the finished picture belongs to
                self._write(progress.losses)
                return
            tf.summary.scalar("run/steps_per_second", self.speed(progress))
            tf.summary.scalar("run/scale", progress.scale)
            tf.summary.scalar("run/peak_memory_gb", peak_memory_gb())

    @staticmethod
    def _write(losses: LossValues) -> None:
        for name, value in {"total": losses.total, **losses.terms}.items():
            tf.summary.scalar(f"loss/{name}", value.mean())
        for term, layers in losses.layers.items():
            for layer, value in layers.items():
                tf.summary.scalar(f"{term}_layers/{layer}", value.mean())

    def show(self, progress: Progress) -> None:
        """Writes the picture as it stands: a listener of its own."""
        with self._at(progress.step):
            tf.summary.image("picture", _preview(progress.picture()))

    def judge(self, figures: Mapping[str, float], step: int) -> None:
        """Writes figures of the finished picture."""
        with self._at(step):
            for name, value in figures.items():
                tf.summary.scalar(f"quality/{name}", value)

    def close(self) -> None:
        """Ends the event file."""
        self._catch_up()
        with self._leniently():
            self.writer.close()

    def _catch_up(self) -> None:
        """Writes what has waited."""
        write, self.write_first = self.write_first, None
        if write:
            write()

    @contextlib.contextmanager
    def _at(self, step: int) -> Iterator[None]:
        """Writes what is made inside, at this step."""
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
                tqdm.write(f"Some of the curves cannot be written: {_reason(error)}", file=sys.stderr)
            self.complained = True


def _preview(pictures: np.ndarray) -> tf.Tensor:
    """Returns pictures (n, h, w, 3), those that are larger than LONGEST shrunk to it."""
    sides = pictures.shape[1:3]
    share = min(1.0, LONGEST / max(sides))
    return resize(pictures, Size(*(max(1, round(side * share)) for side in sides)))


def _reason(error: tf.errors.OpError) -> str:
    """Returns the first line of what TensorFlow says, without the operation."""
    return re.sub(r"^\{\{.*?\}\} | \[Op:.*", "", error.message.splitlines()[0])
