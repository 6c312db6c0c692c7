"""The command run, from the command line to the exit code."""

import time
from collections.abc import Sequence

from keras_nst.command.command import tell, tell_aside
from keras_nst.run import request
from keras_nst.system.signals import Interruption, on_a_thread


def work(argv: Sequence[str]) -> int:
    """Makes the picture that the command line requests; returns the exit code."""
    begun, config = time.monotonic(), request.parse(argv)
    from keras_nst.command.board import stay
    from keras_nst.run.following import follow, leads
    from keras_nst.run.perform import perform
    from keras_nst.run.prepare import prepare
    from keras_nst.session.session import Session

    job = prepare(config, tell_aside)
    if job.is_done:
        tell(f"This run is finished: {job.output}")
        return 0
    interruption = Interruption()
    interruption.listen()
    make = perform if leads(config, tell) else follow
    done = on_a_thread(lambda: make(job, Session, interruption.stop, tell, begun))
    if config.tensorboard and done.path and not interruption.number:
        stay(tell)
    return interruption.exit_code or int(done.result.diverged)
