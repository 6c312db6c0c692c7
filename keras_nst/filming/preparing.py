"""A film checked and looked through before TensorFlow is imported."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_nst.applying.asked import shares_of
from keras_nst.filming.asked import Asked, Masks
from keras_nst.filming.folder import Folder
from keras_nst.filming.places import check_folder, check_free, even, output_of
from keras_nst.filming.settings import Filming
from keras_nst.networks.model import Card, model_named
from keras_nst.pictures.files import Picture
from keras_nst.pictures.masks import regions
from keras_nst.runs.inputs import read_picture
from keras_nst.runs.workdir import stem
from keras_nst.session.scene import Tell, size_of_result
from keras_nst.settings.declared import InputError, SettingError
from keras_nst.settings.values import parse_masks
from keras_nst.system.weights import check_weights

if TYPE_CHECKING:
    from keras_nst.filming.footage import Survey

NEEDED = {"av": "PyAV", "cv2": "OpenCV"}
HOME = Path("films")  # where films are kept that have no --workdir
SHEET = 8  # frames of a mask, by which its colors are known


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
