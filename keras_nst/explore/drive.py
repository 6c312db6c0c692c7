"""An exploration from its first lesson to its page."""

from collections.abc import Mapping
from typing import NamedTuple

from keras_nst.command.log import EXPECTED, logged
from keras_nst.explore.effort import Effort, of_channels, of_painting
from keras_nst.explore.lessons import LESSONS, Draw
from keras_nst.explore.page import write_page
from keras_nst.explore.paintings import Painting
from keras_nst.explore.prepare import Request, open_folder
from keras_nst.explore.study import Stopped, Study
from keras_nst.session.machine import out_of_memory_in_one_line
from keras_nst.settings.declared import InputError, Unexpected
from keras_nst.settings.lines import Tell, one_line, reason
from keras_nst.system.files import written_whole
from keras_nst.system.pace import Stop


class NotYet(NamedTuple):
    """The missing sheets and pictures."""

    sheets: dict[str, dict[str, Draw]]  # by lesson and name
    paintings: dict[str, Painting]
    layers: list[str]  # layers whose channels need a picture

    def words(self) -> str:
        """Returns a message with the amount of work."""
        sheets = ", ".join(f"{counted(len(of), 'sheet')} on {lesson}" for lesson, of in self.sheets.items())
        channels = f" and those for channels of {counted(len(self.layers), 'layer')}" if self.layers else ""
        return f"{sheets}, made from {counted(len(self.paintings), 'picture')}{channels}"

    def seconds(self, asked: Request, rate: float) -> float:
        """Returns how long that takes, at `rate` multiplications per second."""
        of_paintings = sum(of_painting(painting, asked, rate) for painting in self.paintings.values())
        return of_paintings + sum(of_channels(asked, layer, asked.settings.channels, rate) for layer in self.layers)


def drive(asked: Request, stop: Stop, tell: Tell) -> int:
    """Makes the missing sheets, and the page; returns the exit code."""
    with open_folder(asked):
        ahead = ahead_of(asked)
        study = Study(asked, stop, tell)
        failures: list[bool] = []
        if ahead.sheets:
            with study.session:  # opened here, since wrong weights affect all lessons
                study.effort = Effort(ahead.seconds(asked, study.rate))
                tell(f"Exploring in {asked.folder}: {ahead.words()}, {study.effort}.")
                failures = [make(lesson, sheets, study) for lesson, sheets in ahead.sheets.items() if not stop.is_set()]
        tell(f"Page: {write_page(asked)}")
    if stop.is_set():
        tell("Stopped. Finished sheets are kept; the same command resumes.")
    return int(any(failures))


def counted(number: int, what: str) -> str:
    """Returns a number of things, in words."""
    return f"{number} {what}{'s' * (number != 1)}"


def ahead_of(asked: Request) -> NotYet:
    """Returns the missing sheets and pictures."""
    sheets: dict[str, dict[str, Draw]] = {}
    paintings: dict[str, Painting] = {}
    for name in asked.settings.lessons():
        lesson = LESSONS[name]
        missing = {
            sheet: draw for sheet, draw in lesson.sheets(asked.settings).items() if not asked.sheet(sheet).exists()
        }
        if missing:
            sheets[name] = missing
            of_lesson = lesson.paintings(asked.settings)
            paintings |= {each.name: each for each in of_lesson if not asked.painting(each.name).exists()}
    layers = [sheet.partition("-")[2] for sheet in sheets.get("channels", {})]
    return NotYet(sheets, paintings, layers)


def make(lesson: str, sheets: Mapping[str, Draw], study: Study) -> bool:
    """Makes the sheets of a lesson; returns whether that failed, which does not stop other lessons."""
    asked, config = study.asked, study.asked.config(size=str(study.settings.size))
    try:
        with logged(asked.folder, (*EXPECTED, Stopped)), out_of_memory_in_one_line(config):
            for name, draw in sheets.items():
                image = draw(study)
                with written_whole(asked.sheet(name)) as file:
                    image.save(file, "PNG", optimize=True)
                study.tell(f"{asked.sheet(name)}, {study.effort} left")
    except Stopped:
        return False
    except (InputError, OSError, MemoryError, Unexpected) as error:
        study.tell(f"No sheet on {lesson}: {one_line(str(error)) or reason(error)}")
        return True
    return False
