"""Who shares the tiles of a picture: the devices of this process, and other processes that make the same picture.

Each process has the whole picture and moves it alike, but is shown its own tiles only. What the terms measure of them
is added up over all processes, and so is the gradient.
"""

from collections.abc import Callable
from typing import Any, NamedTuple


class Crew(NamedTuple):
    """All who share the tiles."""

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
