"""The door to one picture: python -m keras_nst.run --content=... --style=..."""

import contextlib
import sys
from collections.abc import Sequence

import keras_nst
from keras_nst import flags
from keras_nst.config import SettingError
from keras_nst.lines import one_line
from keras_nst.runlog import Unexpected
from keras_nst.system.signals import Interruption, on_a_thread


def main(argv: Sequence[str] | None = None) -> int:
    """Makes one picture; returns the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    program = "keras-nst" if sys.argv[0].endswith("keras-nst") else "python -m keras_nst.run"
    if not argv:
        print(flags.usage(program), end="", file=sys.stderr)
        return 2
    if {"--help", "-help", "-h", "--helpfull", "--helpshort", "--help=true"} & set(argv):
        print(flags.help_text(program), end="")
        return 0
    if "--version" in argv:
        print(f"keras_nst {keras_nst.__version__}")
        return 0
    try:
        return _run(argv)
    except flags.UsageError as error:
        return _complain(error, 2)
    except (SettingError, OSError, MemoryError, Unexpected) as error:
        return _complain(error, 1)
    except KeyboardInterrupt:
        return _complain("interrupted before the first step: nothing was written", 130)


def _run(argv: Sequence[str]) -> int:
    config = flags.parse(argv)
    from keras_nst.inputs import prepare
    from keras_nst.job import perform  # numpy and Pillow come with it: not before the flags are right

    job = prepare(config, _tell_aside)
    if job.is_done:
        _tell(f"This run is finished: {job.output}")
        return 0
    interruption = Interruption()
    interruption.listen()
    result = on_a_thread(lambda: perform(job, interruption.stop, _tell))
    return interruption.exit_code or int(result.diverged)


def _tell(line: str) -> None:
    with contextlib.suppress(OSError):  # nobody may be listening any more: the picture is worth more than the line
        print(line, flush=True)


def _tell_aside(line: str) -> None:
    with contextlib.suppress(OSError):
        print(f"keras_nst: {one_line(line)}", file=sys.stderr)


def _complain(error: object, code: int) -> int:
    _tell_aside(str(error))
    return code


if __name__ == "__main__":
    sys.exit(main())
