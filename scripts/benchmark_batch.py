"""What a batch adds to each of its pictures, and what it saves: time per job, and pictures an hour.

    python scripts/benchmark_batch.py --jobs=10,100,1000,10000 --engines=local,ray
    python scripts/benchmark_batch.py --pictures=8 --rounds=3

The first has the engines do nothing, many times, with all that stands around that: a worker is given the job, and what
becomes of it is noted. The second makes pictures by a batch and, in turns with it, by a command for each.
"""

import argparse
import functools
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import measuring
from measuring import Row
from PIL import Image, ImageOps

from keras_nst.batch.drive import engine_of
from keras_nst.batch.jobs import BatchJob, parcels
from keras_nst.batch.prepare import Batch
from keras_nst.batch.settings import BatchConfig
from keras_nst.command.manifest import DONE, RUNNING, Manifest
from keras_nst.command.workers.parcels import Outcome, Parcel
from keras_nst.pictures.sources import SAMPLES
from keras_nst.run.prepare import JobSpec
from keras_nst.settings.config import Config

QUICK = ["--size=256", "--steps=60,20,10"]


def main(argv: Sequence[str] | None = None) -> None:
    """Prints a table of the overhead, or of the pictures."""
    options = parser().parse_args(argv)
    if options.pictures:
        measuring.publish("batch", PICTURES, pictures_an_hour(options), options)
    else:
        counts = [int(count) for count in options.jobs.split(",")]
        rows = [overhead(engine, count, options.workers) for engine in options.engines.split(",") for count in counts]
        measuring.publish("batch", OVERHEAD, rows, options)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = measuring.common_options("What a batch adds and saves.")
    add = parser.add_argument
    add("--jobs", default="10,100,1000,10000", help="numbers of jobs that do nothing [%(default)s]")
    add("--engines", default="local", help="some of local,ray [%(default)s]")
    add("--workers", type=int, default=2, help="processes or actors that do them [%(default)s]")
    add("--pictures", type=int, default=0, help="make so many pictures in place of that [none]")
    add("--flags", default=" ".join(QUICK), help="settings of these [%(default)s]")
    add("--together", type=int, default=4, help="--batch_size of another batch; 1: none [%(default)s]")
    add("--rounds", type=int, default=3, help="turns of batch and single commands [%(default)s]")
    return parser


# --- Overhead ---


def nothing(parcel: Parcel, stop: object) -> list[Outcome]:
    """Does jobs that take no time."""
    return [Outcome(job.id, DONE, 0.0) for job in parcel]


def overhead(engine: str, count: int, workers: int) -> Row:
    """Returns how long so many jobs take that do nothing, from the first that is given to the last that is noted."""
    measuring.tell(f"{engine}: {count} jobs")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        batch = Batch(BatchConfig(engine=engine, workers=workers, cpus=1), folder, [])
        spec = JobSpec(Config(content="a.jpg", style="b.jpg"), folder)
        jobs = [BatchJob(f"{number:016x}", f"picture-{number}", spec, {}) for number in range(count)]
        begun = time.monotonic()
        with engine_of(batch.config, batch.folder, nothing) as working, Manifest(folder) as manifest:
            first = None
            for job, outcome in working.outcomes(parcels(jobs, most=1)):
                first = first or (outcome and time.monotonic())  # workers take their time to start
                manifest.note(job.id, state=outcome.state if outcome else RUNNING)
        ended = time.monotonic()
    per_job = (ended - first) / max(1, count - 1)
    return {"engine": engine, "jobs": count, "start": first - begun, "per_job": per_job}


OVERHEAD: measuring.Columns = {
    "engine": lambda row: row["engine"],
    "jobs": lambda row: f"{row['jobs']:,}",
    "until the first, s": lambda row: f"{row['start']:.2f}",
    "each further, ms": lambda row: f"{1e3 * row['per_job']:.2f}",
}


# --- Pictures ---


def pictures_an_hour(options: argparse.Namespace) -> list[Row]:
    """Returns how long the same pictures take by a batch and by a command for each."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        contents = variants(folder / "contents", options.pictures)
        flags = [f"--style=sample:night --weights={options.weights}".split(), options.flags.split()]
        common = [flag for part in flags for flag in part]
        ways: dict[str, Callable[[], float]] = {
            "single commands": functools.partial(by_single_commands, folder, contents, common),
            "batch": functools.partial(by_batch, folder, [*common, "--batch_size=1"]),
        }
        if options.together > 1:
            flag = f"--batch_size={options.together}"
            ways[f"batch, {flag}"] = functools.partial(by_batch, folder, [*common, flag])
        times = measuring.in_turns(ways, options.rounds)
    rows = [{"way": way, "pictures": options.pictures, "seconds": seconds} for way, seconds in times.items()]
    for row in rows:
        row["ratio"] = measuring.spread([a / b for a, b in zip(times["single commands"], row["seconds"], strict=True)])
    return rows


def variants(folder: Path, count: int) -> list[Path]:
    """Returns so many contents of one shape: cuts of the sample, each at another place."""
    folder.mkdir()
    with Image.open(SAMPLES / "harbor.jpg") as sample:
        image = ImageOps.fit(sample.convert("RGB"), (960, 640))
    paths = [folder / f"content-{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        left = number * 300 // max(1, count - 1)
        image.crop((left, left // 3, left + 600, left // 3 + 400)).save(path)
    return paths


def by_single_commands(folder: Path, contents: list[Path], flags: list[str]) -> float:
    """Makes the pictures by a command for each; returns the seconds."""
    workdir = folder / "single"
    seconds = measuring.seconds(
        lambda: [command("run", [f"--content={path}", f"--workdir={workdir / path.stem}", *flags]) for path in contents]
    )
    shutil.rmtree(workdir)
    return seconds


def by_batch(folder: Path, flags: list[str]) -> float:
    """Makes the pictures by one batch; returns the seconds."""
    workdir = folder / "batch"
    arguments = [f"--contents={folder / 'contents'}", f"--workdir={workdir}", *flags]
    seconds = measuring.seconds(lambda: command("batch", arguments))
    shutil.rmtree(workdir)
    return seconds


def command(door: str, flags: list[str]) -> None:
    """Runs a command of the program, quietly."""
    arguments: list[Any] = [sys.executable, "-m", f"keras_nst.{door}", *flags]
    subprocess.run(arguments, env=measuring.environment(), capture_output=True, check=True)


PICTURES: measuring.Columns = {
    "way": lambda row: row["way"],
    "pictures": lambda row: str(row["pictures"]),
    "seconds": lambda row: measuring.spread(row["seconds"]).shown(1),
    "times as many an hour": lambda row: row["ratio"].shown(2),
}

if __name__ == "__main__":
    main()
