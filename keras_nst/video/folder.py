"""The folder of a film: its record, painted frames, figures, the trained network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_nst.command.run_folder import read_told
from keras_nst.system.files import written_whole

RECORD, FRAMES, KEYFRAMES, FIGURES, LEARNED = "film.json", "frames", "keyframes", "figures.json", "learned.zip"
QUICKLY = 1  # fast, of PNG's compression levels


class Folder:
    """Stores painted frames.

    Frames are stored with 8 bits and always read from there, so that a resumed film is the same as one that was never
    stopped.
    """

    def __init__(self, path: Path):
        self.path = path

    def frame(self, number: int, pass_: str = FRAMES) -> Path:
        """Returns the path of a painted frame."""
        return self.path / pass_ / f"{number:06d}.png"

    def has(self, number: int, pass_: str = FRAMES) -> bool:
        """Returns whether a frame is painted."""
        return self.frame(number, pass_).exists()

    def levels(self, number: int, pass_: str = FRAMES) -> np.ndarray:
        """Returns a painted frame (h, w, 3), uint8."""
        with Image.open(self.frame(number, pass_)) as image:
            return np.asarray(image.convert("RGB"))

    def picture(self, number: int, pass_: str = FRAMES) -> np.ndarray:
        """Returns a painted frame (h, w, 3), in [0, 1]."""
        return self.levels(number, pass_).astype(np.float32) / 255

    def keep(self, number: int, picture: np.ndarray, pass_: str = FRAMES) -> None:
        """Stores a painted frame."""
        path = self.frame(number, pass_)
        path.parent.mkdir(parents=True, exist_ok=True)
        levels = np.rint(np.clip(picture, 0.0, 1.0) * 255).astype(np.uint8)
        with written_whole(path) as file:
            Image.fromarray(levels).save(file, "PNG", compress_level=QUICKLY)

    def claim(self, shot: int) -> Path:
        """Returns the file by which several processes divide the shots."""
        return self.path / f"shot-{shot:04d}"

    def told(self, path: Path) -> dict[str, Any]:
        """Returns the contents of a JSON file in the folder; empty if there is none that can be read."""
        return read_told(path) or {}

    def tell(self, path: Path, what: Mapping[str, Any]) -> None:
        """Writes a JSON file in the folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(json.dumps(what, indent=1).encode())

    def tell_more(self, path: Path, what: Mapping[str, Any]) -> None:
        """Adds to the contents of a JSON file in the folder."""
        self.tell(path, self.told(path) | dict(what))
