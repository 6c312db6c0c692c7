"""The steps of a picture, one chunk after the other, for a loop of the program's own."""

import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from keras_nst.core.events import Listener, Progress
from keras_nst.system.pace import Stop

Made = TypeVar("Made")


class Steps(Iterator[Progress], Generic[Made]):
    """An iterator over the progress of a picture, which is painted on a thread of its own while it is asked for more.

    Between two items nothing is computed: what `progress.picture()` returns is the picture of that step.

    Args:
        paint: makes the picture until told to stop, and tells the listener.
    """

    def __init__(self, paint: Callable[[Stop, Listener], Made]):
        self._shared = _Shared[Made]()
        self._thread = threading.Thread(target=self._shared.run, args=(paint,), name="painting", daemon=True)

    def __next__(self) -> Progress:
        """Takes the next steps."""
        progress = self._shared.more(self._thread)
        if progress is None:
            raise StopIteration
        return progress

    @property
    def result(self) -> Made:
        """The picture: as it stands, where not all steps were taken; no more are taken then."""
        self._shared.stop.set()
        while self._shared.more(self._thread):
            pass
        return self._shared.answer()

    def __del__(self) -> None:
        """Lets the thread end."""
        self._shared.stop.set()
        self._shared.wanted.release()


class _Shared(Generic[Made]):
    """What the loop and the painting thread have in common, which does not keep the iterator alive."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.wanted, self.told = threading.Semaphore(0), threading.Semaphore(0)
        self.progress: Progress | None = None
        self.made: list[Made] = []
        self.error: BaseException | None = None

    def run(self, paint: Callable[[Stop, Listener], Made]) -> None:
        """Paints; the thread's work."""
        self.wanted.acquire()
        try:
            self.made.append(paint(self.stop, self.tell))
        except BaseException as error:  # it is raised where the loop is
            self.error = error
        self.progress = None
        self.told.release()

    def tell(self, progress: Progress) -> None:
        """Hands the progress over, and waits until more is wanted."""
        self.progress = progress
        self.told.release()
        self.wanted.acquire()

    def more(self, thread: threading.Thread) -> Progress | None:
        """Returns the progress after the next steps; None at the end."""
        if self.made or self.error:
            return None
        if not thread.ident:
            thread.start()
        self.wanted.release()
        self.told.acquire()
        if self.error:
            raise self.error
        return self.progress

    def answer(self) -> Made:
        """Returns what was made."""
        if self.error:
            raise self.error
        return self.made[0]
