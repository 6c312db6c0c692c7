"""How things move in a film, where it is cut, how steady it is: against drawn films and closed forms."""

import numpy as np
import pytest
from conftest import smooth_picture
from drawn_film import CAMERA, DISK, drawn, scenery

from keras_nst.core.plan.pyramid import Size
from keras_nst.video.footage import Cutter
from keras_nst.video.motion import Motion, flicker, motion, moved, remembered, visible, warping_error

SIZE = Size(96, 144)


def shifted(right: int, down: int, height: int = 40, width: int = 60) -> tuple[np.ndarray, np.ndarray, Motion]:
    """Returns two frames cut out of one picture, and the motion between them."""
    scene = smooth_picture(80, 120)
    then, now = scene[20 : 20 + height, 20 : 20 + width], scene[20 + down :, 20 + right :][:height, :width]
    back = np.broadcast_to(np.float32([right, down]), (height, width, 2))
    rows, columns = np.mgrid[:height, :width]
    inside = (columns + right >= 0) & (columns + right < width) & (rows + down >= 0) & (rows + down < height)
    return now, then, Motion(np.array(back), inside.astype(np.float32))


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, -5), (-4, 2)])
def test_what_has_moved_is_put_where_it_is_now(right: int, down: int) -> None:
    now, then, between = shifted(right, down)
    apart = abs(now - moved(then, between.back)).max(axis=-1)
    assert apart[between.seen > 0].max() < 1e-6 < apart.max()


def test_motion_of_a_drawn_film_is_found() -> None:
    frames = list(drawn(4, SIZE, scenery(SIZE, 4)))
    for then, now in zip(frames, frames[1:], strict=False):
        found = motion(now.frame, then.frame)
        apart = np.linalg.norm(found.back - now.back, axis=-1)
        assert np.median(apart) < 0.15 and apart[now.seen > 0].mean() < 0.4
        assert (found.seen == now.seen).mean() > 0.97
        assert (found.seen[now.seen == 0]).mean() < 0.4  # of what was covered, or outside, most is known to be new


def test_a_drawn_film_shows_what_it_says() -> None:
    """Its frames are the same where they say so, but for the edges of the disk, where pixels are mixed."""
    then, now = drawn(2, SIZE, scenery(SIZE, 2))
    squares = np.square(now.frame - moved(then.frame, now.back)).mean(axis=-1)
    assert np.median(squares[now.seen > 0]) < 1e-4
    assert now.back[0, 0] == pytest.approx(CAMERA) and now.back[33, 101] == pytest.approx(-DISK)


def test_what_comes_back_changed_is_not_the_same() -> None:
    """Sundaram's test: there and back has to end where it began."""
    back, forth = np.zeros((20, 30, 2), np.float32), np.zeros((20, 30, 2), np.float32)
    assert visible(back, forth).all()
    forth[5:8, 10:14, 0] = 0.8  # squared .64, more than .01 * .64 + .5
    expected = np.ones((20, 30))
    expected[5:8, 10:14] = 0
    np.testing.assert_array_equal(visible(back, forth), expected)
    forth[5:8, 10:14, 0] = 0.7  # .49, less than .4949
    assert visible(back, forth).all()


def test_edges_of_motion_and_what_was_outside_are_not_seen() -> None:
    back = np.zeros((20, 30, 2), np.float32)
    back[:, 15:, 0] = 0.2  # slopes of .1: .01, more than .01 * .04 + .002
    seen = visible(back, -back)
    assert not seen[:, 14:16].any() and seen[:, :14].all() and seen[:, 16:-1].all() and not seen[:, -1].any()


def test_earlier_frames_tell_what_later_ones_cannot() -> None:
    still = np.zeros((4, 4, 2), np.float32)
    left, top = np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32)
    left[:, :2], top[:2] = 1, 1
    pictures = [np.full((4, 4, 3), value, np.float32) for value in (0.25, 0.75)]
    past = remembered([Motion(still, left), Motion(still, top)], pictures)
    np.testing.assert_array_equal(past.seen, [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]])
    np.testing.assert_array_equal(past.picture[:2, 2:], 0.75)
    np.testing.assert_array_equal(past.picture[:, :2], 0.25)


# --- How steady ---


def test_a_film_that_moves_with_what_it_shows_has_no_warping_error() -> None:
    now, then, between = shifted(4, -3)
    assert warping_error(now, then, between) < 1e-12
    assert warping_error(now, then, between._replace(seen=np.ones_like(between.seen))) > 1e-5


def test_warping_error_is_the_mean_square_of_what_is_seen_in_both() -> None:
    still = Motion(np.zeros((10, 8, 2), np.float32), np.zeros((10, 8), np.float32))
    still.seen[:5] = 1
    then = smooth_picture(10, 8) * 0.5
    now = then + np.float32(0.1)
    now[5:] = 1  # not seen
    assert warping_error(now, then, still) == pytest.approx(0.01, rel=1e-5)
    now[:5, :, 1:] = then[:5, :, 1:]  # in one color of three
    assert warping_error(now, then, still) == pytest.approx(0.01 / 3, rel=1e-5)
    assert warping_error(now, then, still._replace(seen=np.zeros((10, 8)))) == 0


def test_flicker_is_what_changes_beyond_the_film() -> None:
    frames = [smooth_picture(12, 16, seed=seed) / 4 for seed in (1, 2)]
    painted = [0.5 + frame for frame in frames]
    assert flicker(painted[1], painted[0], frames[1], frames[0]) < 1e-12
    assert flicker(painted[1] + 0.2, painted[0], frames[1], frames[0]) == pytest.approx(0.04, rel=1e-5)


# --- Cuts ---


def levels(frame: np.ndarray) -> np.ndarray:
    return np.uint8(np.rint(255 * np.clip(frame, 0, 1)))


def test_cuts_are_found_and_motion_is_none() -> None:
    films = [drawn(6, SIZE, scenery(SIZE, 6, source)) for source in ("sample:harbor", "sample:portrait")]
    cutter, frames = Cutter(), [levels(each.frame) for film in films for each in film]
    assert [number for number, frame in enumerate(frames) if cutter(frame)] == [0, 6]


def test_light_that_fades_is_no_cut() -> None:
    cutter, frames = Cutter(), [each.frame for each in drawn(8, SIZE, scenery(SIZE, 8))]
    faded = [levels(frame * (1 - 0.1 * number)) for number, frame in enumerate(frames)]
    assert [number for number, frame in enumerate(faded) if cutter(frame)] == [0]


def test_a_flash_is_no_shot_of_its_own_for_longer_than_it_lasts() -> None:
    cutter, frames = Cutter(), [levels(each.frame) for each in drawn(6, SIZE, scenery(SIZE, 6))]
    frames[3] = np.full_like(frames[3], 255)
    cuts = [number for number, frame in enumerate(frames) if cutter(frame)]
    assert cuts in ([0], [0, 3, 4])
