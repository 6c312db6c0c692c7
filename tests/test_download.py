"""Pictures from a web server on this machine."""

import gzip
import os
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from crafted import RGB, png, png_of

import keras_nst
from keras_nst.pictures.download import local_file
from keras_nst.pictures.files import read_picture

RED = png_of(np.full((4, 5, 3), (255, 0, 0), np.uint8), RGB)
BLUE = png_of(np.full((4, 5, 3), (0, 0, 255), np.uint8), RGB)
BODIES = {
    "/a/1.png": RED,
    "/b/1.png": BLUE,
    "/a/1.png?v=2": BLUE,
    "/%C3%BC%20.png": RED,
    "/page.html": b"<html>",
    "/bomb": png(60_000, 60_000, 8, RGB),
    "/cut.png": RED[:20],
}
PACKED = {  # how a server calls what it has packed, and the bytes
    "/gzip": ("gzip", gzip.compress(RED)),
    "/deflate": ("Deflate", zlib.compress(RED)),
    "/packed-bomb": ("gzip", gzip.compress(bytes(4_000_000))),
    "/packed-cut": ("gzip", gzip.compress(RED)[:-9]),
    "/not-packed": ("gzip", RED),
    "/brotli": ("br", RED),
}
REDIRECTIONS = {
    "/moved": "/a/1.png",
    "/loop": "/loop",
    "/to-file": "file:///etc/passwd",
    "/to-ftp": "ftp://127.0.0.1/x",
    **{f"/hops/{n}": f"/hops/{n - 1}" for n in range(1, 9)},
    "/hops/0": "/a/1.png",
}


class Handler(BaseHTTPRequestHandler):
    """Answers as the tables say, or badly in the way that the path asks for."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["User-Agent"]))
        if self.path in REDIRECTIONS:
            self._head(302, Location=REDIRECTIONS[self.path])
        elif self.path in BODIES:
            self._head(200, **{"Content-Length": str(len(BODIES[self.path]))})
            self.wfile.write(BODIES[self.path])
        elif self.path in PACKED:
            encoding, body = PACKED[self.path]
            self._head(200, **{"Content-Length": str(len(body)), "Content-Encoding": encoding})
            self.wfile.write(body)
        elif self.path == "/rude":
            self.wfile.write(b"HTTP/1.0 404 \x1b[31m\x07 no\r\n\r\n")
        elif self.path == "/headers":
            self._head(200, **{f"X-{n}": "x" for n in range(200)})
        elif self.path == "/huge":
            self._head(200, **{"Content-Length": "123456789"})
        elif self.path == "/broken":
            self._head(200, **{"Content-Length": str(len(RED) + 100)})
            self.wfile.write(RED)
        elif self.path == "/endless":
            self._head(200)
            self._drip(bytes(1000), 0)
        elif self.path in ("/drip", "/slow-head"):
            if self.path == "/drip":
                self._head(200)
            self._drip(b"x", 0.05)
        elif self.path == "/silent":
            self.server.over.wait(20)
        else:
            self.send_error(404)

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self, drop: bytes, pause: float) -> None:
        try:
            while not self.server.over.wait(pause):
                self.wfile.write(drop)
        except OSError:
            pass  # the other side has gone

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.over = Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def color(path: Path) -> list[float]:
    return read_picture(path).pixels[0, 0].tolist()


def test_paths_stay_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_file("some/where.jpg") == Path("some/where.jpg")
    assert local_file("~/where.jpg") == tmp_path / "where.jpg"
    assert local_file("C:/where.jpg") == Path("C:/where.jpg")


def test_fetched_once(server: Server, tmp_path: Path) -> None:
    first, second = (local_file(f"{server.url}/a/1.png", tmp_path / "deep" / "cache") for _ in range(2))
    assert first == second and first.suffix == ".png" and first.parent == tmp_path / "deep" / "cache"
    assert color(first) == [1, 0, 0]
    assert server.asked == [("/a/1.png", f"keras_nst/{keras_nst.__version__}")]


def test_same_name_elsewhere_is_another_picture(server: Server, tmp_path: Path) -> None:
    colors = [color(local_file(server.url + path, tmp_path)) for path in ("/a/1.png", "/b/1.png", "/a/1.png?v=2")]
    assert colors == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]


def test_odd_letters_and_fragments(server: Server, tmp_path: Path) -> None:
    assert color(local_file(f"{server.url}/ü .png#top", tmp_path)) == [1, 0, 0]


def test_default_place(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    assert local_file(f"{server.url}/a/1.png").parent == tmp_path / "k" / "keras_nst" / "downloads"
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_file(f"{server.url}/a/1.png").parent == tmp_path / ".keras" / "keras_nst" / "downloads"


@pytest.mark.parametrize("path", ["/moved", "/hops/4"])
def test_redirections(path: str, server: Server, tmp_path: Path) -> None:
    assert color(local_file(server.url + path, tmp_path)) == [1, 0, 0]


@pytest.mark.parametrize(
    ("path", "received"),
    [
        ("/none.jpg", "HTTP 404 Not Found"),
        ("/hops/5", "HTTP 302 too many redirections"),  # six of them
        ("/loop", "HTTP 302 too many redirections"),
        ("/to-file", "HTTP 302 .*file:///etc/passwd' is not allowed"),
        ("/to-ftp", "HTTP 302 redirection to ftp://127.0.0.1/x"),
        ("/page.html", "a file of no known format, at http"),
        ("/bomb", "3600000000, at http"),
        ("/cut.png", "at http"),
        ("/huge", "123456789 or more"),
        ("/endless", "[0-9]* or more"),
        ("/broken", "100 bytes too early"),
        ("/packed-bomb", "[0-9]* or more"),
        ("/packed-cut", "the compressed content ended too early"),
        ("/not-packed", "Error -3 while decompressing data: incorrect header check"),
        ("/brotli", "content compressed by br, which was not requested"),
        ("/rude", r"HTTP 404 .x1b.31m.x07 no$"),
        ("/headers", "got more than 100 headers"),
    ],
)
def test_bad_answers(path: str, received: str, server: Server, tmp_path: Path) -> None:
    """One line that names the URL and the reason; nothing enters the cache."""
    with pytest.raises((ValueError, OSError), match=f"^Expected .* Received: .*{received}") as caught:
        local_file(server.url + path, tmp_path, limit=5000)
    assert str(caught.value).isprintable()
    assert server.url + path in str(caught.value)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", ["/gzip", "/deflate"])
def test_packed_by_a_server_that_was_not_asked_to(path: str, server: Server, tmp_path: Path) -> None:
    assert color(local_file(server.url + path, tmp_path)) == [1, 0, 0]


def test_a_bomb_is_a_picture_where_so_many_pixels_are_wanted(server: Server, tmp_path: Path) -> None:
    """Its pixels are for others to read."""
    assert local_file(f"{server.url}/bomb", tmp_path, max_pixels=3_600_000_000).exists()


@pytest.mark.parametrize("path", ["/silent", "/drip", "/slow-head"])
def test_no_end(path: str, server: Server, tmp_path: Path) -> None:
    start = time.monotonic()
    with pytest.raises(OSError, match=f"^Expected a picture at {server.url}{path}. Received: .* within 0.4 s$"):
        local_file(server.url + path, tmp_path, timeout=0.4)
    assert time.monotonic() - start < 2
    assert os.listdir(tmp_path) == []


def test_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        url = server.url
    with pytest.raises(OSError, match=f"^Expected a picture at {url}/x.png. Received: Connection refused$"):
        local_file(f"{url}/x.png", tmp_path)


@pytest.mark.parametrize("url", ["ftp://host/x.png", "file:///etc/hostname", "gopher://x/", "mailto:/x"])
def test_other_schemes(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"^Expected a path, or a URL of http or https. Received: {url}$"):
        local_file(url, tmp_path)


@pytest.mark.parametrize("url", ["http://", "http:///x", "http://[::1", "http://x:port/"])
def test_urls_that_are_none(url: str, tmp_path: Path) -> None:
    with pytest.raises((ValueError, OSError), match="^Expected [^\n]* Received: [^\n]*$"):
        local_file(url, tmp_path)


def test_cache_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(
        OSError, match="^Expected a writable folder for downloads. Received: .*cache \\(not a directory\\)$"
    ):
        local_file(f"{server.url}/a/1.png", tmp_path / "file" / "cache")
