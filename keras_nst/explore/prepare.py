"""Checks an exploration and reads its pictures before TensorFlow is imported; manages its folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from keras_nst.command.folder import check_kind, held
from keras_nst.command.run_folder import read_told, stem
from keras_nst.core.plan.pyramid import Size, final_size
from keras_nst.explore.settings import NEEDS, Exploration
from keras_nst.pictures.files import Picture
from keras_nst.session.inputs import read_picture
from keras_nst.session.scene import size_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, fields
from keras_nst.settings.lines import Tell
from keras_nst.settings.networks import SMALLEST_SIDE
from keras_nst.settings.values import SEPARATOR, parted
from keras_nst.system.files import LOCK, written_whole
from keras_nst.system.weights import check_weights

HOME = Path("explore")  # the folder of explorations without --workdir
RECORD, PAGE, PICTURES = "explore.json", "explore.html", "pictures"
FREE = ("content", "style", "show", "workdir", "overwrite", "device")  # settings that may change in the same folder


class Request(NamedTuple):
    """An exploration whose settings and pictures have been checked."""

    settings: Exploration
    folder: Path
    pictures: Mapping[str, Picture]  # content and style, those that are given

    def size(self, name: str, longest: int) -> Size:
        """Returns the size of a picture with the shape of content or style."""
        return final_size(longest, size_of(self.pictures[name]))

    def config(self, **own: Any) -> Config:
        """Returns the settings of a run of this exploration."""
        of_all = {name: getattr(self.settings, name) for name in ("network", "weights", "device", "seed")}
        return Config(**of_all | own)

    def painting(self, name: str) -> Path:
        """Returns the path of a picture that is made for the sheets."""
        return self.folder / PICTURES / f"{name}.png"

    def sheet(self, name: str) -> Path:
        """Returns the path of a sheet."""
        return self.folder / f"{name}.png"

    def record(self) -> dict[str, str]:
        """Returns what identifies the sheets of an exploration."""
        settings = {name: self.settings.shown(name) for name in fields(Exploration) if name not in FREE}
        return settings | {f"{name}_sha256": picture.sha256 for name, picture in self.pictures.items()}


def prepare(settings: Exploration, tell: Tell) -> Request:
    """Checks all that can be checked without TensorFlow, and reads the pictures.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    check_given(settings)
    with settings.about("weights"):
        check_weights(settings.network, settings.weights)
    folder = Path(settings.workdir).expanduser() if settings.workdir else HOME / default_name(settings)
    pictures = {name: read(name, settings, tell) for name in ("content", "style") if getattr(settings, name)}
    asked = Request(settings, folder, pictures)
    check_size(asked)
    check_folder(asked)
    return asked


def check_given(settings: Exploration) -> None:
    """Checks that each lesson has the pictures that it needs."""
    for lesson in settings.lessons():
        for name in NEEDS[lesson]:
            if not getattr(settings, name):
                raise SettingError(name, "", f"Expected a picture, a path or a URL: --show={lesson} needs it.")


def check_size(asked: Request) -> None:
    """Checks that pictures are large enough for the network at the size at which they are made."""
    for name, picture in asked.pictures.items():
        shape = size_of(picture)
        if asked.settings.size * min(shape) < SMALLEST_SIDE * max(shape):
            reason = f"Expected a size that leaves {SMALLEST_SIDE} pixels of the {name}'s shorter side, of {shape}."
            raise SettingError("size", asked.settings.size, reason)


def default_name(settings: Exploration) -> str:
    """Returns a folder name for these pictures."""
    return "-".join(stem(source) for source in (settings.content, settings.style) if source)


def read(name: str, settings: Exploration, tell: Tell) -> Picture:
    """Returns the content or the style."""
    source = getattr(settings, name)
    if SEPARATOR in source:
        raise SettingError(name, source, f"Expected one picture. Received: {len(parted(source))}")
    return read_picture(name, source, tell)


# --- The folder ---


def check_folder(asked: Request) -> None:
    """Checks that the folder is empty, or holds sheets with the same settings.

    Raises:
        SettingError: it holds something else.
    """
    folder, named = asked.folder, asked.settings.workdir or str(asked.folder)
    earlier = check_kind(folder, named, RECORD, "an exploration", (LOCK,))
    if earlier is None:
        return
    now = asked.record()
    both = [name for name in now if name in earlier and now[name] != earlier[name]]
    if both and not asked.settings.overwrite:
        changed = ", ".join(f"--{name}={now[name]} (was {earlier[name]})" for name in both if "sha256" not in name)
        others = ", ".join(f"another {name.partition('_')[0]}" for name in both if "sha256" in name)
        what = ", ".join(filter(None, (changed, others)))
        raise SettingError(
            "workdir", named, f"This folder holds other sheets: {what}. Expected a new folder, or --overwrite."
        )


def open_folder(asked: Request) -> IO[str]:
    """Marks the folder as this exploration's, and returns the lock on it.

    Raises:
        SettingError: it cannot be created or written to, or another exploration is running in it.
    """
    folder = asked.folder
    lock = held(folder, asked.settings.workdir or str(folder))
    (folder / PICTURES).mkdir(exist_ok=True)
    earlier = read_told(folder / RECORD) or {}
    if any(earlier.get(name, value) != value for name, value in asked.record().items()):
        clear(folder)
        earlier = {}
    with written_whole(folder / RECORD) as file:
        file.write(json.dumps(earlier | asked.record(), indent=1).encode())
    return lock


def clear(folder: Path) -> None:
    """Removes the files of an exploration from its folder, and nothing else."""
    sheets = [f"{lesson}*.png" for lesson in NEEDS]
    for path in [path for name in (*sheets, PAGE, RECORD, f"{PICTURES}/*.png") for path in folder.glob(name)]:
        path.unlink()
