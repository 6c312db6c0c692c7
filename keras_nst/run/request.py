"""Parses the command line of one run: flags, a flag file, the settings in a picture, a run to resume."""

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from keras_nst.command.run_folder import read_record
from keras_nst.pictures.metadata import read_settings
from keras_nst.settings import flags
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, UsageError, fields
from keras_nst.settings.lines import one_line
from keras_nst.settings.text import EXACTLY, OF_ONE_RUN, read_choices

OWN_FLAGS = {
    "from_image": ("PICTURE", "Repeat the run whose settings this picture carries; other flags overrule them."),
    "resume": ("FOLDER", "Resume the run in this folder from its last checkpoint; nothing else is needed."),
    "follow": (
        "",
        "With --from_image: open the files and URLs that the picture's settings name, as if you had named them.",
    ),
    "exactly": (
        "",
        "With the settings.cfg of a run as --flagfile, or --from_image: use the device, precision and tiles of that "
        "run where it had left them to its machine. Without it, they are chosen for your machine.",
    ),
}
# Settings with which an untrusted picture would choose the files opened here, or how much memory they may take.
GUARDED = ("content", "style", "init", "weights", "content_mask", "style_mask", "max_megapixels")
SAMPLE = r"sample:[\w-]+(:[\d.]+)?"


def parse(argv: Sequence[str]) -> Config:
    """Returns the settings of a command line (without the program's name).

    Raises:
        UsageError: an unknown flag, a stray argument, a missing flag file.
        SettingError: a value that a setting does not accept.
    """
    given = flags.read(argv, Config, OWN_FLAGS)
    flags.refuse(given.rest, "content")
    settings, picture, folder = given.settings, given.own["from_image"], given.own["resume"]
    if folder is not None:
        settings = settings_of_run(str(folder)) | settings
    if given.own["exactly"]:
        chosen = _chosen(given.files, str(picture) if picture else None)
        settings |= {name: value for name, value in chosen.items() if settings.get(name, "auto") == "auto"}
    if picture is not None:
        carried = {name: value for name, value in settings_in(str(picture)).items() if name not in settings}
        _check_carried(str(picture), carried, bool(given.own["follow"]))
        settings = carried | settings
    return Config.written(**settings)


def settings_of_run(folder: str) -> dict[str, str]:
    """Returns the settings of the run in a folder, to resume it there."""
    record = read_record(Path(os.path.expanduser(folder)))
    if record is None:
        raise SettingError("resume", folder, "Expected the folder of a run.")
    own = {"output": record.output} if record.output else {}
    return {name: value for name, value in record.given.items() if name in fields(Config)} | own | {"workdir": folder}


def settings_in(picture: str) -> dict[str, str]:
    """Returns the settings that a picture carries: untrusted data, of which only known names are used."""
    known = set(fields(Config)) - set(OF_ONE_RUN)
    return {name: value for name, value in _carried(picture).items() if name in known}


def _carried(picture: str) -> dict[str, str]:
    try:
        return read_settings(os.path.expanduser(picture))
    except (OSError, ValueError) as error:
        raise SettingError("from_image", picture, str(error)) from None


def _chosen(files: Sequence[Path], picture: str | None) -> dict[str, str]:
    """Returns what the run's machine chose, as recorded in its flag file or its picture.

    Raises:
        UsageError: neither records it.
    """
    lines = [line for file in files for line in file.read_text(encoding="utf8").splitlines() if line.startswith("# --")]
    chosen = read_choices(" ".join(lines + ([_carried(picture).get(EXACTLY, "")] if picture is not None else [])))
    if not chosen:
        expected = "Expected the settings.cfg of a run as --flagfile, or a picture of one as --from_image"
        raise UsageError(f"--exactly: {expected}. Received: none with the choices of its machine")
    return chosen


def _check_carried(picture: str, carried: Mapping[str, str], follow: bool) -> None:
    """Raises SettingError for untrusted values that are not plain text, or that name files and URLs."""
    for name, value in carried.items():
        if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in value):
            received = one_line(f"--{name}={value}", longest=200)
            raise SettingError("from_image", picture, f"Expected settings in plain text. Received: {received}")
    guarded = {name: value for name, value in carried.items() if name in GUARDED and not _is_harmless(name, value)}
    if guarded and not follow:
        named = " ".join(one_line(f"--{name}={value}", longest=200) for name, value in guarded.items())
        expected = "Expected your own values for flags that this picture sets, or --follow to trust it"
        raise SettingError("from_image", picture, f"{expected}. Received: {named}")


def _is_harmless(name: str, value: str) -> bool:
    """Returns whether a value refers to nothing outside the program."""
    words = [word for word in fields(Config)[name].metadata["kind"].takes.split("|") if word.islower()]
    samples = re.fullmatch(rf"{SAMPLE}( \+ {SAMPLE})*", value, re.ASCII)
    return value in (Config().shown(name), *words) or samples is not None
