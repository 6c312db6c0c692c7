"""Who does the work: processes of this machine, or a Ray cluster."""

from pathlib import Path
from typing import Any

from keras_nst.workers.local import LocalEngine
from keras_nst.workers.parcels import Work


def engine_of(settings: Any, folder: Path, work: Work, place: str = "workdir") -> Any:
    """Returns who does the work that the settings ask for.

    Args:
        folder: where it is kept; the setting `place` names it.
        work: what is done with each parcel.
    """
    if settings.engine == "ray":
        from keras_nst.workers.ray_engine import RayEngine

        return RayEngine(settings, folder, work, place)
    return LocalEngine(settings, work)
