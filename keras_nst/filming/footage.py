"""A film as it is painted: which frames, how large, in which shots; any of its frames by its number."""

from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from PIL import Image

from keras_nst.core.pyramid import Size, crop_box
from keras_nst.filming.cuts import Cutter
from keras_nst.filming.reading import Raw, Source

KEPT = 48  # frames, for those who come back to them
AHEAD = 24  # frames further on that are decoded on the way, instead of looking for a place nearer to them


class Survey(NamedTuple):
    """What a film consists of."""

    size: Size  # of its frames
    times: tuple[int, ...]  # of its frames, in units of the film
    cuts: tuple[int, ...]  # the numbers of the frames that shots begin with
    broken: int  # frames that cannot be read

    @property
    def shots(self) -> list[range]:
        """The frames of each shot."""
        ends = (*self.cuts[1:], len(self.times))
        return [range(first, end) for first, end in zip(self.cuts, ends, strict=True)]


def survey(source: Source, start: float, end: float, find_cuts: bool) -> Survey:
    """Goes through the film once.

    Args:
        start, end: what of it, in seconds from its first frame; end 0: all of it.

    Raises:
        ValueError: there is nothing in it, or nothing between these times.
    """
    cutter, times, cuts, size, first = Cutter(), list[int](), list[int](), None, None
    begin, stop = (Fraction(second).limit_denominator(10**6) for second in (start, end))
    for raw in source.frames():
        first = raw.time if first is None else first
        second = (raw.time - first) * source.unit
        if second < begin or (end and second >= stop) or (times and raw.time <= times[-1]):
            continue
        size = size or Size(*raw.levels.shape[:2])
        if cutter(raw.levels) if find_cuts else not times:
            cuts.append(len(times))
        times.append(raw.time)
    if size is None:
        where = f" between {start:g} and {end:g} seconds" if end else f" after {start:g} seconds" if start else ""
        raise ValueError(f"Expected a film with frames that can be read{where}. Received: none")
    return Survey(size, tuple(times), tuple(cuts), source.broken)


class Footage:
    """The frames of a film by their numbers, at the size at which they are painted."""

    def __init__(self, source: Source, known: Survey, size: Size):
        self.source, self.survey, self.size = source, known, size
        self.numbers = {time: number for number, time in enumerate(known.times)}
        self.kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self.reader: Iterator[Raw] | None = None
        self.next = 0  # the number of the frame that is read next

    def __len__(self) -> int:
        return len(self.survey.times)

    def levels(self, number: int) -> np.ndarray:
        """Returns a frame (h, w, 3), uint8; the one before it, where it cannot be read any more."""
        if number not in self.kept:
            self._read(number)
        return self.kept[number]

    def frame(self, number: int) -> np.ndarray:
        """Returns a frame (h, w, 3) in [0, 1]."""
        return self.levels(number).astype(np.float32) / 255

    def _read(self, number: int) -> None:
        if self.reader is None or not self.next <= number < self.next + AHEAD:
            # Those who go backwards come to the frames before it next.
            first = max(0, number - KEPT // 2) if number < self.next else number
            self.reader = self.source.frames(self.survey.times[first] if first else None)
        for raw in self.reader:
            found = self.numbers.get(raw.time)
            if found is None:
                continue
            self._keep(found, fitted(raw.levels, self.size))
            self.next = found + 1
            if found >= number:
                break
        if number not in self.kept:
            self.reader = None
            nearest = min(self.kept, key=lambda other: abs(other - number), default=None)
            if nearest is None:
                raise ValueError(f"Expected to find frame {number} again. Received: a film that has changed")
            self._keep(number, self.kept[nearest])

    def _keep(self, number: int, levels: np.ndarray) -> None:
        self.kept[number] = levels
        if len(self.kept) > KEPT:
            self.kept.popitem(last=False)


def fitted(levels: np.ndarray, size: Size) -> np.ndarray:
    """Returns a frame at this size, what is too much cropped."""
    there = Size(*levels.shape[:2])
    if there == size:
        return levels
    rows, columns = crop_box(there, size)
    image = Image.fromarray(levels[rows, columns])
    return np.asarray(image.resize((size.width, size.height), Image.Resampling.LANCZOS))
