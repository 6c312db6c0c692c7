"""Settings as text, for settings.cfg and for the metadata of pictures."""

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

# Settings of one run, not of its picture: never written into settings.cfg or pictures.
OF_ONE_RUN = ("workdir", "output", "overwrite", "report", "tensorboard", "profile_steps")

# Settings about files, which programs that pass pictures do not need.
OF_FILES = (*OF_ONE_RUN, "bit_depth", "preview", "snapshot_steps", "keep_snapshots", "checkpoint_secs")

# Chosen by the machine if left open; a repeated run chooses again on its machine, unless --exactly is given.
OF_THE_MACHINE = ("device", "precision", "convolution", "xla", "evaluator", "tile_size", "tile_passes", "strategy")

# The values of later settings in runs from before they existed.
EARLIER = {"roughness_weight": "0", "coarse_content": "1", "rim": "0", "tile_passes": "2"}
# Defaults before there was --coarse_content, of settings that the program chooses now.
FORMER_DEFAULTS = {"variation": "squared", "style_layers": ",".join(map(str, STYLE_LAYERS))}

EXACTLY = "exactly"  # the key under which a picture carries its machine's choices


def settings_of(config: Config) -> dict[str, str]:
    """Returns the settings that make a run's picture, as text."""
    return {name: config.shown(name) for name in fields(Config) if name not in OF_ONE_RUN and config.shown(name)}


def repeatable(given: Mapping[str, str], resolved: Mapping[str, str]) -> dict[str, str]:
    """Returns the settings that repeat a run on any machine: resolved, except those left to the machine."""
    return {**resolved, **{name: given.get(name, "auto") for name in OF_THE_MACHINE}}


def choices(resolved: Mapping[str, str]) -> dict[str, str]:
    """Returns the choices of the run's machine."""
    return {name: resolved[name] for name in OF_THE_MACHINE if resolved.get(name, "auto") != "auto"}


def as_flags(settings: Mapping[str, str]) -> str:
    """Returns settings without spaces as one line of flags."""
    return " ".join(f"--{name}={value}" for name, value in settings.items())


def read_choices(text: str) -> dict[str, str]:
    """Returns the machine's choices among the flags in a text; other settings are ignored."""
    return {name: value for name, value in re.findall(r"--(\w+)=(\S+)", text) if name in OF_THE_MACHINE}


def flag_file(settings: Mapping[str, str], chosen: Mapping[str, str] | None = None) -> str:
    """Returns the text of a flag file with these settings, and the machine's choices as a comment.

    Raises:
        ValueError: a value would be read back as several flags.
    """
    for name, value in settings.items():
        if re.search("[\r\n]", value):
            raise ValueError(f"Expected a value without line breaks. Received: --{name}={value!r}")
    comment = f"# The machine's choices, which --exactly repeats:\n# {as_flags(chosen)}\n" if chosen else ""
    return "".join(f"--{name}={value}\n" for name, value in settings.items()) + comment


def absolute(config: Config) -> Config:
    """Returns the settings with absolute paths of their files, so that they hold in any folder."""

    def written_out(name: str, source: str) -> str:
        path = os.path.expanduser(source)
        words = fields(Config)[name].metadata["kind"].takes.split("|")  # not paths, even if a file has such a name
        return str(Path(path).resolve()) if source not in words and os.path.isfile(path) else source

    paths: dict[str, Any] = {name: written_out(name, getattr(config, name)) for name in ONE_FILE}
    styles = (style._replace(source=written_out("style", style.source)) for style in config.style_sources())
    masks = (written_out("style_mask", mask) for mask in parted(config.style_mask))
    paths |= {"style": joined(map(str, styles)), "style_mask": joined(masks)}
    return dataclasses.replace(config, **paths)
