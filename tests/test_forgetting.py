"""A process that makes many pictures does not keep them."""

import gc

import pytest
import tensorflow as tf
from conftest import smooth_picture
from tensorflow.python.framework import ops
from tensorflow.python.framework.func_graph import FuncGraph

import keras_nst
from keras_nst.system.programs import gradients_forgotten

SMALL = {
    "weights": "random",
    "size": "64",
    "steps": (2, 2),
    "scales": 2,
    "content_layers": "block2_conv2",
    "style_layers": "block1_conv1,block2_conv1",
}


def programs() -> int:
    gc.collect()
    return sum(isinstance(thing, FuncGraph) for thing in gc.get_objects())


def gradients() -> int:
    return len(ops.gradient_registry.list())


@pytest.mark.usefixtures("nothing_is_kept")
def test_a_second_picture_leaves_nothing_more() -> None:
    content, style = smooth_picture(48, 64), smooth_picture(40, 50, seed=1)
    keras_nst.stylize(content, style, **SMALL)
    before = programs(), gradients()
    for optimizer in ("adam", "lbfgs"):
        keras_nst.stylize(content, style, optimizer=optimizer, **SMALL)
    assert (programs(), gradients()) == before


def test_what_was_there_before_stays_and_what_was_traced_goes_on() -> None:
    @tf.custom_gradient
    def doubled(x: tf.Tensor) -> tuple:
        return 2 * x, lambda slope: 5 * slope  # not what it is, so that it shows

    @tf.function(autograph=False)
    def slope(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = doubled(x)
        return tape.gradient(y, x)

    known = gradients()
    with gradients_forgotten():
        slope(tf.constant(1.0))
        assert gradients() > known
    assert gradients() == known and float(slope(tf.constant(3.0))) == 5
