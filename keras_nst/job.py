"""One run from files to files: everything is checked and read first, then TensorFlow is imported and works."""

import platform
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import keras_nst
from keras_nst.config import Config, SettingError, parse_size
from keras_nst.core.events import Listener, every
from keras_nst.core.pyramid import Size, crop_box, final_size
from keras_nst.pictures.download import local_file
from keras_nst.pictures.files import Picture, check_output, read_picture, save_picture
from keras_nst.settings import absolute, flag_file, settings_of
from keras_nst.system.devices import Device, choose_device, start_tensorflow
from keras_nst.system.pace import Pace
from keras_nst.system.weights import check_weights, weights_path
from keras_nst.workdir import SETTINGS, choose_output, choose_workdir, create_workdir

if TYPE_CHECKING:
    from keras_nst.core.transfer import Result

SAMPLES = Path(__file__).parent / "samples"
FIRST_PICTURES = ("auto", "content", "noise", "style", "blend")  # all other values of --init are paths

Tell = Callable[[str], None]


class Job(NamedTuple):
    """A run whose settings and inputs have been checked."""

    config: Config  # resolved, except for what depends on the device
    inputs: dict[str, Picture]  # content, style, init: those that there are
    size: Size
    workdir: Path
    output: Path


def prepare(config: Config, tell: Tell) -> Job:
    """Checks all that can be checked without TensorFlow, and reads the pictures.

    Raises:
        SettingError: names the flag, its value and what would be right.
    """
    config = config.resolved()
    _check_sources(config)
    workdir = choose_workdir(config)
    output = choose_output(config, workdir)
    named(config, "weights", lambda: check_weights(config.network, config.weights))
    if config.output:
        named(config, "output", lambda: check_output(output, config.bit_depth, False))
    sources = {name: getattr(config, name) for name in ("content", "style", "init")}
    if config.init in FIRST_PICTURES:
        del sources["init"]
    inputs = {name: _read(config, name, tell) for name, source in sources.items() if source}
    shape = inputs.get("content") or inputs["style"]
    size = named(config, "size", lambda: final_size(parse_size(config.size), Size(*shape.pixels.shape[:2])))
    if config.output and "content" in inputs:
        named(config, "output", lambda: check_output(output, config.bit_depth, inputs["content"].alpha is not None))
    return Job(config, {name: _cropped(picture, size, name) for name, picture in inputs.items()}, size, workdir, output)


def named(config: Config, name: str, action: Callable[[], Any]) -> Any:
    """Returns what `action` returns; its complaints get the name and the value of the flag."""
    try:
        return action()
    except SettingError:
        raise
    except (ValueError, OSError) as error:
        raise SettingError(name, config.shown(name), _readable(error)) from None


def _readable(error: ValueError | OSError) -> str:
    return str(getattr(error, "strerror", None) or error)


def _check_sources(config: Config) -> None:
    for name in ("content", "style"):
        if not getattr(config, name) and getattr(config, f"{name}_weight"):
            raise SettingError(
                name, "", f"Expected a picture: a path or a URL. It can be left out only with --{name}_weight=0."
            )
    if not (config.content or config.style):
        raise SettingError("content", "", "Expected a content or a style picture. Received: neither")
    for name in ("content", "style"):
        if config.init in (name, "blend")[: 1 + (name == "content")] and not getattr(config, name):
            raise SettingError("init", config.init, f"Expected --{name} as well.")


def _read(config: Config, name: str, tell: Tell) -> Picture:
    source = getattr(config, name)
    picture = named(config, name, lambda: read_picture(_sample(source) or local_file(source)))
    for note in picture.notes:
        tell(f"--{name}={source}: {note}")
    return picture


def _sample(source: str) -> Path | None:
    """Returns the path of a picture that comes along, named as sample:NAME."""
    if not source.startswith("sample:"):
        return None
    known = {path.stem: path for path in SAMPLES.glob("*.jpg")}
    name = source.removeprefix("sample:")
    if name not in known:
        raise ValueError(f"Expected one of sample:{', sample:'.join(sorted(known))}. Received: {source}")
    return known[name]


def _cropped(picture: Picture, size: Size, name: str) -> Picture:
    """Returns the content's or first picture's part of the result's proportions; styles keep theirs."""
    if name == "style":
        return picture
    rows, columns = crop_box(Size(*picture.pixels.shape[:2]), size)
    alpha = None if picture.alpha is None else picture.alpha[rows, columns]
    return picture._replace(pixels=picture.pixels[rows, columns], alpha=alpha)


def perform(job: Job, stop: threading.Event, tell: Tell) -> "Result":
    """Makes the picture and writes the run's folder; `stop` ends it early, with the picture as it is then."""
    create_workdir(job.workdir, job.config.workdir)
    weights = _weights(job.config)
    started = time.monotonic()
    device = start(job.config)
    from keras_nst.core.transfer import plan

    scales = plan(job.size, job.config)
    config = absolute(job.config.resolved(device=device.kind, precision=_precision(job.config, device)))
    (job.workdir / SETTINGS).write_text(flag_file(settings_of(config)), encoding="utf8")
    tell(f"Runs on {device.description}, {config.precision}.{f' {device.warning}' if device.warning else ''}")
    steps = scales[-1].before + scales[-1].steps
    tell(f"{job.size} pixels in {len(scales)} scales from {scales[0].size}, {steps} steps.")
    listeners, close = _listeners(job, config, scales)
    arrays = {name: picture.pixels for name, picture in job.inputs.items()}
    result = render(arrays, job.size, config, device, weights, Pace(stop, config.max_seconds), listeners)
    close()
    _save(job, result)
    _summary(job, result, time.monotonic() - started, tell)
    return result


def start(config: Config) -> Device:
    """Imports TensorFlow and returns the device to use."""
    start_tensorflow()
    return named(config, "device", lambda: choose_device(config.device))


def _weights(config: Config) -> Path | None:
    if config.weights == "random":
        return None
    return named(config, "weights", lambda: weights_path(config.network, config.weights))


def _precision(config: Config, device: Device) -> str:
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if device.bfloat16 else "float32"


def render(
    inputs: dict[str, np.ndarray],
    size: Size,
    config: Config,
    device: Device,
    weights: Path | None,
    pace: Callable[[int, int], int],
    listeners: Sequence[Listener],
) -> "Result":
    """Stylizes arrays (h, w, 3), RGB in [0, 1]; the settings are resolved."""
    import tensorflow as tf

    from keras_nst.core.features import extractor
    from keras_nst.core.transfer import Pictures, transfer

    layers = [layer.name for name in ("content", "style") for layer in config.layers_used(name)]
    with tf.device(device.name):
        features = named(
            config,
            "weights",
            lambda: extractor(
                config.network,
                layers,
                weights=weights,
                pooling=config.pooling,
                precision=config.precision,
                seed=config.seed,
            ),
        )
        tensors = {name: tf.constant(picture[None]) for name, picture in inputs.items()}
        pictures = Pictures(tensors.get("content"), tensors.get("style"), tensors.get("init"))
        return transfer(pictures, size, config, features, pace, listeners)


def _listeners(job: Job, config: Config, scales: list[Any]) -> tuple[list[Listener], Callable[[], None]]:
    from keras_nst.monitors.curves import Curves
    from keras_nst.monitors.display import display
    from keras_nst.monitors.snapshots import snapshots

    curves = Curves(job.workdir)
    curves.describe(_record(job, config), **{name: picture.pixels for name, picture in job.inputs.items()})
    work = sum(scale.steps * scale.size.height * scale.size.width for scale in scales)
    listeners: list[Listener] = [display(work, sys.stderr), curves]
    if config.snapshot_steps:
        listeners += [
            every(config.snapshot_steps, curves.show),
            every(config.snapshot_steps, snapshots(job.workdir / "snapshots")),
        ]
    return listeners, curves.close


def _record(job: Job, config: Config) -> dict[str, str]:
    """Returns what a picture tells of how it was made."""
    versions = {name: sys.modules[name].__version__ for name in ("tensorflow", "keras", "numpy")}
    hashes = {f"{name}_sha256": picture.sha256 for name, picture in job.inputs.items()}
    made_by = {"keras_nst": keras_nst.__version__, "python": platform.python_version()}
    return settings_of(config) | made_by | versions | hashes


def _save(job: Job, result: "Result") -> None:
    alpha = None
    if "content" in job.inputs and job.inputs["content"].alpha is not None:
        from keras_nst.core.transfer import resize

        alpha = resize(job.inputs["content"].alpha[None, :, :, None], job.size).numpy()[0, :, :, 0]
    named(
        job.config,
        "output",
        lambda: save_picture(
            job.output,
            result.picture[0],
            alpha=alpha,
            bit_depth=job.config.bit_depth,
            settings=_record(job, job.config),
        ),
    )


def _summary(job: Job, result: "Result", seconds: float, tell: Tell) -> None:
    if result.losses is not None:
        terms = {name: getattr(result.losses, name).mean() for name in ("total", "content", "style", "variation")}
        tell(
            "Final loss {total:.5g} (content {content:.4g}, style {style:.4g}, variation {variation:.4g})".format(
                **terms
            )
        )
    else:
        tell("Stopped early: the picture is saved as it stood.")
    tell(f"{result.steps} steps in {seconds:.0f} s.")
    tell(f"Picture: {job.output}")
    tell(f"Curves: tensorboard --logdir {job.workdir}")
