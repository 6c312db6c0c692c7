"""The door to sounds in the manner of others: python -m keras_nst.sound --content=... --style=..."""

import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.settings.flags import read_settings
from keras_nst.sounds.settings import Sounding

USAGE = ("--content=SOUND --style=SOUND [--flag=value ...]",)
ABOUT = "\nMakes a sound, or other series, in the manner of another.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Makes a sound; returns the exit code."""
    return enter(Door("python -m keras_nst.sound", USAGE, Sounding, {}, sound, ABOUT), argv)


def sound(argv: Sequence[str]) -> int:
    """Makes the sound that the command line asks for."""
    settings = read_settings(argv, Sounding, "content")
    from keras_nst.sounds.drive import drive, prepare
    from keras_nst.system.signals import Interruption, on_a_thread

    asked = prepare(settings, tell)
    interruption = Interruption("Stopping after these steps; once more ends at once, without a sound.")
    interruption.listen()
    code = on_a_thread(lambda: drive(asked, interruption.stop, tell))
    return interruption.exit_code or code


if __name__ == "__main__":
    sys.exit(main())
