"""Fits settings to this machine: device, precision, and whether a picture is seen whole or in tiles."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from keras_nst.core.plan.pyramid import Size
from keras_nst.session.planner import choose_sight, has_room_for_all, most_together
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.system.cluster import connected
from keras_nst.system.devices import Device, choose_device, start_tensorflow
from keras_nst.system.memory import free_memory, resident_memory
from keras_nst.system.programs import flags_to_keep_programs
from keras_nst.system.weights import weights_path


def start(config: Config) -> Device:
    """Imports TensorFlow and returns the device to use."""
    several = config.strategy == "multi_worker"
    flags = flags_to_keep_programs() if config.keep_programs else ""
    start_tensorflow(memory_to_take(config), flags, connected if several else None)
    if config.deterministic:
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    with config.about("device"):
        return choose_device(config.device)


def find_weights(config: Config) -> Path | None:
    """Returns the verified file of the network's weights; None for random weights."""
    if config.weights == "random":
        return None
    with config.about("weights"):
        return weights_path(config.network, config.weights)


def resolve(config: Config, size: Size, device: Device, tell: Tell) -> Resolved:
    """Returns the settings of a picture of this size with every `auto` resolved."""
    return fit_into_memory(on_device(config.completed(), device), size, device, tell)


def on_device(config: Config, device: Device) -> Config:
    """Returns the settings with everything that depends on the device resolved."""
    precision = config.precision if config.precision != "auto" else "bfloat16" if device.bfloat16 else "float32"
    compiled = "off" if device.kind == "cpu" else "on"
    xla = compiled if config.xla == "auto" else config.xla
    convolution = config.convolution
    if convolution == "winograd" and precision != "float32":
        raise SettingError("convolution", convolution, f"Expected --precision=float32. Received: {precision}")
    if convolution == "winograd" and config.seamless:
        raise SettingError("convolution", convolution, "Cannot be combined with --seamless.")
    gains = (device.kind, precision, xla) == ("cpu", "float32", "off") and not config.seamless
    if convolution == "auto" and not gains:
        convolution = "direct"
    return dataclasses.replace(config, device=device.kind, precision=precision, xla=xla, convolution=convolution)


def fit_into_memory(config: Config, size: Size, device: Device, tell: Tell) -> Resolved:
    """Returns the settings with the way the network sees the picture, whole or in tiles, chosen by the free memory.

    If the memory of a GPU is unknown, the picture is seen whole unless the settings request tiles.
    """
    free = memory_to_take(config) if device.kind == "cpu" else device.memory
    if not free:
        return config.resolved()
    with config.about("size"):
        sight = choose_sight(size, config, free)
    tell(f"{sight} of {config.memory_limit_gb or free / 1e9:.1f} GB.")
    return config.resolved(evaluator=sight.evaluator, tile_size=sight.tile_size, convolution=sight.convolution)


def most_at_once(config: Resolved, size: Size, device: Device) -> int:
    """Returns how many pictures may be optimized in one batch; one if the memory available is unknown."""
    free = memory_to_take(config) if device.kind == "cpu" else device.memory
    return most_together(size, config, free) if free else 1


def compiles(config: Resolved) -> bool:
    """Returns whether steps may need to be compiled, which takes up to a minute at each size."""
    return config.convolution != "direct" or config.xla == "on"


def prepares_ahead(config: Resolved, size: Size, device: Device, count: int = 1) -> bool:
    """Returns whether to prepare the next scales of `count` pictures in parallel with the steps: if all scales fit.

    Not if --max_seconds is set, since that time is for the steps; nor on a GPU, where this is not tested.
    """
    free_for_it = device.kind == "cpu" and config.evaluator == "whole" and not config.max_seconds
    return free_for_it and has_room_for_all(size, config, memory_to_take(config), count)


def memory_to_take(config: Config) -> float:
    """Returns the total number of bytes that this process may use."""
    return config.memory_limit_gb * 1e9 or free_memory() + resident_memory()


@contextlib.contextmanager
def out_of_memory_in_one_line(config: Config) -> Iterator[None]:
    """Turns TensorFlow's out-of-memory error, even with the smallest tiles, into a message that says what helps."""
    from keras_nst.core.descent.scales import OUT_OF_MEMORY

    try:
        yield
    except OUT_OF_MEMORY:
        advice = "Not enough memory, even in small tiles. Expected a smaller --size."
        raise SettingError("size", config.size, advice) from None
