"""Chooses the engine of a command: processes of this machine, or a Ray cluster."""

from pathlib import Path
from typing import Any

from keras_nst.command.workers.local import LocalEngine
from keras_nst.command.workers.parcels import Work


def engine_of(settings: Any, folder: Path, work: Work, place: str = "workdir") -> Any:
    """Returns the engine that the settings request.

    Args:
        folder: of the work; the setting `place` names it.
        work: the function called with each parcel.
    """
    if settings.engine == "ray":
        from keras_nst.command.workers.ray_engine import RayEngine

        return RayEngine(settings, folder, work, place)
    return LocalEngine(settings, work)
