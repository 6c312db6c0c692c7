"""Writes the finished model: weights and card, small style pictures, a sheet of samples, quality figures."""

import contextlib
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from keras_nst.command.log import spared
from keras_nst.core.judging.words import Figures
from keras_nst.core.plan.pyramid import Size
from keras_nst.networks.model import SAMPLES, STYLES, Card, model_named, write_card, write_model
from keras_nst.networks.schedule import Clock, Plan
from keras_nst.pictures.drawing import Look, grid
from keras_nst.pictures.files import Picture, as_image, read_picture
from keras_nst.session.scene import Guidance, Scene, StylePicture
from keras_nst.settings.declared import fields
from keras_nst.settings.kinds import shortest
from keras_nst.settings.lines import Tell
from keras_nst.system.files import written_whole
from keras_nst.system.signals import in_this_form
from keras_nst.system.version import __version__
from keras_nst.train.course import Course
from keras_nst.train.prepare import FREE
from keras_nst.train.settings import Training

CELL = 256  # pixels of a sample
ROWS, COLUMNS = 6, 8  # of the sheet: the most photographs and styles
JUDGED = 4  # photographs used for the figures
SMALL = 512  # pixels of a style picture in the model
LICENSE = "The weights are the trainer's, the styles their painters': ask before you pass the model on."


class Ending(NamedTuple):
    """How a training ended."""

    stopped: bool  # by the user
    learned: bool  # whether the loss has fallen


def write(course: Course, plan: Plan, clock: Clock, ending: Ending, tell: Tell) -> int:
    """Writes the model and its figures, and reports them; returns the exit code."""
    folder, weights = course.asked.folder, [np.asarray(of) for of in course.learner.painter.weights]
    card = write_model(folder, card_of(course, plan, {}), weights)
    write_styles(folder / STYLES, course)
    with spared("samples", tell), written_whole(folder / SAMPLES) as file:
        sheet(course).save(file, "JPEG", quality=90)
    if ending.stopped:
        tell(f"Stopped after step {plan.taken}: the model so far is saved. The same command resumes.")
    elif course.asked.settings.weights == "imagenet":
        with spared("figures", tell):
            figures = figures_of(course, clock)
            write_card(folder, card._replace(told={**card.told, "figures": figures}))
            whose = "held-out" if course.asked.photographs.held_out else "its own"
            for name, values in figures.items():
                shown = ", ".join(f"{of} {value:.3f}" for of, value in values.items())
                tell(f"{name}, figures of {whose} photographs: {shown}.")
    tell(f"Model: {folder} ({', '.join(card.names)}), after {plan.taken} steps. Samples: {folder / SAMPLES}")
    if not ending.learned:
        tell("The model is not usable yet. The same command resumes with other --steps, and more --max_seconds if set.")
        return 0
    tell(f"To paint with it: {in_this_form('apply')} --model={shlex.quote(str(folder))} --contents=PICTURES")
    return 0


def card_of(course: Course, plan: Plan, figures: dict[str, Any]) -> Card:
    """Returns the model's card."""
    asked, settings = course.asked, course.asked.settings
    before = asked.before.styles if asked.before else ()
    styles = [
        {
            "name": name,
            "source": Path(of.part.source).name,
            "sha256": of.picture.sha256,
            "scale": shortest(of.scale),
            "blocks": "{}-{}".format(*of.part.blocks) if of.part.blocks else "",
        }
        for name, of in zip(asked.names, asked.styles, strict=True)
    ]
    said = {
        "made_by": f"keras_nst {__version__}",
        "license": LICENSE,
        "steps": plan.taken,
        "photographs": len(asked.photographs.seen),
        "held_out": len(asked.photographs.held_out),
        "figures": figures,
        "settings": {name: settings.shown(name) for name in fields(Training) if name not in FREE},
    }
    return Card(course.shape, (*before, *styles), "", said)


def write_styles(folder: Path, course: Course) -> None:
    """Writes the style pictures, reduced, by their numbers."""
    before = course.asked.before.shape.styles if course.asked.before else 0
    asked = course.asked
    earlier = model_named("from_model", asked.settings.from_model)[0] / STYLES if asked.before else folder
    pictures: dict[int, np.ndarray] = dict(
        enumerate((style.picture.pixels for style in course.asked.styles), start=before + 1)
    )
    for number in range(1, before + 1):
        with contextlib.suppress(OSError, ValueError):  # a model from elsewhere may lack it
            pictures[number] = read_picture(earlier / f"{number}.jpg", SMALL**2).pixels
    for number, pixels in pictures.items():
        image = as_image(pixels)
        image.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
        with written_whole(folder / f"{number}.jpg") as file:
            image.save(file, "JPEG", quality=90)


def sheet(course: Course) -> Image.Image:
    """Returns a sheet of held-out photographs and the network's pictures of them."""
    photographs = course.asked.photographs.judges(CELL)[:ROWS]
    names = course.asked.names[:COLUMNS]
    cells = {(str(row), "photograph"): as_image(pixels) for row, pixels in enumerate(photographs, start=1)}
    for style, name in enumerate(names):
        painted = course.learner.paint(photographs, style)
        cells |= {(str(row), name): as_image(pixels) for row, pixels in enumerate(painted, start=1)}
    return grid(cells, [str(row) for row in range(1, len(photographs) + 1)], ["photograph", *names], Look(CELL, CELL))


def figures_of(course: Course, clock: Clock) -> dict[str, dict[str, float]]:
    """Returns the mean figures of held-out photographs for each style, for as many styles as there is time for."""
    asked, side = course.asked, course.asked.settings.style_size - course.asked.settings.style_size % 4
    photographs = asked.photographs.judges(side)[:JUDGED]
    found = {}
    for number, (name, style) in enumerate(zip(asked.names, asked.styles, strict=True)):
        if clock.is_late():
            break
        painted = course.learner.paint(photographs, number)
        each = [judged(course, *of, style) for of in zip(photographs, painted, strict=True)]
        found[name] = {
            of: round(float(np.mean(values)), 4)
            for of, values in zip(Figures._fields, zip(*each, strict=True), strict=True)
        }
    return found


def judged(course: Course, photograph: np.ndarray, painted: np.ndarray, style: StylePicture) -> Figures:
    """Returns the figures of one picture."""
    content = Picture(photograph, None, "", ())
    scene = Scene(Size(*photograph.shape[:2]), content, (style,), guidance=Guidance(None, (None,), None))
    return course.session.figures(scene, course.config, painted[None])
