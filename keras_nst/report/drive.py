"""The command report, from the command line to the exit code."""

from collections.abc import Sequence
from pathlib import Path

from keras_nst.command.command import complain, tell
from keras_nst.report.settings import Reporting
from keras_nst.settings import flags
from keras_nst.settings.declared import InputError, SettingError, UsageError, about_file


def work(argv: Sequence[str]) -> int:
    """Writes the requested reports; a folder that is not a run's does not stop the others."""
    given = flags.read(argv, Reporting, {})
    request, folders = Reporting.written(**given.settings), [Path(folder).expanduser() for folder in given.rest]
    if not folders:
        raise UsageError("Expected the folder of a run or of a batch, as in runs/FOLDER")
    if request.making:
        return making(request, folders)
    from keras_nst.report.batches import page_of

    code = 0
    for folder in folders:
        try:
            with about_file(str(folder)):
                tell(f"Report: {page_of(folder)}")
        except InputError as error:
            code = complain(error, 1)
    return code


def making(request: Reporting, folders: Sequence[Path]) -> int:
    """Writes the run's pictures as an animation."""
    from keras_nst.report.facts import read_facts
    from keras_nst.report.gallery import frames_of, write_making

    if len(folders) > 1 or not request.making.lower().endswith(".webp"):
        raise SettingError("making", request.making, "Expected a name that ends in .webp, and the folder of one run.")
    with about_file(str(folders[0])):
        found = frames_of(read_facts(folders[0]))
    with request.about("making"):
        write_making(Path(request.making).expanduser(), found)
    tell(f"Animation: {request.making}, {len(found)} pictures")
    return 0
