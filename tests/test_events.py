"""When listeners are called."""

import numpy as np
from conftest import loss_values

from keras_nst.core.plan.events import Progress, at_scale_ends, every

NOTHING = loss_values(*[np.zeros(1)] * 4, {}, {})


def progress(step: int, final: bool = False) -> Progress:
    return Progress(step, 100, 1, 1, step, 100, NOTHING, 0.1, lambda: np.zeros((1, 2, 2, 3)), final)


def test_every_period_whatever_the_chunks_and_at_the_end() -> None:
    seen: list[int] = []
    listen = every(10, lambda event: seen.append(event.step))
    for step in (1, 4, 9, 11, 19, 20, 21, 45, 49):
        listen(progress(step))
    listen(progress(49, final=True))
    assert seen == [11, 20, 45, 49]


def test_the_finished_picture_is_not_passed_on_twice() -> None:
    seen: list[int] = []
    listen = every(10, lambda event: seen.append(event.step))
    listen(progress(20))
    listen(progress(20, final=True))
    assert seen == [20]


def test_of_a_run_that_goes_on() -> None:
    for start, expected in ((20, [31, 33]), (23, [31, 33]), (30, [33])):
        seen: list[int] = []
        listen = every(10, lambda event, seen=seen: seen.append(event.step), start)
        for step in (31, 33):
            listen(progress(step))
        listen(progress(33, final=True))
        assert seen == expected


def test_the_finished_picture_of_a_run_with_nothing_left_to_do() -> None:
    """Stopped at step 20 it was passed on already, at 23 it was not."""
    for start, expected in ((20, []), (23, [23])):
        seen: list[int] = []
        every(10, lambda event, seen=seen: seen.append(event.step), start)(progress(start, final=True))
        assert seen == expected


def test_the_end_of_each_scale_and_the_finished_picture() -> None:
    seen: list[tuple[int, bool]] = []
    listen = at_scale_ends(lambda event: seen.append((event.step, event.final)))
    for scale, step, scale_step in ((1, 2, 2), (1, 5, 5), (2, 6, 1), (2, 10, 5), (3, 15, 5)):
        listen(progress(step)._replace(scale=scale, scales=3, scale_step=scale_step, scale_steps=5))
    listen(progress(15, final=True)._replace(scale=3, scales=3, scale_step=5, scale_steps=5))
    assert seen == [(5, False), (10, False), (15, True)]
