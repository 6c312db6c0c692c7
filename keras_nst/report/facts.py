"""Reads the facts about a run from its folder, however the run ended; the files are not trusted."""

import json
import os
import re
from collections.abc import Mapping
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.command.monitors.history import History, read_history
from keras_nst.command.run_folder import EVENTS, LOG, PICTURE, PREVIEW, RECORD, SETTINGS, Record, read_record
from keras_nst.pictures.metadata import read_settings
from keras_nst.settings.lines import one_line
from keras_nst.settings.values import SEPARATOR, parted

ENTRY = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ ([A-Z]+) (.*)")
MOST_OF_THE_LOG = 200_000  # bytes at its end
LONGEST_NAME = 100  # characters of an upload's
MADE_WITH = ("keras_nst", "python", "tensorflow", "keras", "numpy")


class Told(NamedTuple):
    """An entry of the log."""

    time: str
    level: str
    text: str


class Facts(NamedTuple):
    """The facts about a run."""

    folder: Path
    given: dict[str, str]  # settings as requested
    resolved: dict[str, str]  # settings with every `auto` resolved
    machine: dict[str, str]  # versions, processor, threads
    finished: bool
    picture: Path | None  # the result, or the latest picture
    history: History
    told: list[Told]

    @property
    def settings(self) -> dict[str, str]:
        """All settings, resolved if possible."""
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
        """The title of the run's page."""
        return " in the style of ".join(filter(None, self.names.values())) or self.folder.absolute().name

    def lines(self, start: str) -> list[str]:
        """Returns the messages that start with this."""
        return [entry.text for entry in self.told if entry.text.startswith(start)]


def is_run(folder: Path) -> bool:
    """Returns whether the folder has any file of a run."""
    return any((folder / name).is_file() for name in (RECORD, SETTINGS, PICTURE)) or any(folder.glob(EVENTS))


def read_facts(folder: Path, result: Path | None = None) -> Facts:
    """Returns the facts in the folder; `result` is the picture's path, if the caller knows it better.

    Raises:
        ValueError: it is not the folder of a run.
    """
    if not is_run(folder):
        received = "a folder with the files of neither" if folder.is_dir() else "no such folder"
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
    """Returns the name of a picture, or of several, without its folders; of an upload the name that it had."""
    names = (each.replace("\\", "/").rstrip("/").rpartition("/")[2] or each for each in parted(source))
    return SEPARATOR.join(starmap(_uploaded, zip(names, parted(source), strict=True)))


def _uploaded(name: str, source: str) -> str:
    """Returns the name that an upload of the studio had, which keeps it under its hash; other names as they are."""
    match = re.fullmatch(r"([0-9a-f]{64})(.*)", name)
    if not match:
        return name
    try:
        about = json.loads((Path(source).parent / f"{match[1]}.json").read_bytes())
        return one_line(str(about["name"]), LONGEST_NAME) + match[2]
    except (OSError, ValueError, KeyError, TypeError):
        return name


def texts(known: Any) -> dict[str, str]:
    """Returns the names and values of an untrusted mapping as text."""
    return {str(name): str(value) for name, value in known.items()} if isinstance(known, Mapping) else {}


def _carried(picture: Path | None) -> dict[str, str]:
    """Returns the metadata of the picture: how it was made."""
    try:
        return read_settings(picture) if picture else {}
    except (OSError, ValueError):
        return {}


def _as_typed(name: str, value: str, carried: Mapping[str, str]) -> str:
    """Returns a path as it was typed, if the picture has it, which reveals no other folder names."""
    return carried[name] if os.sep in value and name in carried else value


def read_flags(path: Path) -> dict[str, str]:
    """Returns the settings of a flag file."""
    try:
        return dict(re.findall(r"^--(\w+)=(.*)$", path.read_text(encoding="utf8", errors="replace"), re.MULTILINE))
    except OSError:
        return {}


def read_log(path: Path) -> list[Told]:
    """Returns the last entries of a log, except the settings, which are shown elsewhere."""
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
