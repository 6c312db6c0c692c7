"""The door to reports: python -m keras_nst.report RUN..."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from keras_nst.door import Door, complain, enter, tell
from keras_nst.settings import flags
from keras_nst.settings.declared import InputError, SettingError, Settings, about_file, setting
from keras_nst.settings.flags import UsageError
from keras_nst.settings.kinds import text

USAGE = ("FOLDER...", "--making=FILE.webp FOLDER")
ABOUT = "\nWrites report.html, one page that needs nothing else, into the folder of each run, or of a batch.\n"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request(Settings):
    """What is asked for beside the page."""

    making: str = setting("", text("FILE.webp"), "Reports", "In place of the page: a moving picture of its making.")


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the reports of runs and batches; returns the exit code."""
    return enter(Door("python -m keras_nst.report", USAGE, Request, {}, report, ABOUT), argv)


def report(argv: Sequence[str]) -> int:
    """Writes what the command line asks for; a folder that is none of a run keeps no other from its report."""
    given = flags.read(argv, Request, {})
    request, folders = Request.written(**given.settings), [Path(folder).expanduser() for folder in given.rest]
    if not folders:
        raise UsageError("Expected the folder of a run or of a batch, as in runs/FOLDER. Received: none")
    if request.making:
        return making(request, folders)
    from keras_nst.fleet.pages import page_of

    code = 0
    for folder in folders:
        try:
            with about_file(str(folder)):
                tell(f"Report: {page_of(folder)}")
        except InputError as error:
            code = complain(error, 1)
    return code


def making(request: Request, folders: Sequence[Path]) -> int:
    """Writes the picture on its way as a moving one."""
    from keras_nst.reports.facts import read_facts
    from keras_nst.reports.making import frames_of, write_making

    if len(folders) > 1 or not request.making.lower().endswith(".webp"):
        raise SettingError("making", request.making, "Expected a name that ends in .webp, and the folder of one run.")
    with about_file(str(folders[0])):
        found = frames_of(read_facts(folders[0]))
    with request.about("making"):
        write_making(Path(request.making).expanduser(), found)
    tell(f"Making: {request.making}, {len(found)} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
