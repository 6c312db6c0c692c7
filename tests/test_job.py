"""From inputs to files, and the same for arrays."""

import threading
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

import keras_nst
from keras_nst import flags, job
from keras_nst.config import Config, SettingError
from keras_nst.core.pyramid import Size
from keras_nst.inputs import prepare
from keras_nst.pictures.files import read_picture
from keras_nst.system.devices import Device
from keras_nst.workdir import PICTURE

SMALL = {
    "weights": "random",
    "size": "32",
    "steps": (2,),
    "scales": 1,
    "precision": "float32",
    "style_layers": (),
    "style_weight": 0.0,
}


def test_arrays_as_from_python() -> None:
    content, seen = smooth_picture(24, 32), []
    result = keras_nst.stylize(content, None, listeners=[seen.append], **SMALL)
    assert result.shape == (24, 32, 3) and result.dtype == np.float32
    assert [progress.step for progress in seen] == [1, 2, 3]
    same = keras_nst.stylize(np.uint8(np.round(content * 255)), None, **{**SMALL, "steps": (0,)})
    np.testing.assert_allclose(same, content, atol=1 / 255)


def test_arrays_are_cropped_to_the_shape_asked() -> None:
    content = smooth_picture(24, 32)
    result = keras_nst.stylize(content, None, **{**SMALL, "size": "24x24", "steps": (0,)})
    np.testing.assert_array_equal(result, content[:, 4:28])


def test_arrays_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Expected a picture of shape \(height, width, 3\). Received: \(4, 4\)"):
        keras_nst.stylize(np.zeros((4, 4)), None)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (None, {}, "Expected a picture"),
        (smooth_picture(24, 32), {}, "--style="),
        (smooth_picture(24, 32) * 255, {"style_weight": 0.0}, r"Expected floats in \[0, 1\], or integers"),
        (smooth_picture(24, 32) * np.nan, {"style_weight": 0.0}, "Expected floats"),
        (smooth_picture(24, 32), {"style_weight": 0.0, "output": "a.png"}, "Received: output, which is for files"),
        (smooth_picture(24, 32), {"style_weight": 0.0, "init": "style"}, "--init=style: Expected --style as well"),
        (smooth_picture(24, 32), {"style_weight": 0.0, "steps": 1.5}, "--steps=1.5: Expected a whole number"),
    ],
)
def test_wrong_arguments(content: np.ndarray | None, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keras_nst.stylize(content, None, **{"weights": "random", **settings})


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"Did you mean .*size.* Received: sice"):
        keras_nst.stylize(smooth_picture(24, 32), None, sice=3)


def test_settings_as_python_has_them() -> None:
    content = smooth_picture(24, 32)
    plain = keras_nst.stylize(content, None, **SMALL)
    written = keras_nst.stylize(content, None, **{**SMALL, "size": 32, "steps": 2, "scales": "1", "style_weight": "0"})
    np.testing.assert_array_equal(plain, written)
    deep = np.uint16(np.round(content * 65535))
    np.testing.assert_allclose(keras_nst.stylize(deep, None, **{**SMALL, "steps": 0}), content, atol=1e-4)


def test_a_loss_that_is_no_number_is_an_error() -> None:
    wild = {**SMALL, "normalization": "keras", "variation_weight": 1e30, "content_weight": 1e30, "init": "noise"}
    with pytest.raises(ValueError, match="Expected settings whose loss stays a number"):
        keras_nst.stylize(smooth_picture(24, 32), None, **wild)


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
    assert job.on_device(Config(**given), device).convolution == expected


@pytest.mark.parametrize(
    ("free", "limit", "evaluator"), [(0, 0, "whole"), (80e9, 0, "whole"), (6e9, 0, "tiles"), (80e9, 6, "tiles")]
)
def test_on_a_gpu_its_own_memory_counts(free: float, limit: float, evaluator: str) -> None:
    device = Device("gpu", "/GPU:0", "", bfloat16=True, memory=free)
    config = Config(memory_limit_gb=limit, precision="float32").resolved(device="gpu", convolution="direct")
    assert job.fit_into_memory(Size(1536, 2048), config, device, print).evaluator == evaluator


def test_fewer_multiplications_need_float32() -> None:
    device = Device("cpu", "/CPU:0", "", bfloat16=True)
    with pytest.raises(SettingError, match="--convolution=winograd: Expected --precision=float32"):
        job.on_device(Config(convolution="winograd"), device)


def test_bad_weights_leave_no_folder(quick: list[str], tmp_path: Path) -> None:
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(other)
    ready = prepare(flags.parse([*quick, f"--weights={other}"]), print)
    with pytest.raises(SettingError, match="--weights=.*Expected weights of vgg19"):
        job.perform(ready, threading.Event(), print)
    assert not (tmp_path / "run").exists()


def test_the_package_has_its_public_names() -> None:
    assert all(getattr(keras_nst, name) for name in keras_nst.__all__)
    with pytest.raises(AttributeError, match="no attribute 'styleize'"):
        _ = keras_nst.styleize


def test_a_failure_before_the_first_step_leaves_no_folder(quick: list[str], tmp_path: Path) -> None:
    ready = prepare(flags.parse([*quick, "--device=tpu"]), print)
    with pytest.raises(SettingError, match="--device=tpu: Expected a device"):
        job.perform(ready, threading.Event(), print)
    assert not (tmp_path / "run").exists()


def test_a_picture_that_cannot_be_saved_where_asked_is_saved_elsewhere(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of --output disappears while the run goes on."""
    (tmp_path / "album").mkdir()
    ready = prepare(flags.parse([*quick, "--steps=0", f"--output={tmp_path / 'album' / 'a.png'}"]), print)
    (tmp_path / "album").rmdir()
    said: list[str] = []
    job.perform(ready, threading.Event(), said.append)
    assert read_picture(tmp_path / "run" / PICTURE).pixels.shape == (36, 48, 3)
    assert any("a.png" in line and "cannot be saved" in line for line in said)
    assert f"Picture: {tmp_path / 'run' / PICTURE}" in said


def test_out_of_memory_is_one_line(quick: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*arguments: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nmany lines")

    monkeypatch.setattr(job, "render", exhausted)
    ready = prepare(flags.parse(quick), print)
    with pytest.raises(SettingError, match="--size=48: Not enough memory, even in small tiles"):
        job.perform(ready, threading.Event(), print)
