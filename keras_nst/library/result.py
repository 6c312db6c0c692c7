"""A finished picture, as programs get it."""

import functools
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from keras_nst.core.events import LossValues
from keras_nst.pictures.files import as_image, save_picture

if TYPE_CHECKING:
    from keras_nst.core.quality import Figures


class Result:
    """A picture that was made; notebooks show it.

    Attributes:
        array: the picture, RGB in [0, 1], (h, w, 3), or (h, w, 4) with the content's transparency.
        losses: of the finished picture; None where it was stopped before its end, or had no steps.
        steps: the steps taken.
        settings: what made it, as flags have it; saved pictures carry it.
    """

    def __init__(
        self,
        array: np.ndarray,
        losses: LossValues | None,
        steps: int,
        settings: Mapping[str, str],
        figures: Callable[[], "Figures"] | None = None,
    ):
        self.array, self.losses, self.steps, self.settings = array, losses, steps, dict(settings)
        self._figures = figures

    @functools.cached_property
    def figures(self) -> "Figures":
        """How near the picture is to content and style, on layers that were not optimized; see docs/quality.md.

        Raises:
            ValueError: nothing is known of the style, as where a trained network has painted.
        """
        if self._figures is None:
            raise ValueError("Expected a picture that the optimizer made. Received: one of a trained network")
        return self._figures()

    @property
    def image(self) -> Image.Image:
        """The picture as one of Pillow's, of 8 bits."""
        return as_image(self.array)

    def save(self, path: str | Path, *, bit_depth: int = 8, overwrite: bool = True) -> Path:
        """Saves the picture with its settings in the format that the name ends in, and returns where it is.

        Raises:
            OSError: the file cannot be written, or exists and is not to be replaced.
            ValueError: the format is unknown or cannot hold the picture.
        """
        pixels, alpha = self.array[..., :3], self.array[..., 3] if self.array.shape[2] == 4 else None
        settings, path = self.settings, Path(path)
        save_picture(path, pixels, alpha=alpha, bit_depth=bit_depth, settings=settings, overwrite=overwrite)
        return path

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Returns the picture to NumPy."""
        return np.array(self.array, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        """Tells size, steps and loss."""
        height, width = self.array.shape[:2]
        loss = f", loss {float(self.losses.total[0]):.4g}" if self.losses else ""
        return f"<Result {width} x {height}, {self.steps} steps{loss}>"

    def _repr_png_(self) -> bytes:
        """Returns the picture as notebooks show it."""
        file = io.BytesIO()
        self.image.save(file, "PNG")
        return file.getvalue()
