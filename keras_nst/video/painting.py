"""Goes through a film shot by shot, painting each frame with information from those before it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Protocol, Self

import numpy as np

from keras_nst.command.log import spared
from keras_nst.command.meter import Meter
from keras_nst.command.monitors.curves import Curves
from keras_nst.core.plan.events import Listener, LossValues, Progress
from keras_nst.settings.lines import Tell
from keras_nst.system.files import claimed
from keras_nst.system.pace import Stop
from keras_nst.video.film import Request
from keras_nst.video.folder import FIGURES, FRAMES, KEYFRAMES
from keras_nst.video.footage import Footage
from keras_nst.video.motion import Motion, Past, motion, remembered


class Shot(NamedTuple):
    """Frames that belong together."""

    number: int
    frames: range
    first: np.ndarray  # (h, w, 3), its first frame, in [0, 1]
    mask: np.ndarray | None = None  # (h, w, 3), that frame's regions


class Work(NamedTuple):
    """A frame to paint."""

    number: int
    frame: np.ndarray  # (h, w, 3), in [0, 1]
    past: Past | None  # earlier painted frames, moved onto it; None: none
    own: np.ndarray | None = None  # (h, w, 3): its picture from an earlier pass
    mask: np.ndarray | None = None  # (h, w, 3), its regions


class FramePainter(Protocol):
    """Paints the frames of one shot after the other."""

    def begin(self, shot: Shot) -> None:
        """Begins a shot, or resumes it."""

    def paint(self, work: Work) -> np.ndarray | None:
        """Returns the picture (h, w, 3) of a frame; None if the program was stopped."""

    def judge(self, frame: np.ndarray, made: np.ndarray) -> Mapping[str, float]:
        """Returns figures of the picture of a frame; empty if no style is known."""


MOST_SHOWN = 100  # frames in TensorBoard, which keeps event files small
NO_LOSSES = LossValues(np.zeros(1), {}, {})


class Screen:
    """Shows the progress of a film.

    Args:
        folder: of the event files.
        frames: of the film; `done` of them are painted already.
        paintings: the number of pictures still to paint.
        bar: where the bar is shown, if that is a terminal.
    """

    def __init__(self, folder: Path, frames: int, done: int, paintings: int, bar: IO[str] = sys.stderr):
        self.curves, self.period = Curves(folder, done), max(1, frames // MOST_SHOWN)
        self.bar = Meter(total=paintings, file=bar, disable=None, unit="frame", smoothing=0.1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.close()
        self.curves.close()

    def hear(self, number: int) -> Sequence[Listener]:
        """Returns the listeners to the steps of a frame: its final losses become a point of the curves."""

        def listen(progress: Progress) -> None:
            if progress.final:
                self.curves(progress._replace(step=number, taken=()))

        return [listen]

    def judge(self, number: int, figures: Mapping[str, float]) -> None:
        """Shows figures of a frame."""
        self.curves.judge(figures, number)

    def show(self, number: int, picture: np.ndarray) -> None:
        """Shows a painted frame."""
        self.bar.update()
        if number % self.period == 0:
            self.curves.show(Progress(number + 1, 0, 1, 1, 0, 0, NO_LOSSES, 0.0, lambda: picture[None]))


JUDGED = 12  # one frame in this many gets figures
EARLIER = (1, 2, 4)  # distances back to the frames that are used for a frame


class Way(NamedTuple):
    """One pass through a shot."""

    order: Sequence[int]  # the numbers of its frames
    place: str = FRAMES  # the folder of its pictures
    own: str | None = None  # the folder of the pass before


def passes(frames: range, count: int) -> list[Way]:
    """Returns the passes through a shot, forwards and backwards in turn."""
    places = [*(f"pass-{number}" for number in range(1, count)), FRAMES]
    orders = [frames if number % 2 == 0 else frames[::-1] for number in range(count)]
    return [Way(*way) for way in zip(orders, places, [None, *places[:-1]], strict=True)]


def keyframes(frames: range, every: int) -> list[Way]:
    """Returns the pass over the keyframes of a shot, which include its first frame."""
    return [Way(frames[::every], KEYFRAMES)]


class Journey:
    """Goes through a film, and skips shots that other processes paint."""

    def __init__(self, asked: Request, footage: Footage, screen: Screen, stop: Stop, tell: Tell):
        self.asked, self.folder, self.footage, self.screen = asked, asked.folder, footage, screen
        self.stop, self.tell, self.judges = stop, tell, asked.settings.figures
        masks = asked.masks
        self.masks = masks and Footage(masks.source, masks.survey, asked.size, smooth=False)

    def go(self, painter: FramePainter, ways: Callable[[range], Sequence[Way]]) -> bool:
        """Paints the missing frames; returns whether all are painted then."""
        shots = [(number, frames, ways(frames)) for number, frames in enumerate(self.asked.survey.shots, start=1)]
        for number, frames, of_shot in shots:
            if not self.stop.is_set() and not self._painted(of_shot[-1]):
                first = frames.start
                self._share(painter, Shot(number, frames, self.footage.frame(first), self._mask(first)), of_shot)
        return all(self._painted(of_shot[-1]) for _, _, of_shot in shots)

    def _painted(self, way: Way) -> bool:
        return all(self.folder.has(number, way.place) for number in way.order)

    def _share(self, painter: FramePainter, shot: Shot, ways: Sequence[Way]) -> None:
        """Paints a shot, unless another process does."""
        with claimed(self.folder.claim(shot.number)) as own:
            if own:
                painter.begin(shot)
                for way in ways:
                    self._follow(painter, way)

    def _follow(self, painter: FramePainter, way: Way) -> None:
        for position, number in enumerate(way.order):
            if self.stop.is_set():
                return
            if self.folder.has(number, way.place):
                continue
            before = [way.order[position - back] for back in EARLIER if position >= back]
            made = painter.paint(self._work(number, before, way))
            if made is None:
                return
            self.folder.keep(number, made, way.place)
            self.screen.show(number, made)
            if self.judges and way.place == FRAMES and number % JUDGED == 0:
                self._judge(painter, number, made)

    def _judge(self, painter: FramePainter, number: int, made: np.ndarray) -> None:
        """Records the figures of a painted frame; after an error no further frame gets figures."""
        self.judges = False
        with spared("figures of frames", self.tell):
            figures = painter.judge(self.footage.frame(number), made)
            self.folder.tell_more(self.folder.path / FIGURES, {f"{number:06d}": figures} if figures else {})
            self.screen.judge(number, figures)
            self.judges = True

    def _work(self, number: int, before: Sequence[int], way: Way) -> Work:
        own = None if way.own is None else self.folder.picture(number, way.own)
        past = self._past(number, before, way) if before and self.asked.settings.steady else None
        return Work(number, self.footage.frame(number), past, own, self._mask(number))

    def _mask(self, number: int) -> np.ndarray | None:
        return self.masks.frame(number) if self.masks else None

    def _past(self, number: int, before: Sequence[int], way: Way) -> Past:
        """Returns the earlier frames moved onto this one: the nearest, and further ones while pixels are missing."""
        now, found = self.footage.levels(number), list[Motion]()
        for earlier in before:
            found.append(motion(now, self.footage.levels(earlier)))
            if found[-1].seen.all():
                break
        painted = [self.folder.picture(earlier, way.place) for earlier, _ in zip(before, found, strict=False)]
        return remembered(found, painted)
