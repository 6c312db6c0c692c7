"""The next scale made ready beside the steps of this one: the same bits, and nothing in it ends or holds up a run."""

import threading
from collections.abc import Callable, Iterator

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.core.descent import stage as stages
from keras_nst.core.descent.scales import Audience
from keras_nst.core.descent.steps import Stepper
from keras_nst.core.descent.transfer import Painted, transfer
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.plan.events import Progress
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style
from keras_nst.session.machine import prepares_ahead
from keras_nst.session.method import method_of
from keras_nst.session.planner import has_room_for_all, predicted_bytes
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer
from keras_nst.system.beside import Beside
from keras_nst.system.devices import Device

LAYERS = {"content_layers": (Layer("block2_conv1"),), "style_layers": (Layer("block1_conv1"),)}
SIZE = Size(34, 45)
ROWS = (17, 24, 34)  # of the three scales


@pytest.fixture(scope="module")
def features() -> keras.Model:
    return extractor("vgg19", ["block1_conv1", "block2_conv1"], weights=0)


@pytest.fixture
def beside() -> Iterator[Beside]:
    thread = Beside(lambda: tf.device("/CPU:0"))
    yield thread
    thread.close()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bool]]:
    """Rows of each scale whose steps were traced, and whether that was on the main thread."""
    found = []

    class Noting(Stepper):
        def compile(self, *arguments: object) -> object:
            found.append((self.picture.shape[1], threading.current_thread() is threading.main_thread()))
            return super().compile(*arguments)

    monkeypatch.setattr(stages, "Stepper", Noting)
    return found


def run(
    features: keras.Model, beside: object = None, pace: Callable = lambda scale, left: 2, **given: object
) -> tuple[Painted, list[Progress]]:
    seen: list[Progress] = []
    config = Config(**{**LAYERS, "convolution": "winograd", "steps": (3,), "scales": 3, **given}).resolved()
    content, style = (tf.constant(smooth_picture(*SIZE, seed)[None]) for seed in (0, 1))
    audience = Audience(pace, [seen.append], beside=beside)
    pictures = Pictures(content, (Style(style),))
    return transfer(pictures, SIZE, method_of(config), Network(features), audience), seen


@pytest.mark.parametrize(
    "given", [{}, {"optimizer": "lbfgs"}, {"convolution": "direct"}, {"convolution": "direct", "xla": "on"}]
)
def test_the_same_bits(
    given: dict[str, str], features: keras.Model, beside: Beside, compiled: list[tuple[int, bool]]
) -> None:
    alone, told = run(features, **given)
    assert compiled == [(rows, True) for rows in ROWS]
    del compiled[:]
    result, told_too = run(features, beside, **given)
    assert compiled == [(17, True), (24, False), (34, False)]
    np.testing.assert_array_equal(result.picture, alone.picture)
    assert [progress.losses.total for progress in told_too] == [progress.losses.total for progress in told]
    assert [progress.step for progress in told_too] == [progress.step for progress in told]


def test_what_is_measured_beside_is_not_measured_again(
    features: keras.Model, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, aim_at = [], stages.aim_at
    monkeypatch.setattr(
        stages, "aim_at", lambda pictures, size, *of: measured.append(size) or aim_at(pictures, size, *of)
    )
    run(features, beside, convolution="direct")
    assert [size.height for size in measured] == list(ROWS)


def test_an_error_beside_ends_nothing(
    features: keras.Model, beside: Beside, compiled: list[tuple[int, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = run(features)
    take = stages.Stage.take

    def failing(self: stages.Stage, count: int) -> object:
        if threading.current_thread() is not threading.main_thread():
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")
        return take(self, count)

    monkeypatch.setattr(stages.Stage, "take", failing)
    del compiled[:]
    result, _ = run(features, beside)
    assert compiled == [(rows, True) for rows in ROWS]
    np.testing.assert_array_equal(result.picture, alone.picture)


def test_a_run_that_ends_early_does_not_wait(features: keras.Model) -> None:
    def endless(work: Callable) -> Callable:
        return lambda: pytest.fail("waits for what nobody needs")

    counts = iter([2])
    result, seen = run(features, endless, lambda scale, left: next(counts, None))
    assert result.losses is None and len(seen) == 1


def test_the_scales_need_room() -> None:
    size, config = Size(600, 800), Config(convolution="winograd", precision="float32", scales=3).resolved()
    one, *before = (predicted_bytes(of, config, None, quick=True) for of in (size, Size(424, 566), Size(300, 400)))
    assert has_room_for_all(size, config, (one + sum(before)) / 0.85)
    assert not has_room_for_all(size, config, 1.1 * one / 0.85)


@pytest.mark.parametrize(
    ("given", "kind", "expected"),
    [
        ({}, "cpu", True),
        ({"convolution": "direct"}, "cpu", True),
        ({"convolution": "direct", "xla": "on"}, "cpu", True),
        ({"evaluator": "tiles", "tile_size": 128}, "cpu", False),
        ({"max_seconds": 60.0}, "cpu", False),
        ({"memory_limit_gb": 1.2}, "cpu", False),
        ({}, "gpu", False),
    ],
)
def test_where_it_is_done(given: dict[str, object], kind: str, expected: bool) -> None:
    config = Config(**{"convolution": "winograd", "precision": "float32", "xla": "off", **given}).resolved()
    assert prepares_ahead(config, Size(171, 256), Device(kind, "/CPU:0", "", False)) is expected
