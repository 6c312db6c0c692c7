"""Prints as people say them: how many pixels they have, and what their files tell."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.files import FORMATS, save_picture
from keras_nst.session.scene import size_of_result
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.paper import parse_print, printed_at

WIDE, TALL = Size(600, 900), Size(900, 600)


@pytest.mark.parametrize(
    ("size", "dpi", "shape", "width", "height"),
    [
        ("60x40cm", "auto", WIDE, 7087, 4724),  # 60 / 2.54 * 300 = 7086.6
        ("60 × 40 cm", "auto", TALL, 7087, 4724),  # as it is written, whichever way the content lies
        ("36x24in", "auto", WIDE, 10800, 7200),
        ("36in", "100", WIDE, 3600, 2400),
        ("12.5mm", "254", WIDE, 125, 83),
        ("A3", "auto", WIDE, 4961, 3508),  # 420 x 297 mm, as it lies
        ("a3", "150", TALL, 1754, 2480),
        ("A0", "100", TALL, 3311, 4681),
        ("A10", "600", TALL, 614, 874),  # 26 x 37 mm
        ("letter", "100", WIDE, 1098, 850),
        ("512", "600", WIDE, 512, 341),
        ("original", "auto", WIDE, 900, 600),
    ],
)
def test_pixels(size: str, dpi: str, shape: Size, width: int, height: int) -> None:
    assert size_of_result(Config.written(size=size, dpi=dpi), shape) == Size(height, width)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": "A9000"}, "Expected a paper from A0 to A10. Received: A9000"),
        ({"size": "60x40cn"}, 'a print such as 60x40cm, 36in or A3, or "original". Received: 60x40cn'),
        ({"size": "60x40 meters"}, "Received: 60x40 meters"),
        ({"size": "cm"}, "Received: cm"),
        ({"size": "A3", "dpi": "0"}, "Expected a number from 1 to 10000. Received: 0"),
        ({"size": "A3", "dpi": "-3"}, "Received: -3"),
        ({"size": "A3", "dpi": "many"}, "Received: many"),
    ],
)
def test_what_is_no_print(values: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=".*") as caught:
        Config.written(**values)
    assert message in str(caught.value)


def test_a_print_too_large_or_too_small() -> None:
    with pytest.raises(ValueError, match="Expected at most 999999 pixels a side. Received: 1181102 at 300 dpi"):
        size_of_result(Config(size="100x10000cm"), WIDE)
    with pytest.raises(ValueError, match="Expected a result of at least 16 pixels a side"):
        size_of_result(Config(size="1x1mm"), WIDE)


def test_every_paper_is_half_of_the_one_before() -> None:
    for number in range(10):
        short, long = parse_print(f"A{number}").sides  # type: ignore[union-attr]
        assert parse_print(f"A{number + 1}").sides == (long // 2, short)  # type: ignore[union-attr]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_files_tell_the_dots_per_inch(suffix: str, bit_depth: int, tmp_path: Path) -> None:
    if bit_depth == 16 and not FORMATS[suffix].deep:
        return
    pixels, path = np.full((20, 30, 3), 0.5, np.float32), tmp_path / f"x{suffix}"
    save_picture(path, pixels, bit_depth=bit_depth, settings={"size": "A3", "dpi": "240"})
    with Image.open(path) as image:
        told = image.info.get("dpi") or (image.getexif()[282], image.getexif()[283])
    assert tuple(map(float, told)) == pytest.approx((240, 240), abs=0.01)
    save_picture(path, pixels, bit_depth=bit_depth, settings={"size": "512", "dpi": "auto"})
    with Image.open(path) as image:
        assert image.info.get("dpi", (1, 1)) in ((1, 1), (72, 72)) and 282 not in image.getexif()


@pytest.mark.parametrize("settings", [{"size": "A9000"}, {"size": "A3", "dpi": "x"}, {}, {"dpi": "auto"}])
def test_settings_that_anybody_wrote(settings: dict[str, str]) -> None:
    assert printed_at(settings) is None
