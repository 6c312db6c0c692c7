"""Paints frames by the optimizer: the first of a shot like any picture, each further one from those before it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.network.resizing import resize
from keras_nst.core.objective.terms import Originals, Seen, Term, Value
from keras_nst.core.plan.events import Listener
from keras_nst.core.plan.method import Method, Objective
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.plan.tiling import Tile
from keras_nst.pictures.files import Picture
from keras_nst.pictures.palette import luminance_only, match_colors
from keras_nst.session import session
from keras_nst.session.method import SHORT_MEMORY
from keras_nst.session.scene import Masks, Scene, colored, scene_of
from keras_nst.session.session import Session, paced, pictures_of
from keras_nst.settings.config import Resolved
from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import Tell
from keras_nst.system.pace import Stop
from keras_nst.video.film import Request
from keras_nst.video.motion import Past
from keras_nst.video.painting import Shot, Work

if TYPE_CHECKING:
    from keras_nst.core.seeing.sight import Style


NAME = "steady"


class SteadyAim(NamedTuple):
    """The target of the term: the earlier frames."""

    moved: tf.Tensor  # (1, h, w, 3)
    seen: tf.Tensor  # (1, h, w, 1)


class Steady:
    """The steadiness term, with the earlier frames that are its target for the next frame."""

    def __init__(self) -> None:
        self.past = Past(np.zeros((1, 1, 3), np.float32), np.zeros((1, 1), np.float32))
        self.term = Term(self.aim, part, value, here=here)

    def aim(self, originals: Originals, objective: Objective) -> SteadyAim:
        """Returns the earlier frames at the size of a scale."""
        _, height, width, _ = originals.smooth.shape
        size, exact = Size(height, width), originals.smooth.dtype
        told = (
            np.asarray(self.past.picture[None], np.float32),
            np.asarray(self.past.seen[None, :, :, None], np.float32),
        )
        return SteadyAim(*(tf.cast(resize(each, size), exact) for each in told))


def part(seen: Seen, aim: SteadyAim, objective: Objective) -> tf.Tensor:
    """Returns J_steady of a part of a picture: (n,)."""
    pixels = seen.pixels
    squares = aim.seen * tf.square(pixels.values - aim.moved)
    if pixels.own is not None:
        squares = squares * pixels.own[:, :, None]
    height, width = pixels.whole
    return tf.reduce_sum(squares, axis=[1, 2, 3]) / (3.0 * height * width)


def value(total: Any, aim: SteadyAim, size: Size, objective: Objective) -> Value:
    """Returns J_steady."""
    return Value(total, {})


def here(aim: SteadyAim, tile: Tile) -> SteadyAim:
    """Returns the earlier frames at a tile's block."""
    rows, columns = tile.rows.block(1), tile.columns.block(1)
    return SteadyAim(*(tf.constant(each[:, rows, columns]) for each in aim))


Hear = Callable[[int], Sequence[Listener]]  # the number of a frame -> the listeners to its steps


class Optimizer:
    """Paints frames by the optimizer."""

    def __init__(self, asked: Request, opened: Session, stop: Stop, tell: Tell, hear: Hear):

        self.settings, self.session, self.stop, self.tell, self.hear = asked.settings, opened, stop, tell, hear
        self.styles, self.masks = list(asked.styles), asked.masks
        # --color is applied to the styles here, once per shot, and to the result when the film is written. Frames
        # have their final size already.
        self.config = dataclasses.replace(asked.config, color="style", size="original")
        self.resolved = opened.resolve(self.config, asked.size, tell)
        self.steady = Steady()

    def begin(self, shot: Shot) -> None:
        """Begins a shot, or resumes it."""
        config = dataclasses.replace(self.config, color=self.settings.color)
        scene = scene_of(of_pixels(shot.first), self.styles, None, self._given(shot.mask), config, self.tell)
        _, colors = colored(scene, scene.guidance, self.settings.color)
        self.shown = [style._replace(pixels=pixels) for style, pixels in zip(self.styles, colors, strict=True)]
        self.method = self.session.calibrated(self._scene(shot.first, shot.mask), self.resolved)

    def paint(self, work: Work) -> np.ndarray | None:
        """Returns the picture of a frame; None if the run was stopped."""
        if work.past is None and work.own is None:
            return self._painted(self._scene(work.frame, work.mask), work.number, self.resolved, self.method)
        nothing = Past(work.frame, np.zeros(work.frame.shape[:2], np.float32))
        self.steady.past = work.past or nothing
        scene = self._scene(work.frame, work.mask, first_of(work))
        config = self.resolved.resolved(steps=self._more(), scales=1)
        return self._painted(scene, work.number, config, self._further())

    def judge(self, frame: np.ndarray, made: np.ndarray) -> Mapping[str, float]:
        """Returns figures of the picture of a frame; none with random weights."""
        if self.settings.weights == "random":
            return {}
        figures = self.session.figures(self._scene(frame), self.resolved, made[None])
        return {name: value for name, value in figures._asdict().items() if value is not None}

    def styles_of(self, frame: np.ndarray) -> "tuple[Style, ...]":
        """Returns the styles of a shot that begins with this frame, in the form that the algorithm takes."""
        self.begin(Shot(0, range(1), frame))
        return pictures_of(self._scene(frame), self.resolved).styles

    def seen(self, frame: np.ndarray) -> np.ndarray:
        """Returns a frame as it is painted: without its colors if these are restored at the end."""
        return luminance_only(frame) if self.settings.color == "luminance" else frame

    def _more(self) -> tuple[int]:
        return (self.settings.steps_more,)

    def _further(self) -> Method:
        """Returns the method of frames after the first."""

        objective = self.method.objective.weighted(**{NAME: self.settings.steady})
        objective = objective._replace(more_terms=((NAME, self.steady.term),))
        movement = self.method.movement._replace(beta_1=SHORT_MEMORY)
        return self.method._replace(objective=objective, movement=movement, steps=self._more(), scales=1)

    def _scene(self, frame: np.ndarray, mask: np.ndarray | None = None, first: np.ndarray | None = None) -> Scene:
        started = None if first is None else of_pixels(first)
        content, given = of_pixels(self.seen(frame)), self._given(mask)
        return scene_of(content, self.shown, started, given, self.config, silent)

    def _given(self, mask: np.ndarray | None) -> Masks:
        """Returns the regions of the frame and of the styles, including regions that this frame does not have."""
        if mask is None or not self.masks:
            return Masks(None, known=self.masks.colors if self.masks else ())
        return Masks(of_pixels(mask), self.masks.of_styles, self.masks.colors)

    def _painted(self, scene: Scene, number: int, config: Resolved, method: Method) -> np.ndarray | None:
        pace = paced(config, scene.size, stop=self.stop)
        picture = session.PictureRequest(scene, config, pace, self.hear(number), self.tell, method=method)
        (painted,) = self.session.paint_together([picture])
        if painted.diverged:
            raise InputError(f"Frame {number}: the loss is no longer a number. Expected a lower --learning_rate.")
        return painted.picture[0] if painted.losses is not None else None


def first_of(work: Work) -> np.ndarray | None:
    """Returns the first picture of a frame: the earlier frames, or its picture from an earlier pass, or both."""
    if work.past is None:
        return work.own
    if work.own is None:
        return fresh(work.frame, work.past)
    share = 0.5 * work.past.seen[:, :, None]
    both: np.ndarray = (1.0 - share) * work.own + share * work.past.picture
    return both


def fresh(frame: np.ndarray, past: Past) -> np.ndarray:
    """Returns the earlier frames where they are valid, and elsewhere the frame itself in their colors."""
    seen = past.seen[:, :, None]
    return seen * past.picture + (1.0 - seen) * match_colors(frame, past.picture)


def of_pixels(pixels: np.ndarray) -> Picture:
    """Returns a picture made of pixels (h, w, 3)."""
    return Picture(pixels, None, "", ())


def silent(line: str) -> None:
    """Ignores the message."""
