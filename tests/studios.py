"""A studio that is served to tests, and a client that may say to it whatever it likes."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_nst.command.run_folder import Record, write_record
from keras_nst.pictures.files import save_picture
from keras_nst.studio.atelier import Atelier
from keras_nst.studio.guard import HEADER
from keras_nst.studio.serve import listen, opened
from keras_nst.studio.settings import StudioConfig
from keras_nst.studio.studio import Studio
from keras_nst.video.folder import RECORD, Folder

# A run of a second or two, with random weights.
QUICK = {
    "size": "48",
    "scales": "2",
    "steps": "3,2",
    "precision": "float32",
    "style_layers": "block1_conv1,block2_conv1",
    "content_layers": "block2_conv2",
}


class Answer(NamedTuple):
    """What the studio answers."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.told["error"]


class Served(NamedTuple):
    """A studio that is open."""

    studio: Studio
    address: str  # as it is printed

    @property
    def port(self) -> int:
        return int(self.address.split(":")[2].partition("/")[0])

    @property
    def token(self) -> str:
        return self.address.partition("token=")[2]

    def say(self, method: str, path: str, body: Any = None, **headers: str | None) -> Answer:
        """Sends a request with the token and these headers, of which None takes one away."""
        given = {"Host": f"127.0.0.1:{self.port}", HEADER: self.token}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        body = json.dumps(body) if isinstance(body, dict) else body
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None and "Content-Length" not in given:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body.encode() if isinstance(body, str) else body)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.say("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str | None) -> Answer:
        return self.say("POST", path, {} if body is None else body, **headers)

    def upload(self, path: Path) -> str:
        """Uploads a picture and returns its name."""
        return self.post("/api/pictures", path.read_bytes(), X_Name=path.name).told["picture"]

    def ask(self, **settings: str) -> str:
        """Asks for a quick picture of two samples; returns its run."""
        styles = [{"picture": "sample:night", "weight": 1}]
        asked = {"settings": QUICK | settings, "content": "sample:harbor", "styles": styles}
        answer = self.post("/api/jobs", asked)
        assert answer.status == 200, answer.body
        return answer.told["id"]

    def wait(self, until: Callable[[], Any], seconds: float = 120.0) -> Any:
        """Waits until there is what is waited for, and returns that."""
        end = time.monotonic() + seconds
        while not (found := until()):
            assert time.monotonic() < end, f"nothing after {seconds} s: {self.studio.state()}"
            time.sleep(0.05)
        return found

    def done(self, run: str) -> dict[str, Any]:
        """Waits until a run is out of the queue, and returns what is told of it."""
        self.wait(lambda: self.studio.queue.get(run) is None)
        return self.get(f"/api/runs/{run}").told


@contextlib.contextmanager
def served(folder: Path, paints: bool = True, **settings: Any) -> Iterator[Served]:
    """Opens a studio on any free port; one that does not paint has a queue that stands still."""
    known = {"workdir": str(folder), "weights": "random", "browser": False} | settings
    atelier, listening = Atelier.open(StudioConfig(**known)), listen(0)
    studio, stop, lines = Studio(atelier), threading.Event(), list[str]()
    if not paints:
        studio.painter.thread = threading.Thread(target=lambda: None)
    running = threading.Thread(target=lambda: asyncio.run(opened(studio, listening, stop, lines.append)))
    with listening, atelier.held:
        running.start()
        try:
            end = time.monotonic() + 30
            while not lines and time.monotonic() < end:
                time.sleep(0.01)
            yield Served(studio, lines[0].split()[-1])
        finally:
            stop.set()
            running.join()


@contextlib.contextmanager
def door_to(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Opens a studio as a command of its own; yields its process and the address that it has printed."""
    command = [sys.executable, "-m", "keras_nst.studio", "--port=0", "--weights=random", f"--workdir={folder}"]
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as door:
        assert door.stdout
        try:
            yield door, door.stdout.readline().split()[-1]
        finally:
            door.kill()


def close_door(door: subprocess.Popen[str], seconds: float) -> None:
    """Presses Ctrl-C: within this time it has closed, as it tells in one line."""
    assert door.stderr
    door.send_signal(signal.SIGINT)
    assert door.wait(seconds) == 130
    line = "Closing the studio. A picture at work stops after this step, and goes on when you open the studio again."
    assert door.stderr.read() == f"\n{line}\n"


def write_run(folder: Path, **given: str) -> Path:
    """Writes what a run of these settings leaves in its folder, which it returns."""
    folder.mkdir(exist_ok=True)
    save_picture(folder / "picture.png", np.full((24, 32, 3), 0.5, np.float32), settings=given)
    write_record(folder, Record(given, {}, {}, "", {}))
    return folder


def write_film(folder: Path, frames: int, painted: Iterable[int]) -> Path:
    """Writes what python -m keras_nst.video leaves in its folder while it paints: each frame has its own gray."""
    film = Folder(folder)
    film.tell(folder / RECORD, {"film": {}, "marks": list(range(frames))})
    for number in painted:
        film.keep(number, np.full((24, 32, 3), gray_of(number) / 255, np.float32))
    return folder


def gray_of(number: int) -> int:
    """The gray of a frame of a film that was written here."""
    return 40 + 20 * number
