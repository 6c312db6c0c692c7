"""Regions at the layers: cells, receptive fields, and what is too narrow for them."""

import numpy as np
import pytest

from keras_nst.core.objective.guides import at_stride, away_from_the_border, guides, receptive
from keras_nst.core.plan.method import Seeing
from keras_nst.core.plan.pyramid import Size
from keras_nst.settings.networks import Layer
from keras_nst.settings.recipes import STYLE_LAYERS

SHARES = np.random.default_rng(0).dirichlet([0.3, 0.3, 0.3], (17, 23)).transpose(2, 0, 1).astype(np.float32)


@pytest.mark.parametrize(("mode", "extreme"), [("inside", np.min), ("all", np.max)])
@pytest.mark.parametrize("reach", [0, 1, 2, 3, 4, 7, 16, 22, 100])
def test_receptive_fields_one_by_one(mode: str, extreme: np.ufunc, reach: int) -> None:
    found = receptive(SHARES, reach, mode)
    for row in range(17):
        for column in range(23):
            rows, columns = (slice(max(0, place - reach), place + reach + 1) for place in (row, column))
            assert np.array_equal(found[:, row, column], extreme(SHARES[:, rows, columns], axis=(1, 2)))


def test_receptive_of_a_border() -> None:
    shares = two_halves(60, 10)
    assert receptive(shares, 2, "simple") is shares
    assert receptive(shares, 2, "inside")[:, 0].tolist() == [[1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [0] * 7 + [1, 1, 1]]
    assert receptive(shares, 2, "all")[:, 0].tolist() == [[1] * 7 + [0, 0, 0], [0, 0, 0] + [1] * 7]


@pytest.mark.parametrize("stride", [1, 2, 4, 8, 16, 32])
def test_at_stride(stride: int) -> None:
    found = at_stride(SHARES, stride)
    assert found.shape == (3, 17 // stride, 23 // stride) and found.dtype == np.float32
    for row, column in np.ndindex(found.shape[1:]):
        cell = SHARES[:, row * stride : (row + 1) * stride, column * stride : (column + 1) * stride]
        np.testing.assert_allclose(found[:, row, column], cell.mean(axis=(1, 2)), atol=1e-6)


def two_halves(height: int, width: int) -> np.ndarray:
    left = np.arange(width) < width // 2
    return np.stack([left, ~left])[:, None, :].astype(np.float32) * np.ones((1, height, 1), np.float32)


def test_regions_at_each_layer_are_a_partition_of_its_positions() -> None:
    told = guides(two_halves(60, 80), Size(97, 131), STYLE_LAYERS, Seeing("vgg19"))
    shapes = {name: shares.shape for name, shares in told.items()}
    assert shapes["block1_conv1"] == (2, 97, 131) and shapes["block5_conv1"] == (2, 6, 8)
    for shares in told.values():
        np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-5)


def test_a_region_too_narrow_for_a_layer_is_taken_as_it_is() -> None:
    """Half of 64 pixels is wide enough for what the first layer sees, 3, and not for what the last one does, 156."""
    inside, simple = (
        guides(two_halves(64, 64), Size(64, 64), STYLE_LAYERS, Seeing("vgg19", mask_reach=reach))
        for reach in ("inside", "simple")
    )
    assert inside["block1_conv1"].sum() < simple["block1_conv1"].sum()
    np.testing.assert_array_equal(inside["block5_conv1"], simple["block5_conv1"])


def test_no_regions() -> None:
    assert guides(None, Size(64, 64), STYLE_LAYERS, Seeing("vgg19")) == {}


def test_a_rim_counts_for_no_region_at_the_finest_layers() -> None:
    layers = (Layer("block1_conv1"), Layer("block2_conv1"))
    told = guides(None, Size(32, 40), layers, Seeing("vgg19", rim=2))
    assert set(told) == {"block1_conv1"} and told["block1_conv1"].sum() == 28 * 36
    assert not told["block1_conv1"][:, [0, 1, -1, -2]].any() and not told["block1_conv1"][:, :, [0, 1, -1, -2]].any()
    both = guides(two_halves(32, 40), Size(32, 40), layers, Seeing("vgg19", rim=2))
    assert (
        both["block1_conv1"].sum(axis=(1, 2)).tolist() == [28 * 18, 28 * 18] and both["block2_conv1"].sum() == 16 * 20
    )
    assert guides(None, Size(31, 400), layers, Seeing("vgg19", rim=2)) == {}  # it would be too much of so narrow a one


def test_away_from_the_border() -> None:
    """A layer's positions that see nothing beyond it: the third layer of a picture of 64 x 96 sees 5 pixels."""
    told = away_from_the_border(Size(64, 96), (Layer("block2_conv1"),), "vgg19")
    (inner,) = told["block2_conv1"]
    assert inner.shape == (32, 48) and inner[2:-2, 2:-2].min() > 0 and inner[0].max() == inner[:, -1].max() == 0
    deep = away_from_the_border(Size(64, 96), (Layer("block5_conv1"),), "vgg19")
    assert deep["block5_conv1"].min() == 1  # all of it sees beyond: better that than nothing
