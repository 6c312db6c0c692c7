"""Writes docs/reference/flags.md, all flags of all commands, from their settings: python scripts/write_flags.py"""

from collections.abc import Collection
from pathlib import Path

from keras_nst.command.commands import COMMANDS, named
from keras_nst.settings.config import Config
from keras_nst.settings.declared import Settings, fields
from keras_nst.settings.flags import FLAG_FILE, OwnFlags

FILE = Path(__file__).parent.parent / "docs" / "reference" / "flags.md"
HEAD = """# All flags

All flags of all commands, as `--help` prints them. Write a flag as `--size=256`, one that is true or false also as
`--keep` and `--nokeep`. "auto" leaves the choice to the program, which records it in the run's `settings.cfg`. The
settings of `run` are also flags of `batch`. `python -m keras_nst.COMMAND` is the same as `keras-nst COMMAND`.

[What you can decide](../guides/control.md) shows in pictures what the most important flags do. In Python, the same
names are [keywords](../guides/python.md). `scripts/write_flags.py` makes this page from the settings.
"""


def written() -> str:
    """Returns the page's text."""
    parts, told = [HEAD], set[str]()
    for name in COMMANDS:
        command = named(name)
        before = told if issubclass(command.settings, Config) else set[str]()
        parts += [
            f"\n## keras-nst {name}\n\n{command.about}\n",
            command_line(command.own_flags),
            by_groups(command.settings, before),
        ]
        told |= set(fields(command.settings))
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
