"""Finishes a painted film: writes it with its times, colors and sound, and measures it."""

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from keras_nst.command.log import spared
from keras_nst.command.meter import Meter
from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.files import save_picture
from keras_nst.pictures.palette import Colors, Share, chroma_map, with_colors_of
from keras_nst.session.scene import share_of
from keras_nst.session.session import KEPT
from keras_nst.settings.lines import Tell
from keras_nst.system.pace import Stop
from keras_nst.video.film import Request
from keras_nst.video.folder import FIGURES, RECORD
from keras_nst.video.footage import Footage
from keras_nst.video.motion import flicker, motion, warping_error
from keras_nst.video.reading import in_levels
from keras_nst.video.writing import Timing, write_film

MEASURED = 50  # pairs of frames
SEEN = 5  # frames that represent the colors of a film
NAME = "{:06d}.png"  # of the files in a folder of frames
Frames = Callable[[int], np.ndarray]  # number -> (h, w, 3), uint8


class Stopped(Exception):
    """The program was stopped before the film was finished."""


def finish(asked: Request, footage: Footage, stop: Stop, tell: Tell) -> int:
    """Writes the film and its figures; returns the exit code.

    Raises:
        Stopped: it is not written yet.
    """
    reel, record = Reel(asked, footage), asked.folder.path / RECORD
    for path, frames, size in films(asked, reel):
        for note in write(asked, path, watched(frames, stop), size):
            tell(note)
        tell(f"Film: {path}")
    told = asked.folder.told(record)
    asked.folder.tell(record, told | {"written": asked.written(told)})
    if asked.settings.figures and not stop.is_set():
        with spared("figures", tell):
            figures = measured(asked, footage, reel)
            asked.folder.tell_more(asked.folder.path / FIGURES, figures)
            tell(words(figures))
    return 0


def watched(frames: Frames, stop: Stop) -> Frames:
    """Returns frames that raise Stopped once `stop` is set."""

    def frame(number: int) -> np.ndarray:
        if stop.is_set():
            raise Stopped
        return frames(number)

    return frame


class Reel:
    """The frames with their final colors."""

    def __init__(self, asked: Request, footage: Footage):
        self.folder, self.color, self.footage = asked.folder, asked.settings.color, footage
        self.tone = self._toning(asked) if self.color == "palette" else np.asarray

    def painted(self, number: int) -> np.ndarray:
        """Returns a painted frame in the colors that --color promises."""
        if self.color not in KEPT:
            return self.folder.levels(number)
        return in_levels(with_colors_of(self.folder.picture(number), self.footage.frame(number), self.tone))

    def _toning(self, asked: Request) -> Colors:
        """Returns the function that changes the chroma of all frames equally, made from some of them."""
        chosen = np.linspace(0, len(asked.survey.times) - 1, SEEN).astype(int)
        frames = [Share(self.footage.frame(number)) for number in sorted(set(chosen.tolist()))]
        styles = zip(asked.styles, asked.config.style_sources(), strict=True)
        return chroma_map(frames, [share_of(style, part.weight) for style, part in styles])

    def beside(self, number: int) -> np.ndarray:
        """Returns a frame and its painted version side by side."""
        return np.concatenate([self.footage.levels(number), self.painted(number)], axis=1)


def films(asked: Request, reel: Reel) -> Iterator[tuple[Path, Frames, Size]]:
    """Yields the films to write: path, frames and size."""
    height, width = asked.size
    shown = (reel.painted, asked.size), (reel.beside, Size(height, 2 * width))
    yield from ((path, *each) for path, each in zip(asked.outputs, shown, strict=False))


def write(asked: Request, path: Path, frames: Frames, size: Size) -> list[str]:
    """Writes a film, or a folder of frames; returns messages for the user."""
    count = len(asked.survey.times)
    with Meter(total=count, file=sys.stderr, disable=None, unit="frame", desc="writes") as bar:

        def frame(number: int) -> np.ndarray:
            bar.update()
            return frames(number)

        if path.suffix:
            film = Path(asked.settings.content).expanduser()
            timing = Timing(asked.survey.times, asked.source.unit, asked.source.rate, asked.survey.end)
            return write_film(path, frame, size, timing, film if film.is_file() else None)
        path.mkdir(exist_ok=True)
        for number in range(count):
            save_picture(path / NAME.format(number), frame(number).astype(np.float32) / 255)
        for number in itertools.takewhile(lambda number: (path / NAME.format(number)).exists(), itertools.count(count)):
            (path / NAME.format(number)).unlink()  # of a longer film that was there before
    return []


def measured(asked: Request, footage: Footage, reel: Reel) -> dict[str, float]:
    """Returns the steadiness of the painted film and of the original: means over some pairs of frames."""
    pairs = [number for shot in asked.survey.shots for number in shot[1:]]
    errors = [steadiness(number, footage, reel) for number in pairs[:: -(-len(pairs) // MEASURED) or 1]]
    if not errors:
        return {}
    names = ("warping_error", "warping_error_of_the_film", "flicker")
    return dict(zip(names, map(float, np.mean(errors, axis=0)), strict=True))


def steadiness(number: int, footage: Footage, reel: Reel) -> tuple[float, float, float]:
    """Returns the warping error of a painted frame and the one before it, that of the original, and flicker."""
    then, now = (footage.levels(each) for each in (number - 1, number))
    between = motion(now, then)
    frames = [each.astype(np.float32) / 255 for each in (now, then, reel.painted(number), reel.painted(number - 1))]
    frame, before, painted, painted_before = frames
    own, film = warping_error(painted, painted_before, between), warping_error(frame, before, between)
    return own, film, flicker(painted, painted_before, frame, before)


def words(figures: dict[str, float]) -> str:
    """Returns the figures in words."""
    if not figures:
        return "Figures: none, since there is only one frame."
    own, film = figures["warping_error"], figures["warping_error_of_the_film"]
    return f"Figures: warping error {own:.3g} (the film's own {film:.3g}), flicker {figures['flicker']:.3g}."
