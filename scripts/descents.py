"""Our runs from arrays to pictures, with what they spend on the way, and pictures judged in float32.

An evaluation is the network's loss and gradient of one picture of the final size; of a picture with half the pixels it
counts half.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from weighing import Point

from keras_nst.core.descent.scales import Audience
from keras_nst.core.descent.transfer import Painted, transfer
from keras_nst.core.network.network import Network
from keras_nst.core.network.resizing import resize
from keras_nst.core.objective.terms import Term
from keras_nst.core.plan.events import LossValues, Progress
from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, look_at
from keras_nst.pictures.sources import read_source
from keras_nst.session.method import method_of
from keras_nst.session.session import scales_of
from keras_nst.settings.config import Config, Resolved

Loss = Callable[[tf.Tensor], tf.Tensor]  # pictures (1, h, w, 3) -> ()
Evaluator = Callable[[tf.Tensor], tuple[LossValues, tf.Tensor]]  # pictures -> losses, gradient

OFTEN = 20  # pictures are judged each time the steps grow by a part of this


class Pair(NamedTuple):
    """A content and a style, (1, h, w, 3), RGB in [0, 1]."""

    content: np.ndarray
    style: np.ndarray

    @property
    def size(self) -> Size:
        """The content's size."""
        return Size(*self.content.shape[1:3])

    def pictures(self) -> Pictures:
        """Returns them as the algorithm takes them."""
        return Pictures(tf.constant(self.content), (Style(tf.constant(self.style)),))


def read_pair(content: str, style: str) -> Pair:
    """Returns two pictures as they are."""
    return Pair(*(read_source(source).pixels[None] for source in (content, style)))


def as_the_example(pair: Pair, rows: int, how: str = "nearest") -> Pair:
    """Returns both at the size the Keras example gives them: the content's shape.

    `how` is nearest, as the example itself resizes, or smooth, as we do: what nearest neighbor picks out of large
    pictures is noise, which costs both sides much of what the loss ends at.
    """
    size = Size(rows, int(pair.size.width * rows / pair.size.height))
    if how == "smooth":
        return Pair(*(resize(picture, size).numpy() for picture in pair))
    return Pair(*(nearest(picture[0], size)[None] for picture in pair))


def nearest(picture: np.ndarray, size: Size) -> np.ndarray:
    """Returns a picture (h, w, 3) of another size, resized as Keras' load_img does."""
    image = Image.fromarray(np.uint8(np.rint(255 * picture)))
    return np.asarray(image.resize((size.width, size.height), Image.Resampling.NEAREST), np.float32) / 255


def quick_evaluator(pictures: Pictures, size: Size, config: Resolved, features: keras.Model) -> Evaluator:
    """Returns the objective and its gradient in float32, by Winograd's convolution where the processor gains by it."""
    method, network = method_of(config), Network(features)
    quick = network.that_takes_steps(scales_of(config, size)[-1], method.seeing)
    look, aim = look_at(size, quick, method.objective, method.seeing), aim_at(pictures, size, network, method)
    return lambda picture: look.evaluate(picture, aim)


def loss_of(pictures: Pictures, size: Size, config: Resolved, features: keras.Model) -> Loss:
    """Returns the objective as a function; the network and the settings are float32's."""
    method = method_of(config)
    look = look_at(size, features, method.objective, method.seeing)
    aim = aim_at(pictures, size, Network(features), method)
    return lambda picture: look.judge(picture, aim).total[0]


def evaluations(scales: list[Scale], steps: int) -> float:
    """Returns the evaluations of the first steps of a run."""
    final = scales[-1].size.height * scales[-1].size.width
    counts = (min(max(steps - scale.before, 0), scale.steps) for scale in scales)
    return sum(
        count * scale.size.height * scale.size.width / final for count, scale in zip(counts, scales, strict=True)
    )


def steps_worth(count: float, final: Size, config: Config) -> tuple[int, ...]:
    """Returns steps that share so many evaluations out among the scales as the settings' own steps do."""
    scales = scales_of(config, final)
    factor = count / evaluations(scales, scales[-1].before + scales[-1].steps)
    return tuple(max(1, round(factor * scale.steps)) for scale in scales)


class Course:
    """Paces a run and judges its pictures; the time that judging takes is not counted.

    Args:
        scales: of the run.
        loss: of pictures of the final size; those of other sizes are resized.
        enough: the loss that ends the run.
    """

    def __init__(self, scales: list[Scale], loss: Loss, enough: float):
        self.scales, self.loss, self.enough = scales, loss, enough
        self.points: list[Point] = []
        self.steps, self.seconds, self.since = 0, 0.0, time.perf_counter()

    def pace(self, scale: int, left: int) -> int | None:
        """Tells how many steps to take until the next picture is judged."""
        if self.points and self.points[-1].loss <= self.enough:
            return None
        return max(1, self.steps // OFTEN)

    def listen(self, progress: Progress) -> None:
        """Takes note of a picture."""
        self.seconds += time.perf_counter() - self.since
        self.steps = progress.step
        picture = resize(progress.picture(), self.scales[-1].size)
        self.points.append(Point(evaluations(self.scales, self.steps), self.seconds, float(self.loss(picture))))
        self.since = time.perf_counter()


def course(
    pictures: Pictures, size: Size, config: Resolved, features: keras.Model, loss: Loss, enough: float
) -> Course:
    """Returns the course of a run of ours that ends when the loss is low enough."""
    noted = Course(scales_of(config, size), loss, enough)
    transfer(pictures, size, method_of(config), Network(features), Audience(noted.pace, [noted.listen]))
    return noted


def finished(
    pictures: Pictures, size: Size, config: Resolved, features: keras.Model, other: tuple[tuple[str, Term], ...] = ()
) -> Painted:
    """Returns what a run of ours comes to, in chunks as long as they may be; with other terms in place of ours."""
    method = method_of(config)
    method = method._replace(objective=method.objective._replace(more_terms=other))
    return transfer(pictures, size, method, Network(features), Audience(lambda scale, left: left))
