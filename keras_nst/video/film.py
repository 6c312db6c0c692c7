"""A request to paint a film: its settings and inputs, and what identifies it."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_nst.command.run_folder import read_told
from keras_nst.core.plan.pyramid import Size
from keras_nst.networks.model import Card
from keras_nst.pictures.files import Picture
from keras_nst.settings.config import Config
from keras_nst.settings.declared import fields
from keras_nst.settings.shared import OF_ENGINES
from keras_nst.video.folder import RECORD, Folder
from keras_nst.video.settings import Filming

if TYPE_CHECKING:
    from keras_nst.video.footage import Survey
    from keras_nst.video.reading import Source

# Settings that may change when a film is resumed: none of them changes painted frames.
FREE = (
    "content",
    "content_mask",
    "style",
    "style_mask",
    "model",
    "output",
    "workdir",
    "overwrite",
    "end",
    "how",
    "side_by_side",
    "figures",
    "device",
    "memory_limit_gb",
    "max_megapixels",
    "tensorboard",
    *OF_ENGINES,
)


class Masks(NamedTuple):
    """The regions of a film."""

    source: "Source"
    survey: "Survey"
    colors: tuple[str, ...]  # of all its regions
    of_styles: tuple[Picture, ...]


class Request(NamedTuple):
    """A film whose settings and inputs have been checked."""

    settings: Filming
    config: Config  # of a run that makes one frame
    folder: Folder
    output: Path
    source: "Source"
    survey: "Survey"
    size: Size
    styles: tuple[Picture, ...]
    model: tuple[Path, Card] | None
    shares: tuple[float, ...]  # of the model's styles
    masks: Masks | None = None

    def record(self) -> dict[str, str]:
        """Returns what identifies a film."""
        settings = {name: self.settings.shown(name) for name in fields(Filming) if name not in FREE}
        if self.settings.way == "keyframes" or self.settings.passes > 1:  # then the end affects all frames before it
            settings["end"] = self.settings.shown("end")
        parts = self.config.style_sources() if self.styles else ()
        hashes = {
            f"style_{number}": f"{style.sha256} {part.weight:g} {part.blocks or ''}".strip()
            for number, (style, part) in enumerate(zip(self.styles, parts, strict=True), start=1)
        }
        model = {"model": self.model[1].sha256} if self.model else {}
        if self.masks:
            hashes["content_mask"] = f"{zlib.crc32(str(self.masks.survey.marks).encode()):08x}"
            hashes["style_mask"] = " ".join(mask.sha256 for mask in self.masks.of_styles)
        film = {"film": f"{self.size} pixels from {self.survey.times[0]} of {self.source.unit} s"}
        return settings | {"way": self.settings.way} | hashes | model | film

    def marks(self, told: Mapping[str, Any]) -> list[int]:
        """Returns the hashes of the frames, including those of a longer part that was painted before."""
        return [*self.survey.marks, *told.get("marks", [])[len(self.survey.marks) :]]

    @property
    def outputs(self) -> list[Path]:
        """The films to write: the painted one, and the one side by side."""
        beside = self.output.with_name(f"{self.output.stem}-beside{self.output.suffix}")
        return [self.output, *([beside] if self.settings.side_by_side else [])]

    @property
    def is_done(self) -> bool:
        """Whether the requested film has been written."""
        told = read_told(self.folder.path / RECORD) or {}
        written = self.written(told)
        return written == told.get("written") and all(path.exists() for path in self.outputs)

    def written(self, told: Mapping[str, Any]) -> dict[str, int]:
        """Returns the films that are written once these are, with their numbers of frames."""
        own = {str(path.resolve()): len(self.survey.times) for path in self.outputs}
        return dict(told.get("written", {})) | own
