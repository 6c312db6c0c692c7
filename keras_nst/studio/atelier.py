"""What the studio consists of, and from what is asked to the job that a session carries out."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple, Self

from keras_nst.core.plan.pyramid import Size, sizes, steps_per_scale
from keras_nst.run.checkpoints import read_checkpoint
from keras_nst.run.prepare import JobSpec, ready
from keras_nst.run.request import settings_of_run
from keras_nst.session.scene import size_of_result
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.studio.form import Form, settings_of
from keras_nst.studio.gallery import Gallery, Run, size_of_file
from keras_nst.studio.pictures import Uploads
from keras_nst.studio.queue import Job, Queue
from keras_nst.studio.settings import StudioConfig, machine_settings
from keras_nst.system.files import Locked, lock

HOME = ".studio"  # the studio's own folder in that of the runs
FEWEST = 0.5  # of the steps planned at a size, with which what was changed there can be seen


class Atelier(NamedTuple):
    """The studio without its page and its painter."""

    config: StudioConfig
    folder: Path  # of the runs
    home: Path
    held: IO[str]  # the lock of the home
    uploads: Uploads
    gallery: Gallery
    queue: Queue

    @classmethod
    def open(cls, config: StudioConfig) -> Self:
        """Makes the folders where they are missing, and takes up what is in them.

        Raises:
            SettingError: they cannot be had, or another studio has them.
        """
        folder = Path(config.workdir).expanduser()
        home = folder / HOME
        try:
            home.mkdir(parents=True, exist_ok=True)
            held = lock(home)
            uploads = Uploads(home / "uploads", config.max_upload_mb * 1e6, config.max_megapixels * 1e6)
        except Locked as error:
            reason = str(error).replace("run is at work", "studio is open")
            raise SettingError("workdir", config.workdir, f"{reason}. Expected another folder.") from None
        except OSError as error:
            raise SettingError("workdir", config.workdir, f"Expected a folder to write to. {error.strerror}.") from None
        return cls(config, folder, home, held, uploads, Gallery(folder), Queue(home, config.queue))

    def check(self, asked: Form) -> None:
        """Reads the pictures and checks that a run can be made as it is asked for.

        Raises:
            InputError, OSError, ValueError: it cannot.
        """
        later = asked._replace(first="") if asked.goes_on else asked  # that run has not stopped yet
        ready(self._new(later, self.folder / f"unnamed-{time.time_ns()}"), lambda line: None)

    def spec(self, job: Job) -> JobSpec:
        """Returns the job as a session carries it out.

        Raises:
            InputError: what it needs is not there any more, or it cannot be as it is asked for.
        """
        folder = self.gallery.folder_of(job.id)
        if folder is None and job.anew is None:
            return self._new(job.asked, self.folder / job.id)
        run = self.gallery.get(job.id)  # of which something is there already
        return JobSpec(Config.written(**settings_of_run(str(run.folder)) | (job.anew or {})), run.folder)

    def _new(self, asked: Form, folder: Path) -> JobSpec:
        settings = settings_of(asked, self.uploads) | machine_settings(self.config) | {"workdir": str(folder)}
        config = Config.written(**settings)
        if asked.first:
            config = Config.written(**settings | self._begun(asked, config))
        return JobSpec(config, folder)

    def _begun(self, asked: Form, config: Config) -> dict[str, str]:
        """Returns the settings by which a picture begins with another run's."""
        run = self.gallery.find(asked.first) if asked.goes_on else self.gallery.get(asked.first)
        if run is None or run.picture is None:  # it was stopped before its first step
            return {}
        steps = steps_left(run, config) if asked.goes_on else steps_beyond(size_of_file(run.picture), config)
        # A picture of its own, since the run may go on.
        first = self.uploads.path(self.uploads.adopt(run.picture))
        return {"init": str(first.resolve()), "steps": steps}


def steps_beyond(reached: Size, config: Config) -> str:
    """Returns the steps at each size, none at those that are not larger than the one reached.

    Raises:
        SettingError: there is no larger one.
    """
    pyramid = sizes(size_of_result(config, reached), config.scales)
    if max(pyramid[-1]) <= max(reached):
        raise SettingError("size", config.size, f"Expected a larger picture than that of {reached} pixels.")
    planned = steps_per_scale(config.steps, len(pyramid))
    return listed(steps * (max(size) > max(reached)) for size, steps in zip(pyramid, planned, strict=True))


def steps_left(run: Run, config: Config) -> str:
    """Returns the steps at each size that a run of this size, which was stopped, still has to take.

    At the size where it stands these are enough for what was changed to be seen.
    """
    resumed = read_checkpoint(run.folder)
    shape = size_of_file(run.picture) if run.picture else None
    if resumed is None or shape is None:
        return config.shown("steps")
    pyramid = sizes(shape, config.scales)
    planned, reached = steps_per_scale(config.steps, len(pyramid)), max(resumed.standing.size)
    steps = [steps * (max(size) > reached) for size, steps in zip(pyramid, planned, strict=True)]
    here = max((number for number, size in enumerate(pyramid) if max(size) <= reached), default=0)
    steps[here] = max(planned[here] - resumed.standing.scale_step, round(FEWEST * planned[here]), 1)
    return listed(steps)


def listed(steps: Iterable[int]) -> str:
    """Returns steps as the setting has them."""
    return ",".join(map(str, steps))
