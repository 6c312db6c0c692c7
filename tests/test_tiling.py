"""How a picture is cut."""

import pytest

from keras_nst.core.plan.pyramid import Size
from keras_nst.core.plan.tiling import Span, spans, tiles
from keras_nst.settings.networks import layer_names, reach, stride


@pytest.mark.parametrize("length", [*range(300, 340), 517, 1024, 3001, 8064])
@pytest.mark.parametrize(("tile_size", "halo", "step"), [(32, 80, 16), (128, 96, 16), (64, 6, 2), (40, 4, 4)])
def test_cores_cover_the_side_once(length: int, tile_size: int, halo: int, step: int) -> None:
    cut = spans(length, tile_size, halo, step)
    covered = [pixel for span in cut for pixel in range(span.start, span.stop)]
    assert covered == list(range(length))
    for span in cut:
        assert span.block_start % step == 0 and span.start % step == 0
        assert span.block_start <= max(0, span.start - halo) and span.block_start >= 0
        assert span.block_stop >= min(length, span.stop + halo) and span.block_stop <= length
        assert span.block_stop - span.block_start < -(-tile_size // step) * step + 2 * halo + step
        assert len({other.block_stop - other.block_start for other in cut}) <= 2
        assert span.last == (span.stop == length)


def test_no_more_lengths_for_a_longer_side() -> None:
    for length in (700, 1000, 8064, 100_003):
        assert len({span.block_stop - span.block_start for span in spans(length, 128, 80, 16)}) <= 2


def test_a_small_side_is_one_tile() -> None:
    assert spans(288, 128, 80, 16) == [Span(0, 288, 0, 288, last=True)]
    assert len(spans(289, 128, 80, 16)) == 2


def test_receptive_fields_are_the_known_ones() -> None:
    """relu5_1 of VGG19 sees 156 pixels, relu5_2 188, of which 16 are its own; VGG16's conv5_1 sees 132."""
    assert reach("vgg19", "block5_conv1") == (156 - 16) / 2
    assert reach("vgg19", "block5_conv2") == (188 - 16) / 2
    assert reach("vgg16", "block5_conv1") == (132 - 16) / 2
    assert reach("vgg19", "block1_conv1") == 1
    assert [stride(name) for name in ("block1_conv2", "block3_conv1", "block5_conv4")] == [1, 4, 16]


@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
def test_reach_grows_layer_by_layer(network: str) -> None:
    reaches = [reach(network, name) for name in layer_names(network)]
    steps = [stride(name) for name in layer_names(network)]
    assert [late - early for early, late in zip([0, *reaches], reaches, strict=False)] == steps


def test_the_halo_comes_from_the_deepest_layer() -> None:
    def halo(*layers: str) -> int:
        first, second, *_ = tiles(Size(400, 2000), 64, "vgg19", layers)
        return first.columns.block_stop - second.columns.start

    assert halo("block1_conv1", "block5_conv1") == 80
    assert halo("block5_conv2") == 96
    assert halo("block2_conv2") == 6
