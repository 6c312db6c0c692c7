"""The lengths of chunks, by a scripted clock."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from keras_nst.system import pace as module
from keras_nst.system.pace import Pace, seconds_for_steps


class Clock:
    """Stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def chunks(pace: Pace, clock: Clock, scale: int, steps: int, seconds: Callable[[int], float]) -> list[int]:
    """Returns the lengths of a scale's chunks; the k-th step takes seconds(k)."""
    counts, done = [], 0
    while done < steps and (count := pace(scale, steps - done)):
        clock.now += sum(seconds(step) for step in range(done, done + count))
        counts.append(count)
        done += count
    return counts


def test_two_single_steps_then_doubled_up_to_a_second(clock: Clock) -> None:
    pace = Pace(threading.Event())
    compiling = chunks(pace, clock, 1, 60, lambda step: 8.0 if step == 0 else 0.1)
    assert compiling == [1, 1, 2, 4, 8, 10, 10, 10, 10, 4]
    # The next scale begins anew, whatever was learned of the last one.
    assert chunks(pace, clock, 2, 5, lambda step: 0.45) == [1, 1, 2, 1]


def test_slow_steps_come_one_by_one(clock: Clock) -> None:
    assert chunks(Pace(threading.Event()), clock, 1, 4, lambda step: 20.0) == [1, 1, 1, 1]


def test_a_lucky_measurement_makes_no_long_chunk(clock: Clock) -> None:
    lengths = chunks(Pace(threading.Event()), clock, 1, 100, lambda step: 0.0)
    assert all(after <= 2 * before for before, after in zip(lengths, lengths[1:], strict=False))
    assert lengths == [1, 1, 2, 4, 8, 16, 32, 36]


@pytest.mark.parametrize(("limit", "left"), [(0, 0), (60, 50), (20, 11), (7, 0.001)])
def test_the_start_and_the_end_take_their_part(clock: Clock, limit: float, left: float) -> None:
    assert seconds_for_steps(limit, begun=clock.now - 7) == pytest.approx(left)


@pytest.mark.parametrize("seconds", [0.03, 0.4, 3.0])
def test_the_deadline_is_passed_by_less_than_a_step(clock: Clock, seconds: float) -> None:
    pace = Pace(threading.Event(), max_seconds=10)
    counts = chunks(pace, clock, 1, 100_000, lambda step: seconds)
    # Half a step is left for the losses of the finished picture.
    assert 1010 - 1.5 * seconds <= clock.now <= 1010 + 0.5 * seconds
    assert sum(counts) == pytest.approx(10 / seconds, abs=2)
    clock.now = 1010
    assert pace(2, 5) is None  # nor does the next scale begin


def test_steps_that_grow_slower_pass_the_deadline_by_one_chunk(clock: Clock) -> None:
    counts = chunks(Pace(threading.Event(), max_seconds=10), clock, 1, 1000, lambda step: 0.01 if step < 99 else 0.5)
    longest = 100 * 0.5
    assert 1010 <= clock.now < 1010 + longest
    assert max(counts) <= 100


def test_nothing_more_once_stopped(clock: Clock) -> None:
    stop = threading.Event()
    pace = Pace(stop)
    assert pace(1, 9) == 1
    stop.set()
    assert pace(1, 8) is None and pace(2, 9) is None


def test_time_is_shared_out_by_work(clock: Clock) -> None:
    """Four scales of 10, 20, 40, 80 units of work at 0.1 s a unit would take 15 s; there are 8."""
    pixels = (1, 2, 4, 8)
    pace = Pace(threading.Event(), max_seconds=8, work=[(count, 10) for count in pixels])
    done = [sum(chunks(pace, clock, scale, 10, lambda step, n=n: 0.1 * n)) for scale, n in enumerate(pixels, 1)]
    assert clock.now == pytest.approx(1008 - 0.4, abs=0.6)
    assert min(done) >= 4 and max(done) <= 7


def test_nothing_is_saved_where_there_is_time_for_all(clock: Clock) -> None:
    """The first scale's share, a fiftieth of 10 s, is less than its compilation; yet 9.1 s do for all."""
    pace = Pace(threading.Event(), max_seconds=10, work=[(1, 10), (10, 50)])
    for scale, (unit, steps) in enumerate(((0.01, 10), (0.1, 50)), 1):
        taken = chunks(pace, clock, scale, steps, lambda step, unit=unit: unit + 2.0 * (step == 0))
        assert sum(taken) == steps
    assert not pace.cut


def test_a_scale_that_could_not_even_begin_is_left_out(clock: Clock) -> None:
    pace = Pace(threading.Event(), max_seconds=10, work=[(1, 100), (2, 10), (4, 300)])
    chunks(pace, clock, 1, 100, lambda step: 2.0 if step == 0 else 0.01)
    assert pace(2, 10) == 0 and pace(3, 300) == 1


def test_no_limit_unless_asked_for(clock: Clock) -> None:
    pace = Pace(threading.Event())
    clock.now += 1e9
    assert pace(1, 3) == 1
