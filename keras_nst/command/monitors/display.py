"""Shows progress: a bar on a terminal, plain lines elsewhere."""

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from tqdm import tqdm

from keras_nst.command.meter import Meter
from keras_nst.core.plan.events import Progress

SECONDS_BETWEEN_LINES = 5.0
LONG = 600.0  # seconds: a longer run is announced


def display(work: float, done: int = 0, stream: TextIO | None = None) -> "Bar | Lines":
    """Returns a listener that shows progress on `stream`, by default standard error.

    Its `close` must be called once the run is over, however it ended.

    Args:
        work: the pixels of all steps to come, summed.
        done: the number of steps already taken.
    """
    stream = stream or sys.stderr or io.StringIO()  # a process may have no standard error
    return Bar(work, done, stream) if stream.isatty() else Lines(work, done, stream)


class Speed:
    """Steps per second, averaged over the last chunks of a scale."""

    def __init__(self, done: int = 0) -> None:
        self.scale, self.chunks, self.step, self.time = 0, 0, done, time.monotonic()
        self.value, self.start = 0.0, 0.0

    def __call__(self, progress: Progress) -> float:
        if progress.final:
            return self.value
        now = time.monotonic()
        seconds = max(now - self.time, 1e-9)
        latest = (progress.step - self.step) / seconds
        self.chunks = self.chunks + 1 if progress.scale == self.scale else 1
        self.scale, self.step, self.time = progress.scale, progress.step, now
        if self.chunks == 1:
            self.start = seconds
        # The first chunk of a scale contains its compilation: it is ignored as soon as there is another.
        self.value = latest if self.chunks <= 2 else 0.5 * self.value + 0.5 * latest
        return self.value


class Forecast:
    """The time left: the time of a step is proportional to its pixels, and each further scale adds its compilation."""

    def __init__(self, work: float, done: int = 0) -> None:
        self.total, self.done, self.rate = work, 0.0, 0.0
        self.scale, self.pixels, self.step = 0, 0, done

    def __call__(self, progress: Progress, speed: Speed) -> float | None:
        """Returns the seconds left, or None if not known yet; `speed` has received this progress before."""
        if progress.final:
            return 0.0
        if progress.scale != self.scale:  # reading the picture copies it: once per scale is enough
            _, height, width, _ = progress.picture().shape
            self.scale, self.pixels = progress.scale, height * width
        self.done += (progress.step - self.step) * self.pixels
        self.step = progress.step
        if progress.scales == 1:  # the number of further steps may change
            self.total = self.done + (progress.steps - progress.step) * self.pixels
        if speed.chunks > 1:
            self.rate = speed.value * self.pixels
        if not self.rate:
            return None
        return (self.total - self.done) / self.rate + (progress.scales - progress.scale) * speed.start


class Bar:
    """A progress bar: scale, step, loss, steps per second, time left."""

    def __init__(self, work: float, done: int, stream: TextIO) -> None:
        self.speed, self.forecast = Speed(done), Forecast(work, done)
        shape = "{desc} |{bar}| {percentage:3.0f}%{postfix}"
        self.bar = Meter(total=work, file=stream, bar_format=shape, desc="starting", **_width(stream))

    def __call__(self, progress: Progress) -> None:
        speed = self.speed(progress)
        left = _duration(self.forecast(progress, self.speed))
        self.bar.set_description_str(_where(progress), refresh=False)
        self.bar.set_postfix_str(
            f"loss {progress.losses.total.mean():.4g}, {speed:.3g} steps/s, {left} left", refresh=False
        )
        self.bar.n, self.bar.total = self.forecast.done, self.forecast.total
        self.bar.refresh()

    def close(self) -> None:
        """Leaves the bar as it is; the next output begins a new line."""
        self.bar.close()


class Foretold:
    """Announces once that a run will take long: as soon as a scale after the first one is running.

    The first scale is small, and its steps say little about the others.
    """

    def __init__(self, work: float, done: int, tell: Callable[[str], None]) -> None:
        self.speed, self.forecast, self.tell = Speed(done), Forecast(work, done), tell
        self.told = False

    def __call__(self, progress: Progress) -> None:
        self.speed(progress)
        left = self.forecast(progress, self.speed)
        if self.told or left is None or self.speed.chunks < 2 or progress.scale == 1 < progress.scales:
            return
        self.told = True
        if left >= LONG:
            self.tell(f"About {_duration(left)} left at this machine's pace.")


def beside_the_bar(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Returns `tell` for use while a bar is shown: the bar makes room for the line."""

    def say(line: str) -> None:
        with tqdm.external_write_mode():
            tell(line)

    return say


def _width(stream: TextIO) -> dict[str, Any]:
    """Returns tqdm's options for the width: some terminals report no columns."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        columns = 0
    return {"dynamic_ncols": True} if columns else {"ncols": 80}


class Lines:
    """Prints a line every few seconds, and at the first and last step of each scale."""

    def __init__(self, work: float, done: int, stream: TextIO) -> None:
        self.speed, self.forecast, self.stream = Speed(done), Forecast(work, done), stream
        self.last = float("-inf")

    def __call__(self, progress: Progress) -> None:
        now, speed = time.monotonic(), self.speed(progress)
        left = _duration(self.forecast(progress, self.speed))
        due = progress.final or progress.scale_step in (1, progress.scale_steps)
        if due or now >= self.last + SECONDS_BETWEEN_LINES:
            self.last = now
            loss = f"loss {progress.losses.total.mean():.4g}"
            rest = f"final {loss}" if progress.final else f"{loss}  {speed:.3g} steps/s  {left} left"
            with contextlib.suppress(OSError):  # the stream may be closed
                print(f"{_where(progress)}  {rest}", file=self.stream, flush=True)

    def close(self) -> None:
        """Does nothing: there is no bar to close."""


def _where(progress: Progress) -> str:
    scale = f"scale {progress.scale}/{progress.scales}  " if progress.scales > 1 else ""
    return f"{scale}step {progress.scale_step}/{progress.scale_steps}"


def _duration(seconds: float | None) -> str:
    return "?" if seconds is None else tqdm.format_interval(max(seconds, 0.0))
