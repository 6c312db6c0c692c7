"""Several pictures optimized as one batch; each reports progress as if it ran alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_nst.core.descent.transfer import Painted
from keras_nst.core.plan.events import Listener, LossValues, Progress, Standing, Step
from keras_nst.core.plan.method import Method
from keras_nst.core.seeing.sight import Pictures


def stacked(pictures: Sequence[Pictures]) -> Pictures:
    """Returns the inputs of several pictures as one batch; the first one's styles are used for all."""
    if len(pictures) == 1:
        return pictures[0]
    return pictures[0]._replace(content=np.concatenate([each.content for each in pictures]))


def told_of(index: int, listener: Listener) -> Listener:
    """Returns a listener to the whole batch that passes on the progress of one picture."""
    return lambda progress: listener(progress_of(index, progress))


def progress_of(index: int, progress: Progress) -> Progress:
    """Returns the progress of one of the pictures."""
    standing = progress.standing
    return progress._replace(
        losses=losses_of(index, progress.losses),
        picture=lambda: progress.picture()[index : index + 1],
        taken=[Step(step.number, losses_of(index, step.losses), step.learning_rate) for step in progress.taken],
        standing=standing and (lambda: standing_of(index, standing())),
    )


def standing_of(index: int, standing: Standing) -> Standing:
    """Returns the state to resume one of the pictures alone: arrays with axes have the pictures on the first axis."""
    own = (array[index : index + 1] if array.ndim else array for array in standing.arrays)
    return standing._replace(method=method_of(index, standing.method), arrays=own)


def result_of(index: int, result: Painted) -> Painted:
    """Returns the result of one of the pictures."""
    losses = result.losses and losses_of(index, result.losses)
    picture = result.picture[index : index + 1]
    return result._replace(picture=picture, losses=losses, method=method_of(index, result.method))


def losses_of(index: int, losses: LossValues) -> LossValues:
    """Returns the losses of one of the pictures, (1,) each."""
    own: Any = tf.nest.map_structure(lambda values: values[index : index + 1], losses)
    return own


def method_of(index: int, method: Method) -> Method:
    """Returns the method of one of the pictures."""
    return method._replace(objective=method.objective.of(index))
