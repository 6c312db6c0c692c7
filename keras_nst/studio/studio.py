"""The studio's operations and state, as its page sees them."""

import asyncio
import functools
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from keras_nst.command.run_folder import stem
from keras_nst.core.plan.pyramid import Size
from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import one_line
from keras_nst.studio.atelier import Atelier
from keras_nst.studio.form import Form, allowed, names_of
from keras_nst.studio.gallery import Gallery, Missing, Run, delete, size_of_file, with_more_steps
from keras_nst.studio.hub import Hub
from keras_nst.studio.painter import PaintingThread
from keras_nst.studio.pictures import Uploads
from keras_nst.studio.queue import FAILED, Job, Queue, new_id
from keras_nst.video.folder import FRAMES, RECORD, Folder


class Film(NamedTuple):
    """A film that is painted, or will be."""

    id: str
    folder: Folder
    frames: int  # of the whole film

    def painted(self) -> list[int]:
        """Returns the numbers of the painted frames."""
        named = (path.stem for path in (self.folder.path / FRAMES).glob("*.png"))
        return sorted(int(name) for name in named if name.isdecimal())

    def told(self) -> dict[str, Any]:
        """Returns the page's information about it."""
        painted = self.painted()
        return {"id": self.id, "frames": self.frames, "painted": len(painted), "last": painted[-1] if painted else None}


class Films:
    """The films of a folder."""

    def __init__(self, folder: Path):
        self.folder = folder.resolve()

    def told(self) -> list[dict[str, Any]]:
        """Returns the page's information about them, latest first."""
        return [film.told() for film in sorted(self._all(), key=begun, reverse=True)]

    def frame(self, id: str, number: int) -> Path:
        """Returns the path of a painted frame: this one, or the nearest before it.

        Raises:
            Missing: it does not exist.
        """
        film = next((film for film in self._all() if film.id == id), None)
        painted = [] if film is None else [each for each in film.painted() if each <= number]
        if film is None or not painted:
            raise Missing(f"Expected a film with painted frames. Received: {one_line(id, 80)}")
        return film.folder.frame(painted[-1])

    def _all(self) -> Iterator[Film]:
        """Yields all films; targets of links that lead outside the folder do not count."""
        for record in self.folder.glob(f"*/{RECORD}"):
            folder = Folder(record.parent)
            marks = folder.told(record).get("marks")
            if record.parent.resolve() == record.parent and isinstance(marks, list) and marks:
                yield Film(record.parent.name, folder, len(marks))


def begun(film: Film) -> float:
    """Returns when a film was begun, or resumed."""
    try:
        return (film.folder.path / RECORD).stat().st_mtime
    except OSError:  # just deleted by another process
        return 0.0


MOST_MORE = 10_000  # steps
Answer = TypeVar("Answer")


class Studio:
    """The queue, the painter and the gallery, as the page sees them."""

    def __init__(self, atelier: Atelier):
        self.atelier = atelier
        self.id = secrets.token_hex(8)
        self.revision = 0  # counts changes of the gallery
        self.films = Films(Path(atelier.config.films).expanduser())
        self.hub = Hub(self.state)
        self.painter = PaintingThread(atelier, self.hub.show, self.gallery_changed)
        self.hands = ThreadPoolExecutor(1, "pictures")  # decoding takes memory: one picture at a time
        atelier.queue.changed = self.hub.changed

    @property
    def uploads(self) -> Uploads:
        """The uploaded pictures."""
        return self.atelier.uploads

    @property
    def gallery(self) -> Gallery:
        """The runs in the folder."""
        return self.atelier.gallery

    @property
    def queue(self) -> Queue:
        """The pictures to make."""
        return self.atelier.queue

    async def aside(self, work: Callable[..., Answer], *given: Any, **named: Any) -> Answer:
        """Returns the result of some work on pictures; other requests of the page do not wait for it."""
        work = functools.partial(work, *given, **named)
        return await asyncio.get_running_loop().run_in_executor(self.hands, work)

    def state(self) -> dict[str, Any]:
        """Returns the state that all open pages receive whenever it changes."""
        jobs = [job.told() | {"goes_on": job.anew is not None} for job in self.queue.jobs]
        return {"painter": self.painter.state, "jobs": jobs, "gallery": self.revision}

    def gallery_changed(self) -> None:
        """Notifies the pages that the gallery has changed."""
        self.revision += 1
        self.hub.changed()

    async def ask(self, asked: Form, first: bool = False) -> Job:
        """Adds a picture to the queue, or puts it first.

        Raises:
            InputError, OSError, ValueError: the request is not possible, or the queue is full.
        """
        self.queue.check_room()
        await self.aside(self.atelier.check, asked)
        job = Job(new_id(), asked=asked)
        self.queue.add(job, first)
        return job

    async def change(self, id: str, settings: dict[str, str]) -> Job:
        """Ends the current run, and continues from its picture with other settings.

        Raises:
            InputError: it is not running, or cannot continue with them.
        """
        job = self.queue.get(id)
        run = await asyncio.to_thread(self.gallery.find, id)
        if job is None or job.state == FAILED or run is None:
            raise InputError("Expected the run that is being painted. Received: one that waits or has ended")
        asked = await self.aside(self.atelier.asked, run)
        changed = asked._replace(settings=without_weights(asked.settings, settings) | settings, first=id, goes_on=True)
        new = await self.ask(changed, first=True)
        self.painter.end(id)
        return new

    async def enlarge(self, id: str, size: str) -> Job:
        """Continues a finished picture at a larger size.

        Raises:
            InputError: there is no picture, or the size is not larger.
        """
        run = await asyncio.to_thread(self.gallery.get, id)
        asked = await self.aside(self.atelier.asked, run)
        return await self.ask(asked._replace(settings=asked.settings | allowed({"size": size}), first=id))

    async def go_on(self, id: str, more: int) -> Job:
        """Resumes a run, with `more` steps than were planned.

        Raises:
            InputError: that is not possible.
        """
        run = await asyncio.to_thread(self.gallery.get, id)
        if not run.can_go_on:
            raise InputError("Expected a run with a checkpoint. Received: one that cannot go on")
        if not 0 <= more <= MOST_MORE:
            raise InputError(f"Expected 0 to {MOST_MORE} more steps. Received: {more}")
        self.queue.check_room()
        asked, steps = await self.aside(self.atelier.asked, run), dict[str, str]()
        if more:
            steps = {"steps": with_more_steps(run, run.record.given, more)}
            asked = asked._replace(settings=asked.settings | {"steps": with_more_steps(run, asked.settings, more)})
        job = Job(id, asked=asked, anew={"max_seconds": "0"} | steps)
        self.queue.add(job)
        return job

    def stop(self, id: str) -> None:
        """Ends a running run, whose picture is kept, or removes a job from the queue.

        Raises:
            InputError: there is no such job.
        """
        if not (self.painter.end(id) or self.queue.withdraw(id)):
            raise InputError("Expected a picture in the queue. Received: one that is not there")

    async def delete(self, id: str) -> None:
        """Removes a run.

        Raises:
            InputError: it does not exist, or is in the queue.
        """
        run = await asyncio.to_thread(self.gallery.get, id)
        job = self.queue.get(id)
        if job and job.state != FAILED:
            raise InputError("Expected a run that is not in the queue. Received: one that is")
        await asyncio.to_thread(delete, run)
        self.queue.withdraw(id)
        self.gallery_changed()

    def shown(self, run: Run) -> dict[str, Any]:
        """Returns the gallery's information about a run."""
        size = size_of_file(run.picture) if run.picture else Size(0, 0)
        known = {"finished": run.record.finished, "goes_on": run.can_go_on, "report": run.report.is_file()}
        picture = {"picture": bool(run.picture), "version": run.version, "width": size.width, "height": size.height}
        return {"id": run.id, "names": names_of(run.record, self.uploads)} | picture | known

    def runs(self, most: int) -> dict[str, Any]:
        """Returns the latest runs of the gallery, without those in the queue, and whether there are more."""
        at_work = {job.id for job in self.queue.jobs if job.state != FAILED}
        found = list(islice((run for run in self.gallery.runs() if run.id not in at_work), most + 1))
        return {"runs": [self.shown(run) for run in found[:most]], "more": len(found) > most}

    def details(self, id: str) -> dict[str, Any]:
        """Returns the details of a run: its settings and pictures, in the form's format."""
        run = self.gallery.get(id)
        asked = self.atelier.asked(run)
        styles = {style.picture: self.uploads.about(style.picture).name for style in asked.styles}
        return self.shown(run) | {"asked": asked.told(), "style_names": styles}

    def file_name(self, id: str) -> str:
        """Returns the name for a run's picture among its owner's files, without a suffix."""
        run = self.gallery.get(id)
        return "-".join(map(stem, names_of(run.record, self.uploads)[:2])) or run.id


def without_weights(settings: dict[str, str], changed: dict[str, str]) -> dict[str, str]:
    """Returns settings without the weights that a given strength replaces."""
    weights = ("content_weight", "style_weight") if "style_strength" in changed else ()
    return {name: value for name, value in settings.items() if name not in weights}
