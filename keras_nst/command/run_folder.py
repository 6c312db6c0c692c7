"""The folder of a run, and where its picture goes."""

import contextlib
import json
import os
import platform
import re
import time
from collections.abc import Iterator, Mapping
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import IO, Any, NamedTuple

from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.text import EARLIER, FORMER_DEFAULTS, absolute, settings_of
from keras_nst.system.files import LOCK, Locked, lock, written_whole

EVENTS = "events.out.tfevents.*"  # files with curves
SETTINGS = "settings.cfg"
PICTURE = "picture.png"
PREVIEW = "preview.jpg"  # until there is a picture
RECORD = "run.json"
CHECKPOINT = "checkpoint.zip"
LOG = "run.log"
REPORT = "report.html"
PROFILES = "plugins/profile/*/*"
LONGEST_STEM = 28  # letters of up to four bytes, two stems and a date: a file system allows 255 bytes


def choose_workdir(config: Config) -> Path:
    """Returns the folder of this run; it may not exist yet, or be given a number by `create_workdir`.

    Raises:
        SettingError: the folder holds another run, or cannot be one.
    """
    if not config.workdir:
        styles = [style.source for style in config.style_sources()[:1]]
        return Path("runs") / "-".join(filter(None, [_now(), stem(config.content), *map(stem, styles)]))
    workdir = _expanded(config.workdir)
    if os.path.lexists(workdir) and not os.path.isdir(workdir):
        raise SettingError("workdir", config.workdir, "Expected a folder. Received: a file.")
    foreign = not os.path.exists(workdir / RECORD) and any(
        os.path.exists(workdir / name) for name in (SETTINGS, PICTURE)
    )
    if foreign and not config.overwrite:
        raise SettingError(
            "workdir", config.workdir, "This folder holds another run. Expected a new one or --overwrite."
        )
    return workdir


class Busy(SettingError):
    """A folder in which another run is at work."""


def create_workdir(workdir: Path, named: str) -> tuple[Path, IO[str]]:
    """Makes the folder, locks it for this run and returns both.

    One that the user has not `named` gets a number where a run that started in the same second has taken it.

    Raises:
        SettingError: it cannot be made or written to.
        Busy: another run is at work in it.
    """
    try:
        workdir.parent.mkdir(parents=True, exist_ok=True)
        if named:
            workdir.mkdir(exist_ok=True)
        else:
            workdir = next(filter(_made, _numbered(workdir)))
        return workdir, lock(workdir)
    except Locked as error:
        raise Busy("workdir", named, f"{error}. Expected another folder.") from None
    except OSError as error:
        reason = f"Expected a folder that can be written to. {error.strerror}."
        raise SettingError("workdir", named or str(workdir), reason) from None


def release_workdir(workdir: Path) -> None:
    """Takes back what a run has made that did not begin, and the folder if there is nothing else in it."""
    with contextlib.suppress(OSError):
        clear_workdir(workdir)
        (workdir / LOCK).unlink(missing_ok=True)
        workdir.rmdir()


def clear_workdir(workdir: Path) -> None:
    """Removes what a run has left in the folder, and nothing else."""
    left = [RECORD, CHECKPOINT, SETTINGS, PICTURE, PREVIEW, LOG, REPORT, EVENTS, "snapshots/step-*.jpg", PROFILES]
    for path in [path for name in left for path in workdir.glob(name)]:
        path.unlink()


def choose_output(config: Config, workdir: Path, own: str = "") -> Path:
    """Returns the path of the result; it may exist already if it is this run's `own`, which goes on.

    Raises:
        SettingError: there is a file already, and it may not be overwritten.
    """
    if not config.output:
        return workdir / PICTURE
    output = _expanded(config.output)
    if os.path.exists(output) and not (config.overwrite or str(output.resolve()) == own or os.path.isdir(output)):
        raise SettingError("output", config.output, "This file exists. Expected a new path, or --overwrite.")
    return output


def _made(folder: Path) -> bool:
    """Makes the folder, which must not exist yet: of several runs, one succeeds."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S")


def stem(source: str) -> str:
    """Returns the name of a picture as a part of a folder's."""
    name = re.split(r"[/\\:]", source.partition("?")[0].rstrip("/"))[-1]
    return re.sub(r"[^\w.-]", "_", Path(name).stem)[:LONGEST_STEM]


def _expanded(written: str) -> Path:
    # Unlike Path's own, this leaves the ~ of an unknown user as it is, as shells do.
    return Path(os.path.expanduser(written))


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    for number in count(2):
        yield folder.with_name(f"{folder.name}-{number}")


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
    is_earlier = bool(old.resolved) and not EARLIER.keys() <= old.resolved.keys()
    for name in names:
        now, then = new.given.get(name, ""), old.given.get(name, usual.get(name, ""))
        became = old.resolved.get(name, EARLIER.get(name, "") if is_earlier else "")
        same = (then, became, "auto") if is_earlier and then == FORMER_DEFAULTS.get(name) else (then, became)
        if now not in same:
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
