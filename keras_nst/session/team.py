"""Divides one picture among several devices or processes."""

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from keras_nst.core.plan.pyramid import Size
from keras_nst.core.plan.tiling import TILE_SIZES, tiles
from keras_nst.session.scene import Scene
from keras_nst.settings.config import Config, Resolved
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import settings_of
from keras_nst.system import cluster
from keras_nst.system.devices import Device

if TYPE_CHECKING:
    from keras_nst.core.descent.scales import Pace
    from keras_nst.core.network.network import Crew

LEAST_UNASKED = 512  # pixels a side: without a request, only tiles at least this large are worth dividing among devices


def task_of(config: Config) -> cluster.Task:
    """Returns the number of this process among those of the run."""
    if config.strategy != "multi_worker":
        return cluster.Task()
    with config.about("strategy"):
        return cluster.task()


def crew_of(config: Config, device: Device) -> "Crew":
    """Returns the devices and processes that share the tiles of large pictures.

    Raises:
        SettingError: the requested devices do not exist.
    """
    from keras_nst.core.network.network import ALONE, Crew

    part = task_of(config)
    devices = devices_like(device, part) or ("",)
    if config.strategy == "multi_worker":
        return Crew(devices, part.number, part.processes, total_over(part.processes))
    if config.strategy == "mirrored" and len(devices) < 2:
        reason = f"Expected several devices of one kind on this machine. Received: one, {device.description}."
        raise SettingError("strategy", "mirrored", reason)
    shares = config.strategy == "mirrored" or (config.strategy == "auto" and device.kind == "gpu")
    return Crew(devices) if shares else ALONE


def devices_like(device: Device, part: cluster.Task) -> tuple[str, ...]:
    """Returns TensorFlow's names of this process's devices of the same kind, if there are several."""
    import tensorflow as tf

    names = [found.name for found in tf.config.list_logical_devices(device.kind.upper())]
    own = [name for name in names if "/task:" not in name or f"/task:{part.number}/" in name]
    return tuple(own) if len(own) > 1 else ()


def total_over(processes: int) -> Callable[[Any], Any]:
    """Returns a function that sums structures of tensors of one type over the processes, by one exchange."""
    import tensorflow as tf

    from keras_nst.core.network.programs import Programs

    strategy, programs = cluster.connected(), Programs()
    copies = strategy.num_replicas_in_sync // processes  # in each process

    def exchange(names: tuple[str, ...], flat: tf.Tensor) -> tf.Tensor:
        def sum_of_all(own: tf.Tensor) -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce("SUM", own / copies)

        return strategy.experimental_local_results(strategy.run(sum_of_all, (flat,)))[0]

    def total(structure: Any) -> Any:
        tensors = [tf.convert_to_tensor(tensor) for tensor in tf.nest.flatten(structure)]
        flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)
        try:
            parts = tf.split(programs.run(exchange, (), flat), [tensor.shape.num_elements() for tensor in tensors])
        except tf.errors.OpError as error:
            reason = error.message.strip().partition("\n")[0]
            raise ConnectionError(f"Lost the connection to another process of TF_CONFIG: {reason}") from None
        shaped = [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]
        return tf.nest.pack_sequence_as(structure, shaped)

    return total


def shared_out(config: Config, size: Size, crew: "Crew", tell: Tell) -> Config:
    """Returns the settings with tiles small enough that each device and process has at least one, if they are to share.

    Raises:
        SettingError: the settings request something that cannot be divided.
    """
    asked = config.strategy in ("mirrored", "multi_worker")
    unfit = "--evaluator=whole" if config.evaluator == "whole" else "--seamless, swd or neighbor" * config.needs_whole()
    if crew.hands == 1 or (unfit and not asked):
        return config
    if unfit:
        raise SettingError(
            "strategy", config.strategy, f"Cannot be combined with {unfit}: devices divide a picture into tiles."
        )
    layers = [layer.name for term in ("content", "style") for layer in config.layers_used(term)]
    side = config.tile_size or fair_side(size, crew.hands, config.network, layers)
    if side is None or (side < LEAST_UNASKED and not asked):
        if asked:
            tell("The picture is too small to be divided among the devices.")
        return config
    return dataclasses.replace(config, evaluator="tiles", tile_size=side)


def fair_side(size: Size, hands: int, network: str, layers: Sequence[str]) -> int | None:
    """Returns the largest tile side that gives each at least one tile; None if no side does."""
    return next((side for side in TILE_SIZES if len(tiles(size, side, network, layers)) >= hands), None)


def agreed(pace: "Pace", crew: "Crew") -> "Pace":
    """Returns a pace that follows the first process, and stops all processes if one of them is to stop."""
    if crew.processes == 1:
        return pace
    import tensorflow as tf

    def ask(scale: int, left: int) -> int | None:
        count = pace(scale, left)
        own = [float(count or 0) * (crew.number == 0), float(count is None)]
        asked, stopped = crew.total(tf.constant(own)).numpy()
        return None if stopped else int(asked)

    return ask


def check_alike(config: Resolved, scene: Scene, crew: "Crew") -> None:
    """Refuses to start if the processes have different pictures, or settings that would make them differ.

    Raises:
        SettingError: they do.
    """
    if crew.processes == 1:
        return
    import tensorflow as tf

    pictures = [(name, picture.sha256) for name, picture in scene.named().items()]
    own = zlib.crc32(repr((settings_of(config), pictures, scene.size)).encode()) % 2**20
    mean, square = crew.total(tf.constant([own / 2**10, (own / 2**10) ** 2], tf.float64)).numpy() / crew.processes
    if square - mean**2 > 1e-9:
        reason = "Expected the same settings and pictures for all processes, including --precision and --tile_size."
        raise SettingError("strategy", "multi_worker", reason)
