"""What makes pictures: TensorFlow started, settings fitted to the machine, the network loaded, arrays stylized."""

import functools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_nst.config import Config, SettingError
from keras_nst.core.events import Listener, Standing
from keras_nst.core.pyramid import Size
from keras_nst.inputs import Tell, named
from keras_nst.pictures.alpha import laid_on
from keras_nst.scene import Guidance, colored, numbered, recolored
from keras_nst.system.devices import Device, choose_device, start_tensorflow
from keras_nst.system.memory import free_memory, resident_memory
from keras_nst.system.pace import Pace, seconds_for_steps
from keras_nst.system.planner import choose_sight
from keras_nst.system.programs import flags_to_keep_programs
from keras_nst.system.weights import weights_path
from keras_nst.terms import parse_color

if TYPE_CHECKING:
    import keras

    from keras_nst.core.sight import Pictures
    from keras_nst.core.transfer import Result, Scale

KEPT = ("content", "luminance")  # values of --color by which the result keeps the content's colors


def start(config: Config) -> Device:
    """Imports TensorFlow and returns the device to use."""
    start_tensorflow(memory_to_take(config), flags_to_keep_programs() if config.keep_programs else "")
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
    """Returns the network that the settings ask for; the last one is kept, for those who make many pictures."""
    layers = tuple(layer.name for name in ("content", "style") for layer in config.layers_used(name))
    choices: dict[str, Any] = {"pooling": config.pooling, "precision": config.precision, "seed": config.seed}
    choices["padding"] = "wrap" if config.seamless else config.padding
    changed = weights.stat().st_mtime_ns if weights else 0
    return named(config, "weights", lambda: _network(config.network, layers, weights, changed, **choices))


@functools.lru_cache(maxsize=1)
def _network(name: str, layers: tuple[str, ...], weights: Path | None, changed: int, **choices: Any) -> "keras.Model":
    """Builds a network; `changed` tells one file of weights from the next in its place."""
    from keras_nst.core.features import extractor

    return extractor(name, layers, weights=weights, **choices)


def paced(scales: "Sequence[Scale]", config: Config, begun: float, stop: threading.Event) -> Pace:
    """Returns what shares the time left by --max_seconds out over the scales; the run began at `begun`."""
    work = [(scale.size.height * scale.size.width, scale.steps) for scale in scales]
    return Pace(stop, seconds_for_steps(config.max_seconds, begun), work)


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
        pictures = pictures_of(colored(inputs, guidance, config), guidance, config)
        listening = [in_color(listen) for listen in listeners]
        result = transfer(pictures, size, config, features, pace, listening, tell, resumed)
    return result._replace(picture=shown(result.picture))


def with_transparency(
    pixels: np.ndarray, alpha: np.ndarray | None, config: Config
) -> tuple[np.ndarray, np.ndarray | None]:
    """Returns a result (h, w, 3) and its alpha (h, w), which is the content's of any size; or laid on --background."""
    if alpha is None:
        return pixels, None
    from keras_nst.core.sight import resize

    alpha = resize(alpha[None, :, :, None], Size(*pixels.shape[:2])).numpy()[0, :, :, 0]
    return (laid_on(parse_color(config.background), pixels, alpha), None) if config.background else (pixels, alpha)


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
