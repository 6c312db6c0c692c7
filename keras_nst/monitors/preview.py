"""The picture to come, as soon as there is something to see."""

import contextlib
from collections.abc import Callable
from pathlib import Path

from keras_nst.core.network.resizing import resize
from keras_nst.core.plan.events import Listener, Progress
from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.files import save_picture


def previews(path: Path, size: Size, tell: Callable[[str], None]) -> Listener:
    """Returns a listener that shows the picture of each scale but the last in `path`, at the size of the result."""

    def show(progress: Progress) -> None:
        if progress.scale == progress.scales or progress.scale_step < progress.scale_steps:
            return
        with contextlib.suppress(OSError):  # the picture itself will be told where it cannot be saved
            save_picture(path, resize(progress.picture(), size).numpy()[0], overwrite=True)
            if progress.scale == 1:
                tell(f"Preview: {path}")

    return show
