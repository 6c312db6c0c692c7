"""What the folder of a run tells of it, whoever has written it and however the run ended."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.command.run_folder import EVENTS, LOG, PICTURE, PREVIEW, RECORD, SETTINGS, Record, read_record
from keras_nst.monitors.history import History, read_history
from keras_nst.pictures.metadata import read_settings
from keras_nst.settings.values import SEPARATOR, parted

ENTRY = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ ([A-Z]+) (.*)")
MOST_OF_THE_LOG = 200_000  # bytes, the last ones
MADE_WITH = ("keras_nst", "python", "tensorflow", "keras", "numpy")


class Told(NamedTuple):
    """An entry of the log."""

    time: str
    level: str
    text: str


class Facts(NamedTuple):
    """What is known of a run."""

    folder: Path
    given: dict[str, str]  # settings as they were asked for
    resolved: dict[str, str]  # settings with nothing left open
    machine: dict[str, str]  # versions, processor, threads
    finished: bool
    picture: Path | None  # the result, or the picture as it stood last
    history: History
    told: list[Told]

    @property
    def settings(self) -> dict[str, str]:
        """All settings, those that were left open as they became."""
        return self.given | self.resolved

    @property
    def last_step(self) -> int:
        """The last step whose loss is known."""
        return max((curve[-1][0] for curve in self.history.curves.values()), default=0)

    @property
    def names(self) -> dict[str, str]:
        """The names of the content and of the styles, without their folders."""
        return {term: short_name(self.settings.get(term, "")) for term in ("content", "style")}

    @property
    def title(self) -> str:
        """What the run is about."""
        return " in the manner of ".join(filter(None, self.names.values())) or self.folder.absolute().name

    def lines(self, start: str) -> list[str]:
        """Returns what was told with this beginning."""
        return [entry.text for entry in self.told if entry.text.startswith(start)]


def is_run(folder: Path) -> bool:
    """Returns whether there is anything in the folder that a run has left."""
    return any((folder / name).is_file() for name in (RECORD, SETTINGS, PICTURE)) or any(folder.glob(EVENTS))


def read_facts(folder: Path, result: Path | None = None) -> Facts:
    """Returns what the folder tells; `result` is where the picture is, if that is known better than there.

    Raises:
        ValueError: it is not the folder of a run.
    """
    if not is_run(folder):
        received = "one without anything of either" if folder.is_dir() else "no such folder"
        raise ValueError(f"Expected the folder of a run, or of a batch. Received: {received}")
    record = read_record(folder) or Record({}, {}, {}, "", {})
    kept = [result, Path(str(record.output)) if record.output else None, folder / PICTURE, folder / PREVIEW]
    picture = next((path for path in kept if path and path.is_file()), None)
    carried = _carried(picture)
    settings = {name: value for name, value in carried.items() if name not in MADE_WITH}
    machine = {name: carried[name] for name in MADE_WITH if name in carried} | texts(record.machine)
    given = {name: _as_typed(name, value, carried) for name, value in texts(record.given).items()}
    resolved = {name: _as_typed(name, value, carried) for name, value in texts(record.resolved).items()}
    if not given:
        given = settings or read_flags(folder / SETTINGS)
    return Facts(
        folder, given, resolved, machine, record.finished is True, picture, read_history(folder), read_log(folder / LOG)
    )


def short_name(source: str) -> str:
    """Returns the name of a picture, or of several, without its folders."""
    names = (each.replace("\\", "/").rstrip("/").rpartition("/")[2] or each for each in parted(source))
    return SEPARATOR.join(names)


def texts(known: Any) -> dict[str, str]:
    """Returns names and values of what may have been written by anybody."""
    return {str(name): str(value) for name, value in known.items()} if isinstance(known, Mapping) else {}


def _carried(picture: Path | None) -> dict[str, str]:
    """Returns what the picture tells of how it was made."""
    try:
        return read_settings(picture) if picture else {}
    except (OSError, ValueError):
        return {}


def _as_typed(name: str, value: str, carried: Mapping[str, str]) -> str:
    """Returns a path as it was typed, if the picture tells, which names no more of anybody's folders."""
    return carried[name] if os.sep in value and name in carried else value


def read_flags(path: Path) -> dict[str, str]:
    """Returns the settings of a flag file."""
    try:
        return dict(re.findall(r"^--(\w+)=(.*)$", path.read_text(encoding="utf8", errors="replace"), re.MULTILINE))
    except OSError:
        return {}


def read_log(path: Path) -> list[Told]:
    """Returns the last entries of a log, but for the settings, which stand elsewhere."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_OF_THE_LOG))
            lines = file.read().decode("utf8", errors="replace").splitlines()
    except OSError:
        return []
    entries: list[Told] = []
    for line in lines:
        if match := ENTRY.fullmatch(line):
            entries.append(Told(*match.groups()))
        elif entries:
            last = entries.pop()
            entries.append(last._replace(text=f"{last.text}\n{line}"))
    return [entry for entry in entries if "\n--content=" not in entry.text and not entry.text.startswith("{'")]
