"""Flags derived from `Config`, shared by all doors: flag files, settings out of pictures, help."""

import os
import re
import shutil
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import flags

from keras_nst.config import Config, SettingError, fields, read_setting
from keras_nst.kinds import nearest
from keras_nst.lines import one_line
from keras_nst.pictures.metadata import read_settings
from keras_nst.record import read_record
from keras_nst.settings import EXACTLY, OF_ONE_RUN, read_choices
from keras_nst.terms import SEPARATOR

USAGE = """\
usage: {program} --content=PICTURE --style=PICTURE [--flag=value ...]
       {program} --flagfile=configs/starry.cfg
       {program} --from_image=RESULT --follow
       {program} --resume=FOLDER
       {program} --help
"""
DOOR_HELP = {
    "flagfile": ("FILE", "Read flags from this file, one per line; configs/NAME.cfg also finds those that come along."),
    "from_image": ("PICTURE", "Repeat the run whose settings this picture carries; other flags overrule them."),
    "resume": ("FOLDER", "Go on with the run in this folder, from its last checkpoint; nothing else is needed."),
    "follow": (
        "",
        "With --from_image: open the files and URLs that the picture's settings name, as if you had named them.",
    ),
    "exactly": (
        "",
        "With a run's settings.cfg as --flagfile, or --from_image: use the device, precision and tiles of that run "
        "where it had left them to its machine; without this, they are chosen anew for yours.",
    ),
    "help": ("", "Show this."),
}
# Settings with which a picture by somebody else would choose what is opened here, or how much memory that may take.
GUARDED = ("content", "style", "init", "weights", "content_mask", "style_mask", "max_megapixels")
SAMPLE = r"sample:[\w-]+(:[\d.]+)?"

REPEATED = ("style", "style_mask")  # flags that may be given several times


class UsageError(ValueError):
    """The command line itself is wrong."""


def parse(argv: Sequence[str]) -> Config:
    """Returns the settings of a command line (without the program's name).

    Raises:
        UsageError: an unknown flag, a stray argument, a missing flag file.
        SettingError: a value that a setting cannot have.
    """
    defined = _define()
    try:
        found = _with_flag_files_found(argv)
        stray = defined(["keras_nst", *found])[1:]
    except flags.IllegalFlagValueError as error:
        raise UsageError(f"{error.args[-1][0] if isinstance(error.args[-1], tuple) else error}".strip()) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"Expected a flag file in UTF-8. Received: {error.reason}") from None
    except (flags.Error, OSError) as error:
        raise UsageError(_one_line(str(error))) from None
    if stray:
        raise UsageError(f"Expected flags only, as in --content={stray[0]}. Received: {' '.join(stray)}")
    given = {name: _written(getattr(defined, name)) for name in fields() if defined[name].present}
    given |= _repeated(argv)
    if defined.resume is not None:
        given = settings_of_run(defined.resume) | given
    if defined.exactly:
        chosen = _chosen(found, defined.from_image)
        given |= {name: value for name, value in chosen.items() if given.get(name, "auto") == "auto"}
    if defined.from_image is not None:
        carried = {name: value for name, value in settings_in(defined.from_image).items() if name not in given}
        _check_carried(defined.from_image, carried, bool(defined.follow))
        given = carried | given
    return Config(**{name: read_setting(name, value) for name, value in given.items()})


def _repeated(argv: Sequence[str]) -> dict[str, str]:
    """Returns those settings which the command line itself repeats: they overrule those in flag files."""
    own, values = _define(), [*argv]
    for index in reversed(range(len(values))):
        if values[index].lstrip("-").partition("=")[0] == "flagfile":
            del values[index : index + 1 + ("=" not in values[index])]
    own(["keras_nst", *values])
    return {name: _written(getattr(own, name)) for name in REPEATED if own[name].present}


def _written(value: str | bool | list[str]) -> str:
    """Returns the value of a flag as a setting is written; of one that was given several times, all of them."""
    if not isinstance(value, list):
        return str(value)
    last_empty = max((index for index, one in enumerate(value) if not one), default=-1)  # forgets what was before
    return SEPARATOR.join(value[last_empty + 1 :])


def settings_of_run(folder: str) -> dict[str, str]:
    """Returns the settings of the run in a folder, to go on with it there."""
    record = read_record(Path(os.path.expanduser(folder)))
    if record is None:
        raise SettingError("resume", folder, "Expected the folder of a run.")
    own = {"output": record.output} if record.output else {}
    return {name: value for name, value in record.given.items() if name in fields()} | own | {"workdir": folder}


def settings_in(picture: str) -> dict[str, str]:
    """Returns the settings a picture carries: data from strangers, of which only known names are taken."""
    return {name: value for name, value in _carried(picture).items() if name in fields() and name not in OF_ONE_RUN}


def _carried(picture: str) -> dict[str, str]:
    try:
        return read_settings(os.path.expanduser(picture))
    except (OSError, ValueError) as error:
        raise SettingError("from_image", picture, str(error)) from None


def _chosen(arguments: Sequence[str], picture: str | None) -> dict[str, str]:
    """Returns what the machine of a run has chosen, as its flag file among the arguments tells, or its picture.

    Raises:
        UsageError: neither tells.
    """
    files = [Path(argument.partition("=")[2]) for argument in arguments if argument.startswith("--flagfile=")]
    lines = [line for file in files for line in file.read_text(encoding="utf8").splitlines() if line.startswith("# --")]
    chosen = read_choices(" ".join(lines + ([_carried(picture).get(EXACTLY, "")] if picture is not None else [])))
    if not chosen:
        expected = "Expected the settings.cfg of a run as --flagfile, or a picture of one as --from_image"
        raise UsageError(f"--exactly: {expected}. Received: none that tells what its machine chose")
    return chosen


def _check_carried(picture: str, carried: Mapping[str, str], follow: bool) -> None:
    """Raises SettingError for settings of a stranger that no setting is, or that refer to files and URLs."""
    for name, value in carried.items():
        if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in value):
            received = one_line(f"--{name}={value}", longest=200)
            raise SettingError("from_image", picture, f"Expected settings of plain text. Received: {received}")
    guarded = {name: value for name, value in carried.items() if name in GUARDED and not _is_harmless(name, value)}
    if guarded and not follow:
        named = " ".join(one_line(f"--{name}={value}", longest=200) for name, value in guarded.items())
        expected = "Expected flags of your own in place of those this picture brings, or --follow to trust them"
        raise SettingError("from_image", picture, f"{expected}. Received: {named}")


def _is_harmless(name: str, value: str) -> bool:
    """Tells whether a value refers to nothing outside of the program."""
    words = [word for word in fields()[name].metadata["kind"].takes.split("|") if word.islower()]
    samples = re.fullmatch(rf"{SAMPLE}( \+ {SAMPLE})*", value, re.ASCII)
    return value in (Config().shown(name), *words) or samples is not None


def usage(program: str) -> str:
    """Returns the short usage."""
    return USAGE.format(program=program)


def help_text(program: str) -> str:
    """Returns the usage and all flags in their groups, with defaults."""
    groups: dict[str, list[str]] = {"Flags": [_entry(name, takes, text) for name, (takes, text) in DOOR_HELP.items()]}
    defaults = Config()
    for name, field in fields().items():
        default = f" [{defaults.shown(name)}]" if defaults.shown(name) else ""
        entry = _entry(name, field.metadata["kind"].takes, field.metadata["help"] + default)
        groups.setdefault(field.metadata["group"], []).append(entry)
    return usage(program) + "".join(f"\n{group}:\n{''.join(entries)}" for group, entries in groups.items())


def _entry(name: str, takes: str, explanation: str) -> str:
    width = min(100, shutil.get_terminal_size().columns)
    head = f"  --{name}={takes}" if takes else f"  --{name}"
    return head + "\n" + textwrap.fill(explanation, width, initial_indent=" " * 6, subsequent_indent=" " * 6) + "\n"


def _define() -> flags.FlagValues:
    defined = flags.FlagValues()
    for door in ("from_image", "resume"):
        flags.DEFINE_string(door, None, DOOR_HELP[door][1], flag_values=defined)
    for door in ("follow", "exactly"):
        flags.DEFINE_boolean(door, False, DOOR_HELP[door][1], flag_values=defined)
    for name, field in fields().items():
        define = flags.DEFINE_boolean if isinstance(field.default, bool) else flags.DEFINE_string
        if name in REPEATED:
            define = flags.DEFINE_multi_string
        define(name, None, field.metadata["help"], flag_values=defined)
    return defined


def _with_flag_files_found(argv: Sequence[str]) -> list[str]:
    """Returns the arguments with every --flagfile that is not there replaced by its namesake that comes along.

    All of them are written as --flagfile=PATH.
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
    hint = nearest(name, known) or f" Those that come along: {', '.join(sorted(known))}."
    raise UsageError(f"--flagfile={path}: Expected a file of flags.{hint}")


def config_folder() -> Path:
    """Returns where the configs are: in an installed package beside its modules, in a checkout beside the package."""
    package = Path(__file__).parent
    return package / "configs" if (package / "configs").is_dir() else package.parent / "configs"


def _one_line(message: str) -> str:
    return " ".join(message.replace("FATAL Flags parsing error:", "").split())
