"""Colors for hidden pixels."""

import numpy as np
from PIL import Image

from keras_nst.pictures.decoding import fill_hidden, laid_on

RED, BLUE = np.float32([1, 0, 0]), np.float32([0, 0, 1])


def half_and_half(height: int, width: int) -> np.ndarray:
    """Returns a picture red on the left and blue on the right."""
    pixels = np.empty((height, width, 3), np.float32)
    pixels[:, : width // 2], pixels[:, width // 2 :] = RED, BLUE
    return pixels


def test_visible_pixels_stay() -> None:
    generator = np.random.default_rng(0)
    pixels = generator.random((37, 53, 3), np.float32)
    alpha = (generator.random((37, 53)) > 0.5) * generator.random((37, 53), np.float32)
    filled = fill_hidden(pixels, alpha)
    assert np.array_equal(filled[alpha > 0], pixels[alpha > 0])


def test_hidden_colors_do_not_matter() -> None:
    pixels, alpha = half_and_half(19, 30), np.ones((19, 30), np.float32)
    alpha[5:12, 3:20] = 0
    black, white = (np.where(alpha[..., None] > 0, pixels, np.float32(hidden)) for hidden in (0, 1))
    assert np.array_equal(fill_hidden(black, alpha), fill_hidden(white, alpha))


def test_one_color_fills_everything() -> None:
    pixels, alpha = np.zeros((101, 67, 3), np.float32), np.zeros((101, 67), np.float32)
    pixels[17, 43], alpha[17, 43] = (0.25, 0.5, 0.75), 0.1
    np.testing.assert_allclose(fill_hidden(pixels, alpha), np.broadcast_to(pixels[17, 43], pixels.shape), atol=1e-6)


def test_holes_continue_what_is_near() -> None:
    pixels, alpha = half_and_half(64, 64), np.ones((64, 64), np.float32)
    alpha[24:40, 4:12] = alpha[24:40, 52:60] = 0
    filled = fill_hidden(np.where(alpha[..., None] > 0, pixels, np.float32(0)), alpha)
    np.testing.assert_allclose(filled[32, 8], RED, atol=0.02)
    np.testing.assert_allclose(filled[32, 56], BLUE, atol=0.02)


def test_faint_pixels_count_less() -> None:
    """Weighted by alpha: of one red pixel and one blue of a third of its alpha the mean is 3:1."""
    pixels = np.stack([np.stack([RED, BLUE]), np.zeros((2, 3), np.float32)])
    filled = fill_hidden(pixels, np.float32([[0.9, 0.3], [0, 0]]))
    np.testing.assert_allclose(filled[1, 0], [0.75, 0, 0.25], atol=1e-6)


def test_nothing_visible_is_gray() -> None:
    assert (fill_hidden(np.zeros((3, 4, 3), np.float32), np.zeros((3, 4), np.float32)) == 0.5).all()


def test_thin_pictures() -> None:
    alpha = np.zeros((1, 300), np.float32)
    alpha[0, 0] = 1
    pixels = np.zeros((1, 300, 3), np.float32)
    pixels[0, 0] = RED
    np.testing.assert_allclose(fill_hidden(pixels, alpha)[0, -1], RED, atol=1e-6)


def test_laid_on_a_color_as_pillow_does() -> None:
    generator = np.random.default_rng(1)
    samples = generator.integers(0, 256, (20, 30, 4), np.uint8)
    below = Image.new("RGBA", (30, 20), (255, 128, 0))
    expected = np.asarray(Image.alpha_composite(below, Image.fromarray(samples)).convert("RGB"))
    pixels, alpha = np.float32(samples[..., :3]) / 255, np.float32(samples[..., 3]) / 255
    found = laid_on((1.0, 128 / 255, 0.0), pixels, alpha)
    assert found.dtype == np.float32 and abs(found * 255 - expected).max() < 1
