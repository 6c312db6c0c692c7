"""--style_strength: sets the weights of content and style by the gradient of each (its pull)."""

import numpy as np
import tensorflow as tf

from keras_nst.core.network.network import Network
from keras_nst.core.network.programs import run_once
from keras_nst.core.plan.method import Method, Weight
from keras_nst.core.plan.pyramid import Size, same_area
from keras_nst.core.seeing.sight import Pictures, aim_at, first_picture, look_at

SUM_OF_WEIGHTS = 6.0  # the content's and the style's, as in balanced
LOOKED_AT = 192 * 256  # pixels: the same for any size of the result, so that previews agree with it
NOISE = 0.1  # the content itself would have no gradient
STEEPNESS = 2.0  # of the ratio of pulls, as a power of strength / (1 - strength)


def calibrated(pictures: Pictures, final: Size, network: Network, method: Method) -> Method:
    """Returns the method with the weights for its strength; without a strength, the method unchanged."""
    strength = method.strength
    if strength is None:
        return method
    if strength in (0.0, 1.0):
        style = np.array([strength * SUM_OF_WEIGHTS])
    else:
        pulls = (strength / (1.0 - strength)) ** STEEPNESS  # the style's over the content's, with these weights
        ratio = pulls * _pull_of_content_over_style(pictures, final, network, method)
        style = SUM_OF_WEIGHTS * ratio / (1.0 + ratio)
    objective = method.objective.weighted(content=_weight(SUM_OF_WEIGHTS - style), style=_weight(style))
    return method._replace(strength=None, objective=objective)


def _weight(of_each: np.ndarray) -> Weight:
    """Returns the weights of each picture in the form that a method has."""
    weights = tuple(map(float, of_each))
    return weights if len(weights) > 1 else weights[0]


def _pull_of_content_over_style(pictures: Pictures, final: Size, network: Network, method: Method) -> np.ndarray:
    """Returns |gradient of the content term| / |gradient of the style term|, each with weight 1, at the start: (n,)."""
    size = same_area(final, min(LOOKED_AT, final.height * final.width))
    blend = method.start._replace(source="blend", noise=NOISE)
    pictures = pictures._replace(first=None)  # a strength means the same whatever picture a run starts from
    start = tf.convert_to_tensor(first_picture(pictures, size, blend))
    content, style = (_pull(pictures, start, network, method, term) for term in ("content", "style"))
    return content / np.maximum(style, 1e-30)


def _pull(pictures: Pictures, start: tf.Tensor, network: Network, method: Method, term: str) -> np.ndarray:
    """Returns the norm of the gradient of one term alone: (n,)."""
    size, whole = Size(*start.shape[1:3]), method.seeing._replace(evaluator="whole")
    alone = {name: float(name == term) for name, _ in method.objective.weights} | {term: 1.0}
    of_one = method._replace(objective=method.objective.weighted(**alone), seeing=whole)
    look = look_at(size, network.features, of_one.objective, whole)
    aim = aim_at(pictures, size, network, of_one)
    _, gradient = run_once(lambda names, *shown: look.evaluate(*shown), (), start, aim)
    return np.asarray(tf.norm(tf.reshape(gradient, [len(start), -1]), axis=1), float)
