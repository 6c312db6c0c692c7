"""Pictures that are moved until they agree with content or style in what some layers see."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from keras_nst.explore.prepare import Request
from keras_nst.settings.config import Config


class Painting(NamedTuple):
    """One of them."""

    name: str  # of its file
    inputs: tuple[str, ...]  # content, style or both
    longest: int  # pixels, of its longer side
    settings: Mapping[str, Any]  # of `Config`, where they are not the defaults

    def config(self, asked: Request) -> Config:
        """Returns the settings of the run that makes it."""
        named = {name: name for name in self.inputs}
        return asked.config(size=str(self.longest), **named, **self.settings)
