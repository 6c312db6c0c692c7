"""What settings are made of."""

import pytest

from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.values import StyleSource, parse_color, parse_styles


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a.jpg", StyleSource("a.jpg")),
        ("a.jpg:2", StyleSource("a.jpg", 2.0)),
        ("a.jpg@1-3", StyleSource("a.jpg", 1.0, (1, 3))),
        ("a.jpg:1e-05", StyleSource("a.jpg", 1e-5)),
        ("a.jpg:.5@5", StyleSource("a.jpg", 0.5, (5, 5))),
        ("photo@2x.png", StyleSource("photo@2x.png")),
        ("me@home/a.jpg", StyleSource("me@home/a.jpg")),
        ("https://me@a.org/a", StyleSource("https://me@a.org/a")),
        (r"C:\me@2\a", StyleSource(r"C:\me@2\a")),
    ],
)
def test_a_style(written: str, expected: StyleSource) -> None:
    assert parse_styles(written) == parse_styles(str(expected)) == (expected,)


@pytest.mark.parametrize("blocks", ["6", "0", "2-x", "2-6", "0-3", "2-", "1,2", "1-2-3", "12"])
def test_blocks_that_no_network_has(blocks: str) -> None:
    with pytest.raises(SettingError, match="--style=a.jpg@") as caught:
        Config(style=f"a.jpg@{blocks}")
    expected = f"Expected blocks from 1 to 5 after a.jpg, as in @2 or @1-3. Received: @{blocks}"
    assert str(caught.value).endswith(f": {expected}")


def test_the_weight_stands_before_the_blocks() -> None:
    expected = "Expected the weight before the blocks, as in a.jpg:2@1-3. Received: a.jpg@1-3:2"
    with pytest.raises(ValueError, match=expected):
        parse_styles("a.jpg@1-3:2")
    with pytest.raises(ValueError, match=r"Expected blocks in ascending order, as in @1-3. Received: @3-1"):
        parse_styles("a.jpg@3-1")


def test_colors() -> None:
    assert parse_color("white") == (1, 1, 1) and parse_color("black") == parse_color("#000000") == (0, 0, 0)
    assert parse_color("#ff8000") == parse_color("#FF8000") == (1, 128 / 255, 0)
    assert Config(background="").background == ""
    for wrong in ("whit", "ff8000", "#ff80", "#ff80000", "#gg0000"):
        with pytest.raises(SettingError, match=f"--background={wrong}: Expected white, black or a color as #ff8000"):
            Config(background=wrong)
