"""The door to painted volumes: python -m keras_nst.volume --content=... --style=..."""

import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.settings.flags import read_settings
from keras_nst.volumes.settings import Carving

USAGE = (
    "--content=VOLUME --style=PICTURE [--flag=value ...]",
    "--style=PICTURE --size=64",
)
ABOUT = "\nPaints a volume along all three axes at once, or fills one with a style. Not for diagnosis.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Paints a volume; returns the exit code."""
    interrupted = "Interrupted before the first step: nothing was kept. The same command begins again."
    return enter(Door("python -m keras_nst.volume", USAGE, Carving, {}, volume, ABOUT, interrupted), argv)


def volume(argv: Sequence[str]) -> int:
    """Paints the volume that the command line asks for."""
    settings = read_settings(argv, Carving, "content")
    from keras_nst.system.signals import Interruption, on_a_thread
    from keras_nst.volumes.asked import prepare
    from keras_nst.volumes.drive import drive

    asked = prepare(settings, tell)
    interruption = Interruption("Stopping after this step; once more ends at once, with the last checkpoint.")
    interruption.listen()
    code = on_a_thread(lambda: drive(asked, interruption.stop, tell))
    return interruption.exit_code or code


if __name__ == "__main__":
    sys.exit(main())
