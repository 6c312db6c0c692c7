"""Saves intermediate pictures as files."""

from pathlib import Path

from keras_nst.command.meter import warn
from keras_nst.core.plan.events import Listener, Progress
from keras_nst.pictures.files import save_picture


def snapshots(folder: Path, most: int = 0) -> Listener:
    """Returns a listener that saves the current picture in `folder`, named by its step.

    `most` is the number of the latest ones to keep; 0: all.
    """

    def save(progress: Progress) -> None:
        try:
            folder.mkdir(exist_ok=True)
            save_picture(folder / f"step-{progress.step:05d}.jpg", progress.picture()[0])
            for old in sorted(folder.glob("step-*.jpg"))[:-most] if most else []:
                old.unlink()
        except OSError as error:  # a run of hours must not end because of a snapshot
            warn(f"No snapshot of step {progress.step}: {error}")

    return save
