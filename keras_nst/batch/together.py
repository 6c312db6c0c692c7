"""Several jobs done by one worker: separate runs, whose pictures are optimized in one batch."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from keras_nst.batch.jobs import BatchJob, Open, do
from keras_nst.command.workers.parcels import Outcome, Parcel
from keras_nst.core.plan.events import Apart
from keras_nst.session.session import KEEP, PictureRequest, Session
from keras_nst.settings.config import Config
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import settings_of
from keras_nst.system.pace import Stop

if TYPE_CHECKING:
    from keras_nst.core.descent.transfer import Painted


class Painter:
    """Does parcels of jobs, one after the other, in a session that it keeps."""

    def __init__(self) -> None:
        self.sessions: dict[tuple[str, bool], Session] = {}

    def __call__(self, parcel: Parcel, stop: Stop) -> list[Outcome]:
        """Does the jobs of a parcel."""
        return do_all(parcel, self.opened, stop, lambda line: None)

    def opened(self, config: Config) -> Session:
        """Returns the session; a job with another device gets a new one."""
        key = (config.device, config.deterministic)
        if key not in self.sessions:
            self.sessions.clear()
            self.sessions[key] = Session(config, keep=KEEP)
        return self.sessions[key]


def do_all(parcel: Parcel, open_session: Open, stop: Stop, tell: Tell) -> list[Outcome]:
    """Does the jobs of a parcel, optimized together if possible."""
    if len(parcel) == 1:
        return [do(parcel[0], open_session, stop, tell)]
    meeting = Meeting(len(parcel))

    def attempt(job: BatchJob) -> Outcome | None:
        with meeting.turn, contextlib.closing(Seat(meeting, open_session)) as seat, contextlib.suppress(Apart):
            outcome = do(job, seat.opened, stop, tell)
            return outcome._replace(seconds=outcome.seconds / len(parcel))
        return None

    with ThreadPoolExecutor(len(parcel)) as runs:
        outcomes = list(runs.map(attempt, parcel))
    return [of or do(job, open_session, stop, tell) for job, of in zip(parcel, outcomes, strict=True)]


class Meeting:
    """A barrier: runs wait here until all are ready to paint. Only the run that holds the turn executes."""

    def __init__(self, runs: int):
        self.turn = threading.Condition()
        self.missing = runs  # that have neither come nor left
        self.asked: list[PictureRequest] = []
        self.answers: dict[int, Painted | Exception] = {}

    def painted(self, session: Session, asked: PictureRequest) -> "Painted":
        """Waits for the other runs and returns the picture; called by the run that holds the turn."""
        number = len(self.asked)
        self.asked.append(asked)
        self.session = session
        self.come()
        self.turn.wait_for(lambda: number in self.answers)
        answer = self.answers[number]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def come(self) -> None:
        """Records a run that is ready to paint or has left; the last one paints for all."""
        self.missing -= 1
        if self.missing:
            return
        try:
            self._paint_all()
        except Exception as error:  # the waiting runs must get it, or they would wait forever
            for number in range(len(self.asked)):
                self.answers.setdefault(number, error)
        self.turn.notify_all()

    def _paint_all(self) -> None:
        """Paints alike pictures together, as many as fit into memory."""
        groups: dict[Any, list[int]] = {}
        for number, asked in enumerate(self.asked):
            groups.setdefault(kind_of(asked) or number, []).append(number)
        for numbers in groups.values():
            most = self.session.most_at_once(self.asked[numbers[0]].config, self.asked[numbers[0]].scene.size)
            for first in range(0, len(numbers), most):
                self._paint(numbers[first : first + most])

    def _paint(self, numbers: list[int]) -> None:
        """Paints pictures together; an error is passed to each of them."""
        if len(numbers) > 1:
            for number in numbers:
                self.asked[number].tell(
                    f"Optimized together with {len(numbers) - 1} others; a run alone differs by rounding."
                )
        try:
            made: list[Any] = self.session.paint_together([self.asked[number] for number in numbers])
        except Exception as error:
            made = [error] * len(numbers)
        self.answers.update(zip(numbers, made, strict=True))


class Seat:
    """The session of one of the runs: it paints when the others are ready."""

    def __init__(self, meeting: Meeting, open_session: Open):
        self.meeting, self.open_session, self.came = meeting, open_session, False

    def opened(self, config: Config) -> "Seat":
        """Opens the session that all share."""
        self.session = self.open_session(config)
        return self

    def __getattr__(self, name: str) -> Any:
        """Returns the attributes of the session."""
        return getattr(self.session, name)

    def paint(self, scene: Any, config: Any, **how: Any) -> "Painted":
        """Makes one picture, optimized together with the others."""
        self.came = True
        return self.meeting.painted(self.session, PictureRequest(scene, config, **how))

    def close(self) -> None:
        """Leaves, so that the others do not wait for this run."""
        if not self.came:
            self.meeting.come()


def kind_of(asked: PictureRequest) -> tuple[Any, ...] | None:
    """Returns the key that pictures must share to be made together; None if one has to be made alone.

    That is the case if a part of the picture, or the time left, affects its objective.
    """
    scene, config = asked.scene, asked.config
    own = scene.first or scene.mask or asked.resumed or config.settle or config.max_seconds
    by_itself = config.optimizer == "lbfgs" or config.color not in ("style", "content")
    if own or by_itself or scene.content is None or scene.content.alpha is not None:
        return None
    styles = tuple(style.picture.sha256 for style in scene.styles)
    settings = {name: value for name, value in settings_of(config).items() if name != "content"}
    return scene.size, scene.content.pixels.shape, styles, *sorted(settings.items())
