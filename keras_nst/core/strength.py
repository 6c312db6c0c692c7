"""--style_strength: the weights of content and style by how hard each of them pulls."""

import dataclasses

import keras
import tensorflow as tf

from keras_nst.config import SUM_OF_WEIGHTS, Config
from keras_nst.core.guides import guides
from keras_nst.core.pyramid import Size, same_area
from keras_nst.core.sight import Pictures, first_picture, look_at, make_targets

LOOKED_AT = 192 * 256  # pixels: whatever the size of the result, so that a preview means the same
NOISE = 0.1  # the content itself would not pull at all
STEEPNESS = 2.0  # of the ratio of pulls, as a power of strength / (1 - strength)
WITHOUT_THE_REST = {"style_strength": None, "variation_weight": 0.0, "evaluator": "whole"}


def calibrated(pictures: Pictures, final: Size, features: keras.Model, config: Config) -> Config:
    """Returns the settings with the weights that --style_strength stands for; others as they are."""
    strength = config.style_strength
    if strength is None:
        return config
    if strength in (0.0, 1.0):
        style = strength * SUM_OF_WEIGHTS
    else:
        pulls = (strength / (1.0 - strength)) ** STEEPNESS  # the style's over the content's, with these weights
        ratio = pulls * _pull_of_content_over_style(pictures, final, features, config)
        style = SUM_OF_WEIGHTS * ratio / (1.0 + ratio)
    return dataclasses.replace(config, style_strength=None, content_weight=SUM_OF_WEIGHTS - style, style_weight=style)


def _pull_of_content_over_style(pictures: Pictures, final: Size, features: keras.Model, config: Config) -> float:
    """Returns |gradient of the content term| / |gradient of the style term|, each with weight 1, at the start."""
    size = same_area(final, min(LOOKED_AT, final.height * final.width))
    start = first_picture(pictures, size, dataclasses.replace(config, init="blend", noise=NOISE))
    content, style = (
        _pull(pictures, tf.convert_to_tensor(start), features, config.resolved(**alone, **WITHOUT_THE_REST))
        for alone in ({"content_weight": 1.0, "style_weight": 0.0}, {"content_weight": 0.0, "style_weight": 1.0})
    )
    return content / max(style, 1e-30)


def _pull(pictures: Pictures, start: tf.Tensor, features: keras.Model, config: Config) -> float:
    """Returns the norm of the gradient."""
    size = Size(*start.shape[1:3])
    look = look_at(size, features, config, guides(pictures.regions, size, config))
    evaluate = tf.function(look.evaluator(make_targets(pictures, look, features, config)), autograph=False)
    return float(tf.norm(evaluate(start)[1]))
