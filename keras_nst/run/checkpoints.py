"""The state of a run as a file, from which the run can be resumed with bit-identical results."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.command.meter import warn
from keras_nst.command.run_folder import CHECKPOINT
from keras_nst.core.plan.events import Progress, Standing
from keras_nst.core.plan.pyramid import steps_per_scale
from keras_nst.session.method import method_of, settled
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.declared import fields
from keras_nst.settings.text import EARLIER
from keras_nst.system.files import DAMAGED, read_about, read_arrays, shape_of_first, write_archive

MOST_SCALES = 32
SELDOM = 20  # a large checkpoint is written again only after this many times the seconds that writing it took


class Resumed(NamedTuple):
    """The state from which a run resumes, and its settings."""

    standing: Standing
    config: Resolved


class Checkpoints:
    """A listener that saves the run's state in `folder`, every `checkpoint_secs` seconds and at the end of each scale.

    Large pictures, whose checkpoints take seconds to write, are saved less often.
    A failed write does not end the run: it is reported once, and the previous checkpoint stays.
    """

    def __init__(self, folder: Path, config: Resolved):
        self.path, self.seconds, self.config = folder / CHECKPOINT, config.checkpoint_secs, config
        self.written, self.took, self.complained = time.monotonic(), 0.0, False
        self.last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        self.last = progress
        if progress.final or progress.scale_step == progress.scale_steps or self._is_due():
            self.keep()

    def _is_due(self) -> bool:
        period = max(self.seconds, SELDOM * self.took) if self.took >= 1.0 else self.seconds
        return not 0 <= time.monotonic() - self.written < period

    def keep(self) -> bool:
        """Writes the current state; returns whether there is a checkpoint of it."""
        if self.last is None or self.last.standing is None:
            return False
        self.written = time.monotonic()
        try:
            write_checkpoint(self.path, self.last.standing(), self.config)
        except OSError as error:
            if not self.complained:
                warn(f"Could not write a checkpoint: {error.strerror or error}")
            self.complained = True
            return False
        self.took, self.written = time.monotonic() - self.written, time.monotonic()
        return True


def write_checkpoint(path: Path, standing: Standing, config: Resolved) -> None:
    """Writes the state of a run."""
    decided = settled(config, standing.method)
    settings = {name: decided.shown(name) for name in fields(Config)}
    about = {"step": standing.step, "scale_step": standing.scale_step, "settings": settings}
    write_archive(path, about, standing.arrays)


def read_checkpoint(folder: Path) -> Resumed | None:
    """Returns the saved state of the run in the folder; None if there is none.

    Raises:
        ValueError: the file is damaged.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    try:
        about = read_about(path)
        _, height, width, _ = shape_of_first(path)  # the picture's
        config = Resolved.written(**{**EARLIER, **about["settings"]})
        steps = int(about["step"]), _steps_there(about, config)
        return Resumed(Standing((height, width), *steps, method_of(config), read_arrays(path)), config)
    except DAMAGED as error:
        raise ValueError(f"Expected a checkpoint. Received: {path}, {error}") from None


def _steps_there(about: Mapping[str, Any], config: Config) -> int:
    """Returns the number of steps taken at the current scale.

    Earlier versions did not write it. They numbered the scales that have steps, and counted the steps planned before.
    """
    if "scale_step" in about:
        return int(about["scale_step"])
    planned = [steps for steps in steps_per_scale(config.steps, MOST_SCALES) if steps]
    return int(about["step"]) - sum(planned[: int(about["scale"]) - 1])
