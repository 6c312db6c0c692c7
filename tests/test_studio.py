"""The studio without a browser: who is let in, what is taken, what is told, what outlives what."""

import asyncio
import io
import json
import os
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import run_process, write_picture
from crafted import RGB, png
from PIL import Image
from studios import QUICK, Answer, Served, close_door, door_to, gray_of, served, write_film, write_run

from keras_nst.command.run_folder import read_record
from keras_nst.pictures.metadata import read_settings
from keras_nst.settings.config import Config
from keras_nst.settings.declared import InputError
from keras_nst.studio.atelier import Atelier
from keras_nst.studio.form import Form, allowed, form
from keras_nst.studio.gallery import Gallery
from keras_nst.studio.hub import MOST, Page
from keras_nst.studio.painter import PaintingThread
from keras_nst.studio.queue import FAILED, PAINTING, WAITING, Full, Job, Queue
from keras_nst.studio.settings import StudioConfig

FOREIGN = "http://example.org"


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that does not paint."""
    with served(tmp_path_factory.mktemp("still"), paints=False, max_upload_mb=1, max_megapixels=1.0) as found:
        yield found


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that does not paint, beside films that are painted."""
    folder = tmp_path_factory.mktemp("films")
    with served(folder / "runs", paints=False, films=str(folder / "films")) as found:
        yield found


@pytest.fixture(scope="module")
def open_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that paints."""
    with served(tmp_path_factory.mktemp("open")) as found:
        yield found


def one_line(text: str) -> bool:
    return bool(text) and "\n" not in text and "Traceback" not in text


# --- Who is let in ---


@pytest.mark.parametrize("path", ["/", "/studio.js", "/words.json", "/api/form", "/api/runs", "/socket"])
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X_Studio_Token", None),
        ("X_Studio_Token", "guess"),
        ("X_Studio_Token", "\xff\xfe"),
        ("Host", "example.org"),
        ("Host", "127.0.0.1"),
        ("Host", None),
        ("Origin", FOREIGN),
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1:1"),
        ("Sec_Fetch_Site", "cross-site"),
        ("Sec_Fetch_Site", "same-site"),
    ],
)
def test_strangers_are_refused(still: Served, path: str, header: str, value: str | None) -> None:
    answer = still.get(path, **{header: value})
    assert answer.status in (400, 403)
    assert still.token not in str(answer)
    if answer.status == 403 and path != "/":
        assert one_line(answer.error) and answer.error.startswith("Expected")


@pytest.mark.parametrize(("languages", "language", "told"), [("zh-CN,en", "zh", "请打开"), ("de", "en", "Open the")])
def test_who_has_no_token_reads_what_to_do(still: Served, languages: str, language: str, told: str) -> None:
    for path in ("/", "/?token=guess", "/index.html"):
        answer = still.get(path, X_Studio_Token=None, Accept_Language=languages)
        assert answer.status == 403 and answer.headers["Content-Type"].startswith("text/html")
        page = answer.body.decode()
        assert f'<html lang="{language}">' in page and told in page and still.token not in page


def test_strangers_start_nothing(still: Served) -> None:
    asked = {"settings": QUICK, "content": "sample:harbor", "styles": [{"picture": "sample:night"}]}
    for headers in ({"Origin": FOREIGN}, {"X_Studio_Token": None}, {"Host": "example.org"}):
        assert still.post("/api/jobs", asked, **headers).status == 403
        assert still.say("DELETE", "/api/runs/x", **headers).status == 403
    assert not still.studio.queue.jobs


def test_the_printed_address_lets_in_by_a_cookie(still: Served) -> None:
    answer = still.get(f"/?token={still.token}", X_Studio_Token=None)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert still.get("/", X_Studio_Token=None, Cookie=cookie.partition(";")[0]).status == 200
    assert still.get("/", X_Studio_Token=None, Cookie=cookie.partition(";")[0], Origin=FOREIGN).status == 403
    for path, host in ((f"/?token={still.token}x", None), (f"/?token={still.token}", "example.org")):
        own = {} if host is None else {"Host": host}
        refused = still.get(path, X_Studio_Token=None, **own)
        assert refused.status == 403 and "Set-Cookie" not in refused.headers


def test_it_hears_this_machine_alone(still: Served) -> None:
    own = next((address for address in other_addresses()), None)
    if own is None:
        pytest.skip("this machine has no other address")
    with pytest.raises(OSError):
        socket.create_connection((own, still.port), timeout=2).close()


def other_addresses() -> list[str]:
    found = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    return [str(address) for address in found if not str(address).startswith("127.")]


@pytest.mark.parametrize("path", ["/", "/studio.css", "/api/form", "/nowhere", "/api/runs/nothing"])
def test_every_answer_tells_the_browser_to_be_careful(still: Served, path: str) -> None:
    headers = still.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert {policy["script-src"], policy["style-src"], policy["connect-src"]} == {"'self'"}
    assert "unsafe" not in str(policy) and "http" not in str(policy)
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store" and headers["Cross-Origin-Resource-Policy"] == "same-origin"


# --- No path is taken from the browser ---


@pytest.mark.parametrize(
    "path",
    [
        "/../setup.cfg",
        "/..%2f..%2fsetup.cfg",
        "/static/../guard.py",
        "/studio.js/../../guard.py",
        "/api/pictures/..%2f..%2frun.log",
        "/api/pictures/upload:..%2f..%2frun.log/view",
        "/api/pictures/sample:..%2fsamples%2fharbor/view",
        "/api/pictures/%2fetc%2fpasswd/view",
        "/api/runs/..%2f..",
        "/api/runs/.studio/picture",
        "/api/runs/%2fetc/picture",
        "/api/runs/..%00/picture",
    ],
)
def test_no_way_out(still: Served, path: str) -> None:
    answer = still.get(path)
    assert answer.status in (400, 403, 404) and one_line(answer.error)


@pytest.mark.parametrize(
    ("named", "value"),
    [
        ("content", "/etc/passwd"),
        ("content", "../../secret.png"),
        ("content", "http://127.0.0.1:1/x.png"),
        ("content", "upload:" + "0" * 64),
        ("content_mask", "/etc/passwd"),
        ("workdir", "/tmp/elsewhere"),
        ("output", "/tmp/elsewhere.png"),
        ("overwrite", "true"),
        ("weights", "/tmp/weights.h5"),
        ("init", "/etc/passwd"),
        ("style", "/etc/passwd"),
        ("no_such_thing", "1"),
        ("size", "-5"),
        ("size", "512\n--output=/tmp/x.png"),
        ("steps", "1" * 600),
    ],
)
def test_what_is_asked_is_checked(still: Served, named: str, value: str) -> None:
    asked = {"settings": dict(QUICK), "content": "sample:harbor", "styles": [{"picture": "sample:night"}]}
    if named in ("content", "content_mask"):
        asked[named] = value
    else:
        asked["settings"] = QUICK | {named: value}
    answer = still.post("/api/jobs", asked)
    assert answer.status == 400 and one_line(answer.error) and "Expected" in answer.error
    assert not still.studio.queue.jobs


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", b"[" * 50_000, b'{"settings": []}', b'{"styles": [1]}', b"x" * 200_000]
)
def test_something_else_than_json(still: Served, body: bytes) -> None:
    answer = still.post("/api/jobs", body)
    assert answer.status in (400, 413) and one_line(answer.error)


@pytest.mark.parametrize("value", [True, False])
def test_true_and_false_are_no_numbers(still: Served, value: bool) -> None:
    style = {"picture": "sample:night"}
    asked = {"settings": QUICK, "content": "sample:harbor", "styles": [style]}
    write_run(still.studio.gallery.folder / "run", content="sample:harbor", style="sample:night")
    (still.studio.gallery.folder / "run" / "checkpoint.zip").touch()
    for path, body in (
        ("/api/jobs", asked | {"styles": [style | {"weight": value}]}),
        ("/api/jobs", asked | {"styles": [style | {"weight": 10**400}]}),
        ("/api/jobs", asked | {"settings": QUICK | {"steps": value}}),
        ("/api/jobs/run/change", {"settings": {"steps": value}}),
        ("/api/runs/run/larger", {"size": value}),
        ("/api/runs/run/continue", {"more": value}),
    ):
        answer = still.post(path, body)
        assert answer.status == 400 and one_line(answer.error), (path, body)
    assert not still.studio.queue.jobs


def test_a_link_out_of_the_folder_is_no_run(tmp_path: Path) -> None:
    """Nor is a picture outside of it, wherever the record of a run says that it is."""
    other, mine = tmp_path / "other", tmp_path / "mine"
    for folder in (other / "run", mine):
        folder.mkdir(parents=True)
    write_picture(other / "run" / "picture.png")
    record = {"given": {}, "resolved": {}, "inputs": {}, "machine": {}, "output": ""}
    (other / "run" / "run.json").write_text(json.dumps(record))
    (mine / "link").symlink_to(other / "run")
    assert not list(Gallery(mine).runs()) and len(list(Gallery(other).runs())) == 1
    (mine / "own").mkdir()
    (mine / "own" / "run.json").write_text(json.dumps(record | {"output": str(other / "run" / "picture.png")}))
    run = Gallery(mine).find("own")
    assert run is not None and run.picture is None


# --- Uploads ---


def test_a_picture_is_taken_by_its_hash(still: Served, tmp_path: Path) -> None:
    path = write_picture(tmp_path / "photo.png", 30, 40)
    answer = still.post("/api/pictures", path.read_bytes(), X_Name="..%2F..%2Fevil%0Aname.png")
    assert answer.status == 200
    told = answer.told
    assert (told["width"], told["height"], told["name"]) == (40, 30, "evil\\nname.png")
    uploads = still.studio.uploads.folder
    assert told["picture"].removeprefix("upload:") in {file.name for file in uploads.iterdir()}
    view = still.get(f"/api/pictures/{told['picture']}/view")
    assert view.headers["Content-Type"] == "image/webp" and view.body[:4] == b"RIFF"
    assert still.get(f"/api/pictures/{told['picture']}").told == told


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Dear diary",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
        png(50_000, 60_000, 8, RGB, bytes(1000)),
        png(1001, 1000, 8, RGB, bytes(1000)),
        png(40, 40, 8, RGB, bytes(100)),
        b"\xff\xd8\xff\xe0 and then nothing of the kind",
    ],
)
def test_what_is_no_picture_gets_one_line(still: Served, body: bytes) -> None:
    before = set(still.studio.uploads.folder.iterdir())
    answer = still.post("/api/pictures", body)
    assert answer.status == 400 and one_line(answer.error) and answer.error.startswith("Expected")
    assert set(still.studio.uploads.folder.iterdir()) == before


def test_too_many_bytes_are_refused_before_they_are_there(still: Served) -> None:
    answer = still.post("/api/pictures", b"", Content_Length=str(200_000_000))  # of which none is sent
    assert answer.status == 413 and "1 MB" in answer.error


def test_too_many_bytes_are_refused_on_their_way(still: Served) -> None:
    """Those that do not say how many they are, and never end: no more of them is kept, and soon it hangs up."""
    head = f"POST /api/pictures HTTP/1.1\r\nHost: 127.0.0.1:{still.port}\r\nX-Studio-Token: {still.token}\r\n"
    part, largest = b"10000\r\n" + bytes(0x10000) + b"\r\n", 0
    with socket.create_connection(("127.0.0.1", still.port), timeout=30) as connection:
        connection.sendall(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError, match="Broken pipe|reset"):
            while True:
                connection.sendall(part)
                left = list(still.studio.uploads.folder.glob(".*.part"))
                largest = max([largest, *(path.stat().st_size for path in left if path.exists())])
    assert largest <= 1_100_000 and not list(still.studio.uploads.folder.glob(".*.part"))
    assert still.get("/api/form").status == 200


def test_ten_at_once(still: Served, tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / f"{seed}.png", 300, 400, seed=seed % 5) for seed in range(10)]
    with ThreadPoolExecutor(10) as hands:
        names = list(hands.map(still.upload, paths))
    assert len(set(names)) == 5  # five of them are the same as the others
    assert still.get("/api/form").status == 200
    assert not list(still.studio.uploads.folder.glob(".*.part"))


# --- Open pages ---


def shaken_hands(still: Served, **headers: str) -> tuple[socket.socket, str]:
    """Returns a websocket that nobody reads from, and the first line of the answer."""
    given = {
        "Host": f"127.0.0.1:{still.port}",
        "X-Studio-Token": still.token,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    } | headers
    connection = socket.create_connection(("127.0.0.1", still.port), timeout=30)
    connection.sendall(
        (
            "GET /socket HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in given.items()) + "\r\n"
        ).encode()
    )
    answer = b""
    while not answer.endswith(b"\n"):
        answer += connection.recv(1)
    return connection, answer.decode().strip()


def test_thirty_pages_that_never_read(still: Served) -> None:
    """They keep no more than one preview each, and others see theirs; there is a bound on them."""
    silent = [shaken_hands(still) for _ in range(30)]
    assert {line for _, line in silent} == {"HTTP/1.1 101 Switching Protocols"}
    for number in range(200):
        still.studio.hub.show(b'{"id": "x"}\n' + bytes(100_000) + str(number).encode())
    kept = [len(page.preview or b"") for page in still.studio.hub.pages]
    assert sum(kept) < 31 * 200_000
    assert asyncio.run(first_preview(still)).endswith(b"199")
    more = [shaken_hands(still) for _ in range(MOST)]
    assert more[-1][1].startswith("HTTP/1.1 503")
    for connection, _ in silent + more:
        connection.close()
    still.wait(lambda: not still.studio.hub.pages, 30)


async def first_preview(still: Served) -> bytes:
    import aiohttp

    headers = {"X-Studio-Token": still.token}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"http://127.0.0.1:{still.port}/socket") as page,
    ):
        async for message in page:
            if message.type == aiohttp.WSMsgType.BINARY:
                return message.data
    raise AssertionError("closed")


def test_a_foreign_page_opens_no_socket(still: Served) -> None:
    connection, line = shaken_hands(still, Origin=FOREIGN)
    connection.close()
    assert line.startswith("HTTP/1.1 403")


def test_a_slow_page_gets_the_newest() -> None:
    sent: list[object] = []

    class Slow:
        async def send_str(self, text: str) -> None:
            sent.append(text)

        async def send_bytes(self, data: bytes) -> None:
            sent.append(data)
            await asyncio.sleep(0.05)

    async def talk() -> None:
        page = Page(Slow())  # type: ignore[arg-type]
        feeding = asyncio.create_task(page.feed())
        for number in range(50):
            page.tell(str(number), bytes([number]))
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.2)
        feeding.cancel()

    asyncio.run(talk())
    assert sent[-1] == bytes([49]) and "49" in sent and len(sent) < 30


# --- The queue ---


def test_the_queue_outlives_the_program(tmp_path: Path) -> None:
    queue = Queue(tmp_path, 5)
    asked = Form.read({"settings": {"size": "64"}, "content": "sample:harbor", "styles": [{"picture": "sample:ink"}]})
    for id in ("a", "b", "c"):
        queue.add(Job(id, asked=asked))
    assert queue.take() == Job("a", PAINTING, asked)
    queue.fail("b", "why")
    queue.add(Job("first", asked=asked), first=True)
    again = Queue(tmp_path, 5)
    assert [(job.id, job.state) for job in again.jobs] == [
        ("a", WAITING),
        ("b", FAILED),
        ("first", WAITING),
        ("c", WAITING),
    ]
    assert again.jobs[0].asked == asked and again.jobs[1].error == "why"
    with (tmp_path / "queue.jsonl").open("a") as file:
        file.write('{"id": "../out", "asked": {}}\nnot json\n{"id": 5}\n{"id": "x", "asked": {"content": 1}}\n')
    assert [job.id for job in Queue(tmp_path, 5).jobs] == ["a", "b", "first", "c"]


def test_the_queue_has_a_limit(tmp_path: Path) -> None:
    queue = Queue(tmp_path, 2)
    queue.add(Job("a"))
    queue.add(Job("b"))
    with pytest.raises(Full, match="2 pictures wait"):
        queue.add(Job("c"))
    with pytest.raises(InputError, match="in the queue"):
        queue.add(Job("a"))
    assert queue.withdraw("b") and not queue.withdraw("b")
    assert queue.take() and not queue.withdraw("a")  # it is at work
    queue.add(Job("b"))


def test_a_full_disk_refuses_pictures_and_ends_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(tmp_path, 5)
    queue.add(Job("a"))
    queue.add(Job("b"))
    with monkeypatch.context() as full:
        full.setattr(
            "keras_nst.studio.queue.written_whole", lambda path: (_ for _ in ()).throw(OSError("No space left"))
        )
        with pytest.raises(OSError, match="No space left"):
            queue.add(Job("c"))
        taken = queue.take()
        assert taken is not None and taken.id == "a"
        queue.remove("a")
        queue.fail("b", "no space")
    assert [(job.id, job.state) for job in queue.jobs] == [("b", FAILED)]
    assert [(job.id, job.state) for job in Queue(tmp_path, 5).jobs] == [("a", WAITING), ("b", WAITING)]


def test_a_full_queue_is_told(tmp_path: Path) -> None:
    with served(tmp_path, paints=False, queue=1) as full:
        full.ask()
        styles = [{"picture": "sample:night"}]
        answer = full.post("/api/jobs", {"settings": QUICK, "content": "sample:harbor", "styles": styles})
        assert answer.status == 429 and "1 pictures wait" in answer.error
        (job,) = full.studio.queue.jobs
        assert full.post(f"/api/jobs/{job.id}/stop").status == 200 and not full.studio.queue.jobs
        assert full.post(f"/api/jobs/{job.id}/stop").status == 400


def test_one_studio_in_a_folder(tmp_path: Path) -> None:
    with served(tmp_path, paints=False), pytest.raises(InputError, match="Another studio is using"), served(tmp_path):
        pass


# --- What is made ---


def test_a_picture_from_asking_to_taking_home(open_studio: Served, tmp_path: Path) -> None:
    previews: list[bytes] = []
    show = open_studio.studio.hub.show
    open_studio.studio.painter.show = lambda preview: (previews.append(preview), show(preview))[1]
    run = open_studio.ask()
    told = open_studio.done(run)
    folder = open_studio.studio.gallery.folder / run
    assert told["finished"] and (told["width"], told["height"]) == (48, 32)
    assert open_studio.get(f"/api/runs/{run}/picture").body == (folder / "picture.png").read_bytes()
    assert [each["id"] for each in open_studio.get("/api/runs?most=9").told["runs"]][:1] == [run]
    assert told["asked"]["settings"] == QUICK and told["asked"]["content"] == "sample:harbor"
    for kind, form_of_file, depth in (("png", "PNG", "8"), ("jpeg", "JPEG", "8"), ("tiff16", "TIFF", "16")):
        answer = open_studio.get(f"/api/runs/{run}/download/{kind}")
        assert "attachment" in answer.headers["Content-Disposition"]
        (tmp_path / kind).write_bytes(answer.body)
        settings = read_settings(tmp_path / kind)
        assert (settings["size"], settings["bit_depth"], settings["steps"]) == ("48", depth, "3,2")
        with Image.open(tmp_path / kind) as image:
            assert image.format == form_of_file and image.size == (48, 32)
    assert open_studio.get(f"/api/runs/{run}/download/exe").status == 400


def test_it_is_seen_on_its_way(open_studio: Served) -> None:
    seen = asyncio.run(watched(open_studio))
    abouts = [json.loads(message.partition(b"\n")[0]) for message in seen]
    last = abouts[-1]
    assert last["step"] == last["steps"] == 5 and (last["scale"], last["scales"]) == (2, 2)
    assert [step for step, _ in last["curve"]] == [1, 2, 3, 4, 5] and last["marks"] == [4]
    assert last["left"] == 0.0
    assert seen[-1].partition(b"\n")[2][:2] == b"\xff\xd8"
    assert (abouts[-1]["width"], abouts[-1]["height"]) == (48, 32)


async def watched(studio: Served) -> list[bytes]:
    """Asks for a picture with a page open, which is closed and opened again meanwhile; returns its previews."""
    import aiohttp

    previews: list[bytes] = []
    address, headers = f"http://127.0.0.1:{studio.port}/socket", {"X-Studio-Token": studio.token}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.ws_connect(address) as page:
            run = await asyncio.to_thread(studio.ask)
            await page.receive()
        async with session.ws_connect(address) as page:  # the first one was closed: that ends nothing
            async for message in page:
                if (
                    message.type == aiohttp.WSMsgType.BINARY
                    and json.loads(message.data.partition(b"\n")[0])["id"] == run
                ):
                    previews.append(message.data)
                if message.type == aiohttp.WSMsgType.TEXT and previews and not json.loads(message.data)["jobs"]:
                    return previews
    raise AssertionError("closed")


def test_stopped_it_is_kept_and_goes_on(open_studio: Served) -> None:
    run = open_studio.ask(steps="2000,1", seed="3")
    open_studio.wait(lambda: step_of(open_studio, run) > 3)
    assert open_studio.post(f"/api/jobs/{run}/stop").status == 200
    told = open_studio.done(run)
    assert not told["finished"] and told["goes_on"] and told["picture"]
    answer = open_studio.post(f"/api/runs/{run}/continue")
    assert answer.status == 200 and answer.told["id"] == run
    before = step_of(open_studio, run)
    open_studio.wait(lambda: step_of(open_studio, run) > before)
    assert open_studio.say("DELETE", f"/api/runs/{run}").status == 400  # it is at work
    assert open_studio.post(f"/api/jobs/{run}/stop").status == 200
    open_studio.done(run)
    assert open_studio.say("DELETE", f"/api/runs/{run}").status == 200
    assert open_studio.get(f"/api/runs/{run}").status == 404
    assert not (open_studio.studio.gallery.folder / run).exists()


def step_of(studio: Served, run: str) -> int:
    preview = studio.studio.hub.preview
    about = json.loads(preview.partition(b"\n")[0]) if preview else {"id": ""}
    return about["step"] if about["id"] == run else 0


def test_changed_while_it_is_painted(open_studio: Served) -> None:
    """It goes on from its picture, at its size, with the steps that were left."""
    run = open_studio.ask(steps="3,500", seed="5")
    open_studio.wait(lambda: step_of(open_studio, run) > 5)
    settings = {"style_strength": "0.9", "steps": "3,8"}
    answer = open_studio.post(f"/api/jobs/{run}/change", {"settings": settings})
    assert answer.status == 200
    new = answer.told["id"]
    assert open_studio.done(new)["finished"] and not open_studio.done(run)["finished"]
    record = read_record(open_studio.studio.gallery.folder / new)
    assert record is not None
    assert record.given["style_strength"] == "0.9" and record.given["steps"] == "0,4"  # at least half of the 8
    assert open_studio.get(f"/api/runs/{new}").told["asked"]["settings"]["steps"] == "3,8"  # as they were asked for
    first = Path(record.given["init"])
    assert first.read_bytes() == (open_studio.studio.gallery.folder / run / "picture.png").read_bytes()
    refused = open_studio.post(f"/api/jobs/{new}/change", {"settings": settings})
    assert refused.status == 400 and "being painted" in refused.error
    assert open_studio.post(f"/api/runs/{new}/continue", {"more": 2}).status == 200
    told = open_studio.done(new)
    assert told["finished"] and told["asked"]["settings"]["steps"] == "3,10"
    record = read_record(open_studio.studio.gallery.folder / new)
    assert record is not None and record.given["steps"] == "0,6"


def test_larger_begins_with_the_picture(open_studio: Served) -> None:
    run = open_studio.ask(scales="auto", size="160", steps="1")
    open_studio.done(run)
    assert open_studio.post(f"/api/runs/{run}/larger", {"size": "160"}).status == 400
    larger = open_studio.post(f"/api/runs/{run}/larger", {"size": "224"}).told["id"]
    told = open_studio.done(larger)
    assert told["width"] == 224 and told["finished"]
    record = read_record(open_studio.studio.gallery.folder / larger)
    assert record is not None and record.given["steps"] == "0,0,1"  # 112, 158, 224: those beyond 160
    assert told["asked"]["settings"].get("init") is None and told["asked"]["settings"]["steps"] == "1"


def test_more_steps(open_studio: Served) -> None:
    run = open_studio.ask()
    open_studio.done(run)
    assert open_studio.post(f"/api/runs/{run}/continue", {"more": 2}).status == 200
    told = open_studio.done(run)
    assert told["finished"] and told["asked"]["settings"]["steps"] == "3,4"


def test_what_fails_is_told_and_the_next_is_made(open_studio: Served, tmp_path: Path) -> None:
    picture = open_studio.upload(write_picture(tmp_path / "photo.png"))
    slow = open_studio.ask(steps="300")
    asked = {"settings": QUICK, "content": picture, "styles": [{"picture": "sample:night"}]}
    failing, good = open_studio.post("/api/jobs", asked).told["id"], open_studio.ask()
    for left in open_studio.studio.uploads.folder.glob(picture.removeprefix("upload:") + "*"):
        left.unlink()
    open_studio.post(f"/api/jobs/{slow}/stop")
    assert open_studio.done(good)["finished"]
    job = open_studio.studio.queue.get(failing)
    assert job is not None and job.state == FAILED and one_line(job.error) and "Expected a picture" in job.error
    assert open_studio.post(f"/api/jobs/{failing}/stop").status == 200  # seen and put away
    assert open_studio.studio.queue.get(failing) is None


def test_it_goes_on_when_it_is_opened_again(tmp_path: Path) -> None:
    with served(tmp_path) as first:
        run = first.ask(steps="2,400")
        waiting = first.ask(seed="9")
        first.wait(lambda: step_of(first, run) > 3)
    assert [job.id for job in Queue(tmp_path / ".studio", 9).jobs] == [run, waiting]
    with served(tmp_path) as second:
        assert second.done(waiting)["finished"] and second.done(run)["finished"]
    log = (tmp_path / run / "run.log").read_text()
    assert "Resuming after step" in log


def test_a_report_can_do_nothing(open_studio: Served) -> None:
    """Each run has one; it is shown if it is there, whoever has written it."""
    run = open_studio.ask()
    assert open_studio.done(run)["report"]
    written = open_studio.studio.gallery.folder / run / "report.html"
    assert "<h2>Result</h2>" in written.read_text(encoding="utf8")
    written.unlink()
    assert open_studio.get(f"/api/runs/{run}/report").status == 404
    written.write_text("<script>alert(1)</script>")
    assert open_studio.get(f"/api/runs/{run}").told["report"]
    answer = open_studio.get(f"/api/runs/{run}/report")
    assert answer.status == 200 and answer.headers["Content-Security-Policy"].startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in answer.headers["Content-Security-Policy"]


def test_regions_and_styles_with_weights(open_studio: Served, tmp_path: Path) -> None:
    mask = np.zeros((40, 60, 3), np.uint8)
    mask[:, 30:] = (29, 63, 209)
    Image.fromarray(mask).save(tmp_path / "mask.png")
    named = open_studio.upload(tmp_path / "mask.png")
    photo = open_studio.upload(write_picture(tmp_path / "photo.png", 40, 60))
    styles = [{"picture": "sample:night", "weight": 2}, {"picture": "sample:ink", "weight": 0.5}]
    asked = {"settings": QUICK, "content": photo, "content_mask": named, "styles": styles}
    run = open_studio.post("/api/jobs", asked).told["id"]
    told = open_studio.done(run)
    assert told["finished"]
    assert told["asked"] == Form.read(asked).told() | {"styles": [style | {"mask": ""} for style in styles]}


# --- The form, the door ---


def test_the_form_has_every_setting_that_is_free() -> None:
    known = form()
    assert allowed({setting["name"]: setting["value"] for setting in known["settings"]})
    names = {setting["name"] for setting in known["settings"]}
    assert names >= {"style_strength", "size", "color", "style_scale", "steps", "max_seconds", "optimizer", "seed"}
    assert not names & {"content", "style", "workdir", "output", "weights", "device", "overwrite", "init_path"}
    for setting in known["settings"]:
        if setting["slider"] and setting["name"] != "style_strength":
            low, high, _ = setting["slider"]
            assert low <= float(setting["value"].split(",")[0]) <= high


def test_the_presets_are_the_configs() -> None:
    presets = {preset["name"]: preset for preset in form()["presets"]}
    assert presets.keys() >= {"starry", "quick", "portrait", "gatys", "d2l"} and "paris" not in presets
    for preset in presets.values():
        assert Config.written(**preset["settings"])
        assert preset["about"].endswith(".") and "\n" not in preset["about"]
    assert presets["quick"]["settings"] == {"size": "256", "steps": "30,8,24", "beta_1": "0.8"}
    assert (presets["ink"]["content"], presets["ink"]["style"]) == ("sample:portrait", "sample:ink")


def test_every_word_is_in_both_languages() -> None:
    static = Path(__file__).parent.parent / "keras_nst" / "studio" / "static"
    words = json.loads((static / "words.json").read_text(encoding="utf8"))
    helps = {
        f"help_{setting['name']}" for setting in form()["settings"] if f"hint_{setting['name']}" not in words["en"]
    }
    assert words.keys() == {"en", "zh"} and words["en"].keys() == words["zh"].keys() - helps
    assert helps - {"help_keep"} <= words["zh"].keys()  # in English it is the settings' own; keep is a box with words
    for name, text in words["en"].items():
        places = {part.partition("}")[0] for part in text.split("{")[1:]}
        assert places == {part.partition("}")[0] for part in words["zh"][name].split("{")[1:]}, name
    page = (static / "index.html").read_text(encoding="utf8")
    for part in page.replace("data-label=", "data-word=").split('data-word="')[1:]:
        assert part.partition('"')[0] in words["en"], part[:40]
    for preset in form()["presets"]:
        assert {f"preset_{preset['name']}", f"about_{preset['name']}"} <= words["en"].keys()


def test_the_page_asks_for_nothing_elsewhere() -> None:
    static = Path(__file__).parent.parent / "keras_nst" / "studio" / "static"
    for path in static.iterdir():
        text = path.read_text(encoding="utf8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text and "https:" not in text and "//cdn" not in text, path.name
    page = (static / "index.html").read_text(encoding="utf8")
    assert " style=" not in page and "<style" not in page and " on" + "click" not in page


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--port=70000"], 2, "--port=70000: Expected a whole number from 0 to 65535"),
        (["--workdir="], 2, "--workdir: Expected a folder."),
        (["--workdir=setup.cfg"], 2, "--workdir=setup.cfg: Expected a writable folder."),
        (["--strength=1"], 2, "--strength: There is no such flag."),
        (["photo.jpg"], 2, "Expected flags only, as in --workdir=photo.jpg"),
    ],
)
def test_bad_flags_get_one_line(arguments: list[str], code: int, line: str) -> None:
    done = run_process(*arguments, module="keras_nst.studio")
    assert done.returncode == code and line in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = run_process(f"--port={port}", module="keras_nst.studio")
    assert done.returncode == 2
    assert (
        done.stderr
        == f"keras_nst: --port={port}: Address already in use. Expected a port that is free, or 0 for any.\n"
    )


def test_without_aiohttp_one_line_says_what_brings_it(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ImportError('none')")
    path = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parent.parent}"}
    done = run_process(module="keras_nst.studio", cwd=tmp_path, env=path)
    assert done.returncode == 2
    assert done.stderr == "keras_nst: Expected aiohttp: pip install 'keras-nst[studio]'\n"


def test_help_answers_at_once() -> None:
    begun = time.monotonic()
    done = run_process("--help", module="keras_nst.studio")
    assert done.returncode == 0 and "--max_upload_mb=N" in done.stdout and time.monotonic() - begun < 60


def test_the_door_opens_and_closes(tmp_path: Path) -> None:
    """As README tells: Ctrl-C closes it."""
    with door_to(tmp_path) as (door, address):
        page, token = address.split("?token=")
        asked = urllib.request.Request(page, headers={"X-Studio-Token": token})
        with urllib.request.urlopen(asked) as answer:
            assert b"studio.js" in answer.read()
        close_door(door, 60)


def test_it_closes_without_waiting_for_its_preparations(tmp_path: Path) -> None:
    atelier, forever = Atelier.open(StudioConfig(workdir=str(tmp_path))), threading.Event()
    painter = PaintingThread(atelier, lambda preview: None, lambda: None)
    painter.thread = threading.Thread(target=forever.wait, daemon=True)
    painter.thread.start()
    begun = time.monotonic()
    with atelier.held:
        painter.close(40)
    assert time.monotonic() - begun < 20 and painter.thread.is_alive()
    forever.set()


def test_the_gallery_comes_in_parts(tmp_path: Path) -> None:
    """The latest first; without what is at work."""
    for number in range(3):
        folder = write_run(tmp_path / f"run-{number}")
        os.utime(folder / "run.json", (number, number))
    with served(tmp_path, paints=False) as many:
        told = many.get("/api/runs?most=2").told
        assert [run["id"] for run in told["runs"]] == ["run-2", "run-1"] and told["more"]
        told = many.get("/api/runs?most=3").told
        assert len(told["runs"]) == 3 and not told["more"]
        many.studio.queue.add(Job("run-2"))
        assert [run["id"] for run in many.get("/api/runs?most=9").told["runs"]] == ["run-1", "run-0"]
        for most in ("", "0", "-1", "x", "1e9", "99999", "9" * 5000, "%0a", "\u0664"):
            answer = many.get(f"/api/runs?most={urllib.parse.quote(most)}")
            assert answer.status == 400 and one_line(answer.error), most


def test_pictures_are_named_as_their_owner_knows_them(tmp_path: Path) -> None:
    with served(tmp_path, paints=False) as studio:
        uploads, bytes_of = studio.studio.uploads, write_picture(tmp_path / "photo.png").read_bytes()
        named = studio.post("/api/pictures", bytes_of, X_Name=urllib.parse.quote("My 港口.jpg")).told["picture"]
        write_run(tmp_path / "run", content=uploads.source(named), style="/elsewhere/waves.tif:2 + sample:night")
        write_run(tmp_path / "unknown")
        runs = {run["id"]: run["names"] for run in studio.get("/api/runs?most=9").told["runs"]}
        assert runs == {"run": ["My 港口.jpg", "waves.tif", "night"], "unknown": []}

        def saved_as(run: str) -> str:
            told = studio.get(f"/api/runs/{run}/download/jpeg").headers["Content-Disposition"]
            return urllib.parse.unquote(told.removeprefix("attachment; filename*=UTF-8''"))

        assert saved_as("run") == "My_港口-waves.jpg" and saved_as("unknown") == "unknown.jpg"
        uploads.path(named).with_suffix(".json").unlink()
        assert studio.get("/api/runs/run").told["names"] == ["waves.tif", "night"]


# --- Films ---


def grays(answer: Answer) -> float:
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/jpeg", answer.body
    with Image.open(io.BytesIO(answer.body)) as image:
        return float(np.asarray(image).mean())


def test_films_are_seen_while_they_are_painted(films: Served) -> None:
    folder = films.studio.films.folder
    assert films.get("/api/films").told == {"films": []}
    write_film(folder / "walk", 5, [0, 1, 3])
    (told,) = films.get("/api/films").told["films"]
    assert told == {"id": "walk", "frames": 5, "painted": 3, "last": 3}
    for asked, shown in ((0, 0), (1, 1), (2, 1), (3, 3), (4, 3)):
        assert abs(grays(films.get(f"/api/films/walk/frames/{asked}")) - gray_of(shown)) < 2
    write_film(folder / "zoo", 2, [])
    os.utime(folder / "walk" / "film.json", (1, 1))
    assert [film["id"] for film in films.get("/api/films").told["films"]] == ["zoo", "walk"]


@pytest.mark.parametrize(
    "path", ["walk/frames/9999999999", "none/frames/0", "..%2Fout/frames/0", "zoo/frames/0", "walk/frames/-1"]
)
def test_no_such_frame(path: str, films: Served, tmp_path: Path) -> None:
    folder = films.studio.films.folder
    write_film(folder / "walk", 5, [0])
    write_film(folder / "zoo", 2, [])
    write_film(folder.parent / "out", 2, [0])
    answer = films.get(f"/api/films/{path}")
    assert answer.status == 404 and b"Traceback" not in answer.body


def test_a_film_elsewhere_is_not_shown(films: Served, tmp_path: Path) -> None:
    """A link leads out of the folder, a damaged record tells nothing: neither is shown, nor asked for."""
    folder = films.studio.films.folder
    write_film(tmp_path / "secret", 2, [0])
    folder.mkdir(exist_ok=True)
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "damaged").mkdir()
    (folder / "damaged" / "film.json").write_text('{"marks": 7}')
    assert not {"link", "damaged"} & {film["id"] for film in films.get("/api/films").told["films"]}
    assert films.get("/api/films/link/frames/0").status == 404
