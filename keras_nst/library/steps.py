"""Iterates over the steps of a picture, chunk by chunk, in the program's own loop."""

import functools
import io
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
from PIL import Image

from keras_nst.core.plan.events import Listener, LossValues, Progress
from keras_nst.pictures.files import as_image, save_picture
from keras_nst.system.pace import Stop

if TYPE_CHECKING:
    from keras_nst.core.judging.quality import Figures


Made = TypeVar("Made")


class Steps(Iterator[Progress], Generic[Made]):
    """An iterator over the progress of a picture, which is painted on its own thread when the next item is requested.

    Between two items nothing is computed: `progress.picture()` returns the picture of that step.

    Args:
        paint: makes the picture until it is stopped, and calls the listener.
    """

    def __init__(self, paint: Callable[[Stop, Listener], Made]):
        self._shared = _Shared[Made]()
        self._thread = threading.Thread(target=self._shared.run, args=(paint,), name="painting", daemon=True)

    def __next__(self) -> Progress:
        """Takes the next steps."""
        progress = self._shared.more(self._thread)
        if progress is None:
            raise StopIteration
        return progress

    @property
    def result(self) -> Made:
        """The picture; if not all steps were taken, in its current state, and no more steps are taken."""
        self._shared.stop.set()
        while self._shared.more(self._thread):
            pass
        return self._shared.answer()

    def __del__(self) -> None:
        """Ends the thread."""
        self._shared.stop.set()
        self._shared.wanted.release()


class _Shared(Generic[Made]):
    """The state shared by the loop and the painting thread, which does not keep the iterator alive."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wanted, self.told = threading.Semaphore(0), threading.Semaphore(0)
        self.progress: Progress | None = None
        self.made: list[Made] = []
        self.error: BaseException | None = None

    def run(self, paint: Callable[[Stop, Listener], Made]) -> None:
        """Paints the picture; runs on the thread."""
        self.wanted.acquire()
        try:
            self.made.append(paint(self.stop, self.tell))
        except BaseException as error:  # raised again in the loop
            self.error = error
        self.progress = None
        self.told.release()

    def tell(self, progress: Progress) -> None:
        """Passes the progress to the loop, and waits until more is requested."""
        self.progress = progress
        self.told.release()
        self.wanted.acquire()

    def more(self, thread: threading.Thread) -> Progress | None:
        """Returns the progress after the next steps; None at the end."""
        if self.made or self.error:
            return None
        if not thread.ident:
            thread.start()
        self.wanted.release()
        self.told.acquire()
        if self.error:
            raise self.error
        return self.progress

    def answer(self) -> Made:
        """Returns the result, or raises its error."""
        if self.error:
            raise self.error
        return self.made[0]


class Result:
    """A finished picture, which notebooks display.

    Attributes:
        array: the picture, RGB in [0, 1], (h, w, 3), or (h, w, 4) with the content's transparency.
        losses: of the finished picture; None if it was stopped early, or had no steps.
        steps: the number of steps taken.
        settings: the settings that made it, as text; saved pictures carry them.
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
        """The quality figures of the picture, on layers that were not optimized: docs/reference/figures.md.

        Raises:
            ValueError: the style is unknown, as in a picture of a trained network; or the picture, or its
                content, is too small to be judged.
        """
        if self._figures is None:
            raise ValueError("Expected a picture by the optimizer. Received: one by a trained network")
        return self._figures()

    @property
    def image(self) -> Image.Image:
        """The picture as a Pillow picture with 8 bits."""
        return as_image(self.array)

    def save(self, path: str | Path, *, bit_depth: int = 8, overwrite: bool = True) -> Path:
        """Saves the picture with its settings in the format of the name's suffix, and returns its path.

        Raises:
            OSError: the file cannot be written, or exists and must not be replaced.
            ValueError: the format is unknown or does not support the picture.
        """
        pixels, alpha = self.array[..., :3], self.array[..., 3] if self.array.shape[2] == 4 else None
        settings, path = self.settings, Path(path)
        save_picture(path, pixels, alpha=alpha, bit_depth=bit_depth, settings=settings, overwrite=overwrite)
        return path

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Returns the picture as a NumPy array."""
        return np.array(self.array, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        """Returns a text with size, steps and loss."""
        height, width = self.array.shape[:2]
        loss = f", loss {float(self.losses.total[0]):.4g}" if self.losses else ""
        return f"<Result {width} x {height}, {self.steps} steps{loss}>"

    def _repr_png_(self) -> bytes:
        """Returns the picture as PNG, for notebooks."""
        file = io.BytesIO()
        self.image.save(file, "PNG")
        return file.getvalue()
