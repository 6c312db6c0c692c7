"""Many pictures: which ones, what became of them, who makes them, whatever dies meanwhile."""

import contextlib
import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT, losses_of, write_picture
from PIL import Image

from keras_nst.batch import jobs
from keras_nst.batch.__main__ import main
from keras_nst.batch.jobs import BatchJob, Hashes, job_of
from keras_nst.batch.prepare import items, values_of
from keras_nst.batch.settings import COMMAND, OF_THE_BATCH, BatchConfig
from keras_nst.batch.summary import COUNTS, FIRST, LAST, paths_of, write_summary
from keras_nst.command.command import written_out
from keras_nst.command.manifest import DONE, FAILED, MANIFEST, RUNNING, Entry, Manifest, result_of
from keras_nst.command.run_folder import Busy
from keras_nst.command.workers.local import LocalEngine
from keras_nst.command.workers.parcels import Outcome
from keras_nst.run.__main__ import main as run
from keras_nst.run.prepare import JobSpec
from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError
from keras_nst.settings.text import absolute, settings_of

SMALL = [
    *("--weights=random", "--size=48", "--scales=2", "--steps=3,2", "--precision=float32", "--cpus=1"),
    "--batch_size=1",  # or pictures would be those of single runs but for rounding: see test_together.py
    *("--style_layers=block1_conv1,block2_conv1", "--content_layers=block2_conv2"),
]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder of three contents, one of them broken, and one of two styles."""
    return album_in(tmp_path)


def album_in(parent: Path) -> Path:
    for folder in ("contents", "styles"):
        (parent / folder).mkdir()
    for seed in (0, 1):
        write_picture(parent / "contents" / f"town{seed}.png", seed=seed)
        write_picture(parent / "styles" / f"paint{seed}.jpg", 60, 50, seed=seed + 5)
    (parent / "contents" / "broken.jpg").write_bytes(b"not a picture")
    (parent / "contents" / "notes.md").write_text("not a picture's name")
    return parent


def batch(**given: object) -> BatchConfig:
    return BatchConfig(**given)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def flags(album: Path, name: str = "batch") -> list[str]:
    folders = [f"--contents={album / 'contents'}", f"--styles={album / 'styles'}"]
    return [*folders, f"--workdir={album / name}", *SMALL]


def gpus_seen(parcel: tuple[BatchJob, ...], *how: object) -> list[Outcome]:
    """What a worker does in place of pictures: it tells which GPUs it may use."""
    return [Outcome(job.id, DONE, 0.0, os.environ.get("CUDA_VISIBLE_DEVICES", "")) for job in parcel]


@pytest.mark.parametrize(
    ("given", "there", "workers", "seen"),
    [
        ({"device": "gpu"}, "4,7", 2, ["4", "7"]),
        ({"device": "gpu", "workers": 3}, "4,7", 3, ["4", "4", "7"]),
        ({"workers": 2}, "0,1", 2, ["0", "1"]),
        ({}, "4,7", 1, ["4"]),
        ({"device": "gpu"}, "4", 1, ["4"]),
        ({"device": "gpu"}, "-1", 1, ["-1"]),
    ],
)
def test_each_worker_has_a_gpu_of_its_own(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, object], there: str, workers: int, seen: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", there)
    engine = LocalEngine(batch(**given), gpus_seen)
    asked = [BatchJob(str(number), "", JobSpec(Config(), Path()), {}) for number in range(workers)]
    ended = [outcome for _, outcome in engine.outcomes((job,) for job in asked) if outcome]
    assert engine.workers == workers and sorted(outcome.output for outcome in ended) == seen
    assert os.environ["CUDA_VISIBLE_DEVICES"] == there


# --- Which pictures ---


def test_every_content_with_every_style(album: Path) -> None:
    found = items(batch(contents=str(album / "contents"), styles=str(album / "styles" / "*.jpg")))
    assert [item.name for item in found] == [
        *("broken--paint0", "town0--paint0", "town1--paint0"),
        *("broken--paint1", "town0--paint1", "town1--paint1"),
    ]
    (album / "list.txt").write_text("# mine\nsample:harbor\n\nb.jpg\n")
    mixed = items(batch(contents=f"{album / 'list.txt'} + c.png + b.jpg", style="sample:night:2@1-3"))
    assert [item.content for item in mixed] == ["sample:harbor", "b.jpg", "c.png"]
    assert {item.style for item in mixed} == {"sample:night:2@1-3"}


def test_a_folder_is_a_folder_by_the_short_names_too(album: Path) -> None:
    found = items(batch(contents=str(album / "contents"), style=str(album / "styles")))
    assert found == items(batch(contents=str(album / "contents"), styles=str(album / "styles")))
    written = written_out([f"--content={album / 'contents'}", "--content=a.jpg"], COMMAND.short)
    assert written == [f"--contents={album / 'contents'}", "--contents=a.jpg"]


def test_rows_without_a_content_take_the_one_that_is_given(album: Path) -> None:
    (album / "pairs.csv").write_text("style\nb.jpg\nc.jpg\n")
    found = items(batch(pairs=str(album / "pairs.csv"), contents="a.jpg"))
    assert [(item.content, item.style) for item in found] == [("a.jpg", "b.jpg"), ("a.jpg", "c.jpg")]
    for more in ({"contents": str(album / "contents")}, {"contents": "a.jpg", "styles": "d.jpg"}):
        with pytest.raises(SettingError, match=r"Expected no --(contents|styles) with --pairs="):
            items(batch(pairs=str(album / "pairs.csv"), **more))


def test_a_table_of_pairs(album: Path) -> None:
    table = album / "pairs.csv"
    table.write_text('content, style,output,steps,color\na.jpg,b.jpg,x.png,"3,4",match\na.jpg,c.jpg,,,\n')
    one, two = items(batch(pairs=str(table), size="64"))
    assert (one.content, one.style, one.output) == ("a.jpg", "b.jpg", "x.png")
    assert one.config(batch(size="64")).steps == (3, 4) and one.own == {"steps": (3, 4), "color": "match"}
    assert two.own == {} and two.name == "a--c"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_a_table_as_spreadsheets_write_it(separator: str, mark: str, album: Path) -> None:
    rows = [["content", "style", "steps"], ["a.jpg", "b.jpg", "3,4"]]
    (album / "pairs.csv").write_text(mark + "\r\n".join(map(separator.join, rows)) + "\r\n", encoding="utf8")
    (one,) = items(batch(pairs=str(album / "pairs.csv")))
    assert (one.content, one.style, one.own) == ("a.jpg", "b.jpg", {"steps": (3, 4)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("content,styl\na,b\n", "line 1: Expected only the columns .* Did you mean style"),
        ("content,style\n", "Expected a row"),
        ("content,style,seed\na,b,1\na,b,much\n", "line 3: --seed=much: Expected a whole number"),
        ("content,style\na,b,c\n", "line 2: Expected as many values as columns"),
        ("content,style\na,b\nc\n", "line 3: Expected as many values"),
        (
            "content,style,seed\na,b,x\na,b,1\na,b,y\n",
            "line 2: --seed=x: Expected .*; line 4: --seed=y: Expected [^;]*$",
        ),
        ("content,style\n" + 7 * "c\n", "line 6: Expected as many values as columns; and 2 more lines$"),
        ("content;style;style_strength\na;b;0,5\n", "line 2: --style_strength=0,5: .* Did you mean 0.5"),
        ("content,style,output\na,b,x.png\nc,b,x.png\n", "a different output .* Received twice: x.png"),
        ("content,style,output\na,b,gone/x.png\n", "line 2: --output=gone/x.png: Expected a folder that exists"),
        ("content,style,output\na,b,x.txt\n", "line 2: --output=x.txt: Expected a name that ends in"),
        ('content,style\n"a,b\n', "Expected a table of comma-separated values"),
        ("content,style,workdir\na,b,c\n", "Expected only the columns"),
    ],
)
def test_tables_that_cannot_be(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(text)
    with pytest.raises(SettingError, match=message) as caught:
        items(batch(pairs=str(tmp_path / "pairs.csv")))
    assert "\n" not in str(caught.value) and str(caught.value).startswith("--pairs=")


def test_ranges() -> None:
    assert values_of("0.2-0.8 [4]") == ["0.2", "0.4", "0.6", "0.8"]
    assert values_of("0.3, 0.5") == ["0.3", "0.5"] and values_of("60,44;30,22") == ["60,44", "30,22"]
    assert values_of("1-2 [1]") == ["1"]


def test_sweeps_are_a_grid() -> None:
    found = items(batch(content="a.jpg", style="b.jpg", sweep="style_strength=0.3,0.7 + seed=0-2 [3]"))
    assert len(found) == 6 and len({item.name for item in found}) == 6
    assert found[1].own == {"style_strength": 0.3, "seed": 1}
    assert found[1].name == "a--b--style_strength=0.3--seed=1"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sweep": "style_stren=1"}, "Did you mean style_strength"),
        ({"sweep": "style_strength=2"}, "--style_strength=2: Expected a number from 0 to 1"),
        ({"sweep": "seed=0-4"}, "--seed=0-4: Expected a whole number"),
        ({"sweep": "seed="}, "Expected at least one value"),
        ({"sweep": "seed=1 + seed=2"}, "Expected each setting once"),
        ({"sweep": "output=a,b"}, "Expected SETTING=VALUES"),
        ({"contents": "{folder}"}, "Expected a folder with pictures"),
        ({"contents": "{folder}/*.png"}, "Expected a pattern that matches at least one file"),
        ({"styles": "{folder}/none.txt"}, "Expected a text file in UTF-8"),
        (
            {"contents": "{folder}/photos"},
            "--contents=.*photos: Expected a folder, .* no such file or folder",
        ),
        ({"style": ""}, "--style: Expected a picture: a path or a URL"),
        ({"style": "{folder}"}, "--style=.*: Expected a folder with pictures"),
    ],
)
def test_what_cannot_be_is_told_before_the_first_job(given: dict[str, str], message: str, tmp_path: Path) -> None:
    asked = {name: value.format(folder=tmp_path) for name, value in given.items()}
    with pytest.raises(SettingError, match=message) as caught:
        items(batch(**{"content": "a.jpg", "style": "b.jpg", **asked}))
    assert "\n" not in str(caught.value)


def test_a_folder_misspelt_is_answered_with_the_one_there_is(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(SettingError, match=r"Did you mean photos\? Received: no such file or folder"):
        items(batch(contents=str(tmp_path / "phtos"), style="b.jpg"))


def test_no_two_results_have_one_name(tmp_path: Path) -> None:
    found = items(batch(contents="x/a.jpg + y/a.jpg + z/a.png", style="b.jpg"))
    assert [item.name for item in found] == ["a--b", "a--b--2", "a--b--3"]


def test_a_job_is_the_hash_of_its_inputs_and_settings(album: Path) -> None:
    def jobs(**given: object) -> list[str]:
        asked = batch(contents=str(album / "contents"), style=str(album / "styles" / "paint0.jpg"), **given)
        return [job_of(item, asked, album, Hashes()).id for item in items(asked)]

    first = jobs()
    assert jobs() == first and len(set(first)) == 3
    assert not set(jobs(seed=1)) & set(first)
    write_picture(album / "contents" / "town0.png", seed=9)
    assert [now == then for now, then in zip(jobs(), first, strict=True)] == [True, False, True]


# --- The manifest ---


def test_a_manifest_cut_off_anywhere(tmp_path: Path) -> None:
    with Manifest(tmp_path) as manifest:
        for number in range(3):
            manifest.note(f"job{number}", state=RUNNING, attempts=1, name=f"n{number}")
            manifest.note(f"job{number}", state=DONE, seconds=1.5, figures={"gram": 0.5})
    whole = (tmp_path / MANIFEST).read_bytes()
    for cut in range(len(whole)):
        (tmp_path / MANIFEST).write_bytes(whole[:cut])
        with Manifest(tmp_path) as manifest:
            states = [manifest.get(f"job{number}").state for number in range(3)]
            assert states == sorted(states, key=[DONE, RUNNING, "pending"].index)
            manifest.note("job9", state=FAILED, error="two\nlines")
        assert Manifest(tmp_path).get("job9").error == "two\nlines"
    (tmp_path / MANIFEST).write_text('[]\n"a"\n{"job": "b"}\n{"job": "c", "state": "odd"}\n\x00\n')
    assert Manifest(tmp_path).passed_over == 4 and Manifest(tmp_path).get("b").state == "pending"


# --- The table ---


def test_the_table_has_paths_that_hold_in_the_folder_of_the_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the batch was begun by an earlier version, whose manifest has paths as they were typed, or moved."""
    monkeypatch.chdir(tmp_path)
    folder, style = tmp_path / "albums" / "one", "paint.jpg + https://example.com/a.jpg:2 + sample:night@1-2"
    (folder / "pictures").mkdir(parents=True)
    for name in ("town.png", "paint.jpg", "albums/one/pictures/town.png"):
        (tmp_path / name).touch()
    job = job_of_one("town.png", style=style)
    with Manifest(folder) as manifest:
        for output in ("albums/one/pictures/town.png", "elsewhere/town.png", str(folder / "pictures" / "town.png")):
            manifest.note(job.id, state=DONE, output=output, figures={"gram": 0.5})
            write_summary(folder, [job], manifest)
            with (folder / "summary.csv").open(encoding="utf8", newline="") as file:
                (row,) = csv.DictReader(file)
            assert row["content_path"] == "../../town.png" and row["output"] == "pictures/town.png"
            assert row["style_path"] == style.replace("paint.jpg", "../../paint.jpg")
            assert list(row) == [*FIRST, *COUNTS, "gram", *LAST] and row["gram"] == "0.5000"


def test_the_table_has_no_path_of_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job = job_of_one("sample:harbor", style="gone.jpg")
    row = paths_of(tmp_path / "batch", job, Entry(state=FAILED, error="no such file"))
    assert row == {"name": "n", "content_path": "sample:harbor", "style_path": "../gone.jpg", "output": ""}


def job_of_one(content: str, **given: str) -> BatchJob:
    return BatchJob("id", "n", JobSpec(absolute(Config(content=content, **given)), Path("work")), {})


# --- From here to pictures ---


@pytest.mark.slow
def test_a_batch_is_its_runs(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bit for bit, one worker or two; what is broken is told and costs nothing else; a second call does nothing."""
    assert main(flags(album)) == 1
    out = capsys.readouterr().out
    assert "6 pictures: 0 done" in out and "4 of 6 pictures are done, 2 failed" in out
    assert out.count("Failed: broken--paint") == 2 and "Expected a picture" in out
    made = sorted((album / "batch" / "pictures").iterdir())
    assert [path.name for path in made] == [f"town{a}--paint{b}.png" for a in (0, 1) for b in (0, 1)]
    kept = [path.stat().st_mtime_ns for path in made]
    assert main(flags(album)) == 1
    assert "6 done or failed before, 0 to paint" in capsys.readouterr().out
    assert [path.stat().st_mtime_ns for path in made] == kept
    assert main([*flags(album, "two"), "--workers=2"]) == 1
    single = [f"--content={album / 'contents' / 'town1.png'}", f"--style={album / 'styles' / 'paint0.jpg'}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    of_run = [flag for flag in SMALL if not flag.startswith(("--cpus", "--batch_size"))]
    alone = [sys.executable, "-m", "keras_nst.run", *single, f"--workdir={album / 'run'}", *of_run]
    subprocess.run(alone, env=environment, check=True, capture_output=True)
    np.testing.assert_array_equal(pixels(album / "run" / "picture.png"), pixels(made[2]))
    for path in made:
        np.testing.assert_array_equal(pixels(album / "two" / "pictures" / path.name), pixels(path))
    with (album / "batch" / "summary.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows["town0--paint1"]["state"] == "done" and rows["broken--paint0"]["error"]
    assert rows["town0--paint1"]["content_path"] == "../contents/town0.png"
    with Image.open(album / "batch" / "sheet.jpg") as sheet:
        assert sheet.size == (2 * 120, 2 * (36 + 18) + 18)  # of pictures of 48 x 36


def long_flags(album: Path, name: str) -> list[str]:
    """Four pictures of some seconds each."""
    (album / "contents" / "broken.jpg").unlink(missing_ok=True)
    changed = [flag for flag in flags(album, name) if "--steps" not in flag]
    return [*changed, "--steps=60,80", "--checkpoint_secs=0"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """The four pictures of an album, made by a batch that nothing befell."""
    album = album_in(tmp_path_factory.mktemp("album"))
    assert main(long_flags(album, "whole")) == 0
    return {path.name: pixels(path) for path in (album / "whole" / "pictures").iterdir()}


def check_whole(folder: Path, whole: dict[str, np.ndarray]) -> None:
    assert {path.name for path in (folder / "pictures").iterdir()} == set(whole) and len(whole) == 4
    for name, expected in whole.items():
        np.testing.assert_array_equal(pixels(folder / "pictures" / name), expected)


def started(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "keras_nst.batch", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True, **pipes)


def told(folder: Path) -> list[dict]:
    """Returns the lines of a manifest so far."""
    path = folder / MANIFEST
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def until(folder: Path, state: str, count: int, patience: float = 120.0) -> None:
    end = time.monotonic() + patience
    while sum(line["state"] == state for line in told(folder)) < count:
        assert time.monotonic() < end
        time.sleep(0.05)


def children(process: subprocess.Popen[str]) -> Iterator[int]:
    """Yields the processes that a batch has started for its work."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == process.pid and b"spawn_main" in command:
            yield int(path.parent.name)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_no_picture(album: Path, whole: dict[str, np.ndarray]) -> None:
    with started(long_flags(album, "killed")) as process:
        until(album / "killed", RUNNING, 2)
        time.sleep(1.0)
        for child in children(process):
            os.kill(child, signal.SIGKILL)
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    check_whole(album / "killed", whole)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_driver_that_ends_is_gone_on_with(
    number: int, album: Path, whole: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each picture is made once, and is what it would have been; a second driver is refused meanwhile."""
    with started(long_flags(album, "cut")) as process:
        until(album / "cut", DONE, 1)
        assert main(long_flags(album, "cut")) == 2
        assert f"Another run is using this folder: process {process.pid}" in capsys.readouterr().err
        workers = list(children(process))
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == (130 if number == signal.SIGINT else -9)
    first = album / "cut" / "pictures" / "town0--paint0.png"
    kept = first.stat().st_mtime_ns
    assert main(long_flags(album, "cut")) == 0  # a worker may still be at its last step: its job waits for that
    end = time.monotonic() + 60  # workers end with their driver
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    assert first.stat().st_mtime_ns == kept
    assert len([line for line in told(album / "cut") if line["state"] == DONE]) == 4
    check_whole(album / "cut", whole)


@pytest.mark.parametrize(("busy", "patience", "stopped"), [(2, 90.0, False), (9, -1.0, False), (9, 90.0, True)])
def test_a_job_waits_until_its_folder_is_free(
    busy: int, patience: float, stopped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PATIENCE", patience)
    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: None))
    calls, stop = [], threading.Event()

    def work() -> str:
        calls.append(1)
        if len(calls) <= busy:
            raise Busy("workdir", "x", "Another run is using this folder.")
        return "done"

    if stopped:
        stop.set()
    with pytest.raises(Busy) if busy == 9 else contextlib.nullcontext():
        assert jobs.when_free(work, stop) == "done"
    assert len(calls) == (3 if busy == 2 else 1)


def the_job(album: Path, **given: object) -> BatchJob:
    asked = batch(contents=str(album / "contents" / "town0.png"), style=str(album / "styles" / "paint0.jpg"), **given)
    return job_of(items(asked)[0], asked, album / "batch", Hashes())


def test_what_leaves_the_picture_alike_leaves_its_job(album: Path) -> None:
    plain = the_job(album)
    for given in ({"checkpoint_secs": 5.0}, {"figures": False}, {"preview": "x.png"}, {"memory_limit_gb": 2.0}):
        assert the_job(album, **given).id == plain.id
    for given in ({"steps": (3,)}, {"style_weight": 2.0}, {"bit_depth": 16}, {"precision": "float32"}):
        assert the_job(album, **given).id != plain.id


def test_a_job_of_an_earlier_version_keeps_its_name(album: Path) -> None:
    """Its identifier was the hash of all settings."""
    asked = batch(
        contents=str(album / "contents" / "town0.png"), style=str(album / "styles" / "paint0.jpg"), figures=False
    )
    item, hashes = items(asked)[0], Hashes()
    config = absolute(item.config(asked))
    settings = settings_of(config)
    assert (settings.pop("rim"), settings.pop("tile_passes")) == ("auto", "2")  # which it did not have
    about = [settings, "", [hashes(config.content), hashes(config.style), config.init]]
    earlier = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    assert job_of(item, asked, album, hashes, {earlier: Entry()}).id == earlier
    assert job_of(item, asked, album, hashes).id != earlier


def test_overwrite_replaces_other_pictures_but_not_what_is_half_done(album: Path) -> None:
    assert not the_job(album).spec.config.overwrite
    job = the_job(album, overwrite=True)
    assert job.spec.config.overwrite
    job.spec.workdir.mkdir(parents=True)
    (job.spec.workdir / "run.json").write_text("{}")
    assert not the_job(album, overwrite=True).spec.config.overwrite


def test_where_a_picture_is(tmp_path: Path) -> None:
    """Wherever the batch stands now, and from wherever it is called."""
    path = write_picture(tmp_path / "pictures.png")
    assert result_of(tmp_path, Entry(output=str(path))) == path
    (tmp_path / "pictures").mkdir()
    moved = path.rename(tmp_path / "pictures" / "a.png")
    assert result_of(tmp_path, Entry(output="elsewhere/pictures/a.png")) == moved
    assert result_of(tmp_path, Entry(output="b.png")) is None and result_of(tmp_path, Entry()) is None


def test_a_picture_that_was_removed_is_painted_again(album: Path) -> None:
    one = [f"--contents={album / 'contents' / 'town0.png'}", f"--style={album / 'styles' / 'paint0.jpg'}"]
    command = [*one, f"--workdir={album / 'batch'}", *SMALL, "--steps=1", "--cpus=1"]
    assert main(command) == 0
    (path,) = (album / "batch" / "pictures").iterdir()
    made = pixels(path)
    path.unlink()
    assert main(command) == 0
    np.testing.assert_array_equal(pixels(path), made)


def test_missing_pictures_are_named_beforehand(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (album / "list.txt").write_text("a.jpg\nb.jpg\nsample:harbor\nc.jpg\nd.jpg\n")
    given = [f"--contents={album / 'list.txt'}", f"--style={album / 'styles' / 'paint0.jpg'}", "--dry_run"]
    assert main([*given, f"--workdir={album / 'batch'}"]) == 0
    assert "Missing: a.jpg, b.jpg, c.jpg and 1 more. Pictures that need them will fail." in capsys.readouterr().out


def test_a_dry_run_does_nothing(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*flags(album), "--dry_run"]) == 0
    out = capsys.readouterr().out
    assert "About 30 steps and 3 MB on disk" in out  # of 3 at one scale and 2 at the other; half a MB each
    assert "6 pictures" in out and "town1--paint0" in out and not (album / "batch").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--contents=none/*.jpg", "--style=b.jpg"], "--contents=none/*.jpg: Expected a pattern"),
        (["--contents=a.jpg", "--style=b.jpg", "--output=c.png"], "--output=c.png: Expected no --output"),
        (["--contents=a.jpg", "--style=b.jpg", "--engine=fog"], "--engine=fog: Expected one of local, ray"),
        (["a.jpg", "--style=b.jpg"], "Expected flags only, as in --contents=a.jpg"),
    ],
)
def test_bad_input(arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, f"--workdir={tmp_path / 'batch'}"]) in (1, 2)
    assert message in capsys.readouterr().err and not (tmp_path / "batch").exists()


def test_settings_of_a_run_apply_and_those_of_the_batch_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"--{name}=" in out for name in (*OF_THE_BATCH, "style_strength", "color"))
    assert run(["--help"]) == 0
    assert "--sweep" not in capsys.readouterr().out


# --- Ray ---


@pytest.mark.slow
def test_ray_makes_the_same_pictures_whatever_dies(album: Path, whole: dict[str, np.ndarray], cluster: object) -> None:
    """A worker and a node are lost while they work: every picture is made, bit for bit that of the local engine."""
    arguments = [*long_flags(album, "ray"), "--engine=ray", f"--address={cluster.address}", "--workers=2"]
    with started(arguments) as process:
        until(album / "ray", RUNNING, 2)
        time.sleep(3.0)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            if b"ray::Actor" in path.read_bytes():
                os.kill(int(path.parent.name), signal.SIGKILL)
                break
        until(album / "ray", DONE, 1)
        cluster.remove_node(cluster.add_node(num_cpus=1), allow_graceful=False)
        cluster.remove_node(list(cluster.worker_nodes)[0], allow_graceful=False)
        cluster.add_node(num_cpus=1)
        output, _ = process.communicate(timeout=400)
    assert process.returncode == 0, output
    check_whole(album / "ray", whole)


@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_one_line(album: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("ray")
    assert main([*flags(album), "--engine=ray", "--address=127.0.0.1:9"]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("keras_nst: --address=127.0.0.1:9: Expected the address of a Ray cluster.")


# --- In TensorBoard ---


def trials_in(folder: Path) -> list[dict[str, object]]:
    """Returns each trial with its settings and metrics, as TensorBoard's HParams have them."""
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

    known = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(str(folder)).Reload()
    context = backend_context.Context(TBContext(data_provider=data_provider.MultiplexerDataProvider(known, folder)))
    here = RequestContext()
    metadata, rest = context.hparams_metadata(here, ""), context.hparams_from_data_provider(here, "", None)
    experiment = context.experiment_from_metadata(here, "", True, metadata, rest)
    columns = [api_pb2.ColParams(hparam=info.name) for info in experiment.hparam_infos]
    columns += [api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos]
    asked = api_pb2.ListSessionGroupsRequest(col_params=columns, slice_size=100, include_metrics=True)
    asked.allowed_statuses.extend(api_pb2.Status.values())
    found = list_session_groups.Handler(here, context, "", asked).run()
    return [
        {"name": group.name}
        | {info.name: shown(group.hparams[info.name]) for info in experiment.hparam_infos}
        | {value.name.tag: value.value for value in group.metric_values}
        for group in found.session_groups
    ]


def shown(value: object) -> object:
    """Returns what a protocol buffer has, whatever it is."""
    kind = value.WhichOneof("kind")
    return getattr(value, kind) if kind else None


@pytest.mark.slow
def test_a_batch_is_an_experiment_in_tensorboard(album: Path) -> None:
    """What differs, as numbers where it is one, and the loss at the end."""
    pictures = [f"--contents={album / 'contents'}", f"--style={album / 'styles' / 'paint0.jpg'}"]
    given = [*pictures, f"--workdir={album / 'batch'}", *SMALL, "--scales=1", "--steps=1"]
    assert main([*given, "--sweep=style_weight=2,10"]) == 1  # one content is broken
    found = sorted(trials_in(album / "batch"), key=lambda trial: trial["name"])
    assert [(trial["content"], trial["style_weight"]) for trial in found] == [
        *(("town0.png", 10.0), ("town0.png", 2.0), ("town1.png", 10.0), ("town1.png", 2.0))
    ]
    assert [trial["name"].split("--")[0] for trial in found] == ["town0", "town0", "town1", "town1"]
    finished = {path.parent for path in (album / "batch" / "jobs").glob("*/*.v2")}
    assert sorted(trial["loss"] for trial in found) == sorted(losses_of(folder)[-1][1] for folder in finished)
    assert all("style" not in trial for trial in found)
