"""run.log: what a user needs when reporting a fault."""

import contextlib
import logging
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import keras_nst
from keras_nst.workdir import LOG

NAMES = ("keras_nst", "py.warnings", "tensorflow")


class Unexpected(Exception):
    """What went wrong is a fault of the program; the log tells all that is known of it."""


@contextlib.contextmanager
def logged(folder: Path, expected: tuple[type[BaseException], ...]) -> Iterator[logging.Logger]:
    """Keeps a log in the folder: what is told, warnings, and the traceback of errors that are not `expected`.

    Raises:
        Unexpected: in place of such an error, with one line that points to the log.
    """
    handler = logging.FileHandler(folder / LOG, encoding="utf8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    loggers = [logging.getLogger(name) for name in NAMES]
    for each in loggers:
        each.addHandler(handler)
    loggers[0].setLevel(logging.INFO)
    logging.captureWarnings(True)
    loggers[0].info("keras_nst %s, Python %s, %s", keras_nst.__version__, sys.version.split()[0], platform.platform())
    try:
        yield loggers[0]
    except expected as error:
        loggers[0].error("%s: %s", type(error).__name__, error)
        raise
    except Exception as error:
        loggers[0].exception("Unexpected")
        line = str(error).strip().splitlines()[:1]
        raise Unexpected(f"{type(error).__name__}: {' '.join(line)} (all that is known: {folder / LOG})") from error
    finally:
        logging.captureWarnings(False)
        for each in loggers:
            each.removeHandler(handler)
        handler.close()
