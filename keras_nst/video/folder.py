"""The folder of a film: what it is, painted frames, what was decided on the way."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_nst.command.run_folder import read_told
from keras_nst.system.files import written_whole

RECORD, FRAMES, KEYFRAMES, FIGURES, LEARNED = "film.json", "frames", "keyframes", "figures.json", "learned.zip"
QUICKLY = 1  # of PNG's compressions


class Folder:
    """Keeps what is painted.

    Frames are kept with 8 bits and read again from there by those who need them, so that a film that goes on is the
    same as one that was never stopped.
    """

    def __init__(self, path: Path):
        self.path = path

    def frame(self, number: int, pass_: str = FRAMES) -> Path:
        """Returns where a painted frame is kept."""
        return self.path / pass_ / f"{number:06d}.png"

    def has(self, number: int, pass_: str = FRAMES) -> bool:
        """Tells whether a frame is painted."""
        return self.frame(number, pass_).exists()

    def levels(self, number: int, pass_: str = FRAMES) -> np.ndarray:
        """Returns a painted frame (h, w, 3), uint8."""
        with Image.open(self.frame(number, pass_)) as image:
            return np.asarray(image.convert("RGB"))

    def picture(self, number: int, pass_: str = FRAMES) -> np.ndarray:
        """Returns a painted frame (h, w, 3), in [0, 1]."""
        return self.levels(number, pass_).astype(np.float32) / 255

    def keep(self, number: int, picture: np.ndarray, pass_: str = FRAMES) -> None:
        """Keeps a painted frame."""
        path = self.frame(number, pass_)
        path.parent.mkdir(parents=True, exist_ok=True)
        levels = np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)
        with written_whole(path) as file:
            Image.fromarray(levels).save(file, "PNG", compress_level=QUICKLY)

    def claim(self, shot: int) -> Path:
        """Returns the file by which several processes share the shots out."""
        return self.path / f"shot-{shot:04d}"

    def told(self, path: Path) -> dict[str, Any]:
        """Returns what a file in it tells; nothing where there is none that can be read."""
        return read_told(path) or {}

    def tell(self, path: Path, what: Mapping[str, Any]) -> None:
        """Writes what a file in it is to tell."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(json.dumps(what, indent=1).encode())

    def tell_more(self, path: Path, what: Mapping[str, Any]) -> None:
        """Adds to what a file in it tells."""
        self.tell(path, self.told(path) | dict(what))
