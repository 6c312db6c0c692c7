"""The settings of a report."""

import dataclasses

from keras_nst.command.command import Command
from keras_nst.settings.declared import Settings, setting
from keras_nst.settings.kinds import text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reporting(Settings):
    """The settings of a report, in addition to its folders."""

    making: str = setting(
        "",
        text("FILE.webp"),
        "Reports",
        "Instead of the page: write an animation of how the picture was made, as WebP.",
    )


COMMAND = Command(
    "report",
    Reporting,
    ("FOLDER...", "--making=FILE.webp FOLDER"),
    "Writes report.html, a self-contained page, into the folder of each run, or of a batch.",
    home="keras_nst.report.drive",
)
