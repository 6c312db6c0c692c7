"""What computes: TensorFlow started whatever the user's settings, devices found, precision known."""

import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
import tensorflow as tf
from conftest import ROOT
from tensorflow.python.client import device_lib

from keras_nst.system import devices
from keras_nst.system.devices import choose_device

XEON = (
    "processor\t: 0\nmodel name\t: Xeon\nflags\t\t: fpu sse2 avx512f {} amx_tile\nvmx flags\t: vnmi\n\nprocessor\t: 1\n"
)
START = """
import gc
import sys
from keras_nst.system.devices import start_tensorflow
from keras_nst.system.memory import free_memory
assert not {"tensorflow", "keras"} & set(sys.modules)
start_tensorflow(free_memory())
import keras, tensorflow
shape = keras.layers.Conv2D(5, 3)(tensorflow.zeros((1, 8, 9, 3))).shape
print(keras.backend.backend(), keras.config.image_data_format(), keras.config.floatx(), tuple(shape), gc.isenabled())
print("heard", file=sys.stderr)
"""
CLOSED = """
from keras_nst.system.quiet import quiet_stderr
with quiet_stderr():
    pass
with open("picture", "wb") as file:
    print(file.fileno())
"""


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("TPU_NAME", raising=False)


@pytest.fixture
def no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of /dev."""
    monkeypatch.setattr(devices, "DEVICE_FILES", tmp_path)
    (tmp_path / "nvidiactl").touch()
    return tmp_path


def pretend_gpu(monkeypatch: pytest.MonkeyPatch, **details: object) -> None:
    found = {"GPU": ["gpu"]}
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: found.get(kind, []))
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: details)
    monkeypatch.delenv("TPU_NAME", raising=False)
    listed = [types.SimpleNamespace(device_type=kind, memory_limit=limit) for kind, limit in (("CPU", 1), ("GPU", 9e9))]
    monkeypatch.setattr(device_lib, "list_local_devices", lambda: listed)
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", lambda name: {"current": 2e9})


def test_gpus_are_counted_without_tensorflow(no_driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert devices.gpus() == []
    for number in (10, 0, 2):
        (no_driver / f"nvidia{number}").touch()
    assert devices.gpus() == ["0", "2", "10"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a1,3")
    assert devices.gpus() == ["GPU-a1", "3"]


def test_tensorflow_starts_silently_whatever_the_users_settings(tmp_path: Path) -> None:
    theirs = {"backend": "jax", "image_data_format": "channels_first", "floatx": "float16"}
    (tmp_path / "keras.json").write_text(json.dumps(theirs))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment |= {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", START], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "tensorflow channels_last float32 (1, 6, 7, 5) True\n"
    assert done.stderr == "heard\n"


def test_a_closed_standard_error_does_not_lend_its_number_to_a_file(tmp_path: Path) -> None:
    """Else TensorFlow's lines would go into that file."""
    shell = ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, CLOSED]
    done = subprocess.run(shell, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)
    assert done.returncode == 0 and int(done.stdout) > 2


@pytest.mark.parametrize(
    ("flags", "theirs", "expected"),
    [("avx512f", None, "1"), ("avx2", None, None), ("avx512f", "0", None), ("", "1", None)],
)
def test_onednn_where_there_is_avx512(
    flags: str, theirs: str | None, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user's own word is left as it is."""
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\n")
    monkeypatch.setattr(devices, "CPU_INFO", tmp_path / "cpuinfo")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if theirs:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", theirs)
    assert devices.onednn().get("TF_ENABLE_ONEDNN_OPTS") == expected


ONEDNN = """
import os
from keras_nst.system import devices
devices.onednn = lambda: {"TF_ENABLE_ONEDNN_OPTS": "0"}
devices.start_tensorflow(1e9)
from tensorflow.python.util import _pywrap_util_port
print(_pywrap_util_port.IsMklEnabled(), "TF_ENABLE_ONEDNN_OPTS" in os.environ)
"""


def test_tensorflow_hears_of_onednn_and_nobody_else() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run([sys.executable, "-c", ONEDNN], env=environment, capture_output=True, text=True)
    assert done.stdout == "False False\n", done.stderr


@pytest.mark.parametrize(("flag", "bfloat16"), [("avx512_bf16", True), ("amx_bf16", True), ("avx512_bf16x", False)])
def test_bfloat16_of_processors(
    flag: str, bfloat16: bool, tmp_path: Path, no_gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(XEON.format(flag))
    monkeypatch.setattr(devices, "CPU_INFO", tmp_path / "cpuinfo")
    device = choose_device("cpu")
    assert (device.kind, device.name, device.bfloat16) == ("cpu", "/CPU:0", bfloat16)
    assert device.description == f"CPU, {len(os.sched_getaffinity(0))} cores"


def test_no_bfloat16_where_nothing_tells(tmp_path: Path, no_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (None, "", "Processor: ARMv7\n"):
        if text is not None:
            (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(devices, "CPU_INFO", tmp_path / "cpuinfo")
        assert not choose_device("cpu").bfloat16


@pytest.mark.parametrize(("capability", "bfloat16"), [((7, 5), False), ((8, 0), True), ((9, 0), True), (None, False)])
def test_the_gpu_is_chosen_where_there_is_one(
    capability: tuple[int, int] | None, bfloat16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = {"compute_capability": capability, "device_name": "T4"} if capability else {}
    pretend_gpu(monkeypatch, **details)
    for kind in ("auto", "gpu"):
        device = choose_device(kind)
        assert (device.kind, device.name, device.bfloat16, device.warning) == ("gpu", "/GPU:0", bfloat16, "")
        assert device.memory == 7e9
        assert device.description == ("GPU, T4" if capability else "GPU, unknown")
    assert choose_device("cpu").kind == "cpu"


@pytest.mark.parametrize("kind", ["gpu", "tpu"])
def test_a_device_that_is_not_there(kind: str, no_gpu: None, no_driver: Path) -> None:
    with pytest.raises(ValueError) as caught:
        choose_device(kind)
    assert str(caught.value) == f"Expected a device that TensorFlow finds on this machine. Received: {kind}."
    assert choose_device("auto").kind == "cpu"


def test_the_warning_of_a_gpu_that_tensorflow_cannot_use(
    no_gpu: None, no_driver: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose_device("auto").warning == ""
    (no_driver / "nvidia0").touch()
    assert "tensorflow[and-cuda]" in choose_device("auto").warning
    with pytest.raises(ValueError, match=r"Received: gpu. TensorFlow cannot use this machine's GPU[^\n]*$"):
        choose_device("gpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # the user hides it
    assert choose_device("auto").warning == ""


def test_no_warning_of_a_gpu_that_is_not_used(no_driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (no_driver / "nvidia0").touch()
    pretend_gpu(monkeypatch)
    assert choose_device("cpu").warning == ""


@pytest.mark.parametrize(
    "error", [OSError("Name or service not known"), tf.errors.NotFoundError(None, None, "No TPU\nnor a kernel")]
)
def test_a_tpu_that_does_not_answer(error: Exception, no_gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(tpu: str) -> None:
        raise error

    monkeypatch.setattr(tf.distribute.cluster_resolver, "TPUClusterResolver", resolve)
    monkeypatch.setenv("TPU_NAME", "mine")
    with pytest.raises(
        ValueError, match=r"Expected a TPU at TPU_NAME, or none. Received: mine \((Name|No TPU)[^\n]*\)$"
    ):
        choose_device("auto")


LIMITED = """
import os
from keras_nst.system.devices import start_tensorflow
before = dict(os.environ)
start_tensorflow(1e9)
import tensorflow as tf
assert not {name for name in os.environ if "ALLOC" in name or "BFC" in name} - set(before)
try:
    tf.zeros((300, 1000, 1000))
except tf.errors.ResourceExhaustedError:
    print("limited")
"""


def test_memory_ends_with_an_error_and_only_for_this_process() -> None:
    """1.2 GB where 1 GB was allowed; whatever is started later hears nothing of it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run([sys.executable, "-c", LIMITED], env=environment, capture_output=True, text=True)
    assert done.stdout == "limited\n", done.stderr
