"""Arrays in, an array out."""

import numpy as np
import pytest
from conftest import smooth_picture

import keras_nst

SMALL = {
    "weights": "random",
    "size": "32",
    "steps": (2,),
    "scales": 1,
    "precision": "float32",
    "style_layers": (),
    "style_weight": 0.0,
}


def test_arrays_as_from_python() -> None:
    content, seen = smooth_picture(24, 32), []
    result = keras_nst.stylize(content, None, listeners=[seen.append], **SMALL)
    assert result.shape == (24, 32, 3) and result.dtype == np.float32
    assert [progress.step for progress in seen] == [1, 2, 3]
    same = keras_nst.stylize(np.uint8(np.round(content * 255)), None, **{**SMALL, "steps": (0,)})
    np.testing.assert_allclose(same, content, atol=1 / 255)


def test_arrays_are_cropped_to_the_shape_asked() -> None:
    content = smooth_picture(24, 32)
    result = keras_nst.stylize(content, None, **{**SMALL, "size": "24x24", "steps": (0,)})
    np.testing.assert_array_equal(result, content[:, 4:28])


def test_arrays_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Expected a picture of shape \(height, width, 3\). Received: \(4, 4\)"):
        keras_nst.stylize(np.zeros((4, 4)), None)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (None, {}, "Expected a picture"),
        (smooth_picture(24, 32), {}, "--style="),
        (smooth_picture(24, 32) * 255, {"style_weight": 0.0}, r"Expected floats in \[0, 1\], or integers"),
        (smooth_picture(24, 32) * np.nan, {"style_weight": 0.0}, "Expected floats"),
        (smooth_picture(24, 32), {"style_weight": 0.0, "output": "a.png"}, "Received: output, which is for files"),
        (smooth_picture(24, 32), {"style_weight": 0.0, "init": "style"}, "--init=style: Expected --style as well"),
        (smooth_picture(24, 32), {"style_weight": 0.0, "steps": 1.5}, "--steps=1.5: Expected a whole number"),
    ],
)
def test_wrong_arguments(content: np.ndarray | None, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        keras_nst.stylize(content, None, **{"weights": "random", **settings})


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"Did you mean .*size.* Received: sice"):
        keras_nst.stylize(smooth_picture(24, 32), None, sice=3)


def test_settings_as_python_has_them() -> None:
    content = smooth_picture(24, 32)
    plain = keras_nst.stylize(content, None, **SMALL)
    written = keras_nst.stylize(content, None, **{**SMALL, "size": 32, "steps": 2, "scales": "1", "style_weight": "0"})
    np.testing.assert_array_equal(plain, written)
    deep = np.uint16(np.round(content * 65535))
    np.testing.assert_allclose(keras_nst.stylize(deep, None, **{**SMALL, "steps": 0}), content, atol=1e-4)


def test_a_loss_that_is_no_number_is_an_error() -> None:
    wild = {**SMALL, "normalization": "keras", "variation_weight": 1e30, "content_weight": 1e30, "init": "noise"}
    with pytest.raises(ValueError, match="Expected settings whose loss stays a number"):
        keras_nst.stylize(smooth_picture(24, 32), None, **wild)
