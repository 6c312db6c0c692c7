"""Settings as text: what settings.cfg holds and what pictures carry."""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_nst.config import Config, fields
from keras_nst.terms import SEPARATOR, parse_masks

ONE_FILE = ("content", "init", "weights", "content_mask")

# What belongs to one run, not to its picture: never written into settings.cfg or pictures.
OF_ONE_RUN = ("workdir", "output", "overwrite")


def settings_of(config: Config) -> dict[str, str]:
    """Returns the settings that make a run's picture, as text."""
    return {name: config.shown(name) for name in fields() if name not in OF_ONE_RUN and config.shown(name)}


def flag_file(settings: Mapping[str, str]) -> str:
    """Returns the text of a flag file with these settings.

    Raises:
        ValueError: a value would be read back as several flags.
    """
    for name, value in settings.items():
        if re.search("[\r\n]", value):
            raise ValueError(f"Expected a value without line breaks. Received: --{name}={value!r}")
    return "".join(f"--{name}={value}\n" for name, value in settings.items())


def absolute(config: Config) -> Config:
    """Returns the settings with the paths of their files written out, so that they hold in any folder."""

    def written_out(name: str, source: str) -> str:
        path = os.path.expanduser(source)
        words = fields()[name].metadata["kind"].takes.split("|")  # not paths, even where a file has such a name
        return str(Path(path).resolve()) if source not in words and os.path.isfile(path) else source

    paths: dict[str, Any] = {name: written_out(name, getattr(config, name)) for name in ONE_FILE}
    styles = (style._replace(source=written_out("style", style.source)) for style in config.styles())
    masks = (written_out("style_mask", mask) for mask in parse_masks(config.style_mask))
    paths |= {"style": SEPARATOR.join(map(str, styles)), "style_mask": SEPARATOR.join(masks)}
    return dataclasses.replace(config, **paths)
