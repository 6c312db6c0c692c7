"""Sizes coarse to fine."""

import math

import pytest

from keras_nst.core.plan.pyramid import (
    Size,
    compared_size,
    crop_box,
    final_size,
    plan,
    same_area,
    sizes,
    steps_per_scale,
)


def test_final_size() -> None:
    assert final_size(512, Size(600, 800)) == Size(384, 512)
    assert final_size(512, Size(800, 600)) == Size(512, 384)
    assert final_size((300, 200), Size(1, 1)) == Size(200, 300)
    assert final_size(None, Size(517, 383)) == Size(517, 383)


@pytest.mark.parametrize("source", [Size(3, 5000), Size(5000, 3)])
def test_too_thin(source: Size) -> None:
    with pytest.raises(ValueError, match="at least 16 pixels a side. Received: .*5000"):
        final_size(512, source)


@pytest.mark.parametrize(
    ("longer", "expected"),
    [
        (150, [150]),
        (256, [128, 181, 256]),
        (300, [150, 212, 300]),
        (400, [141, 200, 400]),
        (512, [128, 181, 256, 512]),
        (2048, [128, 181, 256, 512, 1024, 2048]),
    ],
)
def test_pyramid_grows_by_sqrt_2_from_about_128_and_doubles_from_about_256(longer: int, expected: list[int]) -> None:
    pyramid = sizes(Size(longer * 3 // 4, longer), None)
    assert [size.width for size in pyramid] == expected
    for size in pyramid:
        assert size.height == pytest.approx(size.width * 3 / 4, abs=1)


def test_so_many_sizes_grow_by_sqrt_2_all_along() -> None:
    assert [size.width for size in sizes(Size(384, 512), 5)] == [128, 181, 256, 362, 512]


@pytest.mark.parametrize("longer", [16, 100, 128, 150, 300, 1000, 8064])
def test_pyramid_ends_exactly_at_the_final_size(longer: int) -> None:
    pyramid = sizes(Size(longer, longer), None)
    assert pyramid[-1] == Size(longer, longer)
    assert pyramid[0].height <= 128 * math.sqrt(math.sqrt(2)) + 1
    assert len(pyramid) == 1 or pyramid[0].height >= 128 / math.sqrt(math.sqrt(2)) - 1


def test_one_scale_and_thin_pictures() -> None:
    assert sizes(Size(384, 512), 1) == [Size(384, 512)]
    assert all(min(size) >= 16 for size in sizes(Size(20, 2000), None))


def test_steps_per_scale() -> None:
    assert steps_per_scale((5,), 3) == [5, 5, 5]
    assert steps_per_scale((9, 5), 4) == [9, 5, 5, 5]
    assert steps_per_scale((9, 5, 3), 2) == [9, 5]


@pytest.mark.parametrize(
    ("scales", "expected"),
    [(1, [4]), (2, [3, 4]), (3, [9, 3, 4]), (4, [9, 5, 3, 4]), (5, [9, 5, 5, 3, 4]), (7, [9, 5, 5, 5, 5, 3, 4])],
)
def test_the_number_before_the_dots_is_repeated_up_to_those_of_the_last_scales(
    scales: int, expected: list[int]
) -> None:
    assert steps_per_scale((9, 5, ..., 3, 4), scales) == expected


def test_same_area() -> None:
    size = same_area(Size(100, 400), 40000)
    assert size == Size(100, 400)
    assert same_area(Size(1, 100000), 10000).height == 16


def test_crop_is_centered_and_of_the_shape_asked() -> None:
    assert crop_box(Size(100, 200), Size(50, 50)) == (slice(0, 100), slice(50, 150))
    assert crop_box(Size(200, 100), Size(10, 20)) == (slice(75, 125), slice(0, 100))
    assert crop_box(Size(600, 800), Size(384, 512)) == (slice(0, 600), slice(0, 800))


@pytest.mark.parametrize("longer", [22, 100, 333, 1023, 4001])
def test_results_are_compared_in_the_proportions_of_their_content(longer: int) -> None:
    """Whether their sides were rounded or cut off."""
    for height in (round(longer * 0.75), int(longer * 0.75)):
        size = compared_size(Size(height, longer), Size(768, 1024), 512)
        assert size == final_size(min(longer, 512), Size(768, 1024))
    assert compared_size(Size(768, 1024), Size(75, 100), 512) == Size(75, 100)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (Size(380, 512), "Expected the proportions of the content, 1024 x 768. Received: 512 x 380"),
        (Size(1024, 768), "Expected the proportions of the content, 1024 x 768. Received: 768 x 1024"),
        (Size(12, 16), "Expected at least 16 pixels a side to compare. Received: 16 x 12"),
    ],
)
def test_what_cannot_be_compared(result: Size, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compared_size(result, Size(768, 1024), 512)


@pytest.mark.parametrize(
    ("steps", "scales", "coarse"),
    [((5,), 3, [True, False, False]), ((0, 5), 3, [True, False]), ((0, 0, 5), 3, [False]), ((5,), 1, [False])],
)
def test_the_first_of_several_sizes_that_have_steps_is_coarse(
    steps: tuple[int, ...], scales: int, coarse: list[bool]
) -> None:
    assert [scale.coarse for scale in plan(Size(60, 80), steps, scales)] == coarse
