"""The lengths of chunks, by a scripted clock."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from keras_nst.system import pace as module
from keras_nst.system.pace import Pace


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


@pytest.mark.parametrize("seconds", [0.03, 0.4, 3.0])
def test_the_deadline_leaves_time_for_the_end(clock: Clock, seconds: float) -> None:
    """The finished picture's losses, half a step, and saving it; less than a step more is left."""
    pace = Pace(threading.Event(), clock.now + 10)
    counts = chunks(pace, clock, 1, 100_000, lambda step: seconds)
    assert 1010 - 1.6 * seconds <= clock.now <= 1010 - 0.5 * seconds
    assert sum(counts) == pytest.approx(10 / seconds, abs=2) and pace.cut
    clock.now = 1010
    assert pace(2, 5) == 0  # nor does the next scale begin


def test_steps_that_grow_slower_pass_the_deadline_by_one_chunk(clock: Clock) -> None:
    pace = Pace(threading.Event(), clock.now + 10)
    counts = chunks(pace, clock, 1, 1000, lambda step: 0.01 if step < 99 else 0.5)
    longest = 100 * 0.5
    assert 1008 <= clock.now < 1010 + longest
    assert max(counts) <= 100


def test_nothing_more_once_stopped(clock: Clock) -> None:
    stop = threading.Event()
    pace = Pace(stop)
    assert pace(1, 9) == 1
    stop.set()
    assert pace(1, 8) is None and pace(2, 9) is None


class Machine:
    """Takes steps by the pace: at each scale first a setup, longer at finer ones; steps are as long as their pixels."""

    def __init__(self, clock: Clock, setup: float, per_pixel: float, pixels: tuple[int, ...], steps: int) -> None:
        self.clock, self.setup, self.per_pixel = clock, setup, per_pixel
        self.work = {number: (count, steps) for number, count in enumerate(pixels, 1)}

    def within(self, seconds: float) -> tuple[list[int], Pace]:
        """Returns the steps taken at each scale in so many seconds."""
        self.clock.now = 1000.0
        pace, taken = Pace(threading.Event(), self.clock.now + seconds, self.work), []
        for scale, (pixels, steps) in self.work.items():
            step = self.per_pixel * pixels
            setup = self.setup_of(scale)
            done = sum(chunks(pace, self.clock, scale, steps, lambda k, step=step, setup=setup: step + setup * (not k)))
            if not done:
                break
            taken.append(done)
        return taken, pace

    def takes(self, counts: list[int]) -> float:
        """Returns the seconds of so many steps at each scale, and of judging the last picture."""
        steps = {scale: self.per_pixel * self.work[scale][0] for scale in range(1, len(counts) + 1)}
        saved = 0.05 * self.per_pixel * max(self.work.values())[0]
        taken = sum(self.setup_of(scale) + counts[scale - 1] * step for scale, step in steps.items())
        return taken + 0.5 * steps[len(counts)] + saved + 0.2 * self.setup_of(len(counts))

    def setup_of(self, scale: int) -> float:
        return self.setup + self.per_pixel * (self.work[scale][0] - self.work[1][0])


@pytest.fixture
def machine(clock: Clock) -> Machine:
    """Four scales of 40 steps: 2 s of setup and a step in 0.1 s at the coarsest."""
    return Machine(clock, setup=2.0, per_pixel=0.1, pixels=(1, 2, 4, 8), steps=40)


def test_all_steps_where_there_is_time(machine: Machine) -> None:
    """Also where the first setup alone takes more than the first scale's share of the time."""
    taken, pace = machine.within(machine.takes([40] * 4) + 0.01)
    assert taken == [40] * 4 and not pace.cut


def test_the_same_share_of_the_steps_of_each_scale(machine: Machine) -> None:
    for share in (0.4, 0.5, 0.8):
        seconds = machine.takes([round(share * 40)] * 4)
        taken, pace = machine.within(seconds)
        assert taken == pytest.approx([share * 40] * 4, abs=2) and pace.cut
        assert 1000 + seconds - 1.5 * 0.8 <= machine.clock.now <= 1000 + seconds


def test_scales_that_could_not_have_a_worthwhile_number_of_steps_are_left_out(machine: Machine) -> None:
    """Of the finest that is begun there are enough steps, and of the coarsest more."""
    reached = []
    for seconds in (3, 4, 6, 8, 10, 12, 16, 20, 25, 30):
        taken, pace = machine.within(seconds)
        assert pace.cut and (machine.clock.now <= 1000 + seconds or taken == [15])
        assert len(taken) == 1 or (taken[0] >= 15 and min(taken) >= 5)
        reached.append(len(taken))
    assert reached == sorted(reached) and {reached[0], reached[-1]} == {1, 4} and len(set(reached)) == 4


@pytest.mark.parametrize(("seconds", "taken"), [(-3, [15]), (0.5, [15]), (2.5, [15]), (3.3, [15]), (4.7, [22])])
def test_a_small_first_scale_gets_a_worthwhile_number_of_steps_even_late(
    seconds: float, taken: list[int], machine: Machine
) -> None:
    steps, pace = machine.within(seconds)
    assert steps == taken and pace.late == (seconds < 4)


def test_a_large_first_scale_is_not_begun_late(clock: Clock) -> None:
    large = Machine(clock, setup=2.0, per_pixel=1e-5, pixels=(512 * 512,), steps=40)
    assert large.within(-1)[0] == [] and len(large.within(1)[0]) == 1


def test_steps_that_take_longer_than_the_setup_are_not_late(clock: Clock) -> None:
    slow = Machine(clock, setup=2.0, per_pixel=1.0, pixels=(1,), steps=40)
    taken, _ = slow.within(2.5)
    assert taken == [2]  # of which the second tells how long one takes


def test_no_time_is_kept_for_a_scale_that_is_left_out(machine: Machine) -> None:
    """6 s, of which setup and end take 2.5: the second scale would need 2.1 + 6 * 0.2, and the first 15 * 0.1."""
    taken, _ = machine.within(6)
    assert taken == [pytest.approx(35, abs=1)]


def test_a_scale_is_begun_with_less_where_the_one_before_took_longer_than_expected(machine: Machine) -> None:
    seconds = machine.takes([15, 8])
    pace = Pace(threading.Event(), machine.clock.now + seconds, machine.work)
    taken = sum(chunks(pace, machine.clock, 1, 40, lambda step: 0.1 + 2.0 * (step == 0)))
    assert taken >= 15
    machine.clock.now += 0.7  # of 1.6 for eight steps
    assert pace(2, 40) == 1
    pace = Pace(threading.Event(), machine.clock.now + seconds, machine.work)
    chunks(pace, machine.clock, 1, 40, lambda step: 0.1 + 2.0 * (step == 0))
    machine.clock.now += 1.4
    assert pace(2, 40) == 0


def test_a_run_that_goes_on_at_a_scale_counts_the_steps_taken_there(machine: Machine) -> None:
    """20 of 40 were taken at the second scale: what time there is goes to the others."""
    pace = Pace(threading.Event(), machine.clock.now + 4 + 20 * 0.4 + 20 * 0.8 + 2 * 2, machine.work)
    again = chunks(pace, machine.clock, 2, 20, lambda step: 0.2 + 2.0 * (step == 0))
    assert sum(again) <= 3
    third = chunks(pace, machine.clock, 3, 40, lambda step: 0.4 + 2.0 * (step == 0))
    assert sum(third) == pytest.approx(22, abs=3)


def test_figures_are_had_where_there_is_time(machine: Machine) -> None:
    whole = machine.takes([40] * 4)
    for seconds, expected in ((whole + 0.5, False), (whole + 4 * machine.setup_of(4) + 0.5, True)):
        taken, pace = machine.within(seconds)
        assert taken == [40] * 4
        assert pace.has_time_for_figures() == expected
    assert Pace(threading.Event()).has_time_for_figures()


def test_no_limit_unless_asked_for(clock: Clock) -> None:
    pace = Pace(threading.Event())
    clock.now += 1e9
    assert pace(1, 3) == 1
