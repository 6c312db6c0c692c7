"""The door to networks that paint: python -m keras_nst.train --style=... --contents=..."""

import re
import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.settings.flags import read_settings
from keras_nst.training.settings import Training

USAGE = (
    "--style=PICTURE --contents=FOLDER [--flag=value ...]",
    "--from=MODEL --style=PICTURE --contents=FOLDER --workdir=FOLDER",
)
ABOUT = "\nTrains a network that paints any photograph in a style, in one pass; then: python -m keras_nst.apply\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Trains a network; returns the exit code."""
    interrupted = "Interrupted before the first step: nothing was kept. The same command begins again."
    return enter(Door("python -m keras_nst.train", USAGE, Training, {}, train, ABOUT, interrupted), argv)


def train(argv: Sequence[str]) -> int:
    """Trains the network that the command line asks for."""
    argv = [re.sub("^--?from(?==|$)", "--from_model", argument) for argument in argv]  # from is a word of Python's
    settings = read_settings(argv, Training, "contents")
    from keras_nst.monitors.board import stay
    from keras_nst.system.signals import Interruption, on_a_thread
    from keras_nst.training.asked import prepare
    from keras_nst.training.drive import drive

    asked = prepare(settings, tell)
    interruption = Interruption("Stopping after this step; once more ends at once, with the last checkpoint.")
    interruption.listen()
    code = on_a_thread(lambda: drive(asked, interruption.stop, tell))
    if asked.settings.tensorboard and not interruption.number:
        stay(tell)
    return interruption.exit_code or code


if __name__ == "__main__":
    sys.exit(main())
