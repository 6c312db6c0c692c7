"""How the project's own sample pictures are painted: shapes and the rays that meet them, hair, ink."""

import numpy as np
import paint_samples
import pytest
from conftest import ROOT
from painting import bust, ink, marching, portrait
from painting.head import EYE, mirrored
from PIL import Image


def ball(p: np.ndarray) -> np.ndarray:
    return np.linalg.norm(p, axis=-1) - 2


def toward(*targets: tuple[float, float, float], start: np.ndarray = portrait.CAMERA) -> np.ndarray:
    return portrait.unit(np.float32(targets) - start).astype(np.float32)


def test_rays_meet_a_ball_where_it_is() -> None:
    """At the distances of the quadratic formula; one that misses it is told so."""
    start = np.float32([0, 0, 10])
    rays = toward((0, 0, 0), (1, 0.5, 0), (5, 0, 0), start=start)
    found = marching.march(ball, start, rays, 1, 30)
    half = -(rays @ start)
    expected = half - np.sqrt(np.maximum(half**2 - (100 - 4), 0))
    np.testing.assert_allclose(found[:2], expected[:2], atol=0.01)
    assert found[2] == np.inf


def test_normals_of_a_ball_point_outward() -> None:
    points = 2 * portrait.unit(np.random.default_rng(0).normal(size=(20, 3)))
    np.testing.assert_allclose(marching.normals(ball, points, 0.01), points / 2, atol=5e-3)


def test_light_and_what_hides_it() -> None:
    """A ball hides a lamp above it from what is below; its top is open, a point beside a wall half so."""
    points, up = np.array([[0, -6.0, 0], [9, -6, 0], [0, 2.01, 0]]), np.array([0, 1.0, 0])
    shades = marching.shadow(ball, points, up, 0.1)
    np.testing.assert_allclose(shades, [0, 1, 1], atol=1e-3)
    corner = marching.openness(lambda p: np.minimum(p[:, 0], p[:, 1]), np.array([[0.01, 0.0, 0]]), up[None])
    assert marching.openness(ball, points[2:], up[None]) == pytest.approx(1) and corner < 0.6


def test_fillets_only_touch_what_is_near() -> None:
    a, b = np.array([3.0, 0.0, -1.0]), np.array([1.0, 0.0, 4.0])
    np.testing.assert_allclose(marching.join(a, b, 0.4), [1, -0.1, -1])
    np.testing.assert_allclose(marching.carve(a, b, 0.4), [3, 0.1, -1])


def test_a_curve_goes_through_its_knots_and_stays_at_its_ends() -> None:
    knots = [(-2.0, 1.0), (0.0, 3.0), (1.0, 2.0), (5.0, 2.5)]
    found = marching.curve(knots)(np.array([-2, 0, 1, 5, -9, 9]))
    np.testing.assert_allclose(found, [1, 3, 2, 2.5, 1, 2.5], atol=0.01)


def test_the_portrait_has_everything_in_its_place() -> None:
    """Eyes, forehead, nose and chin, hair above and beside, the scarf below, and wall around."""
    face = [EYE, EYE * [-1, 1, 1], (0, 4, 9), (0, -4, 11), (0, -10, 9), (-2, 11, 5), (-8, -5, 2)]
    places = [bust.HEAD @ np.float32(place) for place in face] + [np.array([0, -18, 5]), np.array([-14, 12, 0])]
    what, away = portrait.see(toward(*places))
    expected = [bust.EYES] * 2 + [bust.SKIN] * 3 + [bust.HAIR] * 2 + [bust.SCARF, -1]
    assert what.tolist() == expected and np.isinf(away).tolist() == [number < 0 for number in what]


def test_both_eyes_look_into_the_camera() -> None:
    """Where the line from the camera to an eye's middle meets the eye, there is the dark of the pupil."""
    what, away = portrait.see(toward(*(bust.HEAD @ (EYE * [side, 1, 1]) for side in (1, -1))))
    assert (what == bust.EYES).all()
    rays = toward(*(bust.HEAD @ (EYE * [side, 1, 1]) for side in (1, -1)))
    place = (portrait.CAMERA + rays * away[:, None]) @ bust.HEAD
    gaze = portrait.unit((portrait.CAMERA - bust.HEAD @ EYE) @ bust.HEAD)
    assert (portrait.eye_color(place, gaze) < 0.02).all()
    assert np.allclose(mirrored(place)[0], mirrored(place)[1], atol=1.0)


def test_a_stroke_is_as_wide_as_asked_and_ends_in_time() -> None:
    paper = np.zeros((200, 400))
    full = np.ones((256, 64))
    ink.put_down(paper, ink.Stroke([(25, 50), (100, 50), (175, 50)], [10, 10, 10], tone=0.9), full)
    across, along = (paper > 0).sum(axis=0) / ink.DETAIL, np.flatnonzero(paper.any(axis=0)) / ink.DETAIL
    assert 8 <= np.median(across[across > 0]) <= 12
    assert (along.min(), along.max()) == pytest.approx((25, 175), abs=1)
    assert 0.75 < paper.max() <= 0.9


def test_a_dry_brush_leaves_paper() -> None:
    bristles = np.random.default_rng(0).random((256, 64))
    covered = []
    for dry in (0.0, 0.9):
        paper = np.zeros((200, 400))
        ink.put_down(paper, ink.Stroke([(25, 50), (175, 50)], [20, 20], dry=dry), bristles)
        covered.append((paper > 0.3).sum())
    assert covered[1] < 0.7 * covered[0]


@pytest.mark.parametrize("name", paint_samples.PAINTERS)
def test_samples_come_along(name: str) -> None:
    with Image.open(ROOT / "keras_nst" / "samples" / f"{name}.jpg") as image:
        assert image.mode == "RGB" and min(image.size) >= 480


def test_no_sample_is_without_its_painter() -> None:
    assert {path.stem for path in (ROOT / "keras_nst" / "samples").glob("*.jpg")} == set(paint_samples.PAINTERS)
