"""Paints frames with a network that has learned from a few keyframes, which the optimizer has painted.

After Texler et al. 2020: a film shows little variety, so a few of its frames, and a few minutes, are enough. The
network learns from squares of them: its targets are the optimizer's pictures and the program's own objective.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.command.meter import Meter
from keras_nst.core.network.network import Network
from keras_nst.core.network.programs import compiled
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Style
from keras_nst.core.seeing.teacher import Assignment, Teacher
from keras_nst.networks.learning import LONGEST, possible, within
from keras_nst.networks.model import STARTER, Card, Shape, read_card
from keras_nst.networks.painter import Parts, begin_with, first_colors, joined, parts, policy
from keras_nst.networks.schedule import Plan
from keras_nst.networks.trained import Trained
from keras_nst.pictures.palette import luminance_only
from keras_nst.session.brush import Brush
from keras_nst.session.method import method_of
from keras_nst.settings.application import Application
from keras_nst.settings.lines import Tell
from keras_nst.system.files import DAMAGED, read_about, read_arrays, write_archive
from keras_nst.system.pace import Stop
from keras_nst.video.folder import KEYFRAMES, LEARNED, Folder
from keras_nst.video.footage import Footage
from keras_nst.video.optimizing import Optimizer
from keras_nst.video.painting import Shot, Work
from keras_nst.video.settings import Filming

MOST_OF_THE_PAST = 0.8  # largest share of earlier frames in a picture
HALF = 20.0  # the value of --steady at which their share is half


class Networker:
    """Paints frames with a trained network.

    Args:
        model: its folder and its card.
        shares: of its styles.
    """

    def __init__(self, settings: Filming, model: tuple[Path, Card], shares: Sequence[float]):
        self.settings, self.shares = settings, shares
        machine = {name: getattr(settings, name) for name in ("device", "precision", "memory_limit_gb")}
        self.brush = Brush(*model, Application(model=str(model[0]), **machine))

    def begin(self, shot: Shot) -> None:
        """Begins a shot: nothing to do."""

    def paint(self, work: Work) -> np.ndarray:
        """Returns the picture of a frame."""
        frame = luminance_only(work.frame) if self.settings.color == "luminance" else work.frame
        return steadied(self.brush.painted(frame, self.shares), work, self.settings.steady)

    def judge(self, frame: np.ndarray, made: np.ndarray) -> Mapping[str, float]:
        """Returns no figures: the network for them, and the style's picture, are not available."""
        return {}


def steadied(made: np.ndarray, work: Work, steady: float) -> np.ndarray:
    """Returns a picture blended with earlier frames, where these show the same."""
    if work.past is None or not steady:
        return made
    share = min(MOST_OF_THE_PAST, steady / (steady + HALF)) * work.past.seen[:, :, None]
    return (1.0 - share) * made + share * work.past.picture


SIDE, BATCH = 160, 4  # of the squares that it learns from: largest side, and number per step
RATE = 7e-4
MOST, BYTES = 64, 1e9  # keyframes that it learns from, and their bytes in memory, at most
KEPT_EACH = 60.0  # seconds between two saves of the network
FEW = 8  # frames used to measure their colors
LIKE_THEM = 4.0  # weight of the mean difference from the optimizer's picture


class Keyframes(NamedTuple):
    """The training data of the network."""

    frames: Sequence[np.ndarray]  # (h, w, 3), in [0, 1]
    painted: Sequence[np.ndarray]  # the optimizer's picture of each
    styles: tuple[Style, ...]


class Imitator:
    """Learns to imitate the optimizer's pictures.

    Args:
        network: returns features, by which pictures are judged.
        method: has the objective.
        precision: of the convolutions.
    """

    def __init__(self, keyframes: Keyframes, network: Network, method: Method, precision: str, seed: int):
        self.keyframes, self.seed, self.precision = keyframes, seed, precision
        self.side = min(SIDE, *keyframes.frames[0].shape[:2]) // 4 * 4
        self.parts, self.painter = new_painter(keyframes, precision, seed)
        self.teacher = Teacher(network, method, Size(self.side, self.side))
        height, width, _ = keyframes.frames[0].shape
        given, _ = self.squares(0)
        self.lesson = self.teacher.lesson(keyframes.styles, round((height * width) ** 0.5), given)
        self.optimizer = keras.optimizers.Adam(1.0, global_clipnorm=LONGEST)
        self.optimizer.build(self.painter.trainable_weights)
        self.taught = compiled(self._teach, by_xla=False)

    def step(self, plan: Plan) -> float:
        """Takes a step; returns the mean loss before it."""
        self.optimizer.learning_rate.assign(plan.learning_rate)
        given, wanted = self.squares(plan.taken)
        return float(self.taught(tf.constant(given), tf.constant(wanted), self.lesson))

    def squares(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns squares (n, side, side, 3) of frames, and of the optimizer's pictures of them."""
        draw, given, wanted = np.random.default_rng([self.seed, step]), [], []
        for _ in range(BATCH):
            number = int(draw.integers(len(self.keyframes.frames)))
            height, width, _ = self.keyframes.frames[number].shape
            top, left = draw.integers(height - self.side + 1), draw.integers(width - self.side + 1)
            square = slice(top, top + self.side), slice(left, left + self.side)
            given.append(self.keyframes.frames[number][square])
            wanted.append(self.keyframes.painted[number][square])
        return np.stack(given), np.stack(wanted)

    def trained(self) -> Trained:
        """Returns the network, ready to paint."""
        return Trained(self.parts, self.painter, self.precision)

    @property
    def variables(self) -> list[Any]:
        """All variables that change during training."""
        return [*self.painter.weights, *self.optimizer.variables]

    def save(self, path: Path, plan: Plan) -> None:
        """Saves the training so far."""
        write_archive(path, plan._asdict(), (np.asarray(variable) for variable in self.variables))

    def load(self, path: Path) -> Plan:
        """Loads a saved training; returns its plan.

        Raises:
            DAMAGED: the file is damaged, or of another network.
        """
        about, arrays = read_about(path), list(read_arrays(path))
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.assign(array)
        return Plan(**{**about, "judged": tuple(about["judged"])})

    def _teach(self, given: tf.Tensor, wanted: tf.Tensor, lesson: Assignment) -> tf.Tensor:
        weights = self.painter.trainable_weights
        with tf.GradientTape() as tape:
            made = self.painter([given, tf.ones((BATCH, 1))], training=True)
            unlike = LIKE_THEM * tf.reduce_mean(tf.abs(made - wanted))
        losses, asked = self.teacher.judge(within(made), given, lesson)
        asked = possible(made, asked) / BATCH
        gradients = tape.gradient([made, unlike], weights, output_gradients=[asked, tf.constant(1.0)])
        sound = tf.math.is_finite(tf.linalg.global_norm(gradients))
        tf.cond(sound, lambda: self._apply(gradients, weights), lambda: False)
        return tf.reduce_mean(losses.total) + unlike

    def _apply(self, gradients: list[tf.Tensor], weights: list[Any]) -> bool:
        self.optimizer.apply(gradients, weights)
        return True


def new_painter(keyframes: Keyframes, precision: str, seed: int) -> tuple[Parts, keras.Model]:
    """Returns a network that starts with the bundled one's weights, and with the style's colors."""
    card = read_card(STARTER)
    shape = Shape(card.shape.width, card.shape.blocks, 1)
    keras.utils.set_random_seed(seed)
    layers = parts(shape, policy(precision))
    painter = joined(layers, shape, policy(precision))
    begin_with(painter, STARTER, card)
    shown, style = [255 * frame for frame in keyframes.frames[:FEW]], np.asarray(keyframes.styles[0].picture)[0]
    matrix, mean = first_colors(shown, style)
    layers.recolor.set_weights([matrix[None], mean[None]])
    return layers, painter


class Keyed:
    """Paints frames with a network that learns from keyframes, which the optimizer has painted."""

    def __init__(self, folder: Folder, settings: Filming, optimizer: Optimizer):
        self.folder, self.settings, self.optimizer = folder, settings, optimizer

    def learn(self, footage: Footage, stop: Stop, tell: Tell) -> bool:
        """Trains the network, or resumes that; returns whether it is finished."""
        every = self.settings.keyframe_every
        self.numbers = [number for shot in footage.survey.shots for number in shot[::every]]
        first = footage.frame(self.numbers[0])
        most = max(1, min(MOST, int(BYTES // (2 * first.nbytes))))
        shown = self.numbers[:: -(-len(self.numbers) // most)]
        keyframes = Keyframes(
            [self.optimizer.seen(footage.frame(number)) for number in shown],
            [self.folder.picture(number, KEYFRAMES) for number in shown],
            self.optimizer.styles_of(first),
        )
        session, config = self.optimizer.session, self.optimizer.resolved
        with session.where():
            imitator = Imitator(
                keyframes, session.network(config), method_of(config), config.precision, self.settings.seed
            )
            path = self.folder.path / LEARNED
            plan = standing(imitator, path, Plan(RATE, self.settings.learning_steps))
            tell(f"Learning from {len(shown)} keyframes: {plan.end} steps, {plan.taken} taken.")
            plan = taught(imitator, plan, path, stop)
        self.trained = imitator.trained()
        return plan.taken >= plan.end

    def begin(self, shot: Shot) -> None:
        """Begins a shot: nothing to do."""

    def paint(self, work: Work) -> np.ndarray:
        """Returns the picture of a frame."""
        if work.number in self.numbers:
            made = self.folder.picture(work.number, KEYFRAMES)
        else:
            with self.optimizer.session.where():
                made = self.trained(self.optimizer.seen(work.frame), (1.0,))
        return steadied(made, work, self.settings.steady)

    def judge(self, frame: np.ndarray, made: np.ndarray) -> Mapping[str, float]:
        """Returns figures of the picture of a frame."""
        return self.optimizer.judge(frame, made)


def taught(imitator: Imitator, plan: Plan, path: Path, stop: Stop) -> Plan:
    """Takes the steps there is time for, and saves the network; returns the plan with its progress."""
    kept = time.monotonic()
    with Meter(total=plan.steps, initial=plan.taken, file=sys.stderr, disable=None, unit="step", desc="learns") as bar:
        while plan.taken < plan.end and not stop.is_set():
            loss = imitator.step(plan)
            plan = plan.after_a_step(0.0)
            bar.set_postfix_str(f"loss {loss:.3g}", refresh=False)
            bar.update()
            if time.monotonic() >= kept + KEPT_EACH:
                kept = time.monotonic()
                imitator.save(path, plan)
    imitator.save(path, plan)
    return plan


def standing(imitator: Imitator, path: Path, plan: Plan) -> Plan:
    """Loads an earlier training, if there is an undamaged one; returns its plan, else the given one."""
    try:
        return imitator.load(path)
    except (OSError, *DAMAGED):
        return plan
