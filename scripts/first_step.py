"""Run the program and tell when its first step was done, and what took how long until then.

    python scripts/first_step.py STARTED --content=sample:harbor --style=sample:night ...

STARTED is when the process was started, in seconds since 1970. What follows are flags of `python -m keras_nst.run`.
The last line printed is JSON. Imports nothing that the program itself does not.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from keras_nst import job, run

spent: dict[str, float] = {}  # seconds by phase


def main() -> None:
    """Runs the program with its phases timed."""
    started, *argv = sys.argv[1:]
    begun = time.time()
    spent["Python and our modules"] = begun - float(started)
    job.find_weights = timed("weights found and verified", job.find_weights)
    job.start = timed("TensorFlow imported", and_then(job.start, time_the_loop))
    job.load_features = timed("network built, weights read", job.load_features)
    code = run.main(argv)
    if not code:
        spent["total"] = spent.pop("done at") - float(started)
        print(json.dumps(spent))
    sys.exit(code)


def time_the_loop() -> None:
    """Times what can only be imported once TensorFlow is."""
    from keras_nst.core import sight

    sight.make_targets = timed("targets computed", sight.make_targets)
    compile_steps = timed("step traced", sight.compile_steps)
    sight.compile_steps = lambda *arguments: until_first(timed("first step", compile_steps(*arguments)))


def timed(phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the same, which adds the time it takes to its phase."""

    def working(*arguments: Any) -> Any:
        begun = time.time()
        result = work(*arguments)
        spent[phase] = spent.get(phase, 0.0) + time.time() - begun
        return result

    return working


def and_then(work: Callable[..., Any], more: Callable[[], None]) -> Callable[..., Any]:
    """Returns what does both and returns what the first does."""

    def both(*arguments: Any) -> Any:
        result = work(*arguments)
        more()
        return result

    return both


def until_first(take: Callable[..., Any]) -> Callable[..., Any]:
    """Returns the same, which notes when it was done for the first time."""

    def taking(count: Any) -> Any:
        taken = take(count)  # with the losses in Python: it waits for the device
        spent.setdefault("done at", time.time())
        return taken

    return taking


if __name__ == "__main__":
    main()
