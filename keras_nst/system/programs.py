"""Programs that XLA compiled, kept from run to run in the user's cache folder.

TensorFlow writes what it compiles into a folder and reads it from there, but trusts what it finds: a damaged file ends
the run. So each process has a folder of its own, which gets the kept programs whose hash is right. What is new in it is
kept when the process ends.
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

MOST_BYTES = 300e6  # kept; those not used for longest go first
ROOM = 2 * MOST_BYTES
KEPT = re.compile(r"([0-9a-f]{64})-(xla_compile_cache_[\w.]+)")  # the hash of what is in it, and TensorFlow's own name
OWN = "keras_nst-programs-"  # a process's folder, with its number


def flags_to_keep_programs() -> str:
    """Returns what TF_XLA_FLAGS has to be while TensorFlow is imported for compiled programs to be kept.

    Where that is not possible, or no longer, it is what it was.
    """
    given = os.environ.get("TF_XLA_FLAGS", "")
    if "persistent_cache" in given or "tensorflow" in sys.modules:  # the user has a place for them; it is too late
        return given
    try:
        store = store_of_this_machine()
        remove_leftovers()
        own = Path(tempfile.mkdtemp(prefix=f"{OWN}{os.getpid()}-"))
        if shutil.disk_usage(own).free < ROOM:  # TensorFlow would take a full disk for the end of memory
            own.rmdir()
            return given
    except (
        OSError,
        importlib.metadata.PackageNotFoundError,
    ):  # TensorFlow by another package's name: of no known version
        return given
    lend(store, own)
    atexit.register(take_back, store, own)
    ours = f"--tf_xla_persistent_cache_directory={own} --tf_xla_persistent_cache_device_types=CPU"
    return f"{given} {ours}".strip()


def store_of_this_machine() -> Path:
    """Returns the folder of programs that this TensorFlow compiled for this kind of processor."""
    versions = (importlib.metadata.version("tensorflow"), platform.machine(), *sorted(cpu_flags()))
    key = hashlib.sha256(" ".join(versions).encode()).hexdigest()[:16]
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "keras_nst" / "programs" / key


def lend(store: Path, own: Path) -> None:
    """Copies what is kept, and is what it was, into the process's own folder; the store may be read-only."""
    for path, name in kept(store):
        with contextlib.suppress(OSError):
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == path.name.partition("-")[0]:
                (own / name).write_bytes(content)
                os.utime(path)
            else:
                path.unlink()


def take_back(store: Path, own: Path) -> None:
    """Keeps what is new in the process's own folder, and removes that."""
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
    """Yields the files of programs in a store, and TensorFlow's names for them."""
    for path in sorted(store.glob("*")):
        if found := KEPT.fullmatch(path.name):
            yield path, found[2]


def forget_the_oldest(stores: Path) -> None:
    """Removes those not used for longest, of any machine, until the rest is small enough."""
    found = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in stores.glob("*/*"))
    left = sum(size for _, size, _ in found)
    for _, size, path in found:
        if left <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        left -= size


def remove_leftovers() -> None:
    """Removes the folders of processes that were killed."""
    for path in Path(tempfile.gettempdir()).glob(f"{OWN}*"):
        number = path.name.removeprefix(OWN).partition("-")[0]
        try:
            os.kill(int(number), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(path, ignore_errors=True)
        except OSError:  # another user's
            continue


PREFIX = "CustomGradient"


@contextlib.contextmanager
def gradients_forgotten() -> Iterator[None]:
    """Frees the programs that were traced within, once nothing else holds them.

    TensorFlow keeps each gradient of tf.custom_gradient in a table by a name of its own, and with it the program it
    stands in and all its tensors (github.com/tensorflow/tensorflow/issues/97697): 80 MB for each picture of 1024
    pixels. A program that was traced does not look there again.
    """
    from tensorflow.python.framework import ops

    table = getattr(getattr(ops, "gradient_registry", None), "_registry", {})
    before = set(table)
    try:
        yield
    finally:
        for name in [name for name in list(table) if name.startswith(PREFIX) and name not in before]:
            del table[name]
