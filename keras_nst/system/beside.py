"""A background thread for work in parallel with the caller."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any


class Beside:
    """Runs jobs on a background thread, one at a time.

    A caller that requests the result waits for it. At the end of the process Python waits for jobs that have started,
    since TensorFlow crashes if the process ends while it works.
    """

    def __init__(self, around: Callable[[], AbstractContextManager[Any]]):
        self.around = around  # each job, since each thread has its own device context
        self.pool = ThreadPoolExecutor(1, "beside")

    def __call__(self, work: Callable[[], Any]) -> Callable[[], Any]:
        def worked() -> Any:
            with self.around():
                return work()

        return self.pool.submit(worked).result

    def close(self) -> None:
        """Cancels jobs that have not started, and does not wait."""
        self.pool.shutdown(wait=False, cancel_futures=True)
