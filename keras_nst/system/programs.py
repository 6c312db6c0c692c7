"""A cache of programs compiled by XLA, shared by later runs, in the user's cache folder.

TensorFlow writes compiled programs into a folder and reads them from there without checking: a damaged file ends the
run. So each process has its own folder, filled with the cached programs whose hash is right. New programs are added
to the cache when the process ends.
"""

import atexit
import contextlib
import hashlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keras_nst.system.devices import cpu_flags
from keras_nst.system.files import written_whole

MOST_BYTES = 300e6  # size of the cache; the least recently used programs are removed first
ROOM = 2 * MOST_BYTES
KEPT = re.compile(r"([0-9a-f]{64})-(xla_compile_cache_[\w.]+)")  # the hash of the content, and TensorFlow's file name
OWN = "keras_nst-programs-"  # a process's folder, followed by its number


def flags_to_keep_programs() -> str:
    """Returns the value of TF_XLA_FLAGS, for the import of TensorFlow, with which compiled programs are cached.

    If that is impossible, or too late, it is the current value.
    """
    given = os.environ.get("TF_XLA_FLAGS", "")
    if "persistent_cache" in given or "tensorflow" in sys.modules:  # the user has a cache, or it is too late
        return given
    try:
        store = store_of_this_machine()
        remove_leftovers()
        own = Path(tempfile.mkdtemp(prefix=f"{OWN}{os.getpid()}-"))
        if shutil.disk_usage(own).free < ROOM:  # TensorFlow would report a full disk as out of memory
            own.rmdir()
            return given
    except (
        OSError,
        importlib.metadata.PackageNotFoundError,
    ):  # TensorFlow in another package: its version is unknown
        return given
    lend(store, own)
    atexit.register(take_back, store, own)
    ours = f"--tf_xla_persistent_cache_directory={own} --tf_xla_persistent_cache_device_types=CPU"
    return f"{given} {ours}".strip()


def store_of_this_machine() -> Path:
    """Returns the cache folder for this TensorFlow version and this kind of processor."""
    versions = (importlib.metadata.version("tensorflow"), platform.machine(), *sorted(cpu_flags()))
    key = hashlib.sha256(" ".join(versions).encode()).hexdigest()[:16]
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "keras_nst" / "programs" / key


def lend(store: Path, own: Path) -> None:
    """Copies undamaged cached programs into the process's own folder; the cache may be read-only."""
    for path, name in kept(store):
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == path.name.partition("-")[0]:
                (own / name).write_bytes(content)
                os.utime(path)
            else:
                path.unlink()


def take_back(store: Path, own: Path) -> None:
    """Adds new programs from the process's own folder to the cache, and removes the folder."""
    with contextlib.suppress(OSError):
        known = {name for _, name in kept(store)}
        for path in sorted(own.iterdir()):
            if path.name not in known and not path.name.startswith("."):
                store.mkdir(parents=True, exist_ok=True)
                content = path.read_bytes()
                with written_whole(store / f"{hashlib.sha256(content).hexdigest()}-{path.name}") as file:
                    file.write(content)
        forget_the_oldest(store.parent)
    shutil.rmtree(own, ignore_errors=True)


def kept(store: Path) -> Iterator[tuple[Path, str]]:
    """Yields the program files in a cache, and TensorFlow's names for them."""
    for path in sorted(store.glob("*")):
        if found := KEPT.fullmatch(path.name):
            yield path, found[2]


def forget_the_oldest(stores: Path) -> None:
    """Removes the least recently used programs, of any machine, until the cache is small enough."""
    found = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in stores.glob("*/*"))
    left = sum(size for _, size, _ in found)
    for _, size, path in found:
        if left <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        left -= size


def remove_leftovers() -> None:
    """Removes the folders of killed processes."""
    for path in Path(tempfile.gettempdir()).glob(f"{OWN}*"):
        number = path.name.removeprefix(OWN).partition("-")[0]
        try:
            os.kill(int(number), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(path, ignore_errors=True)
        except OSError:  # belongs to another user
            continue


PREFIX = "CustomGradient"


@contextlib.contextmanager
def gradients_forgotten() -> Iterator[None]:
    """Frees the programs that are traced inside, once nothing else refers to them.

    TensorFlow keeps each gradient of tf.custom_gradient in a table under a unique name, and with it the program that
    contains it and all its tensors (github.com/tensorflow/tensorflow/issues/97697): 80 MB for each picture of 1024
    pixels. A traced program does not use the table again.
    """
    from tensorflow.python.framework import ops

    table = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
    before = set(table)
    try:
        yield
    finally:
        for name in [name for name in list(table) if name.startswith(PREFIX) and name not in before]:
            del table[name]
