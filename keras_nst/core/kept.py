"""What was expensive to make, kept for the next picture as far as there is room."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """The things asked for last, as many as fit into so many bytes; with no bytes nothing is kept."""

    def __init__(self, most: float, size: Callable[[Thing], float]):
        self.most, self.size = most, size
        self.things: OrderedDict[Hashable, Thing] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Thing]) -> Thing:
        """Returns the thing of this key, made if it is not there."""
        if not self.most:
            return make()
        thing = self.things.pop(key, None) or make()
        self.things[key] = thing
        while self.things and sum(map(self.size, self.things.values())) > self.most:
            self.things.popitem(last=False)
        return thing
