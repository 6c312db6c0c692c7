"""What a run's folder tells of the run, so that it can go on and nothing else takes its place."""

import json
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from keras_nst.runs.workdir import RECORD
from keras_nst.settings.config import Config
from keras_nst.settings.text import absolute, settings_of
from keras_nst.system.atomic import written_whole

# What may be given anew when a run goes on: none of it changes the steps already taken.
FREE = (
    "steps",
    "max_seconds",
    "memory_limit_gb",
    "keep_programs",
    "strategy",
    "preview",
    "tensorboard",
    "profile_steps",
    "snapshot_steps",
    "checkpoint_secs",
    "keep_snapshots",
    "figures",
    "bit_depth",
    "max_megapixels",
)


class Record(NamedTuple):
    """A run as it was asked for."""

    given: dict[str, str]  # settings, with what was left open still open
    resolved: dict[str, str]  # settings as in settings.cfg; empty until TensorFlow has been started
    inputs: dict[str, str]  # SHA-256 of each input, by name
    output: str
    machine: dict[str, str]  # versions, processor, threads: what makes the same steps differ in their last bits
    finished: bool = False


def write_record(folder: Path, record: Record) -> None:
    """Writes the record into the folder."""
    with written_whole(folder / RECORD) as file:
        file.write(json.dumps(record._asdict(), indent=1).encode())


def read_told(path: Path) -> dict[str, Any] | None:
    """Returns what a file of JSON tells, by name; None where there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def read_record(folder: Path) -> Record | None:
    """Returns the record of the folder; None where there is none that can be read."""
    try:
        return Record(**json.loads((folder / RECORD).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def new_record(config: Config, inputs: Mapping[str, str], output: Path) -> Record:
    """Returns the record of a run that begins; `inputs` are the SHA-256 of its inputs."""
    own = str(output.resolve()) if config.output else ""
    return Record(settings_of(absolute(config)), {}, dict(inputs), own, this_machine())


def differences(new: Record, old: Record) -> list[str]:
    """Returns in what the new run is another one than the old: a few words each.

    A setting that the version of then did not know was as it is by itself.
    """
    names = [name for name in {**new.given, **old.given} if name not in FREE]
    usual, found = settings_of(Config()), []
    for name in names:
        now, then = new.given.get(name, ""), old.given.get(name, usual.get(name, ""))
        became = old.resolved.get(name, "")
        if now not in (then, became):
            found.append(f"--{name}={now} (was {became or then or 'not given'})")
    changed = [name for name in {**new.inputs, **old.inputs} if new.inputs.get(name) != old.inputs.get(name)]
    return found + [f"another picture as {name}" for name in changed]


def asks_for_more(new: Record, old: Record) -> bool:
    """Returns whether the new run has more steps."""
    return new.given.get("steps") not in (old.given.get("steps"), old.resolved.get("steps"))


def this_machine() -> dict[str, str]:
    """Returns what makes the same steps differ in their last bits from another machine's."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("TF_NUM_INTRAOP_THREADS", str(cores))
    versions = {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")}
    return versions | {"python": platform.python_version(), "processor": _processor(), "threads": threads}


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf8")
    except OSError:
        return platform.processor()
    of_interest = [line.split(":")[1].strip() for line in info.splitlines() if line.startswith(("model name", "flags"))]
    name, *flags = of_interest[:2] or [platform.processor()]
    return name + (" with AVX512" if "avx512f" in "".join(flags) else "")
