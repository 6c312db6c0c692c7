"""The door to the studio: python -m keras_nst.studio"""

import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.settings.declared import InputError
from keras_nst.settings.flags import read_settings
from keras_nst.system.signals import Interruption
from keras_nst.web.settings import StudioConfig

USAGE = ("[--workdir=FOLDER] [--port=N] [--flag=value ...]",)


def main(argv: Sequence[str] | None = None) -> int:
    """Opens the studio in the browser, until Ctrl-C; returns the exit code."""
    return enter(Door("python -m keras_nst.studio", USAGE, StudioConfig, {}, studio, needs_flags=False), argv)


def studio(argv: Sequence[str]) -> int:
    """Serves the page that the command line asks for."""
    config = read_settings(argv, StudioConfig, "workdir")
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        raise InputError("Expected aiohttp: pip install 'keras-nst[studio]' brings it.") from None
    from keras_nst.web.serve import serve

    interruption = Interruption("Closing after this step; what is being painted goes on next time.")
    interruption.listen()
    serve(config, interruption.stop, tell)
    return 0


if __name__ == "__main__":
    sys.exit(main())
