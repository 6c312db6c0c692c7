"""The door to the studio: python -m keras_nst.studio"""

import sys
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell
from keras_nst.settings import flags
from keras_nst.settings.declared import InputError
from keras_nst.settings.flags import UsageError
from keras_nst.system.signals import Interruption
from keras_nst.web.settings import StudioConfig

USAGE = ("[--workdir=FOLDER] [--port=N] [--flag=value ...]",)


def main(argv: Sequence[str] | None = None) -> int:
    """Opens the studio in the browser, until Ctrl-C; returns the exit code."""
    return enter(Door("python -m keras_nst.studio", USAGE, StudioConfig, {}, studio, needs_flags=False), argv)


def studio(argv: Sequence[str]) -> int:
    """Serves the page that the command line asks for."""
    given = flags.read(argv, StudioConfig, {})
    if given.rest:
        raise UsageError(f"Expected flags only, as in --workdir={given.rest[0]}. Received: {' '.join(given.rest)}")
    config = StudioConfig.written(**given.settings)
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
