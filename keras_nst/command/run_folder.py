"""The folder of a run, its record, and the path of its picture."""

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

EVENTS = "events.out.tfevents.*"  # files with the curves
SETTINGS = "settings.cfg"
PICTURE = "picture.png"
PREVIEW = "preview.jpg"  # until the picture is finished
RECORD = "run.json"
CHECKPOINT = "checkpoint.zip"
LOG = "run.log"
REPORT = "report.html"
PROFILES = "plugins/profile/*/*"
LONGEST_STEM = 28  # letters of up to four bytes, two stems and a date: a file system allows 255 bytes


def choose_workdir(config: Config) -> Path:
    """Returns the folder of this run. It may not exist yet; `create_workdir` may add a number to its name.

    Raises:
        SettingError: the folder holds another run, or is not a folder.
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
    """A folder in which another run is running."""


def create_workdir(workdir: Path, named: str) -> tuple[Path, IO[str]]:
    """Creates the folder, locks it for this run and returns both.

    If the user has not `named` it, a number is added if a run that started in the same second has the name.

    Raises:
        SettingError: it cannot be created or written to.
        Busy: another run is running in it.
    """
    try:
        workdir.parent.mkdir(parents=True, exist_ok=True)
        if named:
            workdir.mkdir(exist_ok=True)
        else:
            workdir = next(filter(_made, _numbered(workdir)))
        return workdir, lock(workdir)
    except Locked as error:
        raise Busy(
            "workdir", named, f"{error}. Expected another folder, or this one when that run has ended."
        ) from None
    except OSError as error:
        reason = f"Expected a writable folder. {error.strerror}."
        raise SettingError("workdir", named or str(workdir), reason) from None


def release_workdir(workdir: Path) -> None:
    """Removes the files of a run that did not begin, and the folder if it is empty then."""
    with contextlib.suppress(OSError):
        clear_workdir(workdir)
        (workdir / LOCK).unlink(missing_ok=True)
        workdir.rmdir()


def clear_workdir(workdir: Path) -> None:
    """Removes the files of a run from the folder, and nothing else."""
    left = [RECORD, CHECKPOINT, SETTINGS, PICTURE, PREVIEW, LOG, REPORT, EVENTS, "snapshots/step-*.jpg", PROFILES]
    for path in [path for name in left for path in workdir.glob(name)]:
        path.unlink()


def choose_output(config: Config, workdir: Path, own: str = "") -> Path:
    """Returns the path of the result; it may exist if it is this run's `own`, which is resumed.

    Raises:
        SettingError: the file exists, and --overwrite is not given.
    """
    if not config.output:
        return workdir / PICTURE
    output = _expanded(config.output)
    if os.path.exists(output) and not (config.overwrite or str(output.resolve()) == own or os.path.isdir(output)):
        raise SettingError("output", config.output, "This file exists. Expected a new path, or --overwrite.")
    return output


def _made(folder: Path) -> bool:
    """Creates the folder, which must not exist yet: of several runs, one succeeds."""
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _now() -> str:
    return time.strftime("%Y%m%d-%H%M%S")


def stem(source: str) -> str:
    """Returns the name of a picture, as part of a folder's name."""
    name = re.split(r"[/\\:]", source.partition("?")[0].rstrip("/"))[-1]
    return re.sub(r"[^\w.-]", "_", Path(name).stem)[:LONGEST_STEM]


def _expanded(written: str) -> Path:
    # Unlike Path's own, this leaves the ~ of an unknown user unchanged, as shells do.
    return Path(os.path.expanduser(written))


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    for number in count(2):
        yield folder.with_name(f"{folder.name}-{number}")


# Settings that may change when a run is resumed: none of them changes the steps already taken.
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
    """A run as it was requested."""

    given: dict[str, str]  # settings, with `auto` kept
    resolved: dict[str, str]  # settings as in settings.cfg; empty until TensorFlow has been started
    inputs: dict[str, str]  # SHA-256 of each input, by name
    output: str
    machine: dict[str, str]  # versions, processor, threads: with others, the same steps round differently
    finished: bool = False


def write_record(folder: Path, record: Record) -> None:
    """Writes the record into the folder."""
    with written_whole(folder / RECORD) as file:
        file.write(json.dumps(record._asdict(), indent=1).encode())


def read_told(path: Path) -> dict[str, Any] | None:
    """Returns the contents of a JSON file, by name; None if there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def read_record(folder: Path) -> Record | None:
    """Returns the record of the folder; None if there is none that can be read."""
    try:
        return Record(**json.loads((folder / RECORD).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def new_record(config: Config, inputs: Mapping[str, str], output: Path) -> Record:
    """Returns the record of a new run; `inputs` are the SHA-256 of its inputs."""
    own = str(output.resolve()) if config.output else ""
    return Record(settings_of(absolute(config)), {}, dict(inputs), own, this_machine())


def differences(new: Record, old: Record) -> list[str]:
    """Returns how the new run differs from the old one: a few words for each difference.

    A setting unknown to the version of the old run had its default.
    """
    names = [name for name in {**new.given, **old.given} if name not in FREE]
    usual, found = settings_of(Config()), []
    had_former = bool(old.resolved) and "coarse_content" not in old.resolved
    for name in names:
        now, then = new.given.get(name, ""), old.given.get(name, usual.get(name, ""))
        became = old.resolved.get(name, EARLIER.get(name, "") if old.resolved else "")
        same = (then, became, "auto") if had_former and then == FORMER_DEFAULTS.get(name) else (then, became)
        if now not in same:
            found.append(f"--{name}={now} (was {became or then or 'not given'})")
    changed = [name for name in {**new.inputs, **old.inputs} if new.inputs.get(name) != old.inputs.get(name)]
    return found + [f"another picture as {name}" for name in changed]


def asks_for_more(new: Record, old: Record) -> bool:
    """Returns whether the new run requests other steps."""
    return new.given.get("steps") not in (old.given.get("steps"), old.resolved.get("steps"))


def this_machine() -> dict[str, str]:
    """Returns the facts about this machine on which the rounding of the same steps depends."""
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
