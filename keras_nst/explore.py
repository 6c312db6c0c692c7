"""The door to what layers see: python -m keras_nst.explore --content=... --style=..."""

import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.seeing.settings import Exploration
from keras_nst.settings.flags import read_settings

USAGE = (
    "--content=PICTURE --style=PICTURE [--flag=value ...]",
    "--content=PICTURE --show=content,channels",
)
ABOUT = "\nShows what the layers of the network see in your pictures: labelled sheets, and explore.html about them.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Shows what layers see; returns the exit code."""
    interrupted = "Interrupted: what is made is kept. The same command goes on."
    return enter(Door("python -m keras_nst.explore", USAGE, Exploration, {}, explore, ABOUT, interrupted), argv)


def explore(argv: Sequence[str]) -> int:
    """Makes the sheets that the command line asks for, and the page."""
    settings = read_settings(argv, Exploration, "content")
    from keras_nst.seeing.asked import prepare
    from keras_nst.seeing.drive import drive
    from keras_nst.system.signals import Interruption, on_a_thread

    asked = prepare(settings, tell)
    interruption = Interruption()
    interruption.listen()
    code = on_a_thread(lambda: drive(asked, interruption.stop, tell))
    return interruption.exit_code or code


if __name__ == "__main__":
    sys.exit(main())
