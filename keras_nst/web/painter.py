"""Who makes the pictures: a thread with one session, one job after the other."""

import io
import threading
import time
from collections.abc import Callable

from keras_nst.core.pyramid import Size
from keras_nst.fleet.local import KEEP
from keras_nst.reports.pages import try_report
from keras_nst.runs.job import ready
from keras_nst.runs.log import Unexpected, logged
from keras_nst.runs.perform import perform
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError
from keras_nst.web.atelier import Atelier
from keras_nst.web.queue import PAINTING, Job
from keras_nst.web.settings import machine_settings
from keras_nst.web.watching import Easel, Show

EXPECTED = (InputError, OSError, MemoryError, Unexpected)
STARTING, READY = "starting", "ready"
SMALL = Size(128, 128)


class Painter:
    """Does the jobs of the queue.

    Args:
        atelier: where they are.
        show: is shown each preview.
        changed: called when it has begun or ended something.
    """

    def __init__(self, atelier: Atelier, show: Show, changed: Callable[[], None]):
        self.atelier, self.show, self.changed = atelier, show, changed
        self.state = STARTING  # or ready, or why it cannot be
        self.easel: Easel | None = None
        self.stop, self.closing = threading.Event(), False
        self.thread = threading.Thread(target=self.work, name="painter", daemon=True)

    def work(self) -> None:
        """Does one job after the other until the queue is closed."""
        self.state = self._attempt(self._warm) or READY
        self.changed()
        while job := self.atelier.queue.take():
            self._do(job)
            self.stop = threading.Event()  # for the next one
            self.changed()

    def end(self, id: str) -> bool:
        """Ends this run after its next step, if it is at work; what there is of the picture is kept."""
        job = self.atelier.queue.get(id)
        at_work = job is not None and job.state == PAINTING
        if at_work:
            self.stop.set()
        return at_work

    def close(self, patience: float) -> None:
        """Ends the run at work, which goes on when the studio is opened again, and waits for that."""
        self.closing = True
        self.atelier.queue.close()
        self.stop.set()
        self.thread.join(patience)

    def _warm(self) -> None:
        """Starts TensorFlow and builds the networks, so that the first picture does not wait for them."""
        config = Config.written(**machine_settings(self.atelier.config))
        easel = self._open(config)
        resolved = easel.resolve(config, SMALL)
        easel.network(resolved)
        easel.network(resolved.resolved(init="instant"))  # of which a new picture's first glimpse is

    def _open(self, config: Config) -> Easel:
        """Returns the session, opened once."""
        if self.easel is None:
            self.easel = Easel(config, KEEP, self.show)
            self.state = READY
        return self.easel

    def _do(self, job: Job) -> None:
        """Does a job, and takes note of what became of it."""
        queue = self.atelier.queue
        if error := self._attempt(lambda: self._perform(job)):
            queue.fail(job.id, error)
        elif not (self.closing and self.stop.is_set()):
            queue.remove(job.id)

    def _perform(self, job: Job) -> None:
        known = ready(self.atelier.spec(job), lambda line: None)
        if known.is_done:
            return
        easel = self._open(known.config)
        easel.id = job.id
        done = perform(known, lambda _: easel, self.stop, lambda line: None, time.monotonic(), io.StringIO())
        if done.path:
            try_report(done.workdir, done.path, lambda line: None)
        if done.result.diverged:
            raise InputError("The loss is no longer a number: the picture is saved as it stood before that.")

    def _attempt(self, work: Callable[[], None]) -> str:
        """Does some work; returns what went wrong, in a line."""
        try:
            with logged(self.atelier.home, EXPECTED):
                work()
        except EXPECTED as error:
            return str(error) or type(error).__name__
        return ""
