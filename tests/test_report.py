"""The pages of runs and batches: read as a browser reads them, of runs of all kinds."""

import base64
import hashlib
import io
import itertools
import json
import math
import os
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, run_process, smooth_picture, write_picture
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from keras_nst.batch import __main__ as batch
from keras_nst.command.manifest import Manifest
from keras_nst.command.monitors.history import read_history
from keras_nst.command.run_folder import LOG, PICTURE, RECORD, REPORT, SETTINGS
from keras_nst.core.judging.words import MEANINGS
from keras_nst.report import charts
from keras_nst.report.__main__ import main
from keras_nst.report.facts import short_name
from keras_nst.report.pages import write_report
from keras_nst.run import __main__ as run

VOID = {"meta", "img", "br", "input"}
MOST = 10_000_000
SMALL = [
    *("--weights=random", "--size=48", "--precision=float32"),
    *("--style_layers=block1_conv1,block2_conv1", "--content_layers=block2_conv2"),
]
HOSTILE = "<script>alert(1)</script>.png"


class Page(HTMLParser):
    """A page: its elements with their attributes, and its text by the element it stands in."""

    def __init__(self, path: Path):
        super().__init__()
        self.source = path.read_text(encoding="utf8")
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(self.source)
        self.close()
        assert not self.open  # each element is closed

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.get_starttag_text().endswith("/>") or self.open[-1:] == [tag]:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        for tag in self.open:
            self.texts.setdefault(tag, []).append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Returns the attributes of all elements of this kind."""
        return [known for kind, known in self.elements if kind == tag]

    def text(self, tag: str = "main") -> str:
        """Returns all text inside of elements of this kind."""
        return "".join(self.texts.get(tag, []))


def decoded(address: str) -> Image.Image:
    kind, _, data = address.partition(";base64,")
    assert kind == "data:image/webp"
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of two scales; not to be changed."""
    folder = tmp_path_factory.mktemp("made")
    content, style = write_picture(folder / "town.png"), write_picture(folder / "paint.jpg", 60, 50, seed=1)
    flags = [f"--content={content}", f"--style={style}", f"--workdir={folder / 'run'}"]
    assert run.main([*flags, *SMALL, "--scales=2", "--steps=6,4", "--snapshot_steps=2"]) == 0
    return folder / "run"


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


# --- A page that needs nothing else ---


def is_sealed(page: Page) -> None:
    """Nothing is asked of anybody else, and nothing but the page's own style and script is obeyed."""
    (policy,) = [known["content"] for known in page.all("meta") if known.get("http-equiv") == "Content-Security-Policy"]
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == "'none'" and allowed["img-src"] == "data:"
    for tag in ("style", "script"):
        source = re.search(rf"<{tag}>(.*?)</{tag}>", page.source, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert allowed[f"{tag}-src"] == f"'sha256-{digest}'"
        assert len(page.all(tag)) == 1 and not re.search(r"https?:|url\(|import|fetch", source)
    for tag, known in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "video", "audio")
        assert not [name for name in known if name.startswith("on") or name == "style" or ":" in name]
        assert tag != "img" or known["src"].startswith("data:image/") and known["alt"]
        start = {"image": "data:image/webp;", "use": "#input-"}.get(tag, "./")
        assert known.get("href", start).startswith(start) and ("src" not in known or tag == "img")
    assert len(page.source.encode()) < MOST


def test_a_run_leaves_its_page(finished: Path) -> None:
    page = Page(finished / REPORT)
    is_sealed(page)
    told = page.text()
    assert page.texts["title"][0] == "town.png in the style of paint.jpg" and "Finished after 10 steps." in told
    headings = ["Result", "How it was made", "Curves", "Settings", "Run", "Messages"]
    assert [each for each in page.texts["h2"] if each.strip()] == headings  # random weights have no figures
    assert f"--content={finished.parent / 'town.png'}" in page.text("pre") and "--steps=6,4" in page.text("pre")
    assert tf.__version__ in told and "Final loss" in told and "Runs on CPU" in told
    result, content, style = (decoded(known["src"]) for known in page.all("img")[:3])
    with Image.open(finished / PICTURE) as expected:
        np.testing.assert_allclose(np.asarray(result, float), np.asarray(expected, float), atol=60)
        assert np.abs(np.asarray(result, float) - np.asarray(expected, float)).mean() < 7
    assert content.size == (64, 48) and style.size == (50, 60)
    assert page.all("a")[0]["href"] == "./picture.png"


def test_the_way_there_is_that_of_the_event_files(finished: Path) -> None:
    page = Page(finished / REPORT)
    events = EventAccumulator(str(finished), size_guidance={"tensors": 0}).Reload()
    steps = sorted({event.step for event in events.Tensors("picture")})
    shown = [known["alt"] for known in page.all("img")[3:]]
    assert [int(re.search(r"step (\d+)", alt)[1]) for alt in shown] == steps and len(steps) >= 2


# --- Curves ---


def test_history_is_what_tensorboard_reads(finished: Path) -> None:
    history = read_history(finished)
    events = EventAccumulator(str(finished), size_guidance={"tensors": 0}).Reload()
    scalars = {tag for tag in events.Tags()["tensors"] if events.Tensors(tag)[0].tensor_proto.dtype == 1}
    assert set(history.curves) == scalars and len(scalars) >= 9
    for tag in scalars:
        found = [(event.step, tf.make_ndarray(event.tensor_proto).item()) for event in events.Tensors(tag)]
        marks = [step for step, value in found if math.isnan(value)]  # in TensorBoard, where a scale begins
        assert history.curves[tag] == [(step, value) for step, value in found if not math.isnan(value)]
        assert marks == ([7] if tag.startswith(("loss", "terms")) else [])


def test_event_files_cut_off_anywhere(finished: Path, tmp_path: Path) -> None:
    (path,) = finished.glob("events.*")
    whole, complete = path.read_bytes(), read_history(finished).curves
    for cut in range(0, len(whole), max(1, len(whole) // 97)):
        (tmp_path / path.name).write_bytes(whole[:cut])
        for tag, curve in read_history(tmp_path).curves.items():
            assert curve == complete[tag][: len(curve)]


def places(drawing: str, axis: str) -> Callable[[float], float]:
    """Returns what tells the value at a place in a drawing, by the numbers at its axis."""
    pattern = rf'<text class="{axis}" x="([\d.]+)" y="([\d.]+)">([^<]+)</text>'
    found = [(float(y) - 4 if axis == "y" else float(x), float(value)) for x, y, value in re.findall(pattern, drawing)]
    (first, low), (last, high) = found[0], found[-1]
    middle = found[len(found) // 2]
    share = (middle[0] - first) / (last - first)
    if len(found) > 2 and abs(low + share * (high - low) - middle[1]) > 0.02 * abs(high):
        return lambda place: low * (high / low) ** ((place - first) / (last - first))
    return lambda place: low + (place - first) / (last - first) * (high - low)


@pytest.mark.parametrize("factor", [1.0, 40.0])
def test_points_are_the_values_of_the_event_files(factor: float, tmp_path: Path) -> None:
    """Read back from the drawing by its axes, straight or logarithmic, with a gap where a scale begins."""
    writer = tf.summary.create_file_writer(str(tmp_path))
    losses = [(step, 0.3 + factor / step + (step == 21)) for step in range(1, 41)]
    with writer.as_default():
        for step, loss in losses:
            tf.summary.scalar("loss/total", loss, step)
            tf.summary.scalar("run/scale", 1.0 + (step > 20), step)
        tf.summary.scalar("loss/total", 0.3, 40)
    writer.close()
    page = Page(write_report(tmp_path))
    (drawing,) = re.findall(r'<figure class="chart">.*?</figure>', page.source, re.DOTALL)
    x, y = places(drawing, "x"), places(drawing, "y")
    lines = [[point.split(",") for point in line.split(" ")] for line in re.findall(r'points="([^"]+)"', drawing)]
    assert [len(line) for line in lines] == [20, 20]
    read = [(x(float(left)), y(float(top))) for line in lines for left, top in line]
    np.testing.assert_allclose(read, losses, rtol=0.02, atol=0.02)
    (dot,) = page.all("circle")
    assert abs(y(float(dot["cy"])) - 0.3) < 0.02 * factor
    assert "scale 2" in drawing and "scale 1" not in drawing


def test_names_of_scales_do_not_overlap() -> None:
    """Each start has its mark; of those in a row that are near each other the last has its name."""
    drawn = charts.marks([1, 151, 163, 175, 239], charts.Axis(0, 300, charts.LEFT, charts.WIDTH - charts.RIGHT))
    names = [
        (float(left), name) for left, name in re.findall(r'<text class="mark" x="([\d.]+)".*?>(.*?)</text>', drawn)
    ]
    assert drawn.count("<path") == 4 and [name for _, name in names] == ["scale 4", "scale 5"]
    assert all(after[0] - left >= charts.NAME for (left, _), after in itertools.pairwise(names))


OF_EARLIER = {"content": 0.187, "gram": 0.443, "w2": 0.48, "color": 0.283, "grain": 0.316, "borders": 0.01}
OF_STROKES = {"weave": 9.019, "lattice": 0.004, "crispness": 0.287}


@pytest.mark.parametrize("more", [{}, OF_STROKES], ids=["before", "now"])
def test_figures_that_a_run_of_an_earlier_version_has_not(more: dict[str, float], copied: Path) -> None:
    """What was measured is told with its meaning, and said in words; the rest is not spoken of."""
    writer = tf.summary.create_file_writer(str(copied))
    with writer.as_default():
        for name, value in (OF_EARLIER | more).items():
            tf.summary.scalar(f"quality/{name}", value, 10)
    writer.close()
    page = Page(write_report(copied))
    is_sealed(page)
    told = page.text()
    assert "Close to the style, content well kept, colors the style's" in told
    assert ("woven texture in flat parts, softer than the painting." in told) == bool(more)
    for name, value in OF_STROKES.items():
        assert (f"{value:.3f}" in told and MEANINGS[name] in told) == bool(more)


# --- Whatever anybody has written ---


def test_names_are_nothing_but_text(copied: Path) -> None:
    record = json.loads((copied / RECORD).read_text())
    record["given"] |= {
        "content": HOSTILE,
        "style": "\"'><img src=x onerror=alert(1)>\u202e.png",
        "seed": "</pre>&amp;",
    }
    record["machine"] = {HOSTILE: "\u202e\x1b[2J", "numpy": 5}
    record["resolved"] = {}
    (copied / RECORD).write_text(json.dumps(record))
    (copied / PICTURE).unlink()
    (copied / LOG).write_text(f"2026-11-26 07:55:42,713 WARNING {HOSTILE}\n</ul><b>more\nof it\n")
    writer = tf.summary.create_file_writer(str(copied))
    with writer.as_default():
        tf.summary.scalar(f"loss/{HOSTILE}", 1.0, 1)
        tf.summary.scalar("quality/<b>", 1.0, 1)
        tf.summary.image(HOSTILE, smooth_picture(8, 8)[None], 1)
    writer.close()
    page = Page(write_report(copied))
    is_sealed(page)
    assert len(page.all("script")) == 1 and not page.all("b")
    told = page.text()
    assert told.count(HOSTILE) >= 4 and "\\u202e" in told and "\u202e" not in page.source and "\x1b" not in page.source
    assert any(HOSTILE in known["alt"] for known in page.all("img")) and "</pre>&amp;" in page.text("pre")


def test_names_without_their_folders() -> None:
    assert short_name("/home/me/a b.jpg:2@1-2 + C:\\me\\c.png + sample:ink") == "a b.jpg:2@1-2 + c.png + sample:ink"


def test_an_upload_is_called_as_it_was(tmp_path: Path) -> None:
    """The studio keeps it under its hash; what is beside it may have been written by anybody."""
    known, other, broken = ("a" * 64, "b" * 64, "c" * 64)
    (tmp_path / f"{known}.json").write_text('{"name": "My night.jpg"}')
    (tmp_path / f"{broken}.json").write_text("[1]")
    source = f"{tmp_path / known}:0.5@1-2 + {tmp_path / other} + {tmp_path / broken}"
    assert short_name(source) == f"My night.jpg:0.5@1-2 + {other} + {broken}"


def test_a_link_is_a_path_whatever_the_file_is_called(copied: Path) -> None:
    odd = copied / 'javascript:alert(1)#?%41 &".png'
    (copied / PICTURE).rename(odd)
    page = Page(write_report(copied, odd))
    is_sealed(page)
    assert page.all("a")[0]["href"] == "./javascript%3Aalert%281%29%23%3F%2541%20%26%22.png"


@pytest.mark.slow
def test_a_page_stays_small(tmp_path: Path) -> None:
    """With nothing but noise, which no format makes small, and a log without end."""
    noise = np.random.default_rng(0)
    Image.fromarray(noise.integers(0, 256, (3000, 2500, 3), np.uint8)).save(tmp_path / PICTURE, compress_level=0)
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        for step in range(30):
            tf.summary.image("picture", noise.random((1, 512, 512, 3), np.float32), step)
            tf.summary.image(f"style_{step}", noise.random((1, 512, 512, 3), np.float32), 0)
        for step in range(1000):
            for layer in range(6):
                tf.summary.scalar(f"style_layers/{layer}", float(noise.random()), step)
            tf.summary.scalar("loss/style", float(noise.random()), step)
    writer.close()
    (tmp_path / LOG).write_text("".join(f"2026-11-26 07:55:42,713 WARNING {'x' * 5000} {n}\n" for n in range(3000)))
    page = Page(write_report(tmp_path))
    is_sealed(page)
    assert len(page.source.encode()) > MOST / 4


# --- Runs of all kinds ---


def test_a_run_that_was_killed(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = json.loads((copied / RECORD).read_text())
    (copied / RECORD).write_text(json.dumps(record | {"finished": False}))
    (copied / PICTURE).unlink()
    (events,) = copied.glob("events.*")
    events.write_bytes(events.read_bytes()[:-200])
    assert main([str(copied)]) == 0
    assert capsys.readouterr().out == f"Report: {copied / REPORT}\n"
    page = Page(copied / REPORT)
    assert "Not finished" in page.text() and decoded(page.all("img")[0]["src"]).size == (48, 36)


@pytest.mark.parametrize("kept", [SETTINGS, PICTURE, RECORD, "events.*"])
def test_what_there_is_left_of_a_run_is_shown(kept: str, finished: Path, tmp_path: Path) -> None:
    for path in finished.glob(kept):
        shutil.copy(path, tmp_path)
    page = Page(write_report(tmp_path))
    is_sealed(page)
    assert ("--steps=6,4" in page.text("pre")) == (kept != "events.*")
    assert bool(page.all("polyline")) == (kept == "events.*")


OF_OTHER_KINDS = '{"given": {}, "resolved": 1, "inputs": 0, "output": 7, "machine": []}'


@pytest.mark.parametrize("damage", ["[]", '{"given": 5}', "{", OF_OTHER_KINDS])
def test_damaged_records(damage: str, copied: Path) -> None:
    (copied / RECORD).write_text(damage)
    (copied / "snapshots" / "step-00002.jpg").write_bytes(b"not a picture")
    (copied / PICTURE).write_bytes(b"nor this")
    (copied / LOG).write_bytes(b"\xff\xfe\n" * 5)
    page = Page(write_report(copied))
    is_sealed(page)
    assert page.all("polyline") and len(page.all("img")) >= 3


def test_a_moved_run_keeps_its_page(copied: Path, tmp_path: Path) -> None:
    before = (copied / REPORT).read_bytes()
    moved = copied.rename(tmp_path / "elsewhere")
    assert (moved / REPORT).read_bytes() == before
    again = Page(write_report(moved))
    assert decoded(again.all("img")[0]["src"]).size == (48, 36) and again.all("a")[0]["href"] == "./picture.png"


def test_folders_without_a_run_are_told_and_cost_no_other(
    copied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    assert main([str(tmp_path / name) for name in ("empty", "none", "file", "copy")]) == 1
    said = capsys.readouterr()
    assert said.out == f"Report: {copied / REPORT}\n"
    lines = said.err.splitlines()
    expected = "Expected the folder of a run, or of a batch. Received: "
    received = ["a folder with the files of neither", *["no such folder"] * 2]
    assert [line.partition(": ")[2].partition(": ")[2] for line in lines] == [expected + each for each in received]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "usage: "),
        (["--making=a.webp"], 2, "Expected the folder of a run"),
        (["--making=a.gif", "{run}"], 2, "--making=a.gif: Expected a name that ends in .webp"),
        (["--making=a.webp", "{run}", "{run}"], 2, "and the folder of one run"),
        (["--making=none/a.webp", "{run}"], 2, "--making=none/a.webp: No such file or directory"),
        (["--makin=a.webp", "{run}"], 2, "--makin: There is no such flag. Did you mean --making?"),
    ],
)
def test_bad_input(
    arguments: list[str], code: int, message: str, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([argument.format(run=finished) for argument in arguments]) == code
    said = capsys.readouterr()
    assert message in said.err and not said.out and (not arguments or said.err.count("\n") == 1)


def test_a_run_may_leave_no_page(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main([*quick, "--report=false", "--steps=1"]) == 0
    assert not (tmp_path / "run" / REPORT).exists() and "Report" not in capsys.readouterr().out
    assert "report" not in (tmp_path / "run" / SETTINGS).read_text()  # it is of one run, not of its picture


def test_a_page_that_cannot_be_written_fails_no_run(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run" / REPORT).mkdir(parents=True)
    assert run.main([*quick, "--steps=1"]) == 0
    assert "No report: Is a directory" in capsys.readouterr().out


def test_the_door_needs_no_tensorflow(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    path = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = run_process(str(copied), module="keras_nst.report", cwd=tmp_path, env=path)
    assert done.returncode == 0 and not done.stderr, done.stderr


# --- Intermediate pictures, as a moving one ---


def test_the_making(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "making.webp"
    assert main([f"--making={path}", str(finished)]) == 0
    with Image.open(path) as image, Image.open(finished / PICTURE) as result:
        steps = {int(each.stem.partition("-")[2]) for each in (finished / "snapshots").iterdir()}
        steps |= {step for step in read_history(finished).pictures["picture"]}
        assert image.n_frames == len(steps) and image.size == result.size
        image.seek(image.n_frames - 1)
        last = np.asarray(image.convert("RGB"), float)
        assert np.abs(last - np.asarray(result, float)).mean() < 10
    assert capsys.readouterr().out == f"Animation: {path}, {len(steps)} pictures\n"


def test_nothing_was_kept_on_the_way(finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(finished / PICTURE, tmp_path)
    assert main([f"--making={tmp_path / 'making.webp'}", str(tmp_path)]) == 2
    assert "Expected a run with two pictures or more" in capsys.readouterr().err


# --- Batches ---


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a batch: two settings, and a picture that cannot be read; not to be changed."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "photos").mkdir()
    write_picture(folder / "photos" / "town.png")
    (folder / "photos" / "broken.png").write_bytes(b"nothing")
    style = write_picture(folder / "paint.jpg", seed=1)
    flags = [f"--contents={folder / 'photos'}", f"--style={style}", f"--workdir={folder / 'batch'}", "--cpus=1"]
    assert batch.main([*flags, *SMALL, "--scales=1", "--steps=2", "--sweep=style_weight=2,10"]) == 1
    return folder / "batch"


def cells(page: Page) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page.source, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]


@pytest.mark.slow
def test_a_batch_leaves_its_page(swept: Path) -> None:
    page = Page(swept / REPORT)
    is_sealed(page)
    head, *rows = cells(page)
    assert head == ["picture", "name", "content picture", "style picture", "style_weight", "seconds", "state"]
    assert len(rows) == 4 and "4 pictures: 2 failed, 2 done." in page.text() and len(page.all("img")) == 2
    links = [swept / known["href"] for known in page.all("a")]
    assert len(links) == 2 and len(set(links)) == 2
    for each in links:
        assert Page(each).texts["title"][0] == "town.png in the style of paint.jpg"
    assert sorted(row[4] for row in rows) == ["<bdi>10</bdi>"] * 2 + ["<bdi>2</bdi>"] * 2
    stored, made = {known["id"] for known in page.all("image")}, [row for row in rows if "done" in row[-1]]
    shown = [re.findall(r'href="#([^"]+)"', "".join(row[2:4])) for row in made]
    assert shown[0] == shown[1] and len(shown[0]) == len(set(shown[0])) == 2 and set(shown[0]) == stored  # once each
    assert not any("<use" in cell for row in rows for cell in row if row not in made)


@pytest.mark.slow
def test_a_moved_batch_of_before(swept: Path, tmp_path: Path) -> None:
    """Its pages are made anew, of what is there, wherever it stood."""
    moved = Path(shutil.copytree(swept, tmp_path / "moved"))
    for page in moved.rglob(REPORT):
        page.unlink()
    hidden = swept.rename(swept.with_name("hidden"))
    try:
        assert main([str(moved)]) == 0
    finally:
        hidden.rename(swept)
    page = Page(moved / REPORT)
    assert len(page.all("img")) == len(page.all("a")) == 2
    for known in page.all("a"):
        run_page = Page(moved / known["href"])
        assert run_page.all("a")[0]["href"].startswith("./../../pictures/town--paint")


def test_names_in_a_batch_are_nothing_but_text(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        told = {"error": HOSTILE, "settings": {HOSTILE: HOSTILE}, "figures": {HOSTILE: 1.0, "gram": HOSTILE}}
        manifest.note("../" + HOSTILE, name=HOSTILE, state="failed", output=HOSTILE, **told)
    assert main([str(tmp_path)]) == 0
    page = Page(tmp_path / REPORT)
    is_sealed(page)
    assert page.text().count(HOSTILE) == 5 and {path.name for path in tmp_path.iterdir()} == {"manifest.jsonl", REPORT}


def test_a_batch_begun_by_an_earlier_version(tmp_path: Path) -> None:
    """Pictures that have no figures of strokes stand beside those that have them."""
    with (tmp_path / "manifest.jsonl").open("w") as file:
        for name, figures in {"before": OF_EARLIER, "now": OF_EARLIER | OF_STROKES}.items():
            file.write(json.dumps({"job": name, "name": name, "state": "done", "figures": figures}) + "\n")
    assert main([str(tmp_path)]) == 0
    page = Page(tmp_path / REPORT)
    is_sealed(page)
    told = page.text()
    assert all(told.count(f"{value:.3f}") == 2 for value in (0.187, 0.443, 0.283, 0.316))
    assert all(told.count(f"{value:.3f}") == 1 and MEANINGS[name] in told for name, value in OF_STROKES.items())


def test_a_batch_of_thousands_stays_small(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "noise.png", 40, 40)
    with (tmp_path / "manifest.jsonl").open("w") as file:
        for number in range(6000):
            figures = {f"figure{each}": number / 7 for each in range(11)}
            entry = {"job": f"job{number}", "name": "a" * 40 + str(number), "state": "done", "output": str(path)}
            file.write(json.dumps(entry | {"figures": figures}) + "\n")
    assert main([str(tmp_path)]) == 0
    page = Page(tmp_path / REPORT)
    is_sealed(page)
    assert "The first 5000 are shown" in page.text() and len(page.all("img")) == 5000
