"""run.log, the file to attach to a bug report."""

import contextlib
import logging
import platform
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from keras_nst.command.run_folder import LOG
from keras_nst.core.plan.events import Listener, Progress
from keras_nst.core.plan.pyramid import TooSmall
from keras_nst.settings.declared import InputError, Unexpected
from keras_nst.settings.lines import Tell, reason
from keras_nst.system.version import __version__

EXPECTED = (InputError, OSError, MemoryError, KeyboardInterrupt)  # errors that need no traceback
ASIDE = logging.getLogger("keras_nst")  # errors that do not stop the picture
ASIDE.addHandler(logging.NullHandler())  # without a run that keeps a log, nothing is printed
OTHERS = ("py.warnings", "tensorflow", ASIDE.name)  # whose messages belong in it, if this run has caused them


@contextlib.contextmanager
def logged(folder: Path, expected: tuple[type[BaseException], ...]) -> Iterator[logging.Logger]:
    """Keeps a log in the folder: messages, warnings, and the traceback of errors that are not `expected`.

    Raises:
        Unexpected: instead of such an error, with one line that points to the log.
    """
    handler, own = handler_for(folder / LOG), logging.Logger("keras_nst.run", logging.INFO)
    loggers = [own, *map(logging.getLogger, OTHERS)]
    for each in loggers:
        each.addHandler(handler)
    logging.captureWarnings(True)
    own.info("keras_nst %s, Python %s, %s", __version__, sys.version.split()[0], platform.platform())
    try:
        yield own
    except expected as error:
        own.error("%s: %s", type(error).__name__, error)
        raise
    except Exception as error:
        own.exception("Unexpected")
        line = str(error).strip().splitlines()[:1]
        raise Unexpected(f"{type(error).__name__}: {' '.join(line)} (full traceback: {folder / LOG})") from error
    finally:
        logging.captureWarnings(False)
        for each in loggers:
            each.removeHandler(handler)
        handler.close()


@contextlib.contextmanager
def spared(what: str, tell: Tell) -> Iterator[None]:
    """Reports errors in a line, with a traceback in the log, without raising them: they must not cost the picture."""
    try:
        yield
    except TooSmall as error:  # not a fault of the program
        tell(f"The picture is too small for quality figures: {error}.")
    except Exception as error:
        ASIDE.exception("No %s", what)
        tell(f"No {what}: {reason(error)}.")


def sparing(listener: Listener, what: str, tell: Tell) -> Listener:
    """Returns the listener, switched off after its first error: the picture is worth more."""
    sound = True

    def listen(progress: Progress) -> None:
        nonlocal sound
        if sound:
            sound = False
            with spared(what, tell):
                listener(progress)
                sound = True

    return listen


def handler_for(path: Path) -> logging.Handler:
    """Returns a handler that writes this thread's messages into the file: other runs of the process have their own."""
    handler, thread = logging.FileHandler(path, encoding="utf8", delay=True), threading.get_ident()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(lambda record: record.thread == thread)
    return handler
