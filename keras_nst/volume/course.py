"""The optimization of a volume, scale by scale, with a saved state from which it can be resumed."""

import contextlib
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_nst.command.meter import warn
from keras_nst.command.monitors.curves import Curves
from keras_nst.command.monitors.display import beside_the_bar, display
from keras_nst.command.monitors.trimming import trim_events
from keras_nst.core.objective.oklab import LUMA
from keras_nst.core.plan.events import LossValues, Progress, Step
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Style
from keras_nst.session.method import method_of
from keras_nst.session.session import Session
from keras_nst.settings.declared import fields
from keras_nst.settings.lines import Tell
from keras_nst.system.files import DAMAGED, read_about, read_arrays, write_archive
from keras_nst.system.pace import Stop
from keras_nst.volume.carving import Block, Slices, rate_at, variation_of
from keras_nst.volume.prepare import STATE, Request
from keras_nst.volume.settings import Carving
from keras_nst.volume.sheet import colored
from keras_nst.volume.solid import resampled

Shape = tuple[int, int, int]


class Place(NamedTuple):
    """The progress of the optimization."""

    scale: int = 0  # starting at 0
    step: int = 0  # number of steps taken at this scale


class Course:
    """Takes the steps of all scales."""

    def __init__(self, asked: Request, session: Session, scales: Sequence[Shape], tell: Tell):
        self.asked, self.settings, self.scales = asked, asked.settings, scales
        config = session.resolve(asked.config, largest(asked.shape), tell)
        styles = [
            Style(colored(channeled(picture.pixels, asked.channels))[None], scale=config.style_scale[0])
            for picture in asked.styles
        ]
        steady = asked.settings.steady if asked.content else 0.0
        self.slices = Slices(styles, session.network(config), method_of(config), steady)
        self.tell = beside_the_bar(tell)

    def through(self, stop: Stop) -> np.ndarray | None:
        """Takes the remaining steps; returns the volume (d, h, w, c), None if it was stopped."""
        place, arrays = self._standing()
        steps = self.settings.steps
        done = place.scale * steps + place.step
        with contextlib.ExitStack() as closing:
            folder = self.asked.folder / "curves"
            trim_events(folder, done or -1)
            self.curves, self.bar = Curves(folder, done), display(self._work(place), done)
            closing.callback(self.curves.close)
            closing.callback(self.bar.close)
            if not done:
                self.curves.describe({name: self.settings.shown(name) for name in fields(Carving)})
            volume = None
            for scale in range(place.scale, len(self.scales)):
                block = self._block(scale, volume)
                if arrays:
                    for variable, array in zip(block.variables, arrays, strict=True):
                        variable.assign(array)
                if not self._descend(block, Place(scale, place.step if arrays else 0), stop):
                    return None
                volume, arrays = block.volume.numpy(), []
                self._keep(Place(scale, self.settings.steps), block)
        return volume

    def _block(self, scale: int, before: np.ndarray | None) -> Block:
        """Returns the volume at the start of a scale."""
        shape, content = self.scales[scale], self.asked.content
        if content is None:
            noise = np.random.default_rng(self.settings.seed).random((*self.scales[0], self.asked.channels), np.float32)
            given = resampled(noise if before is None else before, shape)
            smooth = float(np.mean([flat_variation(np.asarray(style.picture)) for style in self.slices.styles]))
        else:
            given = channeled(resampled(content.values, shape), self.asked.channels)
            smooth = float(variation_of(given))
        return Block(given if before is None else resampled(before, shape), given, self.slices, smooth)

    def _descend(self, block: Block, place: Place, stop: Stop) -> bool:
        """Takes the steps of a scale; returns whether all are taken."""
        settings, kept = self.settings, time.monotonic()
        for step in range(place.step, settings.steps):
            if stop.is_set():
                self._keep(Place(place.scale, step), block)
                return False
            rate = rate_at(step, settings.steps, settings.learning_rate)
            self._hear(
                Place(place.scale, step + 1), block, block.step(step, settings.slices, settings.seed, rate), rate
            )
            if time.monotonic() >= kept + settings.checkpoint_secs:
                kept = time.monotonic()
                self._keep(Place(place.scale, step + 1), block)
        return True

    def _hear(self, place: Place, block: Block, losses: LossValues, rate: float) -> None:
        import tensorflow as tf

        mean: LossValues = tf.nest.map_structure(lambda values: np.mean(values, keepdims=True), losses)
        count, steps = len(self.scales), self.settings.steps
        number = place.scale * steps + place.step

        def picture() -> np.ndarray:
            return colored(block.volume.numpy()[block.volume.shape[0] // 2])[None]

        progress = Progress(
            number, count * steps, place.scale + 1, count, place.step, steps, mean, rate, picture,
            taken=[Step(number, mean, rate)],
        )  # fmt: skip
        self.bar(progress)
        self.curves(progress)
        if place.step == steps:
            self.curves.show(progress)

    def _work(self, place: Place) -> float:
        """Returns the work left, steps times pixels, in the bar's units."""
        whole = [float(np.prod(shape[1:])) * self.settings.steps for shape in self.scales[place.scale :]]
        return sum(whole) - place.step * float(np.prod(self.scales[place.scale][1:]))

    def _keep(self, place: Place, block: Block) -> None:
        """Saves the state; an error is only reported, since a full disk may have room again."""
        try:
            write_archive(self.asked.folder / STATE, place._asdict(), (np.asarray(each) for each in block.variables))
        except OSError as error:
            warn(f"Could not write a checkpoint: {error.strerror or error}")

    def _standing(self) -> tuple[Place, list[np.ndarray]]:
        """Returns the saved progress and state."""
        path = self.asked.folder / STATE
        if not path.exists():
            return Place(), []
        try:
            place, arrays = Place(**read_about(path)), list(read_arrays(path))
            if arrays[0].shape[:3] != self.scales[place.scale]:
                raise ValueError("it belongs to another volume")
        except DAMAGED as error:
            self.tell(f"Starting over: the checkpoint is damaged ({error}).")
            return Place(), []
        self.tell(f"Resuming at scale {place.scale + 1} after step {place.step}.")
        return place, arrays


def gray(values: np.ndarray) -> np.ndarray:
    """Returns values (..., c) as gray: (..., 1)."""
    if values.shape[-1] == 1:
        return values
    return values @ LUMA.astype(np.float32)[:, None]


def channeled(values: np.ndarray, channels: int) -> np.ndarray:
    """Returns values (..., c) with this number of channels."""
    return np.ascontiguousarray(colored(values) if channels == 3 else gray(values))


def largest(shape: Shape) -> Size:
    """Returns the size of the largest slices."""
    return Size(*sorted(shape)[1:])


def flat_variation(picture: np.ndarray) -> float:
    """Returns the variation of a picture (1, h, w, 3), scaled from two axes to a volume's three."""
    return 1.5 * float(variation_of(picture[0][None]))
