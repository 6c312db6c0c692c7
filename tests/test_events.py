"""When listeners are called."""

import numpy as np

from keras_nst.core.events import LossValues, Progress, every

NOTHING = LossValues(*[np.zeros(1)] * 4, {}, {})


def progress(step: int, final: bool = False) -> Progress:
    return Progress(step, 100, 1, 1, step, 100, NOTHING, 0.1, lambda: np.zeros((1, 2, 2, 3)), final)


def test_every_period_whatever_the_chunks_and_at_the_end() -> None:
    seen: list[int] = []
    listen = every(10, lambda event: seen.append(event.step))
    for step in (1, 4, 9, 11, 19, 20, 21, 45, 49):
        listen(progress(step))
    listen(progress(50, final=True))
    assert seen == [11, 20, 45, 50]


def test_the_finished_picture_is_not_passed_on_twice() -> None:
    seen: list[int] = []
    listen = every(10, lambda event: seen.append(event.step))
    listen(progress(20))
    listen(progress(21, final=True))
    assert seen == [20]
