"""Whether a network's picture is a better start for the optimizer than the photograph: steps to the usual loss.

    python scripts/study_refine.py

The usual loss is that of a run over all scales. From each start the steps at full size alone are counted until it is
reached. Five minutes on two cores.
"""

import argparse

import keras_nst
from keras_nst.core.events import Progress

STRENGTH = 0.6  # that sample:night was trained with


def main() -> None:
    """Tells the steps from each start, for each photograph."""
    parser = argparse.ArgumentParser(description="Study --refine.")
    parser.add_argument("photographs", nargs="*", default=["sample:harbor", "sample:portrait"])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--most", type=int, default=400, help="steps")
    options = parser.parse_args()
    paint = keras_nst.Painter("sample:night")
    with keras_nst.Session(size=options.size, style_strength=STRENGTH) as session:
        for photograph in options.photographs:
            usual = float(session.stylize(photograph, "sample:night").losses.total[0])
            starts = {"photograph": None, "network": paint(photograph, size=options.size).array}
            for name, first in starts.items():
                losses: list[float] = []
                steps = session.steps(photograph, "sample:night", first=first, scales=1, steps=[options.most])
                for progress in steps:
                    losses += losses_of(progress)
                    if min(losses) <= usual:
                        break
                reached = next((step for step, loss in enumerate(losses) if loss <= usual), None)
                print(f"{photograph} from the {name}: {usual:.3f} after {reached} steps, began at {losses[0]:.3f}")


def losses_of(progress: Progress) -> list[float]:
    """Returns the losses before each of the steps that are told of."""
    return [float(step.losses.total[0]) for step in progress.taken]


if __name__ == "__main__":
    main()
