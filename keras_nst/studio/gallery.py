"""The runs in the studio's folder: shown, exported, deleted. A run is looked up by its id, in a list."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from keras_nst.command.run_folder import CHECKPOINT, PICTURE, PREVIEW, RECORD, Record, clear_workdir, read_record
from keras_nst.core.plan.pyramid import Size, sizes, steps_per_scale
from keras_nst.pictures.files import read_picture, save_picture
from keras_nst.pictures.metadata import read_settings
from keras_nst.pictures.opening import opened
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import one_line
from keras_nst.studio.pictures import encoded
from keras_nst.system.files import LOCK, Locked, lock

# Where runs are: those of single pictures, and those of batches, including a batch in the folder itself.
PLACES = (f"*/{RECORD}", f"jobs/*/{RECORD}", f"*/jobs/*/{RECORD}")
BETWEEN = "~"  # between the folders in an id
REPORT = "report.html"
THUMBNAIL = 320  # pixels
KINDS = {"png": (".png", 8), "jpeg": (".jpg", 8), "tiff16": (".tiff", 16)}  # of exported files: suffix and bit depth


class Missing(InputError):
    """The run, or the requested part of it, does not exist."""


class Run(NamedTuple):
    """A run of the gallery."""

    id: str
    folder: Path
    record: Record
    picture: Path | None

    @property
    def can_go_on(self) -> bool:
        """Whether there is a checkpoint from which it can be resumed."""
        return (self.folder / CHECKPOINT).exists()

    @property
    def version(self) -> str:
        """A text that changes with the picture: a resumed run writes another picture under the same name."""
        return str(self.picture.stat().st_mtime_ns) if self.picture else ""

    @property
    def report(self) -> Path:
        """The path of its report, which may not exist."""
        return self.folder / REPORT


class Gallery:
    """The runs of a folder."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def runs(self) -> Iterator[Run]:
        """Yields the runs that have a picture or can be resumed, latest first."""
        for id, folder in sorted(self._folders(), key=lambda found: begun(found[1]), reverse=True):
            run = self._run(id, folder)
            if run and (run.picture or run.can_go_on):
                yield run

    def get(self, id: str) -> Run:
        """Returns the run with this id.

        Raises:
            Missing: it does not exist.
        """
        run = self.find(id)
        if run is None:
            raise Missing(f"Expected a run of the gallery. Received: {one_line(id, 80)}")
        return run

    def find(self, id: str) -> Run | None:
        """Returns the run with this id, None if it does not exist."""
        folder = self.folder_of(id)
        return self._run(id, folder) if folder else None

    def folder_of(self, id: str) -> Path | None:
        """Returns the folder of the run with this id, None if it does not exist."""
        return dict(self._folders()).get(id)

    def picture(self, id: str) -> Path:
        """Returns the path of a run's picture.

        Raises:
            Missing: the run or its picture does not exist.
        """
        run = self.get(id)
        if run.picture is None:
            raise Missing(f"Expected a run that has a picture. Received: {one_line(id, 80)}")
        return run.picture

    def _folders(self) -> Iterator[tuple[str, Path]]:
        """Yields the folders of all runs with their ids; targets of links that lead outside do not count."""
        for place in PLACES:
            for record in self.folder.glob(place):
                folder = record.parent
                if folder.resolve() == folder:
                    yield BETWEEN.join(folder.relative_to(self.folder).parts), folder

    def _run(self, id: str, folder: Path) -> Run | None:
        record = read_record(folder)
        if record is None:
            return None
        places = [Path(record.output)] if record.output else []
        places += [folder / PICTURE, folder / PREVIEW]
        mine = (path for path in places if path.is_file() and path.resolve().is_relative_to(self.folder))
        return Run(id, folder, record, next(mine, None))


def begun(folder: Path) -> float:
    """Returns when a run began, or was resumed."""
    try:
        return (folder / RECORD).stat().st_mtime
    except OSError:  # just deleted by another process
        return 0.0


def delete(run: Run) -> None:
    """Removes the files of the run, and its folder if it is empty then.

    Raises:
        InputError: it is running.
    """
    try:
        with contextlib.closing(lock(run.folder)):
            clear_workdir(run.folder)
            for left in (run.picture, run.report, run.folder / LOCK):
                if left:
                    left.unlink(missing_ok=True)
    except Locked:
        raise InputError("Expected a run that is not being painted") from None
    for folder in (run.folder / "snapshots", run.folder):
        with contextlib.suppress(OSError):
            folder.rmdir()


def thumbnail(path: Path, side: int = THUMBNAIL) -> bytes:
    """Returns a small JPEG of a picture."""
    with opened(path) as image:
        image.thumbnail((side, side), Image.Resampling.BILINEAR)
        return encoded(image.convert("RGB"), "JPEG", quality=85)


def size_of_file(path: Path) -> Size:
    """Returns the size of a picture."""
    with opened(path) as image:
        return Size(image.height, image.width)


def taken_home(path: Path, kind: str, folder: Path) -> Path:
    """Writes a picture as a file of this kind into the folder, with its settings embedded; returns its path.

    Raises:
        InputError: the kind does not exist.
        ValueError: the kind cannot hold the picture.
    """
    if kind not in KINDS:
        raise InputError(f"Expected one of {', '.join(KINDS)}. Received: {one_line(kind, 80)}")
    suffix, bit_depth = KINDS[kind]
    picture, file = read_picture(path), folder / f"{secrets.token_hex(8)}{suffix}"
    settings = read_settings(path) | {"bit_depth": str(bit_depth)}
    alpha = None if kind == "jpeg" else picture.alpha
    save_picture(file, picture.pixels, alpha=alpha, bit_depth=bit_depth, settings=settings)
    return file


def with_more_steps(run: Run, settings: Mapping[str, str], more: int) -> str:
    """Returns the --steps of these settings with `more` steps added at the run's final size."""
    config = Config.written(**{name: settings[name] for name in ("steps", "scales") if name in settings})
    size = size_of_file(run.picture) if run.picture else Size(128, 128)
    planned = steps_per_scale(config.steps, len(sizes(size, config.scales)))
    return ",".join(map(str, [*planned[:-1], planned[-1] + more]))
