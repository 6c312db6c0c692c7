"""Time from pressing the studio's button to the first sight of the picture, for the first one and for those after it.

    python scripts/benchmark_studio.py --rounds=5 --json=studio.json

Every turn is a studio of its own, at which a program looks in the browser's place. The weights should be cached.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import measuring
from measuring import Row

from keras_nst.core.plan.pyramid import Size
from keras_nst.studio.guard import HEADER
from keras_nst.studio.painter import READY

SAMPLES = {"content": "sample:harbor", "styles": [{"picture": "sample:night", "weight": 1}]}


def main(argv: Sequence[str] | None = None) -> None:
    """Prints the table."""
    options = parser().parse_args(argv)
    runs = {measuring.as_flag(size): a_studio(size, options) for size in measuring.sizes(options.sizes)}
    turns = measuring.in_turns(runs, options.rounds)
    rows = [row for size, results in turns.items() for row in by_phase(size, results)]
    measuring.publish("studio", COLUMNS, rows, options)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.options("Time to the first sight of a picture.", "256x171", rounds=5)
    parser.add_argument("--pictures", type=int, default=3, help="one after the other in each studio [%(default)s]")
    return parser


def a_studio(size: Size, options: argparse.Namespace) -> Callable[[], Row]:
    """Returns what opens a studio, has pictures made there, and returns the seconds of each phase."""
    return lambda: asyncio.run(visit(size, options))


async def visit(size: Size, options: argparse.Namespace) -> Row:
    """Opens a studio and has pictures made, each stopped as soon as it is seen; returns the seconds of each phase."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, open_studio(folder, options.weights) as address:
        phases = {"process start to open": time.perf_counter() - begun}
        page, token = address.split("?token=")
        async with (
            aiohttp.ClientSession(headers={HEADER: token}) as session,
            session.ws_connect(f"{page}socket") as news,
        ):
            told = messages(news)
            await anext(message async for message in told if message.get("painter") == READY)
            phases["open to ready"] = time.perf_counter() - begun - phases["process start to open"]
            for number in range(1, options.pictures + 1):
                phases[f"start to sight, picture {number}"] = await seen(session, page, told, size)
    return phases


@contextlib.contextmanager
def open_studio(folder: str, weights: str) -> Iterator[str]:
    """Opens a studio in a process of its own; yields the address that it prints."""
    flags = [f"--workdir={Path(folder) / 'runs'}", "--port=0", "--browser=false", f"--weights={weights}"]
    command = [sys.executable, "-m", "keras_nst.studio", *flags]
    with subprocess.Popen(command, env=measuring.environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().split()[-1] if process.stdout else ""
        finally:
            process.terminate()


async def seen(session: aiohttp.ClientSession, page: str, told: AsyncIterator[dict[str, Any]], size: Size) -> float:
    """Asks for a picture; returns the seconds until there is something of it to see, and ends it."""
    asked = SAMPLES | {"settings": {"size": measuring.as_flag(size)}}
    begun = time.perf_counter()
    async with session.post(f"{page}api/jobs", json=asked) as answer:
        run = (await answer.json())["id"]
    await anext(message async for message in told if message.get("id") == run)
    seconds = time.perf_counter() - begun
    async with session.post(f"{page}api/jobs/{run}/stop"):
        await anext(message async for message in told if message.get("jobs") == [])
    return seconds


async def messages(news: aiohttp.ClientWebSocketResponse) -> AsyncIterator[dict[str, Any]]:
    """Yields what the studio tells: its state, or the line before each preview."""
    async for message in news:
        text = message.data.partition(b"\n")[0] if message.type is aiohttp.WSMsgType.BINARY else message.data
        yield json.loads(text)


def by_phase(size: str, results: list[Row]) -> list[Row]:
    """Returns a row for each phase."""
    return [{"size": size, "phase": name, "seconds": [phases[name] for phases in results]} for name in results[0]]


COLUMNS: measuring.Columns = {
    "size": lambda row: row["size"],
    "phase": lambda row: row["phase"],
    "seconds": lambda row: measuring.spread(row["seconds"]).shown(2),
}


if __name__ == "__main__":
    main()
