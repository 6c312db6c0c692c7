"""Functions of tensors as compiled programs, each traced once."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

SOON_SEEN = 256**2  # pixels


class Programs:
    """A cache of programs, by function and input shapes.

    Calling a tf.function itself would count the traces of all sizes, and warn. AutoGraph is off: it takes longer to
    read our functions than TensorFlow takes to run the first step.
    """

    def __init__(self, by_xla: bool = False):
        self.by_xla = by_xla
        self.known: dict[Any, tf.types.experimental.ConcreteFunction] = {}

    def run(self, work: Callable[..., Any], names: tuple[str, ...], *inputs: Any) -> Any:
        """Returns the result of `work` for the names, which are fixed in the program, and for the inputs.

        A program takes less memory than eager execution, since it frees intermediate values early.
        """
        key = (work.__name__, names, *tf.nest.flatten(tf.nest.map_structure(shape_of, inputs)))
        if key not in self.known:
            self.known[key] = traced(functools.partial(work, names), inputs, self.by_xla)
        return self.known[key](*inputs)


def run_once(work: Callable[..., Any], names: tuple[str, ...], picture: tf.Tensor, *inputs: Any) -> Any:
    """Returns the same without keeping a program. Small pictures have none: tracing takes longer."""
    if picture.shape[:-1].num_elements() <= SOON_SEEN:
        return work(names, picture, *inputs)
    return traced(functools.partial(work, names), (picture, *inputs), by_xla=False)(picture, *inputs)


def traced(work: Callable[..., Any], inputs: tuple, by_xla: bool) -> tf.types.experimental.ConcreteFunction:
    """Returns the function as a program for inputs of these shapes."""
    return compiled(work, by_xla).get_concrete_function(*tf.nest.map_structure(shape_of, inputs))


def compiled(work: Callable[..., Any], by_xla: bool) -> Any:
    """Returns the function as a program, to be traced for its inputs' shapes."""
    return tf.function(work, jit_compile=by_xla, autograph=False)


def shape_of(value: Any) -> tf.TensorSpec | None:
    """Returns the shape and the type of a tensor; None for None."""
    return None if value is None else tf.TensorSpec(value.shape, value.dtype)
