"""The door to many pictures: python -m keras_nst.batch --contents=... --styles=..."""

import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.fleet.settings import BatchConfig
from keras_nst.settings.flags import read_settings

USAGE = (
    "--contents=FOLDER --styles=FOLDER --workdir=FOLDER [--flag=value ...]",
    "--content=PICTURE --style=PICTURE --sweep=style_strength=0.3,0.5,0.8",
    "--pairs=FILE.csv",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Makes all pictures of a batch that are not made yet; returns the exit code."""
    interrupted = "Interrupted: what is done is kept. The same command goes on."
    return enter(Door("python -m keras_nst.batch", USAGE, BatchConfig, {}, batch, interrupted=interrupted), argv)


def batch(argv: Sequence[str]) -> int:
    """Makes the pictures that the command line asks for."""
    settings = read_settings(argv, BatchConfig, "contents")
    from keras_nst.fleet.drive import drive, prepare
    from keras_nst.monitors.board import stay
    from keras_nst.system.signals import Interruption, on_a_thread

    asked = prepare(settings)
    interruption = Interruption()
    interruption.listen()
    code = on_a_thread(lambda: drive(asked, interruption.stop, tell))
    if asked.config.tensorboard and not interruption.number:
        stay(tell)
    return interruption.exit_code or code


if __name__ == "__main__":
    sys.exit(main())
