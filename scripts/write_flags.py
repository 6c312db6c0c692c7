"""Writes docs/flags.md, all flags of all commands, from their settings: python scripts/write_flags.py"""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from keras_nst import evaluate, report
from keras_nst.applying.exporting import Export
from keras_nst.applying.settings import Application
from keras_nst.filming.settings import Filming
from keras_nst.fleet.settings import BatchConfig
from keras_nst.runs import request
from keras_nst.seeing.settings import Exploration
from keras_nst.settings.config import Config
from keras_nst.settings.declared import Settings, fields
from keras_nst.settings.flags import FLAG_FILE, OwnFlags
from keras_nst.sounds.settings import Sounding
from keras_nst.training.settings import Training
from keras_nst.volumes.settings import Carving
from keras_nst.web.settings import StudioConfig

FILE = Path(__file__).parent.parent / "docs" / "flags.md"


class Flags(NamedTuple):
    """The flags of a command."""

    settings: type[Settings]
    own: OwnFlags
    about: str


DOORS = {
    "keras_nst.run": Flags(Config, request.OWN_FLAGS, "Makes a picture; `keras-nst` for short."),
    "keras_nst.batch": Flags(BatchConfig, {}, "Makes many pictures. All settings of one, above, are flags here too."),
    "keras_nst.studio": Flags(StudioConfig, {}, "Opens the studio in the browser."),
    "keras_nst.explore": Flags(Exploration, {}, "Shows what the layers of the network see in pictures."),
    "keras_nst.train": Flags(Training, {}, "Trains a network that paints in a style; `--from=` is short for one flag."),
    "keras_nst.apply": Flags(Application, {}, "Paints photographs by a trained network."),
    "keras_nst.video": Flags(Filming, {}, "Paints a film, so that it does not flicker."),
    "keras_nst.volume": Flags(Carving, {}, "Paints a volume along all three axes at once; not for diagnosis."),
    "keras_nst.sound": Flags(Sounding, {}, "Makes a sound, or other series, in the manner of another."),
    "keras_nst.export": Flags(Export, {}, "Writes a trained network for other programs."),
    "keras_nst.report": Flags(report.Request, {}, "Writes `report.html`, the page of a run or of a batch."),
    "keras_nst.evaluate": Flags(evaluate.Request, {}, "Tells how good pictures are."),
}
HEAD = """# All flags

As `--help` tells them; `scripts/write_flags.py` makes this page from the settings. A flag is written `--size=256`, one
that is true or false also `--keep` and `--nokeep`. "auto" leaves the choice to the program, whose choice stands in
`settings.cfg`. [What you can decide](control.md) shows in pictures what the most important ones do. For programs the
same names are [keywords](../README.md#from-python).
"""


def written() -> str:
    """Returns the page's text."""
    parts, told = [HEAD], set[str]()
    for name, flags in DOORS.items():
        before = told if issubclass(flags.settings, Config) else set[str]()
        parts += [
            f"\n## python -m {name}\n\n{flags.about}\n",
            command_line(flags.own),
            by_groups(flags.settings, before),
        ]
        told |= set(fields(flags.settings))
    return "".join(parts)


def command_line(own: OwnFlags) -> str:
    """Returns the table of what is no setting."""
    rows = {"flagfile": FLAG_FILE, **own, "help": ("", "Show all flags.")}
    return table("Command line", [(name, takes, "", text) for name, (takes, text) in rows.items()])


def by_groups(settings: type[Settings], before: Collection[str]) -> str:
    """Returns a table for each group of settings, but for those told before."""
    defaults, groups = settings(), dict[str, list[tuple[str, str, str, str]]]()
    for name, field in fields(settings).items():
        told = field.metadata
        if name not in before:
            row = (name, told["kind"].takes, defaults.shown(name), told["help"])
            groups.setdefault(told["group"], []).append(row)
    return "".join(table(group, rows) for group, rows in groups.items())


def table(title: str, rows: list[tuple[str, str, str, str]]) -> str:
    """Returns a table of flags: name, what it takes, default, explanation."""
    lines = [f"\n### {title}\n", "| flag | takes | default | |", "|---|---|---|---|"]
    for name, takes, default, text in rows:
        cells = (code(f"--{name}"), code(takes), code(default), text.replace("|", "\\|"))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """Returns a cell as code; a bar would end it."""
    return f"`{text}`".replace("|", "\\|") if text else ""


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf8")
