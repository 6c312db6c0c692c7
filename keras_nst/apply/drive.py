"""Paints photographs with a network, one after the other."""

import functools
import itertools
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from keras_nst.apply.prepare import Request
from keras_nst.apply.refining import Refiner
from keras_nst.command.meter import Meter
from keras_nst.command.monitors.display import beside_the_bar
from keras_nst.command.workers.engines import engine_of
from keras_nst.command.workers.hands import are_several, watched
from keras_nst.command.workers.parcels import EXPECTED, Outcome
from keras_nst.pictures.files import check_output, save_picture
from keras_nst.pictures.sources import read_source
from keras_nst.session.brush import Brush
from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import Tell, one_line, reason
from keras_nst.system.files import claimed
from keras_nst.system.pace import Stop

DONE, FAILED, OTHERS = "done", "failed", "others"
Wanted: TypeAlias = tuple[str, Path]  # a photograph, and the path of its picture


def drive(asked: Request, stop: Stop, tell: Tell) -> int:
    """Paints the photographs that are not painted yet; returns the exit code."""
    settings = asked.settings
    ahead = [(source, path) for source, path in asked.wanted if settings.overwrite or not path.exists()]
    if there := len(asked.wanted) - len(ahead):
        tell(f"{there} of {len(asked.wanted)} photographs are already painted: {settings.output}")
    if not ahead:
        return 0
    begun, count = time.monotonic(), Counter[str]()
    with Meter(total=len(ahead), file=sys.stderr, disable=None, unit="picture") as bar:
        paint = by_others if are_several(settings) else by_this_process
        for became in paint(asked, ahead, stop, beside_the_bar(tell)):
            count[became] += 1
            bar.update()
    if stop.is_set():
        tell("Stopped. Finished pictures are kept; the same command resumes.")
    if count[OTHERS]:
        tell(f"Skipped {count[OTHERS]}, which another process paints or has painted.")
    tell(f"Pictures: {count[DONE]} in {settings.output}, in {time.monotonic() - begun:.1f} s.")
    return int(count[FAILED] > 0)


def by_this_process(asked: Request, ahead: Iterable[Wanted], stop: Stop, tell: Tell) -> Iterator[str]:
    """Paints photographs; yields the outcome of each."""
    easel = Easel(asked)
    for source, path in ahead:
        if stop.is_set():
            return
        yield easel.share(source, path, stop, tell)


class Photograph(NamedTuple):
    """A photograph for a worker."""

    id: str  # its name
    path: Path  # of its picture


def by_others(asked: Request, ahead: Iterable[Wanted], stop: Stop, tell: Tell) -> Iterator[str]:
    """Paints photographs by processes here, or in a cluster; yields the outcome of each."""
    folder = Path(asked.settings.output).expanduser()
    engine = engine_of(asked.settings, folder, Helper(asked, Path.cwd()), "output")
    parcels = ((Photograph(*each),) for each in itertools.takewhile(lambda _: not stop.is_set(), ahead))
    with engine, watched(stop, engine.stop):
        for _, outcome in engine.outcomes(parcels):
            if outcome:
                for line in filter(None, outcome.error.splitlines()):
                    tell(line)
                yield outcome.state


class Helper:
    """Paints photographs in a worker process, which keeps its network.

    Args:
        home: the folder that relative paths start from.
    """

    def __init__(self, asked: Request, home: Path):
        self.asked, self.home = asked, home
        self.easel: Easel | None = None

    def __call__(self, parcel: Sequence[Photograph], stop: Stop) -> list[Outcome]:
        """Paints the photographs; errors become a part of the outcome."""
        return [self._paint(photograph, stop) for photograph in parcel]

    def _paint(self, photograph: Photograph, stop: Stop) -> Outcome:
        begun, lines = time.monotonic(), list[str]()
        try:
            os.chdir(self.home)
            self.easel = self.easel or Easel(self.asked)
            became = self.easel.share(*photograph, stop, lines.append)
        except EXPECTED as error:
            became, lines = FAILED, [f"{photograph.id}: {error}"]
        return Outcome(photograph.id, became, time.monotonic() - begun, error="\n".join(lines))


class Easel:
    """Paints files with the network."""

    def __init__(self, asked: Request):
        self.asked = asked
        self.brush = Brush(asked.folder, asked.card, asked.settings)
        self.refiner = Refiner(asked) if asked.settings.refine else None

    def share(self, source: str, path: Path, stop: Stop, tell: Tell) -> str:
        """Paints one photograph, unless another process does; returns the outcome."""
        try:
            with claimed(path) as own:
                if not own or (path.exists() and not self.asked.settings.overwrite):
                    return OTHERS
                return DONE if self.make(source, path, stop, tell) else OTHERS
        except (InputError, OSError, ValueError, MemoryError) as error:
            tell(f"{source}: {one_line(str(error)) or reason(error)}")
        except self.brush.out_of_memory:
            tell(f"{source}: Not enough memory. Expected a smaller --size.")
        return FAILED

    def make(self, source: str, path: Path, stop: Stop, tell: Tell) -> bool:
        """Paints one photograph; returns whether there was time to finish it."""
        settings = self.asked.settings
        photograph = read_source(source, round(settings.max_megapixels * 1e6))
        for note in photograph.notes:
            tell(f"{source}: {note}")
        check_output(path, settings.bit_depth, photograph.alpha is not None and not settings.background)
        refine = functools.partial(self.refiner, stop=stop, tell=tell) if self.refiner else None
        painting = self.brush.paint(photograph, settings, self.asked.shares, refine)
        if refine and stop.is_set():  # an unfinished one must not be saved
            return False
        save_picture(
            path, painting.pixels, alpha=painting.alpha, bit_depth=settings.bit_depth, settings=painting.made_by
        )
        return True
