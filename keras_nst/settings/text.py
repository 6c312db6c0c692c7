"""Settings as text: what settings.cfg holds and what pictures carry."""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_nst.settings.config import Config
from keras_nst.settings.declared import fields
from keras_nst.settings.recipes import STYLE_LAYERS
from keras_nst.settings.values import joined, parted

ONE_FILE = ("content", "init", "weights", "content_mask")

# What belongs to one run, not to its picture: never written into settings.cfg or pictures.
OF_ONE_RUN = ("workdir", "output", "overwrite", "report", "tensorboard", "profile_steps")

# What means files, which programs that are given a picture have no use for.
OF_FILES = (*OF_ONE_RUN, "bit_depth", "preview", "snapshot_steps", "keep_snapshots", "checkpoint_secs")

# What the machine decides where it is left open; a repeat elsewhere decides anew, unless --exactly is given.
OF_THE_MACHINE = ("device", "precision", "convolution", "xla", "evaluator", "tile_size", "strategy")

# What settings that came later were, as it were, in runs that have none of them.
EARLIER = {"roughness_weight": "0", "coarse_content": "1"}
# Defaults of then that are left to the program now.
FORMER_DEFAULTS = {"variation": "squared", "style_layers": ",".join(map(str, STYLE_LAYERS))}

EXACTLY = "exactly"  # under which a picture carries what its machine decided


def settings_of(config: Config) -> dict[str, str]:
    """Returns the settings that make a run's picture, as text."""
    return {name: config.shown(name) for name in fields(Config) if name not in OF_ONE_RUN and config.shown(name)}


def repeatable(given: Mapping[str, str], resolved: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings that repeat a run on any machine: resolved, but for what was left to the machine."""
    return {**resolved, **{name: given.get(name, "auto") for name in OF_THE_MACHINE}}


def choices(resolved: Mapping[str, str]) -> dict[str, str]:
    """Returns how the run was done on its machine."""
    return {name: resolved[name] for name in OF_THE_MACHINE if resolved.get(name, "auto") != "auto"}


def as_flags(settings: Mapping[str, str]) -> str:
    """Returns settings without blanks as one line of flags."""
    return " ".join(f"--{name}={value}" for name, value in settings.items())


def read_choices(text: str) -> dict[str, str]:
    """Returns the choices of a machine among the flags in a text; nothing else can be brought in with it."""
    return {name: value for name, value in re.findall(r"--(\w+)=(\S+)", text) if name in OF_THE_MACHINE}


def flag_file(settings: Mapping[str, str], chosen: Mapping[str, str] | None = None) -> str:
    """Returns the text of a flag file with these settings, and as a comment what the machine has chosen.

    Raises:
        ValueError: a value would be read back as several flags.
    """
    for name, value in settings.items():
        if re.search("[\r\n]", value):
            raise ValueError(f"Expected a value without line breaks. Received: --{name}={value!r}")
    comment = f"# The machine chose, and --exactly chooses again:\n# {as_flags(chosen)}\n" if chosen else ""
    return "".join(f"--{name}={value}\n" for name, value in settings.items()) + comment


def absolute(config: Config) -> Config:
    """Returns the settings with the paths of their files written out, so that they hold in any folder."""

    def written_out(name: str, source: str) -> str:
        path = os.path.expanduser(source)
        words = fields(Config)[name].metadata["kind"].takes.split("|")  # not paths, even where a file has such a name
        return str(Path(path).resolve()) if source not in words and os.path.isfile(path) else source

    paths: dict[str, Any] = {name: written_out(name, getattr(config, name)) for name in ONE_FILE}
    styles = (style._replace(source=written_out("style", style.source)) for style in config.style_sources())
    masks = (written_out("style_mask", mask) for mask in parted(config.style_mask))
    paths |= {"style": joined(map(str, styles)), "style_mask": joined(masks)}
    return dataclasses.replace(config, **paths)
