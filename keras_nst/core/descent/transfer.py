"""The algorithm: optimizes a picture, coarse to fine, until its features match the content and the style."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_nst.core.descent.scales import Audience, ComingScales, Run
from keras_nst.core.descent.stage import rehearsed, stage_for
from keras_nst.core.network.network import Network
from keras_nst.core.plan.events import LossValues, Standing
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size, plan
from keras_nst.core.seeing.sight import Pictures, first_picture
from keras_nst.core.seeing.strength import calibrated


class Painted(NamedTuple):
    """The finished pictures, their losses (None if the run was stopped, or nobody needs them) and the steps taken.

    A run that `diverged`, because its loss did not stay finite, ends with the last sound pictures.
    """

    picture: np.ndarray  # (n, h, w, 3)
    losses: LossValues | None
    steps: int
    size: Size | None  # of the last scale with steps, from which the picture is enlarged; None without steps
    method: Method  # with the decisions made on the way
    diverged: bool = False


def transfer(
    pictures: Pictures,
    final: Size,
    method: Method,
    network: Network,
    audience: Audience,
    resumed: Standing | None = None,
) -> Painted:
    """Stylizes pictures at the size `final`, or resumes a run of that."""
    method = resumed.method if resumed else calibrated(pictures, final, network, method)
    scales = plan(final, method.steps, method.scales)
    picture, state = begun(pictures, scales[0].size, method, network), None
    ahead = ComingScales(scales, lambda scale: rehearsed(scale, pictures, method, network), audience.beside)
    run = Run(scales, audience._replace(listeners=[*audience.listeners, ahead]))
    for scale in scales:
        if resumed and scale.size < resumed.size:
            continue
        stage = ahead.stage(scale) or stage_for(scale, pictures.number, method, network)
        stage.begin(pictures, picture, state, method, before=run.steps)
        if resumed and scale.size == resumed.size:
            stage.restore(resumed)
        goes_on, method = run.descend(stage), stage.method
        if not goes_on:
            break
        picture, state = stage.mover.shown(), stage.mover.state()
    # Without this, half the time of a picture painted in one pass would go into losses that nobody requested.
    unasked = method.start.source == "instant" and not (run.steps or audience.listeners)
    losses = None if unasked else run.judge()
    picture = run.last.enlarged(final) if run.last else begun(pictures, final, method, network)
    size = run.last.scale.size if run.last else None
    return Painted(np.asarray(picture), losses, run.steps, size, method, run.diverged)


def begun(pictures: Pictures, size: Size, method: Method, network: Network) -> tf.Tensor:
    """Returns the picture from which the first step starts, (n, h, w, 3)."""
    if method.start.source != "instant":
        return first_picture(pictures, size, method.start)
    if network.at_once is None:
        raise ValueError("Expected a network that paints in one pass, such as a Session's. Received: one that cannot")
    return network.at_once(pictures, size, method)
