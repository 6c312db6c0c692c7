"""The way through a film: shot by shot, each frame with what those before it tell."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from keras_nst.filming.asked import Asked
from keras_nst.filming.folder import FIGURES, FRAMES, KEYFRAMES
from keras_nst.filming.footage import Footage
from keras_nst.filming.motion import Motion, Past, motion, remembered
from keras_nst.filming.screen import Screen
from keras_nst.filming.work import Painter, Shot, Work
from keras_nst.system.locks import claimed
from keras_nst.system.pace import Stop

JUDGED = 12  # one frame in so many is judged
EARLIER = (1, 2, 4)  # frames back, which tell of a frame what they can


class Way(NamedTuple):
    """One way through a shot."""

    order: Sequence[int]  # the numbers of its frames
    place: str = FRAMES  # where they are kept
    own: str | None = None  # where is kept what was made of each before


def passes(frames: range, count: int) -> list[Way]:
    """Returns the ways through a shot, forwards and backwards in turn."""
    places = [*(f"pass-{number}" for number in range(1, count)), FRAMES]
    orders = [frames if number % 2 == 0 else frames[::-1] for number in range(count)]
    return [Way(*way) for way in zip(orders, places, [None, *places[:-1]], strict=True)]


def keyframes(frames: range, every: int) -> list[Way]:
    """Returns the way along some frames of a shot, the first among them."""
    return [Way(frames[::every], KEYFRAMES)]


class Journey:
    """Goes through a film, and leaves shots to others who go through it as well."""

    def __init__(self, asked: Asked, footage: Footage, screen: Screen, stop: Stop):
        self.asked, self.folder, self.footage, self.screen, self.stop = asked, asked.folder, footage, screen, stop
        masks = asked.masks
        self.masks = masks and Footage(masks.source, masks.survey, asked.size, smooth=False)

    def go(self, painter: Painter, ways: Callable[[range], Sequence[Way]]) -> bool:
        """Paints what is not painted yet; returns whether all is painted then."""
        shots = [(number, frames, ways(frames)) for number, frames in enumerate(self.asked.survey.shots, start=1)]
        for number, frames, of_shot in shots:
            if not self.stop.is_set() and not self._painted(of_shot[-1]):
                first = frames.start
                self._share(painter, Shot(number, frames, self.footage.frame(first), self._mask(first)), of_shot)
        return all(self._painted(of_shot[-1]) for _, _, of_shot in shots)

    def _painted(self, way: Way) -> bool:
        return all(self.folder.has(number, way.place) for number in way.order)

    def _share(self, painter: Painter, shot: Shot, ways: Sequence[Way]) -> None:
        """Paints a shot, unless another process does."""
        with claimed(self.folder.claim(shot.number)) as own:
            if own:
                painter.begin(shot)
                for way in ways:
                    self._follow(painter, way)

    def _follow(self, painter: Painter, way: Way) -> None:
        for position, number in enumerate(way.order):
            if self.stop.is_set():
                return
            if self.folder.has(number, way.place):
                continue
            before = [way.order[position - back] for back in EARLIER if position >= back]
            made = painter.paint(self._work(number, before, way))
            if made is None:
                return
            if self.asked.settings.figures and way.place == FRAMES and number % JUDGED == 0:
                figures = painter.judge(self.footage.frame(number), made)
                self.folder.tell_more(self.folder.path / FIGURES, {f"{number:06d}": figures} if figures else {})
                self.screen.judge(number, figures)
            self.folder.keep(number, made, way.place)
            self.screen.show(number, made)

    def _work(self, number: int, before: Sequence[int], way: Way) -> Work:
        own = None if way.own is None else self.folder.picture(number, way.own)
        past = self._past(number, before, way) if before and self.asked.settings.steady else None
        return Work(number, self.footage.frame(number), past, own, self._mask(number))

    def _mask(self, number: int) -> np.ndarray | None:
        return self.masks.frame(number) if self.masks else None

    def _past(self, number: int, before: Sequence[int], way: Way) -> Past:
        """Returns what earlier frames tell: the nearest, and further ones as long as something is left to be told."""
        now, found = self.footage.levels(number), list[Motion]()
        for earlier in before:
            found.append(motion(now, self.footage.levels(earlier)))
            if found[-1].seen.all():
                break
        painted = [self.folder.picture(earlier, way.place) for earlier, _ in zip(before, found, strict=False)]
        return remembered(found, painted)
