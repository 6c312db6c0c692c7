"""Settings as text: what settings.cfg holds and what pictures carry."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_nst.config import Config, fields

# What belongs to one run, not to its picture: never written into settings.cfg or pictures.
OF_ONE_RUN = ("workdir", "output", "overwrite")


def settings_of(config: Config) -> dict[str, str]:
    """Returns the settings that make a run's picture, as text."""
    return {name: config.shown(name) for name in fields() if name not in OF_ONE_RUN and config.shown(name)}


def flag_file(settings: Mapping[str, str]) -> str:
    """Returns the text of a flag file with these settings."""
    return "".join(f"--{name}={value}\n" for name, value in settings.items())


def absolute(config: Config) -> Config:
    """Returns the settings with the paths of their files written out, so that they hold in any folder."""

    def written_out(source: str) -> str:
        path = Path(source).expanduser()
        return str(path.resolve()) if source and path.is_file() else source

    paths: dict[str, Any] = {
        name: written_out(getattr(config, name)) for name in ("content", "style", "init", "weights")
    }
    return dataclasses.replace(config, **paths)
