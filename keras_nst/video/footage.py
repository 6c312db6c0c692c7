"""A film as it is painted: its frames, their size, its shots; any frame by its number."""

import math
import sys
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from keras_nst.command.meter import Meter
from keras_nst.core.plan.pyramid import Size, crop_box
from keras_nst.video.motion import motion
from keras_nst.video.reading import Raw, Source

SIDE = 128  # pixels, the size at which frames are compared
BINS = 8  # of each color
OTHER_COLORS = 0.3  # share of the pixels
FOUND_AGAIN = 0.6  # share of the pixels


class Cutter:
    """Detects for each frame in turn whether a shot begins with it."""

    def __init__(self) -> None:
        self.last: np.ndarray | None = None

    def __call__(self, frame: np.ndarray) -> bool:
        """Returns whether there is a cut before this frame (h, w, 3), of 8 bits."""
        now, then = small(frame), self.last
        self.last = now
        return then is None or is_cut(now, then)


def small(frame: np.ndarray) -> np.ndarray:
    """Returns a frame at the size at which frames are compared."""
    share = min(1.0, SIDE / max(frame.shape[:2]))
    height, width = (max(1, round(side * share)) for side in frame.shape[:2])
    return cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)


def is_cut(now: np.ndarray, then: np.ndarray) -> bool:
    """Returns whether these two frames belong to different shots."""
    if now.shape != then.shape:
        return True
    other = 0.5 * np.abs(colors(now) - colors(then)).sum()
    if other < OTHER_COLORS:
        return False
    between = motion(now, then)
    return bool(between.seen.mean() < FOUND_AGAIN)


def colors(frame: np.ndarray) -> np.ndarray:
    """Returns a histogram of the pixels' colors (shares), smoothed over neighboring colors."""
    counts = cv2.calcHist([frame], [0, 1, 2], None, [BINS] * 3, [0, 256] * 3)
    smooth = sum(np.roll(counts, by, axis) for axis in range(3) for by in (-1, 1)) + 2.0 * counts
    return smooth / smooth.sum()


KEPT, LEAST, BYTES = 48, 8, 256_000_000  # frames in the cache: most, least, and bytes
AHEAD = 24  # decodes up to this many frames further on, instead of seeking


class Survey(NamedTuple):
    """The contents of a film."""

    size: Size  # of its frames
    times: tuple[int, ...]  # of its frames, in units of the film
    cuts: tuple[int, ...]  # the numbers of the frames that shots begin with
    broken: int  # number of unreadable frames
    marks: tuple[int, ...]  # a hash of each frame
    end: int | None = None  # where it is cut off, in units of the film; None: at its own end

    @property
    def shots(self) -> list[range]:
        """The frames of each shot."""
        ends = (*self.cuts[1:], len(self.times))
        return [range(first, end) for first, end in zip(self.cuts, ends, strict=True)]


def survey(source: Source, start: float, end: float, find_cuts: bool) -> Survey:
    """Goes through the film once; twice if its time stamps are useless.

    Args:
        start, end: the part of it, in seconds from its first frame; end 0: to the end.

    Raises:
        ValueError: it has no frames, or none between these times.
    """
    span = Fraction(start).limit_denominator(10**6), Fraction(end).limit_denominator(10**6) if end else None
    found = looked_through(source, span, find_cuts)
    if found is None:
        source.count()
        found = looked_through(source, span, find_cuts)
    if found is None or not found.times:
        where = f" between {start:g} and {end:g} seconds" if end else f" after {start:g} seconds" if start else ""
        raise ValueError(f"Expected a film with readable frames{where}. Received: none")
    return found


def looked_through(source: Source, span: tuple[Fraction, Fraction | None], find_cuts: bool) -> Survey | None:
    """Returns the contents of a film; None if its time stamps do not increase."""
    cutter, times, cuts, marks = Cutter(), list[int](), list[int](), list[int]()
    size, first, last, end = Size(0, 0), None, None, None
    for raw in Meter(source.frames(), file=sys.stderr, disable=None, unit="frame", desc="scanning", leave=False):
        if raw.time is None or (last is not None and raw.time <= last):
            return None
        first, last = raw.time if first is None else first, raw.time
        second = (raw.time - first) * source.unit
        if span[1] is not None and second >= span[1]:
            end = first + math.ceil(span[1] / source.unit)
            break
        if second < span[0]:
            continue
        if not times:
            size = Size(*raw.levels.shape[:2])
        if cutter(raw.levels) if find_cuts else not times:
            cuts.append(len(times))
        times.append(raw.time)
        marks.append(mark_of(raw.levels))
    return Survey(size, tuple(times), tuple(cuts), source.broken, tuple(marks), end)


class Footage:
    """The frames of a film by their numbers, at the size at which they are painted.

    Args:
        smooth: whether they are pictures; if not, they are masks, whose colors are names.
    """

    def __init__(self, source: Source, known: Survey, size: Size, smooth: bool = True):
        self.source, self.survey, self.size, self.smooth = source, known, size, smooth
        self.numbers = {time: number for number, time in enumerate(known.times)}
        self.kept: OrderedDict[int, np.ndarray] = OrderedDict()
        self.reader: Iterator[Raw] | None = None
        self.most = max(LEAST, min(KEPT, BYTES // (3 * size.height * size.width)))
        self.seeks = True  # whether seeking works in this film
        self.next = 0  # the number of the next frame to read

    def __len__(self) -> int:
        return len(self.survey.times)

    def levels(self, number: int) -> np.ndarray:
        """Returns a frame (h, w, 3), uint8.

        Raises:
            ValueError: it can no longer be read.
        """
        if number not in self.kept:
            self._read(number)
        return self.kept[number]

    def frame(self, number: int) -> np.ndarray:
        """Returns a frame (h, w, 3) in [0, 1]."""
        return self.levels(number).astype(np.float32) / 255

    def _read(self, number: int) -> None:
        if self.reader is None or not self.next <= number < self.next + AHEAD:
            # Going backwards, the frames before it are needed next.
            first = max(0, number - self.most // 2) if number < self.next else number
            self._begin(first)
        self._read_to(number)
        if number not in self.kept:  # seeking is wrong in this film: read it from its beginning
            self.seeks = False
            self._begin(0)
            self._read_to(number)
        if number not in self.kept:
            raise ValueError(f"Expected to find frame {number} again. Received: a film that has changed")

    def _begin(self, first: int) -> None:
        self.reader = self.source.frames(self.survey.times[first] if first and self.seeks else None)

    def _read_to(self, number: int) -> None:
        for raw in self.reader or ():
            found = None if raw.time is None else self.numbers.get(raw.time)
            if found is None:
                continue
            if mark_of(raw.levels) != self.survey.marks[found]:
                return
            self._keep(found, fitted(raw.levels, self.size, self.smooth))
            self.next = found + 1
            if found >= number:
                return

    def _keep(self, number: int, levels: np.ndarray) -> None:
        self.kept[number] = levels
        if len(self.kept) > self.most:
            self.kept.popitem(last=False)


def mark_of(levels: np.ndarray) -> int:
    """Returns a hash that identifies a frame."""
    return zlib.crc32(small(levels).tobytes())


def fitted(levels: np.ndarray, size: Size, smooth: bool = True) -> np.ndarray:
    """Returns a frame cropped and resized to this size; not `smooth`: without any new colors."""
    there = Size(*levels.shape[:2])
    if there == size:
        return levels
    rows, columns = crop_box(there, size)
    image = Image.fromarray(levels[rows, columns])
    how = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
    return np.asarray(image.resize((size.width, size.height), how))
