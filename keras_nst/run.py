"""The door to one picture: python -m keras_nst.run --content=... --style=..."""

import sys
import time
from collections.abc import Sequence

from keras_nst.door import Door, enter, tell, tell_aside
from keras_nst.runs import request
from keras_nst.settings.config import Config
from keras_nst.system.signals import Interruption, on_a_thread

USAGE = (
    "--content=PICTURE --style=PICTURE [--flag=value ...]",
    "--flagfile=configs/starry.cfg",
    "--from_image=RESULT --follow",
    "--resume=FOLDER",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Makes one picture; returns the exit code."""
    program = "keras-nst" if sys.argv[0].endswith("keras-nst") else "python -m keras_nst.run"
    interrupted = "Interrupted before the first step: nothing was kept. The same command begins again."
    return enter(Door(program, USAGE, Config, request.OWN_FLAGS, run, interrupted=interrupted), argv)


def run(argv: Sequence[str]) -> int:
    """Makes the picture that the command line asks for."""
    begun, config = time.monotonic(), request.parse(argv)
    from keras_nst.monitors.board import stay
    from keras_nst.reports.pages import try_report
    from keras_nst.runs.following import follow, leads
    from keras_nst.runs.job import prepare  # numpy and Pillow come with it: not before the flags are right
    from keras_nst.runs.perform import perform
    from keras_nst.session.session import Session

    job = prepare(config, tell_aside)
    if job.is_done:
        tell(f"This run is finished: {job.output}")
        return 0
    interruption = Interruption()
    interruption.listen()
    work = perform if leads(config, tell) else follow
    done = on_a_thread(lambda: work(job, Session, interruption.stop, tell, begun))
    if config.report and done.path:
        try_report(done.workdir, done.path, tell)
    if config.tensorboard and done.path and not interruption.number:
        stay(tell)
    return interruption.exit_code or int(done.result.diverged)


if __name__ == "__main__":
    sys.exit(main())
