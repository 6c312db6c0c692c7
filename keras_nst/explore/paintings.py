"""Pictures that are optimized until they match content or style in some layers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from keras_nst.explore.prepare import Request
from keras_nst.settings.config import Config


class Painting(NamedTuple):
    """One of these pictures."""

    name: str  # of its file
    inputs: tuple[str, ...]  # content, style or both
    longest: int  # pixels, its longer side
    settings: Mapping[str, Any]  # of `Config`, if they differ from the defaults

    def config(self, asked: Request) -> Config:
        """Returns the settings of the run that makes it."""
        named = {name: name for name in self.inputs}
        return asked.config(size=str(self.longest), **named, **self.settings)
