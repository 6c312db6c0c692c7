"""Intermediate pictures as files."""

from pathlib import Path

from keras_nst.core.events import Listener, Progress
from keras_nst.pictures.files import save_picture


def snapshots(folder: Path) -> Listener:
    """Returns a listener that keeps the picture as it stands in `folder`, named by its step."""

    def save(progress: Progress) -> None:
        folder.mkdir(exist_ok=True)
        save_picture(folder / f"step-{progress.step:05d}.jpg", progress.picture()[0])

    return save
