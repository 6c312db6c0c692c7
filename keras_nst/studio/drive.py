"""The command studio, from the command line to Ctrl-C."""

import os
from collections.abc import Sequence

from keras_nst.command.command import tell
from keras_nst.settings.declared import InputError
from keras_nst.settings.flags import read_settings
from keras_nst.studio.settings import StudioConfig
from keras_nst.system.signals import Interruption

CLOSING = "Closing the studio. A picture at work stops after this step, and goes on when you open the studio again."


def work(argv: Sequence[str]) -> int:
    """Serves the studio until Ctrl-C; returns the exit code."""
    config = read_settings(argv, StudioConfig, "workdir")
    try:
        import aiohttp  # noqa: F401
    except ImportError:
        raise InputError("Expected aiohttp: pip install 'keras-nst[studio]'") from None
    from keras_nst.studio.serve import serve

    interruption = Interruption(CLOSING)
    interruption.listen()
    if serve(config, interruption.stop, tell):
        os._exit(interruption.exit_code)  # the painter's thread would hold up the usual end, or crash in it
    return interruption.exit_code
