"""The objective, the sum of the weighted terms: its parts, its value, its gradient tile by tile."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import tensorflow as tf

from keras_nst.core.objective.terms import NORMALIZED, TERMS, Guides, Seen, Term, Value
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective
from keras_nst.core.plan.pyramid import Size

PUBLISHED = ("content", "style", "variation")

Parts = dict[str, Any]  # term: its measurements of a picture, or of a part of it


class Aim(NamedTuple):
    """The target of the pictures: tensors only, so that one compiled program serves many pictures."""

    terms: dict[str, Any]  # term: its own target
    weights: dict[str, tf.Tensor]  # term: ()
    guides: Guides  # if there are regions
    kept: tuple[tf.Tensor, ...]  # if a part of the picture may not change: the share that may (h, w, 1), the content


def terms_of(objective: Objective) -> dict[str, Term]:
    """Returns the terms that take part in the objective."""
    own = {"content": NORMALIZED} if objective.normalized_content else {}
    known = TERMS | own | dict(objective.more_terms)
    return {name: known[name] for name, _ in objective.weights}


def measure(seen: Seen, aim: Aim, objective: Objective, names: Iterable[str] | None = None) -> Parts:
    """Returns the measurements of the terms, or of the named ones, on a part of pictures."""
    known = terms_of(objective)
    return {name: known[name].part(seen, aim.terms[name], objective) for name in (known if names is None else names)}


def evaluate(total: Parts, aim: Aim, size: Size, objective: Objective) -> LossValues:
    """Returns the losses of pictures of this size, given the sum of their parts."""
    values = {
        name: term.value(total[name], aim.terms[name], size, objective) for name, term in terms_of(objective).items()
    }
    return LossValues(_weighted(values, aim), *_told(values))


def no_losses(picture: tf.Tensor, aim: Aim, objective: Objective) -> LossValues:
    """Returns zero losses in the shapes that `evaluate` returns for these pictures.

    A style that is used for some blocks of the network only has no loss at the others.
    """
    zero, aims = tf.zeros(picture.shape[0], picture.dtype), aim.terms
    layers = {"content": lambda: aims["content"].features, "style": lambda: aims["style"].moments}
    values = {
        name: Value(zero, dict.fromkeys(layers[name]() if name in layers else (), zero)) for name in terms_of(objective)
    }
    return LossValues(zero, *_told(values))


# --- Tile by tile ---


def of_all_tiles(objective: Objective) -> tuple[str, ...]:
    """Returns the terms whose gradient in one tile depends on all other tiles: these are measured first."""
    return tuple(name for name, term in terms_of(objective).items() if not term.linear)


def slopes(total: Parts, aim: Aim, size: Size, objective: Objective) -> Parts:
    """Returns the derivatives of these weighted terms by their measurements; None if they do not depend on one."""
    known = terms_of(objective)
    with tf.GradientTape() as tape:
        tape.watch(total)
        values = {name: known[name].value(of, aim.terms[name], size, objective) for name, of in total.items()}
        objective_of_these = _weighted(values, aim)
    return tape.gradient(objective_of_these, total)


def linear_objective(parts: Parts, slopes: Parts, aim: Aim, size: Size, objective: Objective) -> tf.Tensor:
    """Returns a function of a part whose gradient is the gradient of the objective: (n,)."""
    values = {
        name: term.value(parts[name], aim.terms[name], size, objective)
        for name, term in terms_of(objective).items()
        if name not in slopes
    }
    total = _weighted(values, aim) if values else 0.0
    for name, by_part in slopes.items():
        flat = zip(tf.nest.flatten(by_part), tf.nest.flatten(parts[name]), strict=True)
        for slope, part in flat:
            if slope is not None:
                total += tf.reduce_sum(slope * part, axis=list(range(1, len(part.shape))))
    return total


def _weighted(values: dict[str, Value], aim: Aim) -> tf.Tensor:
    return sum(aim.weights[name] * value.total for name, value in values.items())


def _told(values: dict[str, Value]) -> tuple[dict[str, tf.Tensor], dict[str, dict[str, tf.Tensor]]]:
    """Returns the terms, including published ones that do not take part, and their layers."""
    zero = tf.zeros_like(next(iter(values.values())).total)
    terms = {name: values[name].total if name in values else zero for name in (*PUBLISHED, *values)}
    return terms, {name: value.layers for name, value in values.items() if value.layers}
