"""What is seen of a picture before it is finished."""

from pathlib import Path

import numpy as np
import pytest
from conftest import loss_values, smooth_picture
from PIL import Image

from keras_nst.command.monitors.preview import previews
from keras_nst.core.plan.events import Progress
from keras_nst.core.plan.pyramid import Size


def progress(scale: int, step: int, picture: np.ndarray) -> Progress:
    zero = np.zeros(1)
    losses = loss_values(zero, zero, zero, zero, {}, {})
    return Progress(step, 30, scale, 3, step, 10, losses, 0.1, lambda: picture[None])


def test_each_scale_but_the_last_is_shown_at_full_size(tmp_path: Path) -> None:
    path, told = tmp_path / "preview.jpg", []
    show = previews(path, Size(48, 80), told.append)
    small, larger = smooth_picture(24, 40), smooth_picture(36, 60, seed=1)
    show(progress(1, 5, small))
    assert not path.exists()
    for scale, picture in ((1, small), (2, larger), (3, small)):
        show(progress(scale, 10, picture))
        seen = small if scale == 1 else larger
        with Image.open(path) as image:
            assert image.size == (80, 48)
            expected = Image.fromarray(np.uint8(255 * seen + 0.5)).resize((80, 48), Image.Resampling.BICUBIC)
            np.testing.assert_allclose(np.asarray(image) / 255, np.asarray(expected) / 255, atol=0.1)
    assert told == [f"Preview: {path}"]


def test_a_preview_that_cannot_be_saved_does_not_end_the_run(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    told: list[str] = []
    previews(tmp_path / "none" / "preview.jpg", Size(24, 40), told.append)(progress(1, 10, smooth_picture(24, 40)))
    assert not told and not capsys.readouterr().err
