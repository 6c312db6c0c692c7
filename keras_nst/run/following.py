"""Takes part in a run that another process leads and saves."""

from collections.abc import Callable

from keras_nst.run.outcome import Done
from keras_nst.run.perform import started
from keras_nst.run.prepare import Job
from keras_nst.session.session import Session, paced
from keras_nst.session.team import task_of
from keras_nst.settings.config import Config
from keras_nst.settings.lines import Tell
from keras_nst.system.pace import Stop


def leads(config: Config, tell: Tell) -> bool:
    """Returns whether this process writes the run's folder; reports which of several processes it is."""
    part = task_of(config)
    if part.processes > 1:
        tell(f"Process {part.number} of {part.processes}: waiting for the others.")
    return part.number == 0


def follow(job: Job, open_session: Callable[[Config], Session], stop: Stop, tell: Tell, begun: float) -> Done:
    """Does what `perform` does, for a process that does not lead, and writes nothing."""
    session = open_session(job.config)
    run = started(job, job.spec.workdir, session, tell)
    pace = paced(run.config, run.scene.size, begun, stop)
    result = session.paint(run.scene, run.config, pace=pace, tell=tell, resumed=run.resumed)
    tell(f"Took part in {result.steps} steps.")
    return Done(result, job.spec.workdir, None, {})
