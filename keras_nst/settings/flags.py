"""Flags derived from a class of settings, for every command: command line, flag files, help."""

import contextlib
import os
import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from absl import flags

from keras_nst.settings.declared import Settings, UsageError, fields
from keras_nst.settings.kinds import nearest
from keras_nst.settings.values import SEPARATOR, joined, style_source

# What textbooks and other programs call some settings.
ELSEWHERE = {
    "alpha": "content_weight",
    "beta": "style_weight",
    "gamma": "variation_weight",
    "tv_weight": "variation_weight",
    "lambda": "style_layers",
    "lr": "learning_rate",
    "iterations": "steps",
    "num_steps": "steps",
    "epochs": "steps",
    "image_size": "size",
    "resolution": "size",
    "strength": "style_strength",
    "out": "output",
}
REPEATED = ("style", "style_mask", "contents", "styles", "sweep")  # flags that may be given several times
FLAG_FILE = ("FILE", "Read flags from this file, one per line; configs/NAME.cfg also finds the bundled ones.")

# A command's own flags: the placeholder of the value, "" for a switch, and the explanation.
OwnFlags = Mapping[str, tuple[str, str]]


Kind = TypeVar("Kind", bound=Settings)


class Given(NamedTuple):
    """A parsed command line."""

    settings: dict[str, str]  # as text, as in flag files
    own: dict[str, str | bool | None]  # the command's own flags
    rest: list[str]  # arguments that are not flags
    files: list[Path]  # flag files named on it


def read(argv: Sequence[str], settings: type[Settings], own: OwnFlags) -> Given:
    """Returns a parsed command line (given without the program's name).

    Raises:
        UsageError: an unknown flag, a missing flag file.
    """
    defined = _define(settings, own)
    try:
        found = _with_flag_files_found(argv)
        rest = defined(["keras_nst", *found])[1:]
    except flags.IllegalFlagValueError as error:
        said = f"{error.args[-1][0] if isinstance(error.args[-1], tuple) else error}".strip()
        switch = re.match(r"flag (--\w+=(.*)): \('Non-boolean", said)
        raise UsageError(f"{switch[1]}: Expected true or false. Received: {switch[2]}" if switch else said) from None
    except flags.UnrecognizedFlagError as error:
        known = [f"--{name}" for name in (*fields(settings), *own, "flagfile", "help")]
        usual = f"--{ELSEWHERE.get(error.flagname, '')}"
        near = f" Did you mean {usual}?" if usual in known else nearest(f"--{error.flagname}", known)
        raise UsageError(f"--{error.flagname}: There is no such flag.{near}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"Expected a flag file in UTF-8. Received: {error.reason}") from None
    except (flags.Error, OSError) as error:
        said = " ".join(str(error).replace("FATAL Flags parsing error:", "").split())
        raise UsageError(
            re.sub("^Missing value for flag (.*)", r"\1: Expected a value, as in \1=VALUE.", said)
        ) from None
    given = {name: _written(getattr(defined, name)) for name in fields(settings) if defined[name].present}
    files = [Path(argument.partition("=")[2]) for argument in found if argument.startswith("--flagfile=")]
    repeated = _repeated(found, settings, own)
    return Given(given | repeated, {name: getattr(defined, name) for name in own}, rest, files)


def read_settings(argv: Sequence[str], settings: type[Kind], example: str) -> Kind:
    """Returns the settings of a command line that has only flags.

    `example` is the flag suggested for an argument that is not one.

    Raises:
        UsageError: an argument is not a flag.
        SettingError: a value is not accepted.
    """
    given = read(argv, settings, {})
    refuse(given.rest, example)
    return settings.written(**given.settings)


def refuse(rest: Sequence[str], example: str) -> None:
    """Refuses arguments that are no flags; `example` is the flag suggested for them."""
    if not rest:
        return
    if rest[0].startswith(("\N{EN DASH}", "\N{EM DASH}")):  # copied from a text that made one dash of two
        raise UsageError(f"Expected two hyphens before each flag, as in --{example}. Received: {rest[0]}")
    expected = f"Expected flags only, as in --{example}={rest[0]}, and quotes around a name with spaces"
    raise UsageError(f"{expected}. Received: {' '.join(rest)}")


def _repeated(found: Sequence[str], settings: type[Settings], own: OwnFlags) -> dict[str, str]:
    """Returns the repeatable settings on the command line itself, which override those in flag files."""
    alone = _define(settings, own)
    alone(["keras_nst", *(argument for argument in found if not argument.startswith("--flagfile="))])
    names = [name for name in REPEATED if name in fields(settings)]
    return {name: _written(getattr(alone, name)) for name in names if alone[name].present}


def _written(value: str | bool | list[str]) -> str:
    """Returns the value of a flag as the text of a setting; of a repeated flag, all values."""
    if not isinstance(value, list):
        return str(value)
    last_empty = max((index for index, one in enumerate(value) if not one), default=-1)  # drops the values before
    return SEPARATOR.join(map(one_or_several, value[last_empty + 1 :]))


def one_or_several(written: str) -> str:
    """Returns text that may name several pictures in the form of settings.cfg; as a single one if that is a file."""
    if SEPARATOR not in written:
        return written
    with contextlib.suppress(ValueError):
        if os.path.exists(os.path.expanduser(style_source(written).source)):
            return joined([written])
    return written


def help_text(settings: type[Settings], own: OwnFlags) -> str:
    """Returns all flags in their groups, with defaults."""
    shared = {"flagfile": FLAG_FILE, **own, "help": ("", "Print this help.")}
    groups: dict[str, list[str]] = {"Flags": [_entry(name, takes, text) for name, (takes, text) in shared.items()]}
    defaults = settings()
    for name, field in fields(settings).items():
        default = f" [{defaults.shown(name)}]" if defaults.shown(name) else ""
        entry = _entry(name, field.metadata["kind"].takes, field.metadata["help"] + default)
        groups.setdefault(field.metadata["group"], []).append(entry)
    return "".join(f"\n{group}:\n{''.join(entries)}" for group, entries in groups.items())


def _entry(name: str, takes: str, explanation: str) -> str:
    width = min(100, shutil.get_terminal_size().columns)
    head = f"  --{name}={takes}" if takes else f"  --{name}"
    return head + "\n" + textwrap.fill(explanation, width, initial_indent=" " * 6, subsequent_indent=" " * 6) + "\n"


def _define(settings: type[Settings], own: OwnFlags) -> flags.FlagValues:
    defined = flags.FlagValues()
    for name, (takes, explanation) in own.items():
        if takes:
            flags.DEFINE_string(name, None, explanation, flag_values=defined)
        else:
            flags.DEFINE_boolean(name, False, explanation, flag_values=defined)
    for name, field in fields(settings).items():
        define = flags.DEFINE_boolean if isinstance(field.default, bool) else flags.DEFINE_string
        if name in REPEATED:
            define = flags.DEFINE_multi_string
        define(name, None, field.metadata["help"], flag_values=defined)
    return defined


def _with_flag_files_found(argv: Sequence[str]) -> list[str]:
    """Returns the arguments with every --flagfile that does not exist replaced by the bundled one of that name.

    All are written as --flagfile=PATH.
    """
    found: list[str] = []
    for argument in argv:
        name, equals, path = argument.partition("=")
        if found and found[-1] in ("--flagfile", "-flagfile"):
            found[-1] = f"--flagfile={_flag_file(argument)}"
        elif name in ("--flagfile", "-flagfile") and equals:
            found.append(f"--flagfile={_flag_file(path)}")
        else:
            found.append(argument)
    return found


def _flag_file(path: str) -> Path:
    if os.path.isfile(os.path.expanduser(path)):
        return Path(os.path.expanduser(path))
    known = {config.stem: config for config in config_folder().glob("*.cfg")}
    name = Path(path).stem
    if name in known and Path(path).parent.name in ("", "configs"):
        return known[name]
    hint = nearest(name, known) or f" Bundled ones: {', '.join(sorted(known))}."
    raise UsageError(f"--flagfile={path}: Expected a file of flags.{hint}")


def config_folder() -> Path:
    """Returns the folder of the configs: inside an installed package, or next to it in a checkout."""
    package = Path(__file__).parent.parent
    return package / "configs" if (package / "configs").is_dir() else package.parent / "configs"
