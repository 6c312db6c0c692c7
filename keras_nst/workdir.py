"""The folder of a run, and where its picture goes."""

import re
import time
from pathlib import Path

from keras_nst.config import Config, SettingError

SETTINGS = "settings.cfg"
PICTURE = "picture.png"


def choose_workdir(config: Config) -> Path:
    """Returns the folder of this run; it may not exist yet.

    Raises:
        SettingError: the folder holds another run, or cannot be one.
    """
    if not config.workdir:
        return _unused(Path("runs") / "-".join(filter(None, [_now(), _stem(config.content), _stem(config.style)])))
    workdir = Path(config.workdir).expanduser()
    if workdir.exists() and not workdir.is_dir():
        raise SettingError("workdir", config.workdir, "Expected a folder. Received: a file.")
    if any((workdir / name).exists() for name in (SETTINGS, PICTURE)):
        raise SettingError("workdir", config.workdir, "This folder holds another run. Expected a new or empty folder.")
    return workdir


def create_workdir(workdir: Path, named: str) -> None:
    """Makes the folder and claims it for this run.

    Raises:
        SettingError: it cannot be made or written to, or another run has just claimed it.
    """
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        (workdir / SETTINGS).open("x").close()
    except FileExistsError:
        raise SettingError("workdir", named or str(workdir), "Another run has just taken this folder.") from None
    except OSError as error:
        raise SettingError(
            "workdir", named or str(workdir), f"Expected a folder that can be written to. {error.strerror}."
        ) from None


def choose_output(config: Config, workdir: Path) -> Path:
    """Returns the path of the result.

    Raises:
        SettingError: there is a file already, and it may not be overwritten.
    """
    if not config.output:
        return workdir / PICTURE
    output = Path(config.output).expanduser()
    if output.exists() and not config.overwrite and not output.is_dir():
        raise SettingError("output", config.output, "This file exists. Expected a new path, or --overwrite.")
    return output


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S")


def _stem(source: str) -> str:
    name = re.split(r"[/\\:]", source.rstrip("/"))[-1].partition("?")[0]
    return re.sub(r"[^\w.-]", "_", Path(name).stem)[:40]


def _unused(folder: Path) -> Path:
    """Runs that start in the same second get a number."""
    others = (folder.with_name(f"{folder.name}-{number}") for number in range(2, 10**6))
    return folder if not folder.exists() else next(other for other in others if not other.exists())
