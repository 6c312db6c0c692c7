"""Saves previews of a picture in progress."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from keras_nst.core.network.resizing import resize
from keras_nst.core.plan.events import Listener, Progress
from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.files import save_picture


def previews(path: Path, size: Size, tell: Callable[[str], None]) -> Listener:
    """Returns a listener that saves the picture of each scale but the last in `path`, at the size of the result."""

    def show(progress: Progress) -> None:
        if progress.scale == progress.scales or progress.scale_step < progress.scale_steps:
            return
        with contextlib.suppress(OSError):  # if the picture itself cannot be saved, that will be reported
            save_picture(path, resize(progress.picture(), size).numpy()[0], overwrite=True)
            if progress.scale == 1:
                tell(f"Preview: {path}")

    return show
