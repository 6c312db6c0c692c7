"""Files of our own writing, read by others: TensorFlow's PNG decoder, Pillow, and the bytes themselves."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_nst.pictures.color import srgb_profile
from keras_nst.pictures.encoders import write_png16, write_tiff

SAMPLES = np.random.default_rng(0).integers(0, 65536, (131, 45, 4), np.uint16)  # more rows than are packed at a time


@pytest.mark.parametrize("channels", [3, 4])
def test_png(channels: int) -> None:
    import tensorflow as tf

    file = BytesIO()
    write_png16(file, SAMPLES[..., :channels], srgb_profile(), "text")
    decoded = tf.io.decode_png(file.getvalue(), channels=channels, dtype=tf.uint16).numpy()
    assert np.array_equal(decoded, SAMPLES[..., :channels])


def test_png_packs_what_is_smooth() -> None:
    file = BytesIO()
    write_png16(file, np.tile(SAMPLES[:1, :, :3], (100, 1, 1)), srgb_profile(), None)
    assert len(file.getvalue()) < 2000  # of 27,000 bytes


def test_png_carries_profile_and_text() -> None:
    file = BytesIO()
    write_png16(file, SAMPLES, srgb_profile(), "text")
    with Image.open(file) as image:
        assert image.info["keras_nst"] == "text"
        assert ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"])).tobytes() == srgb_profile()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_tiff(kind: type, channels: int) -> None:
    """The strip holds the samples as they are, little end first."""
    samples = SAMPLES[..., :channels].astype(kind)
    file = BytesIO()
    write_tiff(file, samples, srgb_profile(), None)
    with Image.open(file) as image:
        tags = image.tag_v2
        assert (tags[256], tags[257], tags[277]) == (45, 131, channels)
        assert tags[258] == (8 * samples.itemsize,) * channels
        assert tags[34675] == srgb_profile()
        assert tags.get(338, ()) == ((2,) if channels == 4 else ())
        start, length = tags[273][0], tags[279][0]
    strip = file.getvalue()[start : start + length]
    assert strip == struct.pack(f"<{samples.size}{'H' if kind is np.uint16 else 'B'}", *samples.flatten().tolist())


def test_tiff_of_8_bits_is_what_pillow_reads() -> None:
    samples = SAMPLES.astype(np.uint8)
    file = BytesIO()
    write_tiff(file, samples, srgb_profile(), "text")
    with Image.open(file) as image:
        assert image.mode == "RGBA" and np.array_equal(np.asarray(image), samples)
