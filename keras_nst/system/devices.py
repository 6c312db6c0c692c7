"""Chooses the device and its precision. Commands call this; nothing happens on import."""

import contextlib
import gc
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.system.quiet import quiet_stderr

CPU_INFO = Path("/proc/cpuinfo")
HARDWARE_BFLOAT16 = {"avx512_bf16", "amx_bf16"}
DEVICE_FILES = Path("/dev")
VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
# Bytes: the program itself, with TensorFlow's code and Python's objects, and the smallest run's tensors.
BESIDE_TENSORS, LEAST_FOR_TENSORS = 0.5e9, 0.25e9


class Device(NamedTuple):
    """A TensorFlow device."""

    kind: str  # cpu, gpu or tpu
    name: str  # TensorFlow's name, like /GPU:0
    description: str
    bfloat16: bool  # in hardware
    warning: str = ""
    memory: float = 0.0  # bytes free on it for tensors; 0 if unknown, or if it is the system's memory


def start_tensorflow(memory: float, xla_flags: str = "", first: Callable[[], Any] | None = None) -> None:
    """Imports TensorFlow and Keras once, without their messages, whatever backend the user's own settings name.

    Args:
        memory: the total bytes this process may use. Tensors beyond that raise an error, where otherwise the system
            would kill the process.
        xla_flags: for XLA, instead of those in the environment.
        first: called before the first operation.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    settings = allocation(memory) | onednn() | ({"TF_XLA_FLAGS": xla_flags} if xla_flags else {})
    with quiet_stderr(), environment(settings), _all_kept("tensorflow" not in sys.modules):
        import keras
        import tensorflow as tf

        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float32")
        if first:
            first()
        tf.zeros(1)  # the first operation detects devices and memory, which prints more messages


@contextlib.contextmanager
def _all_kept(first: bool) -> Iterator[None]:
    """Disables Python's garbage collection during the import, whose million objects are permanent: a quarter faster.

    Objects are frozen only the first time: later there would be garbage of earlier runs among them.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
        if first:
            gc.freeze()
    finally:
        if searching:
            gc.enable()


def allocation(memory: float) -> dict[str, str]:
    """Returns TensorFlow's memory settings, except those that the user's environment has."""
    for_tensors = int(max(memory - BESIDE_TENSORS, LEAST_FOR_TENSORS))
    wanted = {
        # Keeps memory between steps. Without it the system clears every tensor's pages again, an eighth of all work.
        "TF_CPU_ALLOCATOR_USE_BFC": "true",
        "TF_CPU_BFC_MEM_LIMIT_IN_MB": str(for_tensors // 2**20),
        "TF_MKL_ALLOC_MAX_BYTES": str(for_tensors),  # the same, if oneDNN is used
    }
    return {name: value for name, value in wanted.items() if name not in os.environ}


def onednn() -> dict[str, str]:
    """Returns the setting that makes TensorFlow use oneDNN if it is faster, unless the user's environment has one.

    By default TensorFlow uses it only if the processor has neural network instructions: not with AVX-512 alone.
    """
    wanted = "avx512f" in cpu_flags() and "TF_ENABLE_ONEDNN_OPTS" not in os.environ
    return {"TF_ENABLE_ONEDNN_OPTS": "1"} if wanted else {}


@contextlib.contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Sets variables for code run or imported inside; processes started later do not inherit them."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def choose_device(kind: str) -> Device:
    """Returns the device of this kind, or for "auto" the best one available.

    Raises:
        ValueError: there is no such device.
    """
    found = {"tpu": _tpu, "gpu": _gpu, "cpu": _cpu}
    for name in found if kind == "auto" else [kind]:
        device = found[name]()
        if device:
            return device
    raise ValueError(
        f"Expected a device that TensorFlow finds on this machine. Received: {kind}. {_unused_gpu_warning()}".strip()
    )


def _cpu() -> Device:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    bfloat16 = bool(cpu_flags() & HARDWARE_BFLOAT16)
    return Device("cpu", "/CPU:0", f"CPU, {cores} cores", bfloat16, _unused_gpu_warning())


def cpu_flags() -> set[str]:
    """Returns the processor's features by Linux's names; empty on other systems."""
    try:
        info = CPU_INFO.read_text(encoding="utf8")
    except OSError:
        return set()
    lines = (line for line in info.splitlines() if line.startswith("flags"))
    return set(next(lines, "").split())


def gpus() -> list[str]:
    """Returns the NVIDIA GPUs that this process may use, named as in CUDA_VISIBLE_DEVICES, without TensorFlow."""
    if (named := os.environ.get(VISIBLE_GPUS)) is not None:
        return [name for name in named.split(",") if name not in ("", "-1")]
    return sorted((path.name.removeprefix("nvidia") for path in DEVICE_FILES.glob("nvidia[0-9]*")), key=int)


def _gpu() -> Device | None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return None
    details = tf.config.experimental.get_device_details(gpus[0])
    # Ampere, compute capability 8.0, was the first with bfloat16.
    bfloat16 = details.get("compute_capability", (0, 0)) >= (8, 0)
    description = f"GPU, {details.get('device_name', 'unknown')}"
    return Device("gpu", "/GPU:0", description, bfloat16, memory=_gpu_memory())


def _gpu_memory() -> float:
    """Returns the bytes that TensorFlow reserves on the GPU, minus those in use."""
    import tensorflow as tf
    from tensorflow.python.client import device_lib  # only this module knows the limit

    limits = [float(device.memory_limit) for device in device_lib.list_local_devices() if device.device_type == "GPU"]
    return limits[0] - tf.config.experimental.get_memory_info("GPU:0")["current"] if limits else 0.0


def _tpu() -> Device | None:
    import tensorflow as tf

    address = os.environ.get("TPU_NAME", "")
    if not (tf.config.list_physical_devices("TPU") or address):
        return None
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=address or "local")
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, OSError, tf.errors.OpError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"Expected a TPU at TPU_NAME, or none. Received: {address or 'local'} ({reason})") from None
    return Device("tpu", "/TPU:0", "TPU", bfloat16=True)


def _unused_gpu_warning() -> str:
    import tensorflow as tf

    here = any(DEVICE_FILES.glob("nvidia[0-9]*")) and os.environ.get(VISIBLE_GPUS) not in ("", "-1")
    if here and not tf.config.list_physical_devices("GPU"):
        return "TensorFlow cannot use this machine's GPU. To install what it needs: pip install 'tensorflow[and-cuda]'."
    return ""
