"""The settings of the studio: folders, port, limits."""

import dataclasses
from typing import Any

from keras_nst.command.command import Command
from keras_nst.settings.config import Config
from keras_nst.settings.declared import Settings, fields, setting
from keras_nst.settings.kinds import integer, number, switch, text


def of_a_run(name: str) -> Any:
    """Declares a setting that each run of the studio gets, as a run declares it."""
    field = fields(Config)[name]
    return dataclasses.field(default=field.default, metadata=field.metadata)


def _check_folder(folder: str) -> None:
    if not folder:
        raise ValueError("Expected a folder.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class StudioConfig(Settings):
    """The settings of the studio."""

    workdir: str = setting(
        "runs",
        text("FOLDER", _check_folder),
        "Studio",
        "The folder of the runs: those in it are the gallery, and new ones go there.",
    )
    films: str = setting(
        "films",
        text("FOLDER", _check_folder),
        "Studio",
        "The folder of films being painted by keras-nst video, whose frames the studio shows.",
    )
    port: int = setting(8765, integer(0, 65535), "Studio", "The port of the page on 127.0.0.1; 0: any free port.")
    browser: bool = setting(True, switch(), "Studio", "Open the page in the browser.")
    queue: int = setting(20, integer(1, 1000), "Studio", "The number of pictures that may wait in the queue.")
    max_upload_mb: int = setting(
        100, integer(1, 10_000), "Studio", "Refuse uploads of more megabytes than this, before they are complete."
    )
    max_megapixels: float = setting(
        50.0,
        number(above=True),
        "Studio",
        "Refuse uploaded pictures of more megapixels than this, before they are decoded.",
    )
    weights: str = of_a_run("weights")
    device: str = of_a_run("device")
    memory_limit_gb: float = of_a_run("memory_limit_gb")
    keep_programs: bool = of_a_run("keep_programs")


OF_THE_MACHINE = ("weights", "device", "memory_limit_gb", "keep_programs")  # settings that each run gets


def machine_settings(studio: StudioConfig) -> dict[str, str]:
    """Returns the studio's settings for each of its runs, as text, as in flag files."""
    return {name: studio.shown(name) for name in OF_THE_MACHINE}


COMMAND = Command(
    "studio",
    StudioConfig,
    ("[--workdir=FOLDER] [--port=N] [--flag=value ...]",),
    "Opens the same in the browser, on this machine alone: pictures seen while they are made, a queue, a gallery.",
    needs_flags=False,
    home="keras_nst.studio.drive",
)
