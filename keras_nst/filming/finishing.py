"""A painted film as it is handed over: written with its times, colors and sound; measured."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from keras_nst.core.pyramid import Size
from keras_nst.filming.asked import Asked
from keras_nst.filming.figures import flicker, warping_error
from keras_nst.filming.folder import FIGURES, RECORD
from keras_nst.filming.footage import Footage
from keras_nst.filming.motion import motion
from keras_nst.filming.reading import in_levels
from keras_nst.filming.writing import Timing, write_film
from keras_nst.monitors.meter import Meter
from keras_nst.pictures.files import save_picture
from keras_nst.session.scene import Tell, recolored

Frames = Callable[[int], np.ndarray]  # number -> (h, w, 3), uint8


def finish(asked: Asked, footage: Footage, tell: Tell) -> int:
    """Writes the film and what was measured of it; returns the exit code."""
    reel = Reel(asked, footage)
    for path, frames, size in films(asked, reel):
        for note in write(asked, path, frames, size):
            tell(note)
        tell(f"Film: {path}")
    if asked.settings.figures:
        figures = measured(asked, footage)
        asked.folder.tell(asked.folder.path / FIGURES, figures)
        tell(words(figures))
    record = asked.folder.path / RECORD
    asked.folder.tell(record, asked.folder.told(record) | {"written": asked.written()})
    return 0


class Reel:
    """The frames as they are to be seen."""

    def __init__(self, asked: Asked, footage: Footage):
        self.folder, self.color, self.footage = asked.folder, asked.settings.color, footage

    def painted(self, number: int) -> np.ndarray:
        """Returns a painted frame in the colors that --color promises."""
        if self.color not in ("content", "luminance"):
            return self.folder.levels(number)
        return in_levels(recolored(self.folder.picture(number), self.footage.frame(number), self.color))

    def beside(self, number: int) -> np.ndarray:
        """Returns a frame and what was made of it side by side."""
        return np.concatenate([self.footage.levels(number), self.painted(number)], axis=1)


def films(asked: Asked, reel: Reel) -> Iterator[tuple[Path, Frames, Size]]:
    """Yields what is to be written: where, its frames and their size."""
    yield asked.output, reel.painted, asked.size
    if asked.settings.side_by_side:
        height, width = asked.size
        output = asked.output
        yield output.with_name(f"{output.stem}-beside{output.suffix}"), reel.beside, Size(height, 2 * width)


def write(asked: Asked, path: Path, frames: Frames, size: Size) -> list[str]:
    """Writes a film, or a folder of frames; returns what is to be said of it."""
    count = len(asked.survey.times)
    with Meter(total=count, file=sys.stderr, disable=None, unit="frame", desc="writes") as bar:

        def frame(number: int) -> np.ndarray:
            bar.update()
            return frames(number)

        if path.suffix:
            film = Path(asked.settings.content).expanduser()
            timing = Timing(asked.survey.times, asked.source.unit, asked.source.rate)
            return write_film(path, frame, size, timing, film if film.is_file() else None)
        path.mkdir(exist_ok=True)
        for number in range(count):
            save_picture(path / f"{number:06d}.png", frame(number).astype(np.float32) / 255)
    return []


def measured(asked: Asked, footage: Footage) -> dict[str, float]:
    """Returns how steady the painted film is, and the film that was painted itself: means over all but cuts."""
    errors: list[tuple[float, float, float]] = []
    for shot in asked.survey.shots:
        for number in shot[1:]:
            between = motion(footage.levels(number), footage.levels(number - 1))
            now, then = (asked.folder.picture(each) for each in (number, number - 1))
            frame_now, frame_then = (footage.frame(each) for each in (number, number - 1))
            of_painted, of_film = warping_error(now, then, between), warping_error(frame_now, frame_then, between)
            errors.append((of_painted, of_film, flicker(now, then, frame_now, frame_then)))
    if not errors:
        return {}
    names = ("warping_error", "warping_error_of_the_film", "flicker")
    return dict(zip(names, map(float, np.mean(errors, axis=0)), strict=True))


def words(figures: dict[str, float]) -> str:
    """Returns what was measured, for people."""
    if not figures:
        return "Figures: none of a single frame."
    own, film = figures["warping_error"], figures["warping_error_of_the_film"]
    return f"Figures: warping error {own:.3g} (the film's own {film:.3g}), flicker {figures['flicker']:.3g}."
