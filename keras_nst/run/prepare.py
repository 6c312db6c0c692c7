"""Checks the request for one run and reads its pictures, before TensorFlow is imported."""

from pathlib import Path
from typing import NamedTuple

from keras_nst.command.run_folder import (
    Record,
    asks_for_more,
    choose_output,
    choose_workdir,
    differences,
    new_record,
    read_record,
)
from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.files import check_output
from keras_nst.run.resuming import steps_in_all
from keras_nst.session.inputs import check_names, read_scene
from keras_nst.session.scene import Scene, check_given
from keras_nst.session.session import scales_of
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.settings.remarks import remarks
from keras_nst.settings.values import parse_span
from keras_nst.system.weights import check_weights


class JobSpec(NamedTuple):
    """A job without pixels and without this machine's clock, so that another process can carry it out."""

    config: Config
    workdir: Path

    def load(self, tell: Tell) -> Scene:
        """Reads the pictures."""
        return read_scene(self.config, tell)


class Job(NamedTuple):
    """A job whose settings and inputs have been checked and read."""

    spec: JobSpec
    scene: Scene
    output: Path
    record: Record
    earlier: Record | None  # the run in the folder, to be resumed

    @property
    def config(self) -> Config:
        """The settings as requested."""
        return self.spec.config

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.earlier is not None and self.earlier.finished and not asks_for_more(self.record, self.earlier)


def prepare(config: Config, tell: Tell) -> Job:
    """Checks all that can be checked without TensorFlow, and reads the pictures of a run in its own folder.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    check_given(config, bool(config.content), bool(config.style))
    check_names(config)
    workdir = choose_workdir(config)
    return ready(JobSpec(config, workdir), tell)


def ready(spec: JobSpec, tell: Tell) -> Job:
    """Returns the job, with settings and inputs checked and read.

    Raises:
        SettingError: names the flag, its value and what is expected.
    """
    config = spec.config
    earlier = None if config.overwrite else read_record(spec.workdir)
    output = choose_output(config, spec.workdir, earlier.output if earlier else "")
    with config.about("weights"):
        check_weights(config.network, config.weights)
    with config.about("output"):
        if config.output:
            check_output(output, config.bit_depth, False)
    scene = spec.load(tell)
    transparent = scene.content is not None and scene.content.alpha is not None and not config.background
    with config.about("output"):
        if config.output:
            check_output(output, config.bit_depth, transparent, scene.size)
    check_profile(config, scene.size)
    record = new_record(config, {name: picture.sha256 for name, picture in scene.named().items()}, output)
    if earlier and (found := differences(record, earlier)):
        reason = f"This folder holds another run: {', '.join(found)}. Expected the same, a new folder or --overwrite."
        raise SettingError("workdir", config.workdir, reason)
    alphas = [picture.alpha for picture in scene.named().values()]
    if config.needs_maps() and any(alpha is not None for alpha in alphas):
        tell(f"--style_loss={config.shown('style_loss')}: transparent parts count as visible.")
    for line in remarks(config):
        tell(line)
    return Job(spec, scene, output, record, earlier)


def check_profile(config: Config, size: Size) -> None:
    """Raises SettingError if --profile_steps names steps that a run of this size does not take."""
    planned = steps_in_all(scales_of(config, size), None)
    span = parse_span(config.profile_steps)
    if span and span[1] > planned:
        raise SettingError(
            "profile_steps", config.profile_steps, f"Expected steps up to {planned}, the last of the run."
        )
