"""Files of our own writing, read by others: TensorFlow's PNG decoder, Pillow, and the bytes themselves."""

import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from keras_nst.pictures import encoders
from keras_nst.pictures.color import srgb_profile
from keras_nst.pictures.encoders import About, write_png16, write_tiff

SAMPLES = np.random.default_rng(0).integers(0, 65536, (131, 45, 4), np.uint16)  # more rows than are packed at a time
PLAIN = About(srgb_profile(), None, None)


@pytest.mark.parametrize("channels", [3, 4])
def test_png(channels: int) -> None:
    import tensorflow as tf

    file = BytesIO()
    write_png16(file, SAMPLES[..., :channels], PLAIN._replace(settings="text"))
    decoded = tf.io.decode_png(file.getvalue(), channels=channels, dtype=tf.uint16).numpy()
    assert np.array_equal(decoded, SAMPLES[..., :channels])


def test_png_packs_what_is_smooth() -> None:
    file = BytesIO()
    write_png16(file, np.tile(SAMPLES[:1, :, :3], (100, 1, 1)), PLAIN)
    assert len(file.getvalue()) < 2000  # of 27,000 bytes


def test_png_carries_profile_and_text() -> None:
    file = BytesIO()
    write_png16(file, SAMPLES, PLAIN._replace(settings="text"))
    with Image.open(file) as image:
        assert image.info["keras_nst"] == "text"
        assert ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"])).tobytes() == srgb_profile()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_tiff(kind: type, channels: int) -> None:
    """The strip holds the samples as they are, little end first."""
    samples = SAMPLES[..., :channels].astype(kind)
    file = BytesIO()
    write_tiff(file, samples, PLAIN)
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
    write_tiff(file, samples, PLAIN._replace(settings="text"))
    with Image.open(file) as image:
        assert image.mode == "RGBA" and np.array_equal(np.asarray(image), samples)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_tiff_in_strips(kind: type, big: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The strips are one after the other, also where their places take 64 bits."""
    monkeypatch.setattr(encoders, "STRIP", 1000)  # bytes
    samples, file = SAMPLES[..., :3].astype(kind), BytesIO()
    write_tiff(file, samples, PLAIN._replace(settings="text", dpi=300.0), longest=1000 if big else 10**9)
    assert struct.unpack("<H", file.getvalue()[2:4])[0] == (43 if big else 42)
    with Image.open(file) as image:
        rows, starts, lengths = image.tag_v2[278], image.tag_v2[273], image.tag_v2[279]
        assert len(starts) == -(-131 // rows) > 10
        assert image.info["dpi"] == (300, 300)
        assert image.getexif().get_ifd(0x8769)[0x9286].endswith(b"text")
    content = file.getvalue()
    found = b"".join(content[start : start + length] for start, length in zip(starts, lengths, strict=True))
    assert np.array_equal(np.frombuffer(found, samples.dtype.newbyteorder("<")).reshape(samples.shape), samples)
    if kind is np.uint8:
        with Image.open(BytesIO(content)) as image:
            assert np.array_equal(np.asarray(image), samples)


def test_png_tells_the_dots_per_inch() -> None:
    file = BytesIO()
    write_png16(file, SAMPLES, PLAIN._replace(dpi=300.0))
    with Image.open(file) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
