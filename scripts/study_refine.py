"""Whether a network's picture is a better start for the optimizer than the photograph: time to the usual loss.

    python scripts/study_refine.py

The usual run begins with the photograph and goes through all sizes; its loss and time are what others are compared
with. From the network's picture, and from the photograph, runs at full size alone get more and more steps until their
loss is as low. Each loss is that of the finished picture. Ten minutes on two cores.
"""

import argparse
import functools
import time
from collections.abc import Callable
from typing import Any

import keras_nst

STRENGTH = 0.6  # that sample:night was trained with
MORE = 1.2  # from one number of steps to the next
FEWEST, MOST = 20, 400


def main() -> None:
    """Tells what it takes from each start, for each photograph."""
    parser = argparse.ArgumentParser(description="Study --refine.")
    parser.add_argument("photographs", nargs="*", default=["sample:harbor", "sample:portrait"])
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    paint = keras_nst.Painter("sample:night")
    with keras_nst.Session(size=options.size, style_strength=STRENGTH) as session:
        for photograph in options.photographs:
            wanted, usual = timed(functools.partial(run, session, photograph))
            print(f"{photograph}: usual loss {wanted:.4f} after {usual:.1f} s", flush=True)
            for name, start in {"network": paint, "photograph at full size": None}.items():
                way = functools.partial(at_full_size, session, photograph, options.size, start)
                print(f"  from the {name}: {least(way, wanted, usual)}", flush=True)


def at_full_size(session: Any, photograph: str, size: int, paint: keras_nst.Painter | None, steps: int) -> float:
    """Returns the loss that so many steps come to, from what a network has painted or from the photograph."""
    first = paint(photograph, size=size).array if paint else None
    return run(session, photograph, first=first, scales=1, steps=[steps])


def run(session: keras_nst.Session, photograph: str, **settings: Any) -> float:
    """Returns the loss of a finished picture."""
    losses = session.stylize(photograph, "sample:night", **settings).losses
    return float(losses.total[0]) if losses else float("inf")


def least(way: Callable[[int], float], wanted: float, usual: float) -> str:
    """Returns the fewest steps that come to a loss, and their time, in words."""
    steps = FEWEST
    while steps <= MOST:
        if way(steps) <= wanted:
            loss, seconds = timed(functools.partial(way, steps))
            return f"{steps} steps, {loss:.4f}, {seconds:.1f} s, {seconds / usual:.2f} of the usual time"
        steps = round(MORE * steps)
    return f"not reached in {MOST} steps"


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """Returns what some work returns, and how long it took once all was compiled."""
    work()
    begun = time.monotonic()
    return work(), time.monotonic() - begun


if __name__ == "__main__":
    main()
