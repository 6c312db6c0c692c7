"""The network, with a cache of measurements and compiled steps that later pictures reuse."""

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
        self.lock = threading.Lock()  # the next stages are prepared on another thread

    def get(self, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """Returns the value of this key; if it is missing, calls `make` and stores the result."""
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
    """The devices of this process, and the processes making the same picture, that share its tiles.

    Every process holds the whole picture and applies the same updates, but evaluates only its own tiles. The terms'
    measurements and the gradient are summed over all processes.
    """

    devices: tuple[str, ...] = ("",)  # of this process, by TensorFlow's names; "": the one in use
    number: int = 0  # of this process: 0, 1, ...
    processes: int = 1
    total: Callable[[Any], Any] = lambda structure: structure  # the sum of a structure of tensors over the processes

    @property
    def hands(self) -> int:
        """The number of tiles that can be evaluated at the same time."""
        return len(self.devices) * self.processes

    def for_tiles(self, count: int) -> "Crew":
        """Returns the crew for `count` tiles; with fewer tiles than processes, every process evaluates all of them."""
        return self if count >= self.processes else Crew(self.devices)

    def own(self, number: int) -> bool:
        """Returns whether this process evaluates the tile of this number."""
        return number % self.processes == self.number

    def hand(self, number: int) -> int:
        """Returns the index of the device that evaluates the tile."""
        return number // self.processes % len(self.devices)


ALONE = Crew()


# `Pictures` of core/seeing/sight.py, size, method -> pictures (n, h, w, 3).
AtOnce = Callable[[Any, Size, Method], tf.Tensor]


class Network:
    """A network that returns features, with a cache for later pictures: measured styles and compiled steps.

    Args:
        features: from pictures to {layer: features}.
        keep: the size of the cache in bytes; 0: no cache.
        crew: the devices and processes that share the tiles of large pictures.
        at_once: paints sketches in one pass, if requested.
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
        """Returns the network for the steps of a scale: the same, or with Winograd's convolution."""
        repays = seeing.convolution == "auto" and repays_compilation(scale.size, scale.steps)
        return self.faster if repays or seeing.convolution == "winograd" else self.features


def bytes_of(structure: Any) -> float:
    """Returns the bytes of all tensors and variables in a structure."""
    leaves: Iterable[Any] = tf.nest.flatten(structure)
    return float(sum(leaf.shape.num_elements() * leaf.dtype.size for leaf in leaves))
