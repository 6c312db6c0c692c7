"""A process that makes many pictures does not keep them."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import tensorflow as tf
from conftest import ROOT, smooth_picture
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


def tell_what_is_left() -> None:
    """Prints what is there after a first picture, and after two more."""
    content, style = smooth_picture(48, 64), smooth_picture(40, 50, seed=1)
    for optimizers in (["adam"], ["adam", "lbfgs"]):
        for optimizer in optimizers:
            keras_nst.stylize(content, style, optimizer=optimizer, **SMALL)
        print(programs(), gradients())


def test_a_second_picture_leaves_nothing_more() -> None:
    """In a process of its own: threads of other tests may still be at work in this one."""
    path = os.pathsep.join(map(str, (ROOT, Path(__file__).parent)))
    done = subprocess.run(
        [sys.executable, "-c", "import test_forgetting; test_forgetting.tell_what_is_left()"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = done.stdout.splitlines()
    assert first == second and int(first.split()[1]) > 100


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
