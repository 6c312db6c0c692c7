"""What people see: a bar on a terminal, lines in a pipe, a time left that comes true."""

import io
import os
import re
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import loss_values
from tqdm import tqdm

from keras_nst.command import meter
from keras_nst.command.monitors import display as module
from keras_nst.command.monitors.display import Forecast, Foretold, Speed, display
from keras_nst.core.plan.events import Progress

ROOT = Path(__file__).parent.parent
SIZES = [(20, 30), (40, 60), (80, 120)]  # each scale has four times the pixels of the one before
WORK = 10 * sum(height * width for height, width in SIZES)
CHILD = """
import sys
sys.path.insert(0, "tests")
from test_display import WORK, run
from keras_nst.command.monitors.display import display
listener = display(WORK)
for progress in run(stop_after={stop_after}):
    listener(progress)
listener.close()
print("next", file=sys.stderr)
"""


def run(chunks: tuple[int, ...] = (1, 1, 3, 5), stop_after: int = 99) -> Iterator[Progress]:
    """The progress of a run of three scales of ten steps each, or of the first chunks of it."""
    count = 0
    for scale, (height, width) in enumerate(SIZES, start=1):
        for index in range(len(chunks)):
            count += 1
            if count <= stop_after:
                yield progress(scale, sum(chunks[: index + 1]), (1, height, width, 3))
    if stop_after == 99:
        yield progress(3, 10, (1, *SIZES[-1], 3), final=True)


def progress(scale: int, scale_step: int, shape: tuple[int, ...], final: bool = False) -> Progress:
    step = 10 * (scale - 1) + scale_step
    loss = np.full(2, 100.0 / step)
    losses = loss_values(loss, loss, loss, loss, {}, {})
    return Progress(step, 30, scale, 3, scale_step, 10, losses, 0.1, lambda: np.zeros(shape), final)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands still unless it is told to go on."""
    clock = SimpleNamespace(now=50.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def on_a_terminal(columns: int, stop_after: int = 99) -> tuple[str, str]:
    """Returns what a process with a terminal of its own shows there, and what it writes elsewhere."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    code = CHILD.format(stop_after=stop_after)
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 4096):
            shown += part
    except OSError:  # the other end is closed
        os.close(master)
    output, _ = child.communicate(timeout=20)
    assert child.returncode == 0
    return shown.decode(), output.decode()


def test_a_terminal_shows_a_bar() -> None:
    shown, output = on_a_terminal(columns=120)
    states = re.split(r"[\r\n]+", shown.lstrip("\r"))
    assert states[0].startswith("starting") and "0%" in states[0]
    pattern = r"scale (\d)/3  step +(\d+)/10 \|(.*)\| +(\d+)%, loss [\d.]+, [\d.e+]+ steps/s, (\?|\d\d:\d\d) left"
    found = [match for state in states if (match := re.match(pattern, state))]
    assert [(match[1], match[2]) for match in found][-1] == ("3", "10")
    assert {match[1] for match in found} == {"1", "2", "3"}
    assert found[0][5] == "?" and found[-1][5] == "00:00"
    shares = [int(match[4]) for match in found]
    assert shares == sorted(shares) and shares[-1] == 100
    assert 4 <= max(share for share, match in zip(shares, found, strict=True) if match[1] == "1") <= 6  # of 21 parts
    assert found[-1][3].strip(" ") and " " not in found[-1][3]
    assert output == "" and states[-2:] == ["next", ""]


@pytest.mark.parametrize("columns", [20, 60])
def test_the_bar_never_breaks_its_line(columns: int) -> None:
    shown, _ = on_a_terminal(columns)
    states = re.split(r"[\r\n]+", re.sub(r"\x1b\[\w", "", shown))
    assert max(map(len, states)) <= columns


def test_a_run_stopped_early_leaves_its_bar_on_a_line_of_its_own() -> None:
    shown, _ = on_a_terminal(columns=120, stop_after=6)
    assert re.search(r"scale 2/3  step 2/10 \|[^\r\n]+ left *\r\nnext\r\n$", shown)
    assert "100%" not in shown


def test_a_pipe_gets_lines_without_control_characters() -> None:
    code = CHILD.format(stop_after=99)
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=20)
    text = child.stderr.decode("ascii")
    assert (child.returncode, child.stdout) == (0, b"")
    assert all(letter == "\n" or letter.isprintable() for letter in text)
    lines = text.splitlines()
    assert len(lines) == 8  # first and last step of three scales, the final loss, and what comes next
    assert re.fullmatch(r"scale 1/3  step 1/10  loss 100  [\d.e+]+ steps/s  \? left", lines[0])
    assert re.fullmatch(r"scale 3/3  step 10/10  final loss 3.333", lines[6])
    assert lines[7] == "next"


def test_no_standard_error_at_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    listener = display(WORK)
    for event in run():
        listener(event)
    listener.close()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_nobody_looks_any_more(terminal: bool) -> None:
    """The other end of a pipe was closed, or the terminal: the run goes on."""

    class Closed(io.StringIO):
        def isatty(self) -> bool:
            return terminal

        def write(self, text: str) -> int:
            if text.strip() and self.gone:
                raise BrokenPipeError
            return super().write(text)

        gone = False

    stream = Closed()
    listener = display(WORK, stream=stream)
    stream.gone = True
    try:
        for each in run():
            listener(each)
            assert others_may_show_bars()
        assert others_may_show_bars()
        listener.close()
        display(WORK, stream=stream).close()
        assert others_may_show_bars()
    finally:
        while not others_may_show_bars():  # or all later tests with bars would wait for ever
            tqdm.get_lock().release()


def others_may_show_bars() -> bool:
    """Whether another thread gets the lock that all bars of a process share."""
    got: list[bool] = []

    def take() -> None:
        got.append(all([lock.acquire(timeout=0.2) for lock in tqdm.get_lock().locks]))
        for lock in tqdm.get_lock().locks if got[0] else ():
            lock.release()

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return got[0]


def test_a_line_every_five_seconds(clock: SimpleNamespace) -> None:
    stream = io.StringIO()
    listener = display(WORK, stream=stream)
    for step in range(1, 10):
        clock.now += 2
        listener(progress(1, step, (1, 2, 2, 3)))
    assert re.findall(r"step (\d+)/10", stream.getvalue()) == ["1", "4", "7"]


@pytest.mark.parametrize("compilation", [0.0, 3.0])
def test_the_time_left_comes_true(compilation: float, clock: SimpleNamespace) -> None:
    """Steps take as long as they have pixels: to count steps instead is wrong by a factor of five at first."""
    speed, forecast = Speed(), Forecast(WORK)
    told, last = [], 0
    for event in run():
        if not event.final:
            height, width = SIZES[event.scale - 1]
            clock.now += (event.step - last) * height * width / 600 + compilation * (event.scale_step == 1)
            last = event.step
        speed(event)
        told.append((clock.now, forecast(event, speed)))
    assert told[0][1] is None
    end = clock.now
    for now, left in told[1:]:
        # The first chunk of a scale is taken for its compilation, and contains a step as well: of 1, 4, 16 seconds.
        assert left is not None and end - now - 1e-6 <= left <= end - now + 4 + 1e-6
    assert told[-1][1] == 0


def test_the_picture_is_looked_at_once_a_scale() -> None:
    """To look copies it, and it may be large."""
    looks: list[int] = []
    listener = display(WORK, stream=io.StringIO())
    for event in run():

        def look(event: Progress = event) -> np.ndarray:
            looks.append(event.scale)
            return event.picture()

        listener(event._replace(picture=look))
    assert looks == [1, 2, 3]


def test_speed_forgets_the_compilation_and_averages(clock: SimpleNamespace) -> None:
    speed, step, seen = Speed(), 0, []
    for scale, steps, seconds in [(1, 1, 10), (1, 1, 0.5), (1, 4, 1.0), (1, 4, 2.0), (2, 1, 5), (2, 3, 1.0)]:
        clock.now += seconds
        step += steps
        seen.append(speed(progress(scale, 5, (1, 2, 2, 3))._replace(step=step)))
    assert seen == pytest.approx([0.1, 2, 3, 2.5, 0.2, 3])
    clock.now += 60
    assert speed(progress(3, 10, (1, 2, 2, 3), final=True)) == pytest.approx(3)


@pytest.mark.parametrize(("seconds", "told"), [(200, 1), (1, 0)])
def test_what_takes_long_is_foretold_once(seconds: float, told: int, clock: SimpleNamespace) -> None:
    """As soon as the second size is at work; what is done in a minute is not."""
    lines: list[str] = []
    foretold, step = Foretold(WORK, 0, lines.append), 0
    for scale, steps in [(1, 1), (1, 9), (2, 1), (2, 1), (2, 4)]:
        clock.now += seconds / 2.4 if steps == 1 else steps * seconds / 2.4
        step += steps
        shape = (1, *SIZES[scale - 1], 3)
        foretold(progress(scale, step if scale == 1 else step - 10, shape)._replace(step=step))
    assert len(lines) == told
    assert all(re.fullmatch(r"About [\d:]+ left at this machine's pace[.]", line) for line in lines)


# --- Bars of other doors ---


def test_where_there_is_no_terminal_a_line_tells_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a minute apart; with the time left at the rate so far."""
    now = [100.0]
    monkeypatch.setattr(meter, "time", SimpleNamespace(monotonic=lambda: now[0]))
    stream = io.StringIO()
    with meter.Meter(total=12, initial=2, file=stream, disable=None, unit="frame") as bar:
        for _ in range(10):
            now[0] += 11.0
            bar.update()
    assert stream.getvalue().splitlines() == [
        "frame 5 of 12  01:17 left",
        "frame 8 of 12  00:44 left",
        "frame 11 of 12  00:11 left",
    ]
