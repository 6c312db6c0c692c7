"""A film that is to be painted, checked and looked through before TensorFlow is imported."""

import importlib.util
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from keras_nst.applying.asked import shares_of
from keras_nst.core.pyramid import Size
from keras_nst.filming.folder import FRAMES, KEYFRAMES, RECORD, Folder
from keras_nst.filming.settings import Filming
from keras_nst.fleet.settings import OF_ENGINES
from keras_nst.networks.model import Card, model_named
from keras_nst.pictures.files import Picture
from keras_nst.pictures.masks import regions
from keras_nst.runs.folders import check_kind, check_same
from keras_nst.runs.inputs import read_picture
from keras_nst.runs.record import read_told
from keras_nst.runs.workdir import stem
from keras_nst.session.scene import Tell, size_of_result
from keras_nst.settings.declared import InputError, SettingError, fields
from keras_nst.settings.values import parse_masks
from keras_nst.system.weights import check_weights

if TYPE_CHECKING:
    from keras_nst.filming.footage import Survey
    from keras_nst.filming.reading import Source

NEEDED = {"av": "PyAV", "cv2": "OpenCV"}
HOME = Path("films")  # where films are kept that have no --workdir
SHEET = 8  # frames of a mask, by which its colors are known
CONTAINERS = (".mp4", ".mkv", ".mov")
# What may be others when a film is gone on with: none of it changes frames that are painted.
FREE = (
    "content",
    "content_mask",
    "style",
    "style_mask",
    "model",
    "output",
    "workdir",
    "overwrite",
    "end",
    "how",
    "side_by_side",
    "figures",
    "device",
    "memory_limit_gb",
    "max_megapixels",
    "tensorboard",
    *OF_ENGINES,
)


class Masks(NamedTuple):
    """The regions of a film."""

    source: "Source"
    survey: "Survey"
    colors: tuple[str, ...]  # of all its regions
    of_styles: tuple[Picture, ...]


class Asked(NamedTuple):
    """A film whose settings and inputs have been checked."""

    settings: Filming
    folder: Folder
    output: Path
    source: "Source"
    survey: "Survey"
    size: Size
    styles: tuple[Picture, ...]
    model: tuple[Path, Card] | None
    shares: tuple[float, ...]  # of the model's styles
    masks: Masks | None = None

    def record(self) -> dict[str, str]:
        """Returns what makes one film another than the next."""
        settings = {name: self.settings.shown(name) for name in fields(Filming) if name not in FREE}
        if self.settings.way == "keyframes" or self.settings.passes > 1:  # then the end shapes all frames before it
            settings["end"] = self.settings.shown("end")
        parts = self.settings.config().style_sources() if self.styles else ()
        hashes = {
            f"style_{number}": f"{style.sha256} {part.weight:g} {part.blocks or ''}".strip()
            for number, (style, part) in enumerate(zip(self.styles, parts, strict=True), start=1)
        }
        model = {"model": self.model[1].sha256} if self.model else {}
        if self.masks:
            hashes["content_mask"] = f"{zlib.crc32(str(self.masks.survey.marks).encode()):08x}"
            hashes["style_mask"] = " ".join(mask.sha256 for mask in self.masks.of_styles)
        film = {"film": f"{self.size} pixels from {self.survey.times[0]} of {self.source.unit} s"}
        return settings | {"way": self.settings.way} | hashes | model | film

    def marks(self, told: Mapping[str, Any]) -> list[int]:
        """Returns by what the frames are known, those that are there and those of a longer part painted before."""
        return [*self.survey.marks, *told.get("marks", [])[len(self.survey.marks) :]]

    @property
    def outputs(self) -> list[Path]:
        """The films to be written: the painted one, and one with both."""
        beside = self.output.with_name(f"{self.output.stem}-beside{self.output.suffix}")
        return [self.output, *([beside] if self.settings.side_by_side else [])]

    @property
    def is_done(self) -> bool:
        """Whether the film that is asked for has been written."""
        told = read_told(self.folder.path / RECORD) or {}
        written = self.written(told)
        return written == told.get("written") and all(path.exists() for path in self.outputs)

    def written(self, told: Mapping[str, Any]) -> dict[str, int]:
        """Returns the films that are written once these are, with their numbers of frames."""
        own = {str(path.resolve()): len(self.survey.times) for path in self.outputs}
        return dict(told.get("written", {})) | own


def prepare(settings: Filming, tell: Tell) -> Asked:
    """Checks all that can be checked without TensorFlow, reads the pictures and goes through the film once.

    Raises:
        SettingError: names the flag, its value and what would be right.
        InputError: what it takes is not installed.
    """
    if missing := [name for module, name in NEEDED.items() if importlib.util.find_spec(module) is None]:
        raise InputError(f'Expected {" and ".join(missing)}, for film: pip install "keras-nst[video]"')
    from keras_nst.filming.footage import survey
    from keras_nst.filming.reading import open_source

    check(settings)
    model, shares, styles = painters(settings, tell)
    film = Path(settings.content).expanduser()
    folder = Folder(Path(settings.workdir).expanduser() if settings.workdir else HOME / (stem(film.name) or "film"))
    with settings.about("content"):
        film.exists()  # complains of names that no file has
    with settings.about("output"):
        output = output_of(settings, film)
    with settings.about("content"):
        source = open_source(film, settings.rate, round(settings.max_megapixels * 1e6))
        tell(f"Looks through {film}.")
        known = survey(source, settings.start, settings.end, settings.cuts)
    with settings.about("size"):
        size = even(size_of_result(settings.config(), known.size), output)
    masks = masks_of(settings, known, tell) if settings.content_mask else None
    asked = Asked(settings, folder, output, source, known, size, styles, model, shares, masks)
    check_folder(asked)
    check_free(asked)
    return asked


def check(settings: Filming) -> None:
    """Checks what settings say of each other.

    Raises:
        SettingError: names one of them.
    """
    if not settings.content:
        raise SettingError("content", "", "Expected a film: a file, or a folder of pictures.")
    if settings.end and settings.end <= settings.start:
        raise SettingError("end", settings.shown("end"), f"Expected more than --start={settings.shown('start')}.")
    if settings.way == "network" and not settings.model:
        raise SettingError("model", "", "Expected a trained network with --how=network, such as sample:night.")
    if settings.way == "network" and settings.style:
        raise SettingError("style", settings.style, "Expected none with --model, which has its own.")
    if settings.way != "network":
        if not settings.style:
            raise SettingError("style", "", "Expected a picture: a path or a URL; or a --model.")
        with settings.about("weights"):
            check_weights(settings.network, settings.weights)
    if settings.content_mask and settings.way != "optimize":
        raise SettingError("content_mask", settings.content_mask, "Expected it with --how=optimize only.")
    if settings.passes > 1 and settings.way != "optimize":
        raise SettingError("passes", settings.passes, "Expected 1: others than the optimizer go through a film once.")


def painters(settings: Filming, tell: Tell) -> tuple[tuple[Path, Card] | None, tuple[float, ...], tuple[Picture, ...]]:
    """Returns who paints: a model and the shares of its styles, or the pictures of styles."""
    if settings.way == "network":
        model = model_named("model", settings.model)
        return model, shares_of("", settings.blend, model[1]), ()
    most = round(settings.max_megapixels * 1e6)
    sources = settings.config().style_sources()
    return None, (), tuple(read_picture("style", style.source, tell, most) for style in sources)


def masks_of(settings: Filming, film: "Survey", tell: Tell) -> Masks:
    """Returns the regions of a film.

    Raises:
        SettingError: they are not its own.
    """
    from keras_nst.filming.footage import Footage, survey
    from keras_nst.filming.reading import open_source

    most, named = round(settings.max_megapixels * 1e6), parse_masks(settings.style_mask)
    with settings.about("content_mask"):
        source = open_source(Path(settings.content_mask).expanduser(), settings.rate, most)
        known = survey(source, settings.start, settings.end, find_cuts=False)
        if len(known.times) != len(film.times):
            expected = f"Expected as many frames as the film has, {len(film.times)}"
            raise ValueError(f"{expected}. Received: {len(known.times)}")
        frames = Footage(source, known, known.size, smooth=False)
        shown = [frames.frame(number) for number in range(0, len(frames), -(-len(frames) // SHEET))]
        colors = regions(np.concatenate(shown)).colors
    of_styles = tuple(read_picture("style_mask", mask, tell, most) for mask in named)
    return Masks(source, known, tuple(colors), of_styles)


def output_of(settings: Filming, film: Path) -> Path:
    """Returns where the painted film goes.

    Raises:
        SettingError: it cannot go there.
    """
    output = Path(settings.output).expanduser() if settings.output else Path(f"{film.stem or 'film'}-painted.mp4")
    named = settings.output or str(output)
    if output.suffix and output.suffix.lower() not in CONTAINERS:
        raise SettingError("output", named, f"Expected {', '.join(CONTAINERS)}, or a folder for frames.")
    if output.resolve() == film.resolve():
        raise SettingError("output", named, "Expected another name than the film's own.")
    if output.suffix and output.is_dir():
        raise SettingError("output", named, "Expected the name of a film. Received: a folder.")
    if not output.suffix and output.exists() and not output.is_dir():
        raise SettingError("output", named, f"Expected {', '.join(CONTAINERS)}, or a folder for frames.")
    if not output.parent.is_dir() or not os.access(output.parent, os.W_OK | os.X_OK):
        raise SettingError("output", named, f"Expected a folder that may be written to. Received: {output.parent}")
    return output


def even(size: Size, output: Path) -> Size:
    """Returns the size of the painted film: films in files have even sides."""
    return Size(*(max(2, side - side % 2) for side in size)) if output.suffix else size


def check_folder(asked: Asked) -> None:
    """Checks that the folder holds nothing, or this film.

    Raises:
        SettingError: it holds something else.
    """
    named = asked.settings.workdir or str(asked.folder.path)
    earlier = check_kind(asked.folder.path, named, RECORD, "a film")
    if earlier is None or asked.settings.overwrite:
        return
    usual = Filming()  # of settings that an earlier version did not know
    then = {name: usual.shown(name) for name in fields(Filming) if name not in FREE} | earlier.get("film", {})
    check_same(named, asked.record(), then, "film")
    pairs = enumerate(zip(asked.survey.marks, earlier.get("marks", []), strict=False))
    if (other := next((number for number, (now, before) in pairs if now != before), None)) is not None:
        reason = f"It holds another film, from frame {other} on. Expected a new folder, or --overwrite."
        raise SettingError("workdir", named, reason)


def check_free(asked: Asked) -> None:
    """Checks that nothing of somebody else's is where the film is to go.

    Raises:
        SettingError: something is.
    """
    told = read_told(asked.folder.path / RECORD) or {}
    named, own = asked.settings.output or str(asked.output), asked.folder.path.resolve()
    for path in asked.outputs:
        if path.resolve() == Path(asked.settings.content).expanduser().resolve():
            raise SettingError("output", named, f"Expected another name: {path} is the film's own.")
        if not path.suffix and path.resolve() in (own, own / FRAMES, own / KEYFRAMES):
            raise SettingError("output", named, "Expected another folder than the one that painted frames are kept in.")
        known = asked.settings.overwrite or str(path.resolve()) in told.get("written", {})
        if path.exists() and not known and (path.suffix or any(path.iterdir())):
            raise SettingError("output", named, f"{path} exists. Expected another name, or --overwrite.")


def clear(folder: Folder) -> None:
    """Removes what a film has left in its folder, and nothing else."""
    names = (
        f"{FRAMES}/*.png",
        "keyframes/*.png",
        "pass-*/*.png",
        "figures.json",
        "learned.zip",
        "curves/events.*",
        "run.log",
        "**/.*.part",
        ".*.lock",
        RECORD,
    )
    for path in [path for name in names for path in folder.path.glob(name)]:
        path.unlink(missing_ok=True)
