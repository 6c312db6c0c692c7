"""Where a film is kept and where it goes: nothing of anything else is touched there."""

import os
from pathlib import Path

from keras_nst.core.pyramid import Size
from keras_nst.filming.asked import FREE, Asked
from keras_nst.filming.folder import FRAMES, KEYFRAMES, RECORD, Folder
from keras_nst.filming.settings import Filming
from keras_nst.runs.folders import check_kind, check_same
from keras_nst.runs.record import read_told
from keras_nst.settings.declared import SettingError, fields

CONTAINERS = (".mp4", ".mkv", ".mov")


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
