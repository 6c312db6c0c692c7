"""Photographs painted by a network, one after the other."""

import functools
import sys
import time
from pathlib import Path

from keras_nst.applying.asked import Asked
from keras_nst.applying.brush import Brush
from keras_nst.applying.refining import Refiner
from keras_nst.monitors.display import beside_the_bar
from keras_nst.monitors.meter import Meter
from keras_nst.pictures.files import check_output, save_picture
from keras_nst.pictures.opening import reason
from keras_nst.pictures.sources import read_source
from keras_nst.session.scene import Tell
from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import one_line
from keras_nst.system.pace import Stop


def drive(asked: Asked, stop: Stop, tell: Tell) -> int:
    """Paints the photographs that are not painted yet; returns the exit code."""
    settings = asked.settings
    ahead = [(source, path) for source, path in asked.wanted if settings.overwrite or not path.exists()]
    if there := len(asked.wanted) - len(ahead):
        tell(f"{there} of {len(asked.wanted)} are painted already: {settings.output}")
    if not ahead:
        return 0
    painter, begun, done, failed = Painter(asked, stop), time.monotonic(), 0, 0
    with Meter(total=len(ahead), file=sys.stderr, disable=None, unit="picture") as bar:
        say = beside_the_bar(tell)
        for source, path in ahead:
            if stop.is_set():
                break
            try:
                painter.make(source, path, say)
                done += 1
            except (InputError, OSError, ValueError, MemoryError) as error:
                failed += 1
                say(f"{source}: {one_line(str(error)) or reason(error)}")
            bar.update()
    if stop.is_set():
        tell("Stopped: what is painted stays. The same command goes on.")
    tell(f"Pictures: {done} in {settings.output}, in {time.monotonic() - begun:.1f} s.")
    return int(failed > 0)


class Painter:
    """Makes pictures of files."""

    def __init__(self, asked: Asked, stop: Stop):
        self.asked, self.stop = asked, stop
        self.brush = Brush(asked.folder, asked.card, asked.settings)
        self.refiner = Refiner(asked) if asked.settings.refine else None

    def make(self, source: str, path: Path, tell: Tell) -> None:
        """Paints one photograph."""
        settings = self.asked.settings
        photograph = read_source(source, round(settings.max_megapixels * 1e6))
        for note in photograph.notes:
            tell(f"{source}: {note}")
        check_output(path, settings.bit_depth, photograph.alpha is not None and not settings.background)
        refine = functools.partial(self.refiner, stop=self.stop, tell=tell) if self.refiner else None
        painting = self.brush.paint(photograph, settings, self.asked.shares, refine)
        save_picture(
            path, painting.pixels, alpha=painting.alpha, bit_depth=settings.bit_depth, settings=painting.made_by
        )
