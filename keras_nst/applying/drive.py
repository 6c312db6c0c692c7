"""Photographs painted by a network, one after the other."""

import functools
import sys
import time
from collections import Counter
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
from keras_nst.system.locks import claimed
from keras_nst.system.pace import Stop

DONE, FAILED, OTHERS = "done", "failed", "others"


def drive(asked: Asked, stop: Stop, tell: Tell) -> int:
    """Paints the photographs that are not painted yet; returns the exit code."""
    settings = asked.settings
    ahead = [(source, path) for source, path in asked.wanted if settings.overwrite or not path.exists()]
    if there := len(asked.wanted) - len(ahead):
        tell(f"{there} of {len(asked.wanted)} are painted already: {settings.output}")
    if not ahead:
        return 0
    easel, begun, count = Easel(asked, stop), time.monotonic(), Counter[str]()
    with Meter(total=len(ahead), file=sys.stderr, disable=None, unit="picture") as bar:
        say = beside_the_bar(tell)
        for source, path in ahead:
            if stop.is_set():
                break
            count[easel.share(source, path, say)] += 1
            bar.update()
    if stop.is_set():
        tell("Stopped: what is painted stays. The same command goes on.")
    if count[OTHERS]:
        tell(f"Others painted, or paint, {count[OTHERS]} of them.")
    tell(f"Pictures: {count[DONE]} in {settings.output}, in {time.monotonic() - begun:.1f} s.")
    return int(count[FAILED] > 0)


class Easel:
    """Makes pictures of files."""

    def __init__(self, asked: Asked, stop: Stop):
        self.asked, self.stop = asked, stop
        self.brush = Brush(asked.folder, asked.card, asked.settings)
        self.refiner = Refiner(asked) if asked.settings.refine else None

    def share(self, source: str, path: Path, tell: Tell) -> str:
        """Paints one photograph, unless another process does; returns what became of it."""
        try:
            with claimed(path) as own:
                if not own or (path.exists() and not self.asked.settings.overwrite):
                    return OTHERS
                return DONE if self.make(source, path, tell) else OTHERS
        except (InputError, OSError, ValueError, MemoryError) as error:
            tell(f"{source}: {one_line(str(error)) or reason(error)}")
        except self.brush.out_of_memory:
            tell(f"{source}: Not enough memory. Expected a smaller --size.")
        return FAILED

    def make(self, source: str, path: Path, tell: Tell) -> bool:
        """Paints one photograph; returns whether there was time to finish it."""
        settings = self.asked.settings
        photograph = read_source(source, round(settings.max_megapixels * 1e6))
        for note in photograph.notes:
            tell(f"{source}: {note}")
        check_output(path, settings.bit_depth, photograph.alpha is not None and not settings.background)
        refine = functools.partial(self.refiner, stop=self.stop, tell=tell) if self.refiner else None
        painting = self.brush.paint(photograph, settings, self.asked.shares, refine)
        if refine and self.stop.is_set():  # it would pass for a finished one
            return False
        save_picture(
            path, painting.pixels, alpha=painting.alpha, bit_depth=settings.bit_depth, settings=painting.made_by
        )
        return True
