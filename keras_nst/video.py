"""The door to painted film: python -m keras_nst.video --content=... --style=..."""

import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.filming.settings import Filming
from keras_nst.settings.flags import read_settings

USAGE = (
    "--content=FILM --style=PICTURE [--flag=value ...]",
    "--content=FILM --model=MODEL [--flag=value ...]",
)
ABOUT = "\nPaints a film, so that it does not flicker.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Paints a film; returns the exit code."""
    interrupted = "Interrupted: what is painted is kept. The same command goes on."
    return enter(Door("python -m keras_nst.video", USAGE, Filming, {}, video, ABOUT, interrupted), argv)


def video(argv: Sequence[str]) -> int:
    """Paints the film that the command line asks for."""
    settings = read_settings(argv, Filming, "content")
    from keras_nst.filming.drive import drive
    from keras_nst.filming.preparing import prepare
    from keras_nst.system.signals import Interruption, on_a_thread

    asked = prepare(settings, tell)
    interruption = Interruption("Stopping; once more ends at once. Frames that are finished are kept.")
    interruption.listen()
    code = on_a_thread(lambda: drive(asked, interruption.stop, tell))
    return interruption.exit_code or code


if __name__ == "__main__":
    sys.exit(main())
