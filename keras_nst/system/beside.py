"""A thread for work beside that of the caller."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any


class Beside:
    """Runs jobs on a background thread, one at a time.

    Who asks for the answer waits for it. At the end of the process Python waits for what was begun, since TensorFlow
    does not survive that while it works.
    """

    def __init__(self, around: Callable[[], AbstractContextManager[Any]]):
        self.around = around  # each piece: each thread has to be told where it is to compute
        self.pool = ThreadPoolExecutor(1, "beside")

    def __call__(self, work: Callable[[], Any]) -> Callable[[], Any]:
        def worked() -> Any:
            with self.around():
                return work()

        return self.pool.submit(worked).result

    def close(self) -> None:
        """Begins nothing more, and does not wait."""
        self.pool.shutdown(wait=False, cancel_futures=True)
