"""Checks a film and goes through it before TensorFlow is imported."""

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_nst.command.folder import check_kind, check_same
from keras_nst.command.run_folder import read_told, stem
from keras_nst.core.plan.pyramid import Size
from keras_nst.networks.model import Card, model_named, shares_of
from keras_nst.pictures.files import Picture
from keras_nst.pictures.masks import regions
from keras_nst.session.inputs import read_picture
from keras_nst.session.scene import size_of_result
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, SettingError, fields
from keras_nst.settings.lines import Tell
from keras_nst.settings.values import parted
from keras_nst.system.weights import check_weights
from keras_nst.video.film import FREE, Masks, Request
from keras_nst.video.folder import FRAMES, KEYFRAMES, RECORD, Folder
from keras_nst.video.settings import Filming

if TYPE_CHECKING:
    from keras_nst.video.footage import Survey


CONTAINERS = (".mp4", ".mkv", ".mov")


def output_of(settings: Filming, film: Path) -> Path:
    """Returns the path of the painted film.

    Raises:
        SettingError: it cannot be written there.
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
        raise SettingError("output", named, f"Expected a writable folder. Received: {output.parent}")
    return output


def even(size: Size, output: Path) -> Size:
    """Returns the size of the painted film: film files have even sides."""
    return Size(*(max(2, side - side % 2) for side in size)) if output.suffix else size


def check_folder(asked: Request) -> None:
    """Checks that the folder is empty, or holds this film.

    Raises:
        SettingError: it holds something else.
    """
    named = asked.settings.workdir or str(asked.folder.path)
    earlier = check_kind(asked.folder.path, named, RECORD, "a film")
    if earlier is None or asked.settings.overwrite:
        return
    usual = Filming()  # of settings that an earlier version did not have
    then = {name: usual.shown(name) for name in fields(Filming) if name not in FREE} | earlier.get("film", {})
    check_same(named, asked.record(), then, "film")
    pairs = enumerate(zip(asked.survey.marks, earlier.get("marks", []), strict=False))
    if (other := next((number for number, (now, before) in pairs if now != before), None)) is not None:
        reason = f"This folder holds another film, from frame {other} on. Expected a new folder, or --overwrite."
        raise SettingError("workdir", named, reason)


def check_free(asked: Request) -> None:
    """Checks that the film replaces no foreign file.

    Raises:
        SettingError: it would.
    """
    told = read_told(asked.folder.path / RECORD) or {}
    named, own = asked.settings.output or str(asked.output), asked.folder.path.resolve()
    for path in asked.outputs:
        if path.resolve() == Path(asked.settings.content).expanduser().resolve():
            raise SettingError("output", named, f"Expected another name: {path} is the film's own.")
        if not path.suffix and path.resolve() in (own, own / FRAMES, own / KEYFRAMES):
            raise SettingError("output", named, "Expected another folder than that of the painted frames.")
        known = asked.settings.overwrite or str(path.resolve()) in told.get("written", {})
        if path.exists() and not known and (path.suffix or any(path.iterdir())):
            raise SettingError("output", named, f"{path} exists. Expected another name, or --overwrite.")


def clear(folder: Folder) -> None:
    """Removes the files of a film from its folder, and nothing else."""
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


NEEDED = {"av": "PyAV", "cv2": "OpenCV"}
HOME = Path("films")  # the folder of films without --workdir
SHEET = 8  # frames of a mask that are read to find its colors


def prepare(settings: Filming, tell: Tell) -> Request:
    """Checks all that can be checked without TensorFlow, reads the pictures and goes through the film once.

    Raises:
        SettingError: names the flag, its value and what is expected.
        InputError: a package that it needs is not installed.
    """
    if missing := [name for module, name in NEEDED.items() if importlib.util.find_spec(module) is None]:
        raise InputError(f'Expected {" and ".join(missing)}, for film: pip install "keras-nst[video]"')
    from keras_nst.video.footage import survey
    from keras_nst.video.reading import open_source

    check(settings)
    config = settings.config()
    model, shares, styles = painters(settings, config, tell)
    film = Path(settings.content).expanduser()
    folder = Folder(Path(settings.workdir).expanduser() if settings.workdir else HOME / (stem(film.name) or "film"))
    with settings.about("content"):
        film.exists()  # raises for invalid file names
    with settings.about("output"):
        output = output_of(settings, film)
    with settings.about("content"):
        source = open_source(film, settings.rate, round(settings.max_megapixels * 1e6))
        tell(f"Scanning {film} for its frames.")
        known = survey(source, settings.start, settings.end, settings.cuts)
    with settings.about("size"):
        size = even(size_of_result(config, known.size), output)
    masks = masks_of(settings, known, tell) if settings.content_mask else None
    asked = Request(settings, config, folder, output, source, known, size, styles, model, shares, masks)
    check_folder(asked)
    check_free(asked)
    return asked


def check(settings: Filming) -> None:
    """Checks that the settings fit together.

    Raises:
        SettingError: names one that does not.
    """
    if not settings.content:
        raise SettingError("content", "", "Expected a film: a file, or a folder of pictures.")
    if settings.end and settings.end <= settings.start:
        raise SettingError("end", settings.shown("end"), f"Expected more than --start={settings.shown('start')}.")
    if settings.way == "network" and not settings.model:
        raise SettingError("model", "", "Expected a trained network with --how=network, such as sample:night.")
    if settings.way == "network" and settings.style:
        raise SettingError("style", settings.style, "Expected no --style: the model has its own styles.")
    if settings.way != "network":
        if not settings.style:
            raise SettingError("style", "", "Expected a picture: a path or a URL; or a --model.")
        with settings.about("weights"):
            check_weights(settings.network, settings.weights)
    if settings.color == "palette" and settings.way == "network":
        raise SettingError(
            "color",
            settings.color,
            "Expected --style instead of --model: a trained network does not contain its palette.",
        )
    if settings.content_mask and settings.way != "optimize":
        raise SettingError("content_mask", settings.content_mask, "Expected --how=optimize, which alone uses it.")
    if settings.passes > 1 and settings.way != "optimize":
        raise SettingError(
            "passes", settings.passes, "Expected 1, or --how=optimize: the others go through a film once."
        )


def painters(
    settings: Filming, config: Config, tell: Tell
) -> tuple[tuple[Path, Card] | None, tuple[float, ...], tuple[Picture, ...]]:
    """Returns the painter's inputs: a model and the shares of its styles, or style pictures."""
    if settings.way == "network":
        model = model_named("model", settings.model)
        return model, shares_of("", settings.blend, model[1]), ()
    most = round(settings.max_megapixels * 1e6)
    return None, (), tuple(read_picture("style", style.source, tell, most) for style in config.style_sources())


def masks_of(settings: Filming, film: "Survey", tell: Tell) -> Masks:
    """Returns the regions of a film.

    Raises:
        SettingError: they do not match the film.
    """
    from keras_nst.video.footage import Footage, survey
    from keras_nst.video.reading import open_source

    most, named = round(settings.max_megapixels * 1e6), parted(settings.style_mask)
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
