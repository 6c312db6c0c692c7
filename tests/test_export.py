"""Trained networks in other programs: each format opened by its own runtime, without Keras."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import run_process, smooth_picture
from test_painter import painter, write_painter

from keras_nst.export import main
from keras_nst.networks.exporting import Exported

SIZES = ((32, 32), (37, 50), (61, 16))
BLEND = (0.25, 0.0, 0.75)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_painter(tmp_path_factory.mktemp("models") / "three")


def by_onnx(path: Path, photograph: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (picture,) = session.run(["picture"], {"photograph": photograph[None]})
    return picture[0]


def by_litert(path: Path, photograph: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path))
    (given,), (made,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], photograph[None].shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], photograph[None])
    interpreter.invoke()
    return interpreter.get_tensor(made["index"])[0]


def by_saved_model(path: Path, photograph: np.ndarray) -> np.ndarray:
    program = tf.saved_model.load(str(path)).signatures["serving_default"]
    return program(photograph=tf.constant(photograph[None]))["picture"].numpy()[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("format", "name", "runtime"),
    [
        ("onnx", "night-glass.onnx", by_onnx),
        ("litert", "night-glass.tflite", by_litert),
        ("saved_model", "night-glass", by_saved_model),
    ],
)
def test_other_programs_paint_the_same(format: str, name: str, runtime, model: Path) -> None:
    flags = [f"--model={model}", f"--format={format}", "--blend=1,0,3"]
    done = run_process(*flags, module="keras_nst.export")
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert f"Written: {model / name}" in done.stdout
    for number, size in enumerate(SIZES):
        photograph = smooth_picture(*size, number)
        made = runtime(model / name, photograph)
        np.testing.assert_allclose(made, painter()(photograph, BLEND), atol=5e-4)
    again = run_process(*flags, module="keras_nst.export")
    assert again.returncode == 2 and "This path exists." in again.stderr


@pytest.mark.parametrize("size", [(16, 16), (17, 18), (19, 22)])
def test_sides_that_cannot_be_shrunk_are_mirrored(size: tuple[int, int]) -> None:
    paints, photograph = painter(), smooth_picture(*size)
    exported = Exported(paints, (0.0, 1.0, 0.0))
    made = exported.paint(tf.constant(photograph[None]))["picture"].numpy()[0]
    np.testing.assert_allclose(made, paints(photograph, (0, 1, 0)), atol=1e-4)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (["--model=nowhere"], "--model=nowhere: Expected the folder of a trained model"),
        (["--format=pickle"], "--format=pickle: Expected one of onnx, litert, saved_model"),
        (["--style=wool"], "Expected one of the model's styles: night, ink, glass"),
        (["--output=nowhere/a.onnx"], "Expected a path in a folder that exists"),
        (["--output=."], "This path exists"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    own: list[str], expected: str, model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([f"--model={model}", *own]) == 2
    said = capfd.readouterr().err.strip().splitlines()
    assert expected in said[-1] and len(said) == 1


def test_what_is_not_installed_is_told(
    model: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main([f"--model={model}"]) == 2
    assert 'Expected tf2onnx and onnx: pip install "keras-nst[export]".' in capfd.readouterr().err
