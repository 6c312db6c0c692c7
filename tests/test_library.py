"""The library, as other programs use it: results, sessions, loops over steps, pieces, types."""

import doctest
import gc
import importlib
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import write_keywords
from conftest import ROOT, smooth_picture, write_picture
from PIL import Image

import keras_nst
from keras_nst.library import pieces
from keras_nst.pictures.metadata import read_settings
from keras_nst.run.__main__ import main as run
from keras_nst.settings.values import STYLE_LOSSES

SMALL = {
    "weights": "random",
    "size": 48,
    "steps": (3, 2),
    "scales": 2,
    "precision": "float32",
    "style_layers": ["block1_conv1", "block2_conv1"],
    "content_layers": "block2_conv2",
}
CONTENT, STYLE = smooth_picture(36, 48), smooth_picture(40, 40, seed=1)


# --- A result ---


def test_a_result_tells_of_itself(tmp_path: Path) -> None:
    result = keras_nst.stylize(CONTENT, STYLE, **SMALL)
    assert result.array.shape == (36, 48, 3) and result.steps == 5
    assert repr(result) == f"<Result 48 x 36, 5 steps, loss {result.losses.total[0]:.4g}>"
    levels = np.asarray(result.image)
    np.testing.assert_array_equal(levels, np.floor(result.array * 255 + 0.5))
    shown = tmp_path / "shown.png"
    shown.write_bytes(result._repr_png_())
    np.testing.assert_array_equal(np.asarray(Image.open(shown)), levels)
    np.testing.assert_array_equal(np.asarray(result), result.array)
    assert result.figures.gram < 1.0 and result.figures is result.figures


def test_a_saved_result_repeats_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the pictures were named, by the command too."""
    paths = [write_picture(tmp_path / f"{name}.png", seed=seed) for name, seed in (("a", 0), ("b", 1), ("c", 2))]
    result = keras_nst.stylize(paths[0], [str(paths[1]), paths[2]], style_weights=[2, 1], color="content", **SMALL)
    saved = result.save(tmp_path / "out.png")
    assert read_settings(saved) == result.settings
    assert result.settings["style"] == f"{paths[1]}:2.0 + {paths[2]}:1.0" and result.settings["device"] == "auto"
    repeated = tmp_path / "again"
    assert run([f"--from_image={saved}", "--follow", f"--workdir={repeated}", "--exactly=false"]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open(repeated / "picture.png")), np.asarray(result.image))


def test_pictures_without_a_name_are_not_named(tmp_path: Path) -> None:
    settings = keras_nst.stylize(CONTENT, [STYLE, write_picture(tmp_path / "b.png")], **SMALL).settings
    assert not {"content", "style", "content_mask", "style_mask"} & set(settings)
    assert settings["size"] == "48" and settings["steps"] == "3,2"


def test_a_result_is_saved_as_asked(tmp_path: Path) -> None:
    transparent = np.dstack([CONTENT, np.float32(np.arange(48) > 20) * np.ones((36, 1), np.float32)])
    result = keras_nst.stylize(transparent, STYLE, **SMALL)
    with Image.open(result.save(tmp_path / "a.tif", bit_depth=16)) as image:
        assert image.size == (48, 36)
    assert np.asarray(Image.open(result.save(tmp_path / "a.png"))).shape == (36, 48, 4)
    with pytest.raises(FileExistsError):
        result.save(tmp_path / "a.png", overwrite=False)
    with pytest.raises(ValueError, match="background"):
        result.save(tmp_path / "a.jpg")


# --- A session ---


def test_a_session_makes_what_stylize_makes() -> None:
    alone = [keras_nst.stylize(CONTENT, STYLE, style_strength=strength, **SMALL) for strength in (0.3, 0.7)]
    with keras_nst.Session(**SMALL) as session:
        for result, strength in zip(alone, (0.3, 0.7), strict=True):
            made = session.stylize(CONTENT, STYLE, style_strength=strength)
            np.testing.assert_array_equal(made.array, result.array)
        assert len(session.networks) == 1
        assert session.stylize(CONTENT, STYLE, size=32).array.shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"device": "cpu"}, r"^Expected device for the session as a whole: Session\(device=\.\.\.\)"),
        ({"size": "x"}, "^size=x: Expected"),
    ],
)
def test_what_a_session_s_picture_cannot_have(given: dict[str, object], message: str) -> None:
    with keras_nst.Session(**SMALL) as session, pytest.raises(ValueError, match=message):
        session.stylize(CONTENT, STYLE, **given)
    with pytest.raises(ValueError, match="^steps=x: Expected a whole number"):
        keras_nst.Session(**{**SMALL, "steps": "x"})


# --- A loop over steps ---


def threads() -> int:
    return sum(thread.name == "painting" for thread in threading.enumerate())


@pytest.fixture(scope="module")
def session() -> keras_nst.Session:
    return keras_nst.Session(**SMALL)


def test_a_loop_sees_each_step(session: keras_nst.Session) -> None:
    heard: list[keras_nst.Progress] = []
    expected = session.stylize(CONTENT, STYLE, listeners=[heard.append])
    steps = session.steps(CONTENT, STYLE)
    seen = {step.number: float(step.losses.total[0]) for progress in steps for step in progress.taken}
    assert seen == {step.number: float(step.losses.total[0]) for told in heard for step in told.taken}
    assert sorted(seen) == [1, 2, 3, 4, 5]
    np.testing.assert_array_equal(steps.result.array, expected.array)
    assert list(steps) == [] and not threads()


def test_a_loop_may_end_when_it_likes(session: keras_nst.Session) -> None:
    steps = session.steps(CONTENT, STYLE, steps=(100_000,), scales=1)
    progress = next(steps)
    picture = progress.picture()
    time.sleep(0.1)
    np.testing.assert_array_equal(progress.picture(), picture)  # nothing goes on meanwhile
    result = steps.result
    assert result.losses is None and result.steps >= progress.step and result.array.shape == (36, 48, 3)
    assert not threads()


def test_a_loop_that_is_forgotten_ends(session: keras_nst.Session) -> None:
    steps = session.steps(CONTENT, STYLE, steps=(100_000,), scales=1)
    next(steps)
    assert threads() == 1
    del steps
    gc.collect()
    end = time.monotonic() + 60
    while threads():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_what_goes_wrong_is_raised_where_the_loop_is(session: keras_nst.Session) -> None:
    wild = {"normalization": "keras", "variation_weight": 1e30, "content_weight": 1e30, "init": "noise"}
    steps = session.steps(CONTENT, STYLE, **wild)
    with pytest.raises(ValueError, match="Expected settings whose loss stays finite"):
        list(steps)
    with pytest.raises(ValueError, match="Expected settings whose loss stays finite"):
        steps.result  # noqa: B018
    with pytest.raises(TypeError, match="sice: There is no such setting"):
        session.steps(CONTENT, STYLE, sice=3)


# --- Pieces ---


def test_examples_in_docstrings() -> None:
    for name in ("keras_nst.library.pieces",):
        found = doctest.testmod(importlib.import_module(name))
        assert found.attempted > 4 and not found.failed


def test_gram_and_content_as_numpy_has_them() -> None:
    rng = np.random.default_rng(0)
    features, content = (np.float32(rng.random((2, 3, 5, 4))) for _ in range(2))
    expected = [sum(np.outer(f, f) for f in of.reshape(-1, 4)) / 15 for of in features]
    np.testing.assert_allclose(pieces.gram_matrix(tf.constant(features)), expected, rtol=1e-5)
    squares = [((f - p) ** 2).sum() / (p**2).sum() for f, p in zip(features, content, strict=True)]
    np.testing.assert_allclose(pieces.content_loss(tf.constant(features), tf.constant(content)), squares, rtol=1e-5)


@pytest.mark.parametrize("loss", STYLE_LOSSES)
def test_style_losses_tell_alike_from_other(loss: str) -> None:
    """The other is the style times 1.5: so |G - A|^2 / |A|^2 is (1.5^2 - 1)^2."""
    some = tf.constant(np.random.default_rng(1).random((1, 12, 12, 6)), tf.float32)
    assert float(pieces.style_loss(some, some, loss)[0]) < 1e-3
    other = float(pieces.style_loss(1.5 * some, some, loss)[0])
    assert other == pytest.approx((1.5**2 - 1) ** 2, rel=1e-4) if loss == "gram" else other > 0.01


def test_a_training_loop_of_one_s_own() -> None:
    model = keras_nst.extractor(["block1_conv1"], weights="random")
    style, picture = model(STYLE[None])["block1_conv1"], tf.Variable(CONTENT[None])

    def loss() -> tf.Tensor:
        return keras_nst.style_loss(model(picture)["block1_conv1"], style)[0]

    before = loss()
    with tf.GradientTape() as tape:
        value = loss()
    gradient = tape.gradient(value, picture)
    picture.assign_sub(0.01 * gradient / tf.reduce_max(tf.abs(gradient)))
    assert loss() < before and not model.trainable_variables


# --- Types and names ---


def test_every_setting_is_a_keyword_with_a_type() -> None:
    assert write_keywords.FILE.read_text(encoding="utf8") == write_keywords.written(), "run scripts/write_keywords.py"


def test_public_names_are_typed() -> None:
    text = (ROOT / "keras_nst" / "__init__.py").read_text(encoding="utf8")
    assert (
        sorted(re.findall(r"import (\w+) as \1", text)) == sorted([*keras_nst.__all__, "__version__"]) == dir(keras_nst)
    )
    for name in keras_nst.__all__:
        assert getattr(keras_nst, name).__doc__


@pytest.mark.slow
def test_another_project_with_a_type_checker(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import keras_nst\n"
        "result = keras_nst.stylize('a.jpg', ['b.jpg'], size=256, style_strength=0.5, first=None)\n"
        "reveal_type(result.image)\n"
        "keras_nst.stylize('a.jpg', 'b.jpg', sice=256)\n"
        "keras_nst.stylize('a.jpg', 'b.jpg', color='blue')\n"
        "with keras_nst.Session(size='64x48') as session:\n"
        "    for progress in session.steps('a.jpg', 'b.jpg', optimizer='lbfgs'):\n"
        "        reveal_type(progress.step)\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-incremental", "--config-file=", str(program)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path), "MYPYPATH": str(ROOT)}
    checked = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    said = [line for line in checked.stdout.splitlines() if line.startswith("program.py")]
    assert len(said) >= 4
    assert 'Revealed type is "PIL.Image.Image"' in said[0]
    assert "program.py:4: error" in said[1] and '"sice"' in said[1]
    assert any("program.py:5: error" in line and "color" in line for line in said)
    assert 'Revealed type is "builtins.int"' in said[-1] or 'Revealed type is "int"' in said[-1]
