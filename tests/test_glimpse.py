"""What the studio shows before there is anything else to see."""

import io
import json

import numpy as np
import pytest
from conftest import loss_values
from PIL import Image

from keras_nst.core.plan.events import Progress
from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.pictures.sources import read_source
from keras_nst.session.scene import Masks, Scene, scene_of
from keras_nst.session.session import Session
from keras_nst.settings.config import Config
from keras_nst.studio.painter import Watching


def scene(**settings: object) -> tuple[Scene, Config]:
    config = Config(content="sample:harbor", style="sample:night", size="320", **settings)
    content, style = (read_source(source, 10**7) for source in (config.content, config.style))
    return scene_of(content, [style], None, Masks(None), config, print), config


@pytest.mark.weights
def test_a_picture_of_the_pair_at_once() -> None:
    """Of the proportions of the result, and of the colors of the style rather than of the content."""
    asked, config = scene()
    with Session(config) as session:
        resolved = session.resolve(config, asked.size)
        glimpse = session.glimpse(asked, resolved, 96)
        assert session.glimpse(asked, resolved.resolved(init="auto", seamless=True, padding="zero", rim=0), 96) is None
    assert glimpse.shape == (64, 96, 3)
    mean, content, style = (
        of.reshape(-1, 3).mean(axis=0) for of in (glimpse, asked.content.pixels, asked.styles[0].picture.pixels)
    )
    assert np.linalg.norm(mean - style) < np.linalg.norm(mean - content)


def progress(scale: int, scale_step: int, value: float, final: bool = False) -> Progress:
    zero = np.zeros(1)
    return Progress(
        step=scale_step,
        steps=20,
        scale=scale,
        scales=2,
        scale_step=scale_step,
        scale_steps=10,
        losses=loss_values(zero, zero, zero, zero),
        learning_rate=0.1,
        picture=lambda: np.full((1, 8, 12, 3), value, np.float32),
        final=final,
        taken=(),
        standing=None,
    )


def test_it_is_seen_until_the_first_size_is_done() -> None:
    shown: list[bytes] = []
    watching = Watching("run", work=100.0, done=0, show=shown.append)
    sizes = [Scale(1, Size(8, 12), 10, before=0), Scale(2, Size(16, 24), 10, before=10)]
    watching.begin(np.full((32, 48, 3), 0.5, np.float32), sizes)
    for step in (progress(1, 5, 0.0), progress(1, 10, 0.25), progress(2, 5, 1.0), progress(1, 5, 0.75, final=True)):
        watching.shown = -1.0
        watching(step)
    told = [json.loads(each.split(b"\n")[0]) for each in shown]
    assert (told[0]["step"], told[0]["steps"], told[0]["scales"]) == (0, 20, 2)
    assert {(each["width"], each["height"]) for each in told} == {(12, 8)}  # of the picture, not of the sketch
    levels = [decoded(each).mean() for each in shown]
    np.testing.assert_allclose(levels, [127.5, 127.5, 63.75, 255.0, 191.25], atol=1.5)


def decoded(message: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(message.split(b"\n", 1)[1])), float)
