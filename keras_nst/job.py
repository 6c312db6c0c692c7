"""One run from files to files: the inputs are ready, TensorFlow is imported and works."""

import contextlib
import dataclasses
import os
import platform
import shlex
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import keras_nst
from keras_nst.config import Config, SettingError, fields, read_setting
from keras_nst.core.events import Listener, Standing, every
from keras_nst.core.pyramid import Size
from keras_nst.inputs import Job, Tell, check_sources, cropped, named, size_of_result, stretched
from keras_nst.kinds import nearest
from keras_nst.pictures.files import save_picture
from keras_nst.record import FREE, write_record
from keras_nst.runlog import logged
from keras_nst.scene import Guidance, colored, guided, numbered, recolored
from keras_nst.settings import absolute, flag_file, settings_of
from keras_nst.system.devices import Device, choose_device, start_tensorflow
from keras_nst.system.memory import free_memory, peak_memory_gb, resident_memory
from keras_nst.system.pace import Pace
from keras_nst.system.planner import choose_sight
from keras_nst.system.weights import weights_path
from keras_nst.terms import SEPARATOR
from keras_nst.workdir import PICTURE, SETTINGS, clear_workdir, create_workdir, release_workdir

if TYPE_CHECKING:
    import keras

    from keras_nst.core.sight import Pictures
    from keras_nst.core.transfer import Result
    from keras_nst.monitors.checkpoints import Resumed
    from keras_nst.monitors.curves import Curves

# Settings that mean files, not arrays.
FILES = (
    *("content", "style", "content_mask", "style_mask"),
    *("workdir", "output", "overwrite", "bit_depth", "snapshot_steps"),
)
MOST_SHOWN = 100  # pictures in TensorBoard, so that event files stay small
EXPECTED = (SettingError, OSError, MemoryError, KeyboardInterrupt)
ARRAY = "array"  # stands for the name of a file where there is none
KEPT = ("content", "luminance")  # values of --color by which the result keeps the content's colors


def perform(job: Job, stop: threading.Event, tell: Tell) -> "Result":
    """Makes the picture, or goes on with it, and writes the run's folder; `stop` ends it early, to be gone on with.

    Raises:
        Unexpected: something went wrong that should not; the folder's log tells what.
    """
    workdir, held = create_workdir(job.workdir, job.config.workdir)
    with contextlib.closing(held), logged(workdir, EXPECTED) as log:

        def say(line: str) -> None:
            log.info(line)
            tell(line)

        try:
            if job.config.overwrite:
                clear_workdir(workdir)
            weights = find_weights(job.config)
            device = start(job.config)
            say(f"Runs on {device.description}.{f' {device.warning}' if device.warning else ''}")
            job = job._replace(workdir=workdir, output=job.output if job.config.output else workdir / PICTURE)
            job, resumed = _going_on(job, device, say)
            log.info("%s\n%s", job.record.machine, flag_file(settings_of(job.config)))
            features = load_features(job.config, weights)
        except BaseException:
            if job.earlier is None:
                release_workdir(workdir)
            raise
        return _work(job, resumed, device, features, stop, say)


def _going_on(job: Job, device: Device, tell: Tell) -> tuple[Job, "Resumed | None"]:
    """Returns the run with all its settings resolved, and where it goes on, if it does."""
    config = on_device(job.config, device)
    earlier, resumed = job.earlier, _last_checkpoint(job, tell) if job.earlier else None
    if earlier is None or resumed is None:
        config = fit_into_memory(job.size, config, device, tell)
        record = job.record._replace(resolved=settings_of(absolute(config)))
        write_record(job.workdir, record)
        (job.workdir / SETTINGS).write_text(flag_file(record.resolved), encoding="utf8")
        return job._replace(config=config, record=record), None
    then = resumed.standing.config
    new = dataclasses.replace(then, **{name: getattr(config, name) for name in FREE})
    if new.memory_limit_gb != then.memory_limit_gb:  # by what is allowed now
        new = new.resolved(evaluator=config.evaluator, tile_size=config.tile_size, convolution=config.convolution)
        new = fit_into_memory(job.size, new, device, tell)
    for name, value in job.record.machine.items():
        if value != earlier.machine.get(name):
            tell(f"Goes on with another {name}, {value}: the last bits of the picture will differ.")
    record = job.record._replace(resolved=earlier.resolved)
    write_record(job.workdir, record)
    standing = resumed.standing._replace(config=new)
    return job._replace(config=new, record=record), resumed._replace(standing=standing)


def _last_checkpoint(job: Job, tell: Tell) -> "Resumed | None":
    from keras_nst.monitors.checkpoints import read_checkpoint

    try:
        resumed = read_checkpoint(job.workdir)
    except (OSError, ValueError) as error:
        tell(f"Begins anew: {error}")
        return None
    tell(f"Goes on behind step {resumed.step}." if resumed else "Begins anew: there is no checkpoint yet.")
    return resumed


def _work(
    job: Job,
    resumed: "Resumed | None",
    device: Device,
    features: "keras.Model",
    stop: threading.Event,
    tell: Tell,
) -> "Result":
    from keras_nst.core.transfer import plan
    from keras_nst.monitors.checkpoints import Checkpoints
    from keras_nst.monitors.display import beside_the_bar

    scales, started = plan(job.size, job.config), time.monotonic()
    count = f"{len(scales)} scale{'s' * (len(scales) > 1)} from {scales[0].size}"
    steps = scales[-1].before + scales[-1].steps
    tell(f"{job.size} pixels in {job.config.precision}, {count}, steps: {steps}.")
    arrays = {name: picture.pixels for name, picture in job.inputs.items()}
    checkpoints = Checkpoints(job.workdir, job.config.checkpoint_secs)
    with contextlib.ExitStack() as closing, out_of_memory_in_one_line(job):
        curves = _curves(job, resumed, closing)
        listeners: list[Listener] = [*_listeners(job, scales, resumed, curves, closing), checkpoints]
        work = [(scale.size.height * scale.size.width, scale.steps) for scale in scales]
        pace, say = Pace(stop, job.config.max_seconds, work), beside_the_bar(tell)
        standing = resumed.standing if resumed else None
        result = render(arrays, job.guidance, job.size, job.config, device, features, pace, listeners, say, standing)
        if result.losses is not None and job.config.figures and job.config.weights == "imagenet":
            _tell_figures(job, result, steps + 1, curves, tell)
    path = _save(job, result, tell)
    _summary(job, result, path, time.monotonic() - started, tell)
    if result.losses is not None and not pace.cut:
        try:
            write_record(job.workdir, job.record._replace(finished=True))
        except OSError as error:  # the folder may be gone, the picture is saved
            tell(f"The run's folder does not tell that it is finished: {error.strerror or error}")
    elif not result.diverged and checkpoints.keep():
        tell(f"To go on: python -m keras_nst.run --resume={shlex.quote(str(job.workdir))}")
    return result


@contextlib.contextmanager
def out_of_memory_in_one_line(job: Job) -> Iterator[None]:
    """Says what helps where TensorFlow finds no memory even for the smallest tiles."""
    from keras_nst.core.transfer import OUT_OF_MEMORY

    try:
        yield
    except OUT_OF_MEMORY:
        advice = "Not enough memory, even in small tiles. Expected a smaller size."
        raise SettingError("size", job.config.size, advice) from None


def stylize(
    content: np.ndarray | None,
    style: np.ndarray | Sequence[np.ndarray] | None,
    *,
    first: np.ndarray | None = None,
    content_mask: np.ndarray | None = None,
    style_mask: np.ndarray | Sequence[np.ndarray] | None = None,
    style_weights: Sequence[float] = (),
    listeners: Sequence[Listener] = (),
    **settings: Any,
) -> np.ndarray:
    """Returns the content picture in the manner of the style picture, (h, w, 3), RGB in [0, 1].

    Args:
        content, style: (h, w, 3), RGB, uint8 or float in [0, 1]; None where its weight is 0. Styles are blended.
        first: the picture to start from, if neither content nor noise.
        content_mask, style_mask: pictures whose colors name regions; one mask for each style.
        style_weights: of the styles; all alike if there are none.
        listeners: called with a `Progress` after each chunk of steps.
        **settings: fields of `Config`; `size` as for the command.
    """
    styles, masks = _several(style), _several(style_mask)
    given = {"content": content, "init": first, "content_mask": content_mask}
    given |= dict(zip(numbered("style", len(styles)), styles, strict=True))
    given |= dict(zip(numbered("style_mask", len(masks)), masks, strict=True))
    inputs = {name: _as_floats(picture) for name, picture in given.items() if picture is not None}
    weights_given = style_weights or [1.0] * len(styles)
    if len(weights_given) != len(styles):
        raise ValueError(f"Expected a weight for each of {len(styles)} styles. Received: {len(weights_given)}")
    names: dict[str, Any] = {
        "style": SEPARATOR.join(f"{ARRAY}:{weight:g}" for weight in weights_given),
        "content_mask": ARRAY if content_mask is not None else "",
        "style_mask": SEPARATOR.join([ARRAY] * len(masks)),
    }
    config = Config(**{name: _setting(name, value) for name, value in settings.items()}, **names).resolved()
    check_sources(config, inputs)
    shape = inputs["content" if "content" in inputs else "style"].shape
    size = size_of_result(config, Size(*shape[:2]))
    for name in [name for name in inputs if "mask" in name]:
        inputs[name] = stretched(inputs[name], Size(*inputs[name.replace("_mask", "")].shape[:2]))
    inputs = {name: cropped(picture, size, name) for name, picture in inputs.items()}
    guidance = guided(inputs, {}, config)
    weights, device = find_weights(config), start(config)
    from keras_nst.core.transfer import plan

    config = fit_into_memory(size, on_device(config, device), device, lambda line: None)
    work = [(scale.size.height * scale.size.width, scale.steps) for scale in plan(size, config)]
    pace = Pace(threading.Event(), config.max_seconds, work)
    features = load_features(config, weights)
    result = render(inputs, guidance, size, config, device, features, pace, listeners)
    if result.diverged:
        raise ValueError(f"Expected settings whose loss stays a number. Received: none after step {result.steps}")
    return result.picture[0]


def _setting(name: str, value: Any) -> Any:
    """Returns a setting from a value of Python's, a list or a text as a flag has it."""
    if name not in fields():
        raise TypeError(f"Expected settings among {', '.join(fields())}.{nearest(name, fields())} Received: {name}")
    if name in FILES:
        raise ValueError(f"Expected settings for arrays. Received: {name}, which is for files")
    written = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
    return read_setting(name, "auto" if value is None else written)


def _several(pictures: np.ndarray | Sequence[np.ndarray] | None) -> list[np.ndarray]:
    """Returns one picture or several as a list."""
    if pictures is None:
        return []
    return [pictures] if isinstance(pictures, np.ndarray) else list(pictures)


def _as_floats(picture: np.ndarray) -> np.ndarray:
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[-1] != 3:
        raise ValueError(f"Expected a picture of shape (height, width, 3). Received: {array.shape}")
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(np.float32) / np.iinfo(array.dtype).max
    if not (np.isfinite(array).all() and 0 <= array.min() and array.max() <= 1):
        raise ValueError(f"Expected floats in [0, 1], or integers. Received: {array.min()} to {array.max()}")
    return array.astype(np.float32)


def start(config: Config) -> Device:
    """Imports TensorFlow and returns the device to use."""
    start_tensorflow(memory_to_take(config))
    if config.deterministic:
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    return named(config, "device", lambda: choose_device(config.device))


def find_weights(config: Config) -> Path | None:
    """Returns the file of the network's weights, verified; None for random ones."""
    if config.weights == "random":
        return None
    return named(config, "weights", lambda: weights_path(config.network, config.weights))


def on_device(config: Config, device: Device) -> Config:
    """Returns the settings with what depends on the device written out."""
    precision = config.precision if config.precision != "auto" else "bfloat16" if device.bfloat16 else "float32"
    compiled = "off" if device.kind == "cpu" else "on"
    xla = compiled if config.xla == "auto" else config.xla
    convolution = config.convolution
    if convolution == "winograd" and precision != "float32":
        raise SettingError("convolution", convolution, f"Expected --precision=float32 with it, not {precision}.")
    if convolution == "winograd" and config.seamless:
        raise SettingError("convolution", convolution, "Not with --seamless.")
    gains = (device.kind, precision, xla) == ("cpu", "float32", "off") and not config.seamless
    if convolution == "auto" and not gains:
        convolution = "direct"
    return config.resolved(device=device.kind, precision=precision, xla=xla, convolution=convolution)


def fit_into_memory(size: Size, config: Config, device: Device, tell: Tell) -> Config:
    """Returns the settings with how the network is to see the picture, chosen by the memory there is.

    Where nothing tells that of a GPU, the picture is seen as a whole unless the settings say otherwise.
    """
    free = memory_to_take(config) if device.kind == "cpu" else device.memory
    if not free:
        return config.resolved(evaluator="whole" if config.evaluator == "auto" else config.evaluator)
    sight = named(config, "size", lambda: choose_sight(size, config, free))
    tell(f"{sight} of {config.memory_limit_gb or free / 1e9:.1f} GB.")
    return config.resolved(evaluator=sight.evaluator, tile_size=sight.tile_size, convolution=sight.convolution)


def memory_to_take(config: Config) -> float:
    """Returns the bytes this process may have in all."""
    return config.memory_limit_gb * 1e9 or free_memory() + resident_memory()


def load_features(config: Config, weights: Path | None) -> "keras.Model":
    """Returns the network that the settings ask for."""
    from keras_nst.core.features import extractor

    layers = [layer.name for name in ("content", "style") for layer in config.layers_used(name)]
    choices: dict[str, Any] = {"pooling": config.pooling, "precision": config.precision, "seed": config.seed}
    choices["padding"] = "wrap" if config.seamless else config.padding
    return named(config, "weights", lambda: extractor(config.network, layers, weights=weights, **choices))


def render(
    inputs: dict[str, np.ndarray],
    guidance: Guidance,
    size: Size,
    config: Config,
    device: Device,
    features: "keras.Model",
    pace: Callable[[int, int], int | None],
    listeners: Sequence[Listener],
    tell: Tell = lambda line: None,
    resumed: Standing | None = None,
) -> "Result":
    """Stylizes arrays (h, w, 3), RGB in [0, 1]; the settings are resolved."""
    import tensorflow as tf

    from keras_nst.core.sight import resize
    from keras_nst.core.transfer import transfer

    content = inputs.get("content") if config.color in KEPT else None

    def shown(pictures: np.ndarray) -> np.ndarray:
        if content is None:
            return pictures
        colors = resize(content[None], Size(*pictures.shape[1:3])).numpy()[0]  # a scale's size is not the result's
        return np.stack([recolored(picture, colors, config) for picture in pictures])

    def in_color(listen: Listener) -> Listener:
        return lambda progress: listen(progress._replace(picture=lambda: shown(progress.picture())))

    with tf.device(device.name):
        pictures = pictures_of(colored(inputs, config), guidance, config)
        listening = [in_color(listen) for listen in listeners]
        result = transfer(pictures, size, config, features, pace, listening, tell, resumed)
    return result._replace(picture=shown(result.picture))


def pictures_of(inputs: dict[str, np.ndarray], guidance: Guidance, config: Config) -> "Pictures":
    """Returns the inputs as the algorithm takes them."""
    from keras_nst.core.sight import Pictures, Style

    batches = {name: picture[None] for name, picture in inputs.items()}
    given = [name for name in numbered("style", len(config.styles())) if name in batches]
    scales = config.style_scale if len(config.style_scale) > 1 else config.style_scale * len(given)
    styles = tuple(
        Style(batches[name], source.weight, scale, source.blocks, regions)
        for name, source, scale, regions in zip(given, config.styles(), scales, guidance.styles, strict=True)
    )
    return Pictures(batches.get("content"), styles, batches.get("init"), guidance.content, guidance.free)


def _tell_figures(job: Job, result: "Result", step: int, curves: "Curves", tell: Tell) -> None:
    """Measures how good the picture is, on layers that were not optimized."""
    from keras_nst.core.features import extractor
    from keras_nst.core.quality import LAYERS, figures

    judge = extractor(job.config.network, LAYERS, weights=find_weights(job.config), precision=job.config.precision)
    content, style = (job.inputs[name].pixels[None] if name in job.inputs else None for name in ("content", "style"))
    told = figures(content, style, result.picture, judge)._asdict()
    known = {name: value for name, value in told.items() if value is not None}
    curves.judge(known, step)
    tell("Figures: " + ", ".join(f"{name} {value:.3f}" for name, value in known.items()) + ".")


def _curves(job: Job, resumed: "Resumed | None", closing: contextlib.ExitStack) -> "Curves":
    """Returns what writes the event files, which have what was written up to the checkpoint."""
    from keras_nst.monitors.curves import Curves
    from keras_nst.monitors.trimming import trim_events

    trim_events(job.workdir, resumed.step if resumed else -1)
    curves = Curves(job.workdir)
    closing.callback(curves.close)
    if not resumed:
        curves.describe(_record(job), **{name: picture.pixels for name, picture in job.inputs.items()})
    return curves


def _listeners(
    job: Job, scales: list[Any], resumed: "Resumed | None", curves: "Curves", closing: contextlib.ExitStack
) -> list[Listener]:
    from keras_nst.monitors.display import display
    from keras_nst.monitors.snapshots import snapshots

    done = resumed.step if resumed else 0
    work = sum(scale.steps * scale.size.height * scale.size.width for scale in scales)
    bar = display(work, sys.stderr)
    closing.callback(bar.close)
    period, total = job.config.snapshot_steps, scales[-1].before + scales[-1].steps
    if not period:
        return [bar, curves]
    files = snapshots(job.workdir / "snapshots", job.config.keep_snapshots)
    shown = max(period, total // MOST_SHOWN)
    return [bar, curves, every(shown, curves.show, done), every(period, files, done)]


def _record(job: Job) -> dict[str, str]:
    """Returns what a picture tells of how it was made."""
    versions = {name: sys.modules[name].__version__ for name in ("tensorflow", "keras", "numpy")}
    hashes = {f"{name}_sha256": picture.sha256 for name, picture in job.inputs.items()}
    made_by = {"keras_nst": keras_nst.__version__, "python": platform.python_version()}
    return settings_of(job.config) | made_by | versions | hashes


def _save(job: Job, result: "Result", tell: Tell) -> Path:
    """Saves the picture where it was asked for; where that fails now, anywhere rather than lose it."""
    alpha = _alpha(job)
    elsewhere = (job.workdir / PICTURE, Path(tempfile.gettempdir()) / f"{job.workdir.name}-{os.getpid()}.png")
    for path in dict.fromkeys((job.output, *elsewhere)):
        try:
            save_picture(
                path,
                result.picture[0],
                alpha=alpha,
                bit_depth=job.config.bit_depth,
                settings=_record(job),
                overwrite=job.config.overwrite or job.earlier is not None or path.parent == job.workdir,
            )
            return path
        except OSError as error:
            tell(f"The picture cannot be saved as {path}: {error.strerror or error}.")
    raise SettingError("output", str(job.output), "The picture could not be saved anywhere.")


def _alpha(job: Job) -> np.ndarray | None:
    """Returns the content's transparency at the size of the result."""
    alpha = job.inputs["content"].alpha if "content" in job.inputs else None
    if alpha is None:
        return None
    from keras_nst.core.sight import resize

    return resize(alpha[None, :, :, None], job.size).numpy()[0, :, :, 0]


def _summary(job: Job, result: "Result", path: Path, seconds: float, tell: Tell) -> None:
    losses = result.losses
    if result.diverged:
        tell(f"The loss is no longer a number after step {result.steps}: the picture is saved as it stood there.")
    elif losses is None:
        tell("Stopped early: the picture is saved as it stood.")
    else:
        terms = (f"{name} {getattr(losses, name).mean():.4g}" for name in ("content", "style", "variation"))
        tell(f"Final loss {losses.total.mean():.5g} ({', '.join(terms)}).")
    tell(f"Steps: {result.steps}, in {seconds:.0f} s, at most {peak_memory_gb():.1f} GB of memory.")
    tell(f"Picture: {path}")
    tell(f"Curves: tensorboard --logdir {job.workdir}")
