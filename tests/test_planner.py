"""What fits into memory, and how."""

from pathlib import Path

import pytest
from conftest import ROOT, run_process

from keras_nst.core.plan.pyramid import Size
from keras_nst.session.planner import choose_sight, predicted_bytes
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer


def config(**given: object) -> Config:
    return Config(**{"precision": "float32", "convolution": "direct", **given}).completed()


def test_whole_where_it_fits_and_the_largest_tiles_where_not() -> None:
    size = Size(1536, 2048)
    needed = predicted_bytes(size, config(), None)
    assert choose_sight(size, config(), needed / 0.84).evaluator == "whole"
    tiled = choose_sight(size, config(), needed / 0.86)
    assert tiled.evaluator == "tiles"
    less = choose_sight(size, config(), tiled.bytes)
    assert less.tile_size < tiled.tile_size and less.bytes < 0.85 * tiled.bytes


def test_fewer_multiplications_where_they_pay_and_fit() -> None:
    size, auto = Size(600, 800), config(convolution="auto", scales=1)
    more = predicted_bytes(size, auto, None, quick=True) - predicted_bytes(size, auto, None)
    # 36 values in float32, there and back, for each pair of channels of the convolutions but the first.
    pairs = 64 * 64 + 64 * 128 + 128**2 + 128 * 256 + 3 * 256**2 + 256 * 512 + 4 * 512**2
    assert more > 2 * 36 * 4 * pairs
    assert choose_sight(size, auto, 1e12).convolution == "auto"
    assert choose_sight(size, config(convolution="auto", scales=1, steps=(1,)), 1e12).convolution == "direct"
    assert choose_sight(size, config(convolution="winograd", steps=(1,)), 1e12).convolution == "winograd"
    least = min(predicted_bytes(size, auto, tile) for tile in (128, 192, 256))
    assert choose_sight(size, auto, least / 0.84).convolution == "direct"


def test_tiles_that_gain_go_before_the_whole_that_does_not() -> None:
    size = Size(1536, 2048)
    sight = choose_sight(size, config(convolution="auto"), predicted_bytes(size, config(), None) / 0.84)
    assert (sight.evaluator, sight.convolution) == ("tiles", "auto")


def test_one_pass_remembers_the_moments_of_each_tile() -> None:
    size, style = Size(3000, 4000), {"style_layers": (Layer("block1_conv1"), Layer("block5_conv1"))}
    two, one = (predicted_bytes(size, config(tile_passes=passes, **style), 1024) for passes in (2, 1))
    # 3 x 4 tiles: once before a step, once in it; s and S of 64 and of 512 channels in float32.
    assert one - two == 2 * (3 * 4) * 4 * (64 + 64**2 + 512 + 512**2)
    assert predicted_bytes(size, config(tile_passes=1, **style), None) == predicted_bytes(size, config(**style), None)


def test_what_the_user_sets_is_kept() -> None:
    assert choose_sight(Size(300, 300), config(evaluator="tiles"), 1e12).evaluator == "tiles"
    assert choose_sight(Size(300, 300), config(tile_size=96, evaluator="tiles"), 1e12).tile_size == 96
    with pytest.raises(ValueError, match="--size="):
        choose_sight(Size(3000, 3000), config(evaluator="whole"), 4e9)


def test_what_cannot_fit_is_refused_with_what_would() -> None:
    with pytest.raises(
        ValueError, match=r"Received: 40000 x 30000, which needs .* GB; --size=(\d+) would fit"
    ) as caught:
        choose_sight(Size(30000, 40000), config(), 4e9)
    longer = int(str(caught.value).rpartition("--size=")[2].split()[0])
    choose_sight(Size(longer * 3 // 4, longer), config(), 4e9)
    with pytest.raises(ValueError):
        choose_sight(Size(longer * 3 // 2, longer * 2), config(), 4e9)


def test_deeper_layers_and_float32_take_more() -> None:
    size = Size(500, 500)
    shallow = {"style_layers": (Layer("block1_conv1"),), "content_layers": (Layer("block1_conv2"),)}
    assert predicted_bytes(size, config(**shallow), None) < predicted_bytes(size, config(), None)
    assert predicted_bytes(size, config(precision="bfloat16"), None) < predicted_bytes(size, config(), None)


@pytest.mark.parametrize("evaluator", ["whole", "tiles"])
def test_the_prediction_covers_what_a_run_takes(evaluator: str, tmp_path: Path) -> None:
    """Measured in a process of its own: never more than predicted, and not less than half of it."""
    flags = [f"--evaluator={evaluator}", "--tile_size=192", "--steps=1", "--scales=1", "--weights=random"]
    pictures = ["--content=sample:harbor", "--style=sample:night", "--size=480", f"--workdir={tmp_path / 'run'}"]
    done = run_process(*pictures, *flags, "--precision=float32", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    predicted = float(done.stdout.partition(" GB of")[0].rpartition("about ")[2])
    measured = float(done.stdout.rpartition(" GB of memory")[0].rpartition("at most ")[2])
    assert 0.5 * predicted < measured < 1.1 * predicted


def test_a_memory_limit_too_small_is_one_clear_line(tmp_path: Path) -> None:
    pictures = ["--content=sample:harbor", "--style=sample:night", f"--workdir={tmp_path / 'run'}"]
    done = run_process(*pictures, "--memory_limit_gb=0.5", "--weights=random", cwd=ROOT)
    assert done.returncode == 2 and not (tmp_path / "run").exists()
    assert done.stderr.startswith("keras_nst: --size=512: Expected a picture that fits into 0.5 GB")
    assert done.stderr.count("\n") == 1
