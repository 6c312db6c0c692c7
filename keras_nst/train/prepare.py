"""Checks a training and reads its pictures before TensorFlow is imported; manages its folder."""

import json
from pathlib import Path
from typing import IO, NamedTuple

from keras_nst.command.folder import check_kind, check_same, held
from keras_nst.command.run_folder import LOG, read_told, stem
from keras_nst.networks.model import CARD, MOST, SAMPLES, STYLES, WEIGHTS, Card, model_named
from keras_nst.session.inputs import read_picture
from keras_nst.session.scene import StylePicture
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, fields
from keras_nst.settings.lines import Tell
from keras_nst.system.files import LOCK, written_whole
from keras_nst.system.weights import check_weights
from keras_nst.train.photographs import Photographs, read_photographs
from keras_nst.train.settings import Training

HOME = Path("models")  # the folder of models without --workdir
RECORD, STATE = "training.json", "training.zip"
CURVES, JUDGED = "curves/learning", "curves/held_out"
# Settings that may change when a training is resumed.
FREE = (
    "contents",
    "style",
    "from_model",
    "workdir",
    "overwrite",
    "steps",
    "max_seconds",
    "device",
    "memory_limit_gb",
    "max_megapixels",
    "checkpoint_secs",
    "tensorboard",
)


class Request(NamedTuple):
    """A training whose settings and pictures have been checked."""

    settings: Training
    config: Config  # of a run with the same objective
    folder: Path
    styles: tuple[StylePicture, ...]
    photographs: Photographs
    before: Card | None  # of the model that styles are added to

    @property
    def names(self) -> list[str]:
        """The names of the new styles, which are unique and differ from those already in the model."""
        taken = list(self.before.names) if self.before else []
        for style in self.styles:
            own = stem(style.part.source)
            name, number = own or "style", 2
            while name in taken:
                name, number = f"{own}-{number}", number + 1
            taken.append(name)
        return taken[-len(self.styles) :]

    def record(self) -> dict[str, str]:
        """Returns what identifies a training."""
        settings = {name: self.settings.shown(name) for name in fields(Training) if name not in FREE}
        hashes = {
            f"style_{number}": f"{style.picture.sha256} {style.part.blocks or ''}".strip()
            for number, style in enumerate(self.styles, start=1)
        }
        model = {"from_model": self.before.sha256} if self.before else {}
        return settings | hashes | model | {"photographs": self.photographs.sha256}


def prepare(settings: Training, tell: Tell) -> Request:
    """Checks all that can be checked without TensorFlow, and reads the pictures.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    if not settings.style:
        raise SettingError("style", "", "Expected a picture: a path or a URL.")
    if not settings.contents:
        raise SettingError("contents", "", "Expected photographs: a folder, a glob in quotes or a list.")
    with settings.about("weights"):
        check_weights(settings.network, settings.weights)
    before = card_of(settings)
    first = settings.style_sources()[0].source
    folder = Path(settings.workdir).expanduser() if settings.workdir else HOME / (stem(first) or "style")
    check_folder(folder, settings)
    check_before(before, folder, settings)
    styles = read_styles(settings, tell)
    return Request(settings, settings.config(), folder, styles, read_photographs(settings, tell), before)


def read_styles(settings: Training, tell: Tell) -> tuple[StylePicture, ...]:
    """Returns the styles that are learned."""
    most, parts, scales = round(settings.max_megapixels * 1e6), settings.style_sources(), settings.style_scale
    return tuple(
        StylePicture(read_picture("style", part.source, tell, most), part, scale, None)
        for part, scale in zip(parts, scales if len(scales) > 1 else scales * len(parts), strict=True)
    )


def card_of(settings: Training) -> Card | None:
    """Returns the card of the model that the styles are added to."""
    return model_named("from_model", settings.from_model)[1] if settings.from_model else None


def check_before(before: Card | None, folder: Path, settings: Training) -> None:
    """Checks that the styles can be added to the given model, in another folder.

    Raises:
        SettingError: they cannot.
    """
    known = before.shape.styles if before else 0
    if known + len(settings.style_sources()) > MOST["styles"]:
        raise SettingError("style", settings.style, f"Expected at most {MOST['styles']} styles in total.")
    if before is None:
        return
    for name in ("width", "blocks"):
        there, asked = getattr(before.shape, name), getattr(settings, name)
        if asked not in (there, fields(Training)[name].default):
            raise SettingError(name, asked, f"Expected {there}, as the model of --from_model has.")
    if folder.resolve() == Path(settings.from_model).expanduser().resolve():
        reason = "Expected another folder than that of --from_model, which is not changed."
        raise SettingError("workdir", settings.workdir or str(folder), reason)


# --- The folder ---


def check_folder(folder: Path, settings: Training) -> None:
    """Checks that the folder is empty, or holds a training.

    Raises:
        SettingError: it holds something else.
    """
    check_kind(folder, settings.workdir or str(folder), RECORD, "a training", (LOCK, LOG, STYLES))


def check_known(asked: Request) -> None:
    """Checks that a training in the folder is the requested one.

    Raises:
        SettingError: it is another one.
    """
    earlier, now = read_told(asked.folder / RECORD), asked.record()
    if earlier is None or asked.settings.overwrite:
        return
    defaults = Training()  # of settings that an earlier version did not have
    earlier = {name: defaults.shown(name) for name in fields(Training) if name not in FREE} | earlier
    check_same(asked.settings.workdir or str(asked.folder), now, earlier, "training")


def open_folder(asked: Request) -> IO[str]:
    """Creates the folder, and returns the lock on it.

    Raises:
        SettingError: it cannot be created or written to, or another training runs in it, or has its state there.
    """
    lock = held(asked.folder, asked.settings.workdir or str(asked.folder))
    try:
        (asked.folder / STYLES).mkdir(exist_ok=True)
        check_known(asked)
    except BaseException:
        lock.close()
        raise
    return lock


def begin(asked: Request) -> None:
    """Marks the folder as this training's, once nothing can be in its way."""
    if asked.settings.overwrite and read_told(asked.folder / RECORD) != asked.record():
        clear(asked.folder)
    with written_whole(asked.folder / RECORD) as file:
        file.write(json.dumps(asked.record(), indent=1).encode())


def clear(folder: Path) -> None:
    """Removes the files of a training from its folder, and nothing else."""
    own = (RECORD, STATE, CARD, WEIGHTS, SAMPLES, LOG, f"{STYLES}/*.jpg", f"{CURVES}/events.*", f"{JUDGED}/events.*")
    for path in [path for name in own for path in folder.glob(name)]:
        path.unlink()
