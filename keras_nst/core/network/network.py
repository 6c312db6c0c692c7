"""The network, and what was measured and compiled with it that the next picture may use again."""

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import keras
import tensorflow as tf

from keras_nst.core.network import winograd
from keras_nst.core.plan.method import Method, Seeing
from keras_nst.core.plan.pyramid import Scale, Size, repays_compilation

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """A least-recently-used cache limited to `most` bytes; 0 disables it."""

    def __init__(self, most: float, size: Callable[[Thing], float]):
        self.most, self.size = most, size
        self.things: OrderedDict[Hashable, Thing] = OrderedDict()
        self.lock = threading.Lock()  # what comes next is made ready on another thread

    def get(self, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """Returns the thing of this key, made if it is not there."""
        if not self.most:
            return make()
        with self.lock:
            found = self.things.pop(key, None)
        thing = found or make()
        with self.lock:
            self.things[key] = thing
            while self.things and sum(map(self.size, self.things.values())) > self.most:
                self.things.popitem(last=False)
        return thing


class Crew(NamedTuple):
    """Who shares the tiles of a picture: the devices of this process, and other processes that make the same picture.

    Each process has the whole picture and moves it alike, but is shown its own tiles only. What the terms measure of
    them is added up over all processes, and so is the gradient.
    """

    devices: tuple[str, ...] = ("",)  # of this process, by TensorFlow's names; "": the one in use
    number: int = 0  # of this process: 0, 1, ...
    processes: int = 1
    total: Callable[[Any], Any] = lambda structure: structure  # the sum of a structure of tensors over the processes

    @property
    def hands(self) -> int:
        """How many tiles may be looked at at the same time."""
        return len(self.devices) * self.processes

    def for_tiles(self, count: int) -> "Crew":
        """Returns the crew for so many tiles: where there is not one for each process, all do all of them."""
        return self if count >= self.processes else Crew(self.devices)

    def own(self, number: int) -> bool:
        """Returns whether this process is to look at the tile of this number."""
        return number % self.processes == self.number

    def hand(self, number: int) -> int:
        """Returns which of its devices looks at it."""
        return number // self.processes % len(self.devices)


ALONE = Crew()


# `Pictures` of core/seeing/sight.py, size, method -> pictures (n, h, w, 3).
AtOnce = Callable[[Any, Size, Method], tf.Tensor]


class Network:
    """A network that gives features, and what is kept for the next picture: the styles' aims, the compiled steps.

    Args:
        features: from pictures to {layer: features}.
        keep: the bytes that may be kept; 0: nothing.
        crew: who shares the tiles of large pictures.
        at_once: paints pictures without any steps, where that was asked for.
    """

    def __init__(self, features: keras.Model, keep: float = 0.0, crew: Crew = ALONE, at_once: AtOnce | None = None):
        self.features, self.crew, self.at_once = features, crew, at_once
        self.styles: Kept[Any] = Kept(keep / 4, bytes_of)
        self.stages: Kept[Any] = Kept(3 * keep / 4, lambda stage: bytes_of(stage.variables))

    @functools.cached_property
    def faster(self) -> keras.Model:
        """The same network with fewer multiplications."""
        return winograd.faster(self.features)

    def that_takes_steps(self, scale: Scale, seeing: Seeing) -> keras.Model:
        """Returns the network for the steps of a scale: the same, but for how it convolves."""
        repays = seeing.convolution == "auto" and repays_compilation(scale.size, scale.steps)
        return self.faster if repays or seeing.convolution == "winograd" else self.features


def bytes_of(structure: Any) -> float:
    """Returns the bytes of all tensors and variables in a structure."""
    leaves: Iterable[Any] = tf.nest.flatten(structure)
    return float(sum(leaf.shape.num_elements() * leaf.dtype.size for leaf in leaves))
