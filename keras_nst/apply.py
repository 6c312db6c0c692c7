"""The door to what trained networks paint: python -m keras_nst.apply --model=... --contents=..."""

import sys
from collections.abc import Sequence

from keras_nst.applying.settings import Application
from keras_nst.door import Door, enter, tell
from keras_nst.settings.flags import read_settings

USAGE = ("--model=FOLDER --contents=PICTURES [--flag=value ...]",)
ABOUT = "\nPaints photographs by a network that python -m keras_nst.train has trained.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Paints photographs; returns the exit code."""
    interrupted = "Interrupted: what is painted stays. The same command goes on."
    return enter(Door("python -m keras_nst.apply", USAGE, Application, {}, apply, ABOUT, interrupted), argv)


def apply(argv: Sequence[str]) -> int:
    """Paints the photographs that the command line names."""
    settings = read_settings(argv, Application, "contents")
    from keras_nst.applying.asked import prepare
    from keras_nst.applying.drive import drive
    from keras_nst.system.signals import Interruption, on_a_thread

    asked = prepare(settings)
    interruption = Interruption("Stopping after this picture; once more ends at once.")
    interruption.listen()
    code = on_a_thread(lambda: drive(asked, interruption.stop, tell))
    return interruption.exit_code or code


if __name__ == "__main__":
    sys.exit(main())
