"""Settings fitted to the machine, the network loaded."""

import pytest

from keras_nst.core.plan.pyramid import Size
from keras_nst.session import machine
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.system.devices import Device


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("cpu", {}, "auto"),
        ("cpu", {"precision": "bfloat16"}, "direct"),
        ("cpu", {"xla": "on"}, "direct"),
        ("cpu", {"convolution": "direct"}, "direct"),
        ("cpu", {"convolution": "winograd"}, "winograd"),
        ("gpu", {"precision": "float32"}, "direct"),
    ],
)
def test_fewer_multiplications_in_float32_on_a_cpu(kind: str, given: dict[str, str], expected: str) -> None:
    device = Device(kind, "/CPU:0", "", bfloat16=False)
    assert machine.on_device(Config(**given), device).convolution == expected


@pytest.mark.parametrize(
    ("free", "limit", "evaluator"), [(0, 0, "whole"), (80e9, 0, "whole"), (6e9, 0, "tiles"), (80e9, 6, "tiles")]
)
def test_on_a_gpu_its_own_memory_counts(free: float, limit: float, evaluator: str) -> None:
    device = Device("gpu", "/GPU:0", "", bfloat16=True, memory=free)
    config = Config(memory_limit_gb=limit, precision="float32", device="gpu", convolution="direct")
    assert machine.fit_into_memory(config, Size(1536, 2048), device, print).evaluator == evaluator


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"convolution": "direct"}, False),
        ({"convolution": "winograd", "precision": "float32"}, True),
        ({"convolution": "direct", "xla": "on"}, True),
    ],
)
def test_what_is_compiled(given: dict[str, str], expected: bool) -> None:
    assert machine.compiles(Config(style="x", content="y", **given).completed().resolved()) == expected


def test_fewer_multiplications_need_float32() -> None:
    device = Device("cpu", "/CPU:0", "", bfloat16=True)
    with pytest.raises(SettingError, match="--convolution=winograd: Expected --precision=float32"):
        machine.on_device(Config(convolution="winograd"), device)
