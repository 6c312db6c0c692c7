"""Downloads pictures from the web into a cache folder."""

import hashlib
import os
import re
import secrets
import string
import time
import urllib.request
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from http.client import HTTPMessage, HTTPResponse
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import IO, BinaryIO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urldefrag, urlsplit

from keras_nst.pictures.opening import MAX_PIXELS, opened
from keras_nst.settings.lines import reason
from keras_nst.system.version import __version__

PATIENCE = 20.0  # seconds for a whole download
LIMIT = 100_000_000  # bytes
CHUNK = 1 << 16  # bytes
ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS


def local_file(
    source: str,
    cache: Path | None = None,
    timeout: float = PATIENCE,
    limit: int = LIMIT,
    max_pixels: int = MAX_PIXELS,
) -> Path:
    """Returns the path of a picture: a path unchanged; for a URL, the file in `cache`, downloaded the first time.

    Raises:
        OSError: the server refuses or takes too long, or `cache` cannot be written to.
        ValueError: the URL is neither http nor https, or its content is too large or not a picture.
    """
    if not re.match("[A-Za-z][A-Za-z0-9+.-]+:/", source):
        return Path(os.path.expanduser(source))
    if not _is_of_the_web(source):
        raise ValueError(f"Expected a path, or a URL of http or https. Received: {source}")
    url = quote(urldefrag(source).url, safe=string.punctuation)
    cache = _default_cache() if cache is None else cache
    kept = cache / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}{_suffix(url)}"
    if not kept.exists():
        _fetch(url, kept, timeout, limit, max_pixels)
    return kept


def _default_cache() -> Path:
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home, "keras_nst", "downloads")


def _suffix(url: str) -> str:
    """Returns the suffix of the URL's name if it looks like a picture's: for readers, since the content decides."""
    found = re.search(r"\.[a-z0-9]{2,5}$", urlsplit(url).path.lower())
    return found[0] if found else ""


def _is_of_the_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:
        return False


def _fetch(url: str, kept: Path, timeout: float, limit: int, max_pixels: int) -> None:
    """Creates the file `kept` from the picture at `url`, whole or not at all."""
    partial = kept.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with _created(partial) as file, closing(_body(url, timeout, limit)) as chunks:
            for chunk in chunks:
                file.write(chunk)
        _check_picture(partial, url, max_pixels)
        os.replace(partial, kept)
    finally:
        with suppress(OSError):
            partial.unlink()


def _created(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")
    except OSError as error:
        received = f"{path.parent} ({reason(error).lower()})"
        raise type(error)(f"Expected a writable folder for downloads. Received: {received}") from None


def _check_picture(path: Path, url: str, max_pixels: int) -> None:
    try:
        with opened(path, max_pixels):
            pass
    except ValueError as error:
        raise ValueError(f"{error}, at {url}") from None


class _TooLarge(ValueError):
    """The body exceeds the limit."""


def _body(url: str, timeout: float, limit: int) -> Generator[bytes, None, None]:
    """Streams the body of `url`.

    A socket's timeout counts from one byte to the next and does not cover the name look-up. So the reading is done on a
    thread, which is abandoned when the time is over.
    """
    arrivals: SimpleQueue[bytes | Exception] = SimpleQueue()
    abandoned = Event()
    Thread(target=_read, args=(url, timeout, limit, arrivals, abandoned), daemon=True).start()
    deadline = time.monotonic() + timeout
    try:
        while arrival := arrivals.get(timeout=max(0, deadline - time.monotonic())):
            if isinstance(arrival, _TooLarge):
                raise arrival
            if isinstance(arrival, Exception):
                raise OSError(f"Expected a picture at {url}. Received: {_answer(arrival, timeout)}") from arrival
            yield arrival
    except Empty:
        raise TimeoutError(f"Expected a picture at {url}. Received: {_answer(TimeoutError(), timeout)}") from None
    finally:
        abandoned.set()


def _answer(error: Exception, timeout: float) -> str:
    """Returns the reason of a failed download, as part of a message."""
    if isinstance(error, HTTPError):
        return f"HTTP {error.code} {reason(Exception(error.reason))}"
    if isinstance(error, URLError):  # a wrapper
        error = error.reason if isinstance(error.reason, Exception) else Exception(error.reason)
    return f"no whole answer within {timeout:g} s" if isinstance(error, TimeoutError) else reason(error)


def _read(url: str, timeout: float, limit: int, arrivals: "SimpleQueue[bytes | Exception]", abandoned: Event) -> None:
    """Puts the body of `url` into the queue, then b""; or the exception that ended it."""
    request = urllib.request.Request(url, headers={"User-Agent": f"keras_nst/{__version__}"})
    received = 0
    try:
        with urllib.request.build_opener(_Redirects).open(request, timeout=timeout) as response:
            _check_length(response.length or 0, limit, url)
            for chunk in filter(None, _unpacked(response)):
                received += len(chunk)
                _check_length(received, limit, url)
                if abandoned.is_set():
                    return
                arrivals.put(chunk)
            if response.length:  # the number of missing bytes
                raise ConnectionError(f"the connection ended {response.length} bytes too early")
        arrivals.put(b"")
    except Exception as error:  # any exception is passed to the other thread
        if isinstance(error, HTTPError):
            error.close()
        arrivals.put(error)


def _unpacked(response: HTTPResponse) -> Iterator[bytes]:
    """Yields a body, at most CHUNK at a time; some servers compress it although the request does not allow that."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", "deflate"):
        raise ValueError(f"content compressed by {encoding}, which was not requested")
    unpacker = None if encoding == "identity" else zlib.decompressobj(ZLIB_OR_GZIP)
    while chunk := response.read1(CHUNK):
        while unpacker and chunk:
            yield unpacker.decompress(chunk, CHUNK)
            chunk = unpacker.unconsumed_tail
        yield chunk
    if unpacker:
        yield unpacker.flush()
    if unpacker and not unpacker.eof:
        raise ConnectionError("the compressed content ended too early")


def _check_length(length: int, limit: int, url: str) -> None:
    if length > limit:
        raise _TooLarge(f"Expected a picture of at most {limit} bytes at {url}. Received: {length} or more")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirections, to http and https only."""

    max_redirections = 5
    inf_msg = "too many redirections: "

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not _is_of_the_web(newurl):
            raise HTTPError(req.full_url, code, f"redirection to {newurl}", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
