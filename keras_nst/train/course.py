"""The parts of a running training: the network, its lessons, its saved state."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Style
from keras_nst.core.seeing.teacher import Teacher
from keras_nst.networks.learning import Learner
from keras_nst.networks.model import STARTER, Shape, model_named, read_card
from keras_nst.networks.painter import Recolored, begin_with, first_colors, joined, parts, policy, tables_of
from keras_nst.networks.schedule import Plan
from keras_nst.session.method import method_of
from keras_nst.session.session import Session
from keras_nst.settings.config import Resolved
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.system.files import DAMAGED, read_about, read_arrays, write_archive
from keras_nst.train.prepare import STATE, Request

PRECISION = "precision"  # saved in addition to the plan


class Course(NamedTuple):
    """A running training."""

    asked: Request
    session: Session
    config: Resolved
    shape: Shape
    learner: Learner


def opened(asked: Request, session: Session, tell: Tell) -> Course:
    """Builds all parts of a training.

    Raises:
        SettingError: the memory does not suffice, or the model to start from is damaged.
    """
    settings = asked.settings
    size = Size(settings.size, settings.size)
    tell(f"Runs on {session.device.description}.{f' {session.device.warning}' if session.device.warning else ''}")
    resolved = session.resolve(asked.config, size)
    passes = 2 + bool(settings.steady)  # the trained network takes about as much memory as the one that judges
    most = max(1, session.most_at_once(resolved, size) // passes)
    if settings.batch_size > most and session.device.kind == "cpu":  # unknown for other devices
        reason = f"Expected at most {most} photographs of {size} pixels per step, by the available memory."
        raise SettingError("batch_size", settings.batch_size, reason)
    before = asked.before.shape if asked.before else Shape(settings.width, settings.blocks, 0)
    shape = before._replace(styles=before.styles + len(asked.styles))
    painter = new_painter(asked, shape, resolved.precision)
    learner = Learner(painter, *taught(asked, session, resolved), learned(painter, asked), settings.steady)
    return Course(asked, session, resolved, shape, learner)


def new_painter(asked: Request, shape: Shape, precision: str) -> keras.Model:
    """Returns the network as it is before the first step."""
    keras.utils.set_random_seed(asked.settings.seed)
    painter = joined(parts(shape, policy(precision)), shape, policy(precision))
    if asked.before:
        begin_with(painter, *model_named("from_model", asked.settings.from_model))
    elif asked.settings.start == "trained":
        card = read_card(STARTER)
        if card.shape[:2] == shape[:2]:
            begin_with(painter, STARTER, card)
    (recolor,) = (layer for layer in painter.layers if isinstance(layer, Recolored))
    matrices, means = recolor.matrices.numpy(), recolor.means.numpy()
    for number, style in enumerate(asked.styles, start=shape.styles - len(asked.styles)):
        matrices[number], means[number] = first_colors(asked.photographs.seen, style.picture.pixels)
    recolor.set_weights([matrices, means])
    return painter


def learned(painter: keras.Model, asked: Request) -> list[Any]:
    """Returns the trained variables: all, or with --from_model only the new styles' own."""
    return tables_of(painter) if asked.before else painter.trainable_weights


def taught(asked: Request, session: Session, config: Resolved) -> tuple[Teacher, list[Any]]:
    """Returns the teacher, and the lesson of each style."""
    settings = asked.settings
    teacher = Teacher(session.network(config), method_of(config), Size(settings.size, settings.size))
    shown = asked.photographs.judges(settings.size)
    styles = [Style(style.picture.pixels[None], scale=style.scale, blocks=style.part.blocks) for style in asked.styles]
    return teacher, [teacher.lesson((style,), settings.style_size, shown) for style in styles]


# --- The saved state ---


def keep(course: Course, plan: Plan) -> None:
    """Writes the state from which the training can be resumed."""
    about = plan._asdict() | {PRECISION: course.config.precision}
    write_archive(course.asked.folder / STATE, about, course.learner.state())


def resumed(course: Course, plan: Plan, tell: Tell) -> Plan:
    """Resumes the training in the folder, if there is one; returns its plan."""
    path = course.asked.folder / STATE
    if not path.exists():
        return plan
    try:
        about, arrays = read_about(path), list(read_arrays(path))
        precision = about.pop(PRECISION, course.config.precision)
        there = Plan(**{**about, "judged": tuple(about["judged"]), "rate": plan.rate, "steps": plan.steps})
        course.learner.restore(checked(arrays, course.learner.variables))
    except DAMAGED as error:
        tell(f"Starting over: the checkpoint is damaged ({error}).")
        return plan
    if plan.steps != about["steps"]:
        there = there.with_other_steps()
    tell(f"Resuming after step {there.taken}.")
    if precision != course.config.precision:
        tell(f"Resuming in {course.config.precision} instead of {precision}: results will differ by rounding.")
    return there._replace(begun=there.taken)


def checked(arrays: Sequence[np.ndarray], variables: Sequence[Any]) -> Sequence[np.ndarray]:
    """Returns the arrays, if they fit the variables.

    Raises:
        ValueError: they do not fit.
    """
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise ValueError("it belongs to another network")
    return arrays
