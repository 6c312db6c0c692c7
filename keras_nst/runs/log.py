"""run.log: what a user needs when reporting a fault."""

import contextlib
import logging
import platform
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keras_nst
from keras_nst.runs.workdir import LOG

OTHERS = ("py.warnings", "tensorflow")  # whose messages belong in it, as far as this run has caused them


class Unexpected(Exception):
    """What went wrong is a fault of the program; the log tells all that is known of it."""


@contextlib.contextmanager
def logged(folder: Path, expected: tuple[type[BaseException], ...]) -> Iterator[logging.Logger]:
    """Keeps a log of its own in the folder: what is told, warnings, and the traceback of errors not `expected`.

    Raises:
        Unexpected: in place of such an error, with one line that points to the log.
    """
    handler, own = handler_for(folder / LOG), logging.Logger("keras_nst.run", logging.INFO)
    loggers = [own, *map(logging.getLogger, OTHERS)]
    for each in loggers:
        each.addHandler(handler)
    logging.captureWarnings(True)
    own.info("keras_nst %s, Python %s, %s", keras_nst.__version__, sys.version.split()[0], platform.platform())
    try:
        yield own
    except expected as error:
        own.error("%s: %s", type(error).__name__, error)
        raise
    except Exception as error:
        own.exception("Unexpected")
        line = str(error).strip().splitlines()[:1]
        raise Unexpected(f"{type(error).__name__}: {' '.join(line)} (all that is known: {folder / LOG})") from error
    finally:
        logging.captureWarnings(False)
        for each in loggers:
            each.removeHandler(handler)
        handler.close()


def handler_for(path: Path) -> logging.Handler:
    """Returns what writes the messages of this thread into the file: other runs of the process have their own."""
    handler, thread = logging.FileHandler(path, encoding="utf8", delay=True), threading.get_ident()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(lambda record: record.thread == thread)
    return handler
