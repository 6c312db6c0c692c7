"""From inputs to files."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from conftest import ROOT

import keras_nst
from keras_nst.command.run_folder import PICTURE
from keras_nst.pictures.files import read_picture
from keras_nst.run import perform, request
from keras_nst.run.prepare import prepare
from keras_nst.session.session import Session
from keras_nst.settings.declared import SettingError


def test_bad_weights_leave_no_folder(quick: list[str], tmp_path: Path) -> None:
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(other)
    ready = prepare(request.parse([*quick, f"--weights={other}"]), print)
    with pytest.raises(SettingError, match="--weights=.*Expected weights of vgg19"):
        perform.perform(ready, Session, threading.Event(), print, time.monotonic())
    assert not (tmp_path / "run").exists()


def test_the_package_has_its_public_names() -> None:
    assert all(getattr(keras_nst, name) for name in keras_nst.__all__)
    with pytest.raises(AttributeError, match="no attribute 'styleize'"):
        _ = keras_nst.styleize


def test_public_names_can_be_completed() -> None:
    """They are not there yet in a program that has only just imported the package."""
    code = "import sys, keras_nst; print(*dir(keras_nst)); print(*sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    names, modules = (line.split() for line in done.stdout.splitlines())
    assert {*keras_nst.__all__, "__version__"} <= set(names) and names == sorted(names)
    assert "tensorflow" not in modules


def test_a_failure_before_the_first_step_leaves_no_folder(quick: list[str], tmp_path: Path) -> None:
    ready = prepare(request.parse([*quick, "--device=tpu"]), print)
    with pytest.raises(SettingError, match="--device=tpu: Expected a device"):
        perform.perform(ready, Session, threading.Event(), print, time.monotonic())
    assert not (tmp_path / "run").exists()


def test_a_picture_that_cannot_be_saved_where_asked_is_saved_elsewhere(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of --output disappears while the run goes on."""
    (tmp_path / "album").mkdir()
    ready = prepare(request.parse([*quick, "--steps=0", f"--output={tmp_path / 'album' / 'a.png'}"]), print)
    (tmp_path / "album").rmdir()
    said: list[str] = []
    perform.perform(ready, Session, threading.Event(), said.append, time.monotonic())
    assert read_picture(tmp_path / "run" / PICTURE).pixels.shape == (36, 48, 3)
    assert any("a.png" in line and "Could not save" in line for line in said)
    assert f"Picture: {tmp_path / 'run' / PICTURE}" in said


def test_out_of_memory_is_one_line(quick: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*arguments: object, **more: object) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating\nmany lines")

    monkeypatch.setattr(Session, "paint", exhausted)
    ready = prepare(request.parse(quick), print)
    with pytest.raises(SettingError, match="--size=48: Not enough memory, even in small tiles"):
        perform.perform(ready, Session, threading.Event(), print, time.monotonic())
