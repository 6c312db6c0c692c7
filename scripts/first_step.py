"""Run the program and tell when its first step was done, and what took how long until then.

    python scripts/first_step.py STARTED --content=sample:harbor --style=sample:night ...

STARTED is when the process was started, in seconds since 1970. What follows are flags of `keras-nst run`.
The last line printed is JSON. Imports nothing that the program itself does not.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from keras_nst.run import __main__ as run
from keras_nst.session import machine, session

spent: dict[str, float] = {}  # seconds by phase


def main() -> None:
    """Runs the program with its phases timed."""
    started, *argv = sys.argv[1:]
    begun = time.time()
    spent["Python and our modules"] = begun - float(started)
    machine.find_weights = timed("weights found and verified", machine.find_weights)
    machine.start = timed("TensorFlow imported", and_then(machine.start, time_the_loop))
    session.load_features = timed("network built, weights read", session.load_features)
    code = run.main(argv)
    if not code:
        spent["total"] = spent.pop("done at") - float(started)
        print(json.dumps(spent))
    sys.exit(code)


def time_the_loop() -> None:
    """Times what can only be imported once TensorFlow is."""
    from keras_nst.core.descent import stage
    from keras_nst.core.descent.steps import Stepper

    stage.aim_at = timed("aims computed", stage.aim_at)
    trace = timed("step traced", Stepper.compile)
    Stepper.compile = lambda *arguments: timed("first step", trace(*arguments))
    stage.Stage.take = until_first(stage.Stage.take)


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

    def taking(*arguments: Any) -> Any:
        taken = take(*arguments)  # with the losses in Python: it waits for the device
        spent.setdefault("done at", time.time())
        return taken

    return taking


if __name__ == "__main__":
    main()
