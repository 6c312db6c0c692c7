"""The studio's services (uploads, gallery, queue), and how a request becomes a job for a session."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple, Self

from keras_nst.command.run_folder import read_told
from keras_nst.core.plan.pyramid import Size, sizes, steps_per_scale
from keras_nst.run.checkpoints import read_checkpoint
from keras_nst.run.prepare import JobSpec, ready
from keras_nst.run.request import settings_of_run
from keras_nst.session.scene import size_of_result
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.studio.form import Form, asked_of, settings_of
from keras_nst.studio.gallery import Gallery, Run, size_of_file
from keras_nst.studio.pictures import Uploads
from keras_nst.studio.queue import Job, Queue
from keras_nst.studio.settings import StudioConfig, machine_settings
from keras_nst.system.files import Locked, lock, written_whole

HOME = ".studio"  # the studio's own folder, inside the runs' folder
STEPS = "steps.json"  # in it: steps as they were taken and as they were asked for, by run, where these differ
FEWEST = 0.5  # share of a size's planned steps that is enough to show a change


class Atelier(NamedTuple):
    """The studio without its page and its painter."""

    config: StudioConfig
    folder: Path  # with the runs
    home: Path
    held: IO[str]  # the lock on `home`
    uploads: Uploads
    gallery: Gallery
    queue: Queue

    @classmethod
    def open(cls, config: StudioConfig) -> Self:
        """Creates missing folders, and loads the contents of existing ones.

        Raises:
            SettingError: they cannot be used, or another studio uses them.
        """
        folder = Path(config.workdir).expanduser()
        home = folder / HOME
        try:
            home.mkdir(parents=True, exist_ok=True)
            held = lock(home)
            uploads = Uploads(home / "uploads", config.max_upload_mb * 1e6, config.max_megapixels * 1e6)
        except Locked as error:
            reason = str(error).replace("run is using", "studio is using")
            raise SettingError("workdir", config.workdir, f"{reason}. Expected another folder.") from None
        except OSError as error:
            raise SettingError("workdir", config.workdir, f"Expected a writable folder. {error.strerror}.") from None
        return cls(config, folder, home, held, uploads, Gallery(folder), Queue(home, config.queue))

    def check(self, asked: Form) -> None:
        """Reads the pictures and checks that the requested run can be made.

        Raises:
            InputError, OSError, ValueError: it cannot be made.
        """
        later = asked._replace(first="") if asked.goes_on else asked  # the run that it continues has not stopped yet
        ready(self._new(later, self.folder / f"unnamed-{time.time_ns()}"), lambda line: None)

    def spec(self, job: Job) -> JobSpec:
        """Returns the job in the form that a session carries out.

        Raises:
            InputError: something it needs no longer exists, or the request is not possible.
        """
        folder = self.gallery.folder_of(job.id)
        if folder is None and job.anew is None:
            spec = self._new(job.asked, self.folder / job.id)
        else:
            run = self.gallery.get(job.id)  # an earlier run with files in its folder
            spec = JobSpec(Config.written(**settings_of_run(str(run.folder)) | (job.anew or {})), run.folder)
        self._note(job, spec.config.shown("steps"))
        return spec

    def asked(self, run: Run) -> Form:
        """Returns the request of a run, with the steps as they were asked for."""
        asked = asked_of(run.record, self.uploads)
        taken, wanted = (read_told(self.home / STEPS) or {}).get(run.id, ("", ""))
        if not taken or taken != run.record.given.get("steps"):  # or it was resumed with others elsewhere
            return asked
        return asked._replace(settings=asked.settings | {"steps": wanted})

    def _note(self, job: Job, taken: str) -> None:
        """Keeps the steps that were asked for, where the job takes only the rest of them."""
        wanted = job.asked.settings.get("steps", Config().shown("steps"))
        if wanted != taken:
            noted = (read_told(self.home / STEPS) or {}) | {job.id: (taken, wanted)}
            with written_whole(self.home / STEPS) as file:
                file.write(json.dumps(noted).encode())

    def _new(self, asked: Form, folder: Path) -> JobSpec:
        settings = settings_of(asked, self.uploads) | machine_settings(self.config) | {"workdir": str(folder)}
        config = Config.written(**settings)
        if asked.first:
            config = Config.written(**settings | self._begun(asked, config))
        return JobSpec(config, folder)

    def _begun(self, asked: Form, config: Config) -> dict[str, str]:
        """Returns the settings for a picture that starts from another run's picture."""
        run = self.gallery.find(asked.first) if asked.goes_on else self.gallery.get(asked.first)
        if run is None or run.picture is None:  # it was stopped before its first step
            return {}
        steps = steps_left(run, config) if asked.goes_on else steps_beyond(size_of_file(run.picture), config)
        # A copy of the picture, since that run may be resumed.
        first = self.uploads.path(self.uploads.adopt(run.picture))
        return {"init": str(first.resolve()), "steps": steps}


def steps_beyond(reached: Size, config: Config) -> str:
    """Returns the steps at each size: none for sizes that are not larger than the one reached.

    Raises:
        SettingError: there is no larger one.
    """
    pyramid = sizes(size_of_result(config, reached), config.scales)
    if max(pyramid[-1]) <= max(reached):
        raise SettingError("size", config.size, f"Expected a larger picture than that of {reached} pixels.")
    planned = steps_per_scale(config.steps, len(pyramid))
    return listed(steps * (max(size) > max(reached)) for size, steps in zip(pyramid, planned, strict=True))


def steps_left(run: Run, config: Config) -> str:
    """Returns the steps that a stopped run of this size has left at each size.

    At its current size they are at least enough for the changed settings to show.
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
    """Returns steps as text for the setting."""
    return ",".join(map(str, steps))
