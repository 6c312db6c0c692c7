"""Several jobs by one worker: each is a run of its own, but for the steps, which they take in common."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from keras_nst.batch.jobs import BatchJob, do
from keras_nst.core.plan.events import Apart
from keras_nst.session.session import PictureRequest, Session
from keras_nst.settings.config import Config
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import settings_of
from keras_nst.system.pace import Stop
from keras_nst.workers.parcels import Open, Outcome, Parcel

if TYPE_CHECKING:
    from keras_nst.core.descent.transfer import Painted


def do_all(parcel: Parcel, open_session: Open, stop: Stop, tell: Tell) -> list[Outcome]:
    """Does the jobs of a parcel, in common steps where they can be."""
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
        """Waits for the other runs and returns the picture; called by the run whose turn it is."""
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
        """Takes note of a run that is ready to paint or has left; the last one paints for all."""
        self.missing -= 1
        if self.missing:
            return
        try:
            self._paint_all()
        except Exception as error:  # whoever waits is told, or would wait for ever
            for number in range(len(self.asked)):
                self.answers.setdefault(number, error)
        self.turn.notify_all()

    def _paint_all(self) -> None:
        """Paints what is alike together, as far as there is memory."""
        groups: dict[Any, list[int]] = {}
        for number, asked in enumerate(self.asked):
            groups.setdefault(kind_of(asked) or number, []).append(number)
        for numbers in groups.values():
            most = self.session.most_at_once(self.asked[numbers[0]].config, self.asked[numbers[0]].scene.size)
            for first in range(0, len(numbers), most):
                self._paint(numbers[first : first + most])

    def _paint(self, numbers: list[int]) -> None:
        """Paints pictures together; what goes wrong is what each of them is told."""
        if len(numbers) > 1:
            for number in numbers:
                self.asked[number].tell(f"Takes its steps with {len(numbers) - 1} others; alone its last bits differ.")
        try:
            made: list[Any] = self.session.paint_together([self.asked[number] for number in numbers])
        except Exception as error:
            made = [error] * len(numbers)
        self.answers.update(zip(numbers, made, strict=True))


class Seat:
    """A session for one of the runs: it paints when the others are ready."""

    def __init__(self, meeting: Meeting, open_session: Open):
        self.meeting, self.open_session, self.came = meeting, open_session, False

    def opened(self, config: Config) -> "Seat":
        """Opens the session that all share."""
        self.session = self.open_session(config)
        return self

    def __getattr__(self, name: str) -> Any:
        """Returns what the session has."""
        return getattr(self.session, name)

    def paint(self, scene: Any, config: Any, **how: Any) -> "Painted":
        """Makes one picture, in common steps with the others."""
        self.came = True
        return self.meeting.painted(self.session, PictureRequest(scene, config, **how))

    def close(self) -> None:
        """Leaves; whoever waits need not wait for this run."""
        if not self.came:
            self.meeting.come()


def kind_of(asked: PictureRequest) -> tuple[Any, ...] | None:
    """Returns what pictures have to have in common to be made together; None where one is made alone.

    That is where a part of the picture, or the time that is left, has a say in what is asked of it.
    """
    scene, config = asked.scene, asked.config
    own = scene.first or scene.mask or asked.resumed or config.settle or config.max_seconds
    by_itself = config.optimizer == "lbfgs" or config.color not in ("style", "content")
    if own or by_itself or scene.content is None or scene.content.alpha is not None:
        return None
    styles = tuple(style.picture.sha256 for style in scene.styles)
    settings = {name: value for name, value in settings_of(config).items() if name != "content"}
    return scene.size, scene.content.pixels.shape, styles, *sorted(settings.items())
