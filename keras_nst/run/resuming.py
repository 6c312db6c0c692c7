"""Where a run resumes: its last checkpoint, and the steps that are left."""

import math
from collections.abc import Sequence
from pathlib import Path

from keras_nst.core.plan.events import Standing
from keras_nst.core.plan.pyramid import Scale, Size, sizes, steps_per_scale
from keras_nst.run.checkpoints import Resumed, read_checkpoint
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell


def last_checkpoint(folder: Path, config: Config, size: Size, tell: Tell) -> Resumed | None:
    """Returns the state from which the run in the folder resumes, and reports it; None if the run starts over.

    Raises:
        SettingError: the settings request steps that can no longer be taken.
    """
    try:
        resumed = read_checkpoint(folder)
        if resumed:
            _check_steps(config, resumed, sizes(size, config.scales))
    except SettingError:
        raise
    except (OSError, ValueError) as error:
        tell(f"Starting over: {error}")
        return None
    tell(f"Resuming after step {resumed.standing.step}." if resumed else "Starting over: there is no checkpoint yet.")
    return resumed


def _check_steps(config: Config, resumed: Resumed, pyramid: list[Size]) -> None:
    """Checks that --steps keeps the steps of the finished sizes, and at least those taken at the current one.

    Raises:
        SettingError: they are not.
        ValueError: the checkpoint's size is not in the pyramid.
    """
    standing = resumed.standing
    there = Size(*standing.size)
    if there not in pyramid:
        raise ValueError(f"Expected a checkpoint of {', '.join(map(str, pyramid))} pixels. Received: {there}")
    passed = pyramid.index(there)
    asked, planned = (steps_per_scale(settings.steps, len(pyramid)) for settings in (config, resumed.config))
    if asked[:passed] == planned[:passed] and asked[passed] >= standing.scale_step:
        return
    done = "".join(f"{steps}," for steps in planned[:passed])
    reason = f"{standing.scale_step} steps were taken at {there} pixels{', the smaller sizes are done' * (passed > 0)}."
    raise SettingError("steps", config.shown("steps"), f"{reason} Expected {done}N with N >= {standing.scale_step}.")


def steps_in_all(scales: Sequence[Scale], standing: Standing | None) -> int:
    """Returns the number of steps taken so far and planned."""
    planned = scales[-1].before + scales[-1].steps
    if standing is None:
        return planned
    (here,) = (scale for scale in scales if scale.size == standing.size)
    return planned - here.before + standing.step - standing.scale_step


def work_left(scales: Sequence[Scale], standing: Standing | None) -> int:
    """Returns the work left: the pixels of each remaining step, added up."""
    work = sum(math.prod(scale.size) * scale.steps for scale in scales if not standing or scale.size >= standing.size)
    return work - (math.prod(standing.size) * standing.scale_step if standing else 0)
