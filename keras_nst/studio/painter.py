"""The painter: a thread with one session that does one job after the other."""

import io
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from keras_nst.command.log import logged, sparing
from keras_nst.core.plan.events import Progress
from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.run.perform import perform
from keras_nst.run.prepare import ready
from keras_nst.run.resuming import work_left
from keras_nst.session.session import KEEP, PictureRequest, Session, scales_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError, Unexpected
from keras_nst.studio.atelier import Atelier
from keras_nst.studio.pictures import encoded
from keras_nst.studio.queue import PAINTING, Job
from keras_nst.studio.settings import machine_settings

if TYPE_CHECKING:
    from keras_nst.core.descent.transfer import Painted


GLIMPSE = 256  # pixels of the first sketch
SECONDS_BETWEEN = 0.25  # between two previews
LARGEST, QUALITY = 768, 82  # pixels of a preview, and its JPEG quality
MOST_POINTS = 400  # of a curve

Show = Callable[[bytes], None]


class WatchedSession(Session):
    """A session that shows its pictures in progress.

    Args:
        config: only the machine's settings are used.
        keep: bytes of the cache for later pictures.
        show: receives each preview.
    """

    def __init__(self, config: Config, keep: float, show: Show):
        super().__init__(config, keep)
        self.show, self.id = show, ""

    def paint_together(self, asked: Sequence[PictureRequest]) -> "list[Painted]":
        """Makes pictures and shows them in progress."""
        watching = [sparing(self._watching(each), "view of the picture on its way", each.tell) for each in asked]
        seen = [each._replace(listeners=[*each.listeners, own]) for each, own in zip(asked, watching, strict=True)]
        return super().paint_together(seen)

    def _watching(self, asked: PictureRequest) -> "Watching":
        scales, resumed = scales_of(asked.config, asked.scene.size), asked.resumed
        watching = Watching(self.id, work_left(scales, resumed), resumed.step if resumed else 0, self.show)
        new = resumed is None and asked.config.init in ("auto", "content") and len(scales) > 1
        try:
            glimpse = self.glimpse(asked.scene, asked.config, GLIMPSE) if new else None
        except Exception:  # the error will be raised again, and reported, when the picture is made
            glimpse = None
        if glimpse is not None:
            watching.begin(glimpse, scales)
        return watching


class Watching:
    """A listener that shows the progress of a run, a few times a second.

    Args:
        id: of the run.
        work: pixels times steps still to come.
        done: steps taken before.
        show: receives each message: a line of JSON, followed by a JPEG.
    """

    def __init__(self, id: str, work: float, done: int, show: Show):
        from keras_nst.command.monitors.display import Forecast, Speed

        self.id, self.show = id, show
        self.speed, self.forecast = Speed(done), Forecast(work, done)
        self.curve: list[tuple[int, float]] = []
        self.scales: list[int] = []  # the first steps of the scales
        self.scale, self.shown = 0, -SECONDS_BETWEEN
        self.glimpse: np.ndarray | None = None

    def begin(self, glimpse: np.ndarray, scales: Sequence[Scale]) -> None:
        """Shows a sketch until the first size is done, whose picture is at first little more than the content."""
        self.glimpse = glimpse
        first, last = scales[0], scales[-1]
        about = {"step": 0, "steps": last.before + last.steps, "scale": first.number, "scales": last.number}
        about |= {"scale_step": 0, "scale_steps": first.steps, "width": first.size.width, "height": first.size.height}
        self.show(message({"id": self.id, **about, "left": None, "curve": [], "marks": []}, glimpse))

    def __call__(self, progress: Progress) -> None:
        self.speed(progress)
        left = self.forecast(progress, self.speed)
        if progress.scale != self.scale:
            self.scale = progress.scale
            self.scales.append(progress.taken[0].number if progress.taken else progress.step)
        self.curve += [(step.number, float(step.losses.total[0])) for step in progress.taken]
        self.curve = thinned(self.curve)
        now = time.monotonic()
        if progress.final or now - self.shown >= SECONDS_BETWEEN:
            self.shown = now
            picture = progress.picture()[0]
            size = {"width": picture.shape[1], "height": picture.shape[0]}  # not of the sketch
            self.show(message(self._about(progress, left) | size, self._shown(progress, picture)))

    def _shown(self, progress: Progress, picture: np.ndarray) -> np.ndarray:
        early = progress.scale == 1 and progress.scale_step < progress.scale_steps and not progress.final
        return self.glimpse if self.glimpse is not None and early else picture

    def _about(self, progress: Progress, left: float | None) -> dict[str, Any]:
        names = ("step", "steps", "scale", "scales", "scale_step", "scale_steps")
        known = {name: getattr(progress, name) for name in names}
        curve = [[step, float(f"{loss:.4g}")] for step, loss in self.curve if np.isfinite(loss)]
        return {"id": self.id, **known, "left": left, "curve": curve, "marks": self.scales[1:]}


def thinned(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Returns a curve with a limited number of points, including its ends."""
    return curve if len(curve) <= MOST_POINTS else [*curve[:-1:2], curve[-1]]


def message(about: dict[str, Any], pixels: np.ndarray) -> bytes:
    """Returns a line of JSON, followed by the pixels (h, w, 3), in [0, 1], as a JPEG."""
    image = Image.fromarray(np.uint8(np.clip(pixels, 0, 1) * 255 + 0.5))
    image.thumbnail((LARGEST, LARGEST))
    return json.dumps(about).encode() + b"\n" + encoded(image, "JPEG", quality=QUALITY)


EXPECTED = (InputError, OSError, MemoryError, Unexpected)
STARTING, READY = "starting", "ready"
SMALL = Size(128, 128)


class PaintingThread:
    """Does the jobs of the queue.

    Args:
        atelier: has the queue.
        show: receives each preview.
        changed: called when a job has begun or ended.
    """

    def __init__(self, atelier: Atelier, show: Show, changed: Callable[[], None]):
        self.atelier, self.show, self.changed = atelier, show, changed
        self.state = STARTING  # or ready, or an error message
        self.easel: WatchedSession | None = None
        self.stop, self.closing = threading.Event(), False
        self.thread = threading.Thread(target=self.work, name="painter", daemon=True)

    def work(self) -> None:
        """Does one job after the other until the queue is closed."""
        self.state = self._attempt(self._warm) or READY
        self.changed()
        while job := self.atelier.queue.take():
            self._do(job)
            self.stop = threading.Event()  # for the next job
            self.changed()

    def end(self, id: str) -> bool:
        """Ends this run after its next step, if it is running; its picture so far is kept."""
        job = self.atelier.queue.get(id)
        at_work = job is not None and job.state == PAINTING
        if at_work:
            self.stop.set()
        return at_work

    def close(self, patience: float) -> None:
        """Ends the current run, which is resumed when the studio is opened again, and waits for it, if there is one."""
        self.closing = True
        self.atelier.queue.close()
        self.stop.set()
        if any(job.state == PAINTING for job in self.atelier.queue.jobs):
            self.thread.join(patience)

    def _warm(self) -> None:
        """Starts TensorFlow and builds the networks, so that the first picture does not wait for them."""
        config = Config.written(**machine_settings(self.atelier.config))
        easel = self._open(config)
        resolved = easel.resolve(config, SMALL)
        easel.network(resolved)
        easel.network(resolved.resolved(init="instant"))  # paints the sketch of a new picture

    def _open(self, config: Config) -> WatchedSession:
        """Returns the session, which is opened once."""
        if self.easel is None:
            self.easel = WatchedSession(config, KEEP, self.show)
            self.state = READY
        return self.easel

    def _do(self, job: Job) -> None:
        """Does a job, and records its outcome."""
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
        if done.result.diverged:
            raise InputError("The loss is no longer a number: the picture is saved as it stood before that.")

    def _attempt(self, work: Callable[[], None]) -> str:
        """Does some work; returns an error message of one line, "" on success."""
        try:
            with logged(self.atelier.home, EXPECTED):
                work()
        except EXPECTED as error:
            return str(error) or type(error).__name__
        return ""
