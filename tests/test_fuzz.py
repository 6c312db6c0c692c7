"""Damaged and hostile pictures: each ends as a picture or as one clear line. scripts/torture.py tries many more."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mutations
import numpy as np
import pytest
import torture
import torture_pictures
from seed_pictures import seeds
from torture_pictures import Outcome, outcome
from workers import Ended, Limits, answers

from keras_nst.pictures.files import Picture, read_picture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits of its processes are Linux's")


def test_damaged_and_hostile_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run again by: python scripts/torture.py pictures --cases=2000 --seed=0"""
    table, failures = tmp_path / "table.json", tmp_path / "failures"
    code = torture.main(["pictures", "--cases=2000", "--jobs=1", f"--json={table}", f"--keep={failures}"])
    assert code == 0 and not failures.exists(), capsys.readouterr().err
    rows = json.loads(table.read_text())["rows"]
    total = rows.pop()
    assert total["cases"] == 2000 == total["pictures"] + total["refusals"]
    assert min(total["pictures"], total["refusals"]) > 500  # neither goes through without being looked at
    assert {row["format"] for row in rows} == {seed.format for seed in seeds()}
    assert {row["mutation"] for row in rows} == set(mutations.KINDS)


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: seed.name)
def test_what_is_damaged_is_sound_before(seed: mutations.Seed, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(seed.content)
    assert read_picture(tmp_path / "x").pixels.std() > 0.01


def test_the_same_number_is_the_same_case() -> None:
    first, again = ([mutations.case(5, number) for number in range(40)] for _ in range(2))
    assert first == again
    assert first != [mutations.case(6, number) for number in range(40)]


# --- The judges: each kind of failure is seen ---


GOOD = np.zeros((2, 3, 3), np.float32)


def sound(path: Path, max_pixels: int) -> Picture:
    """Stands for `read_picture`."""
    return Picture(GOOD, None, "", ())


def flawed(pixels: np.ndarray, *notes: str) -> Callable[..., Picture]:
    return lambda path, max_pixels: sound(path, max_pixels)._replace(pixels=pixels, notes=notes)


def failing(error: Exception) -> Callable[..., Picture]:
    def read(path: Path, max_pixels: int) -> Picture:
        raise error

    return read


def doing(action: Callable[[], object]) -> Callable[..., Picture]:
    def read(path: Path, max_pixels: int) -> Picture:
        action()
        return sound(path, max_pixels)

    return read


READERS = {  # by what is to be said of them
    "": sound,
    "ZeroDivisionError": failing(ZeroDivisionError("by zero")),
    "two": failing(ValueError("Expected two. Received: two\nlines")),
    "x1b": failing(ValueError("Expected none. Received: \x1b[2J")),
    "damaged": failing(ValueError("damaged")),
    "not enough memory": failing(ValueError("Expected a picture. Received: a PNG (not enough memory)")),
    "float64": flawed(GOOD.astype(np.float64)),
    "to 2.0": flawed(GOOD + 2),
    "nan": flawed(GOOD * np.nan),
    "shapes": flawed(GOOD[..., :2]),
    "R.*x00B": flawed(GOOD, "R\0B"),
    "printed: b'hello": doing(lambda: print("hello")),
    "printed: b'deep": doing(lambda: os.write(2, b"deep")),
    "printed: .*careful": doing(lambda: warnings.warn("careful", stacklevel=1)),
    "subprocess.Popen": doing(lambda: subprocess.run(["true"])),
    "socket": doing(lambda: pytest.raises(OSError, urllib.request.urlopen, "http://127.0.0.1:9/")),
    "memory grew by": doing(lambda: np.ones(200_000_000)),
}


def judged(folder: Path, number: int) -> Outcome:
    """Returns what is said of one of the readers; in a process of its own."""
    torture_pictures.read_picture = list(READERS.values())[number]
    return outcome(folder, 0, number)


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What is said of each reader."""
    work = partial(judged, tmp_path_factory.mktemp("judged"))
    found = answers(work, range(len(READERS)), 1, Limits(seconds=20, megabytes=6144))
    return {list(READERS)[number]: result for number, result in found}


@pytest.mark.parametrize("reason", READERS)
def test_what_is_said_of_a_reader(reason: str, verdicts: dict[str, Outcome]) -> None:
    assert verdicts[reason].kind == ("failures" if reason else "pictures")
    assert re.search(reason or "^$", verdicts[reason].reason)


def misbehave(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), 11)
    if number == 2:
        time.sleep(60)
    if number == 3:
        bytearray(2**40)
    return number


def test_processes_that_end_are_replaced() -> None:
    ends = {answer.number: answer.result for answer in answers(misbehave, range(6), 1, Limits(0.5, 500))}
    assert ends == {0: 0, 4: 4, 5: 5} | {
        1: Ended("crash: Segmentation fault"),
        2: Ended("no end within 0.5 s"),
        3: Ended("crash: exit code 1"),
    }


def test_failures_are_kept_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torture_pictures, "outcome", crash)
    assert torture.main(["pictures", "--cases=2", "--jobs=1", f"--keep={tmp_path}"]) == 1
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert len(kept) == 4 and kept[0].startswith("0-") and kept[1] == f"{kept[0]}.txt"
    assert (tmp_path / kept[0]).read_bytes() == mutations.case(0, 0).content
    assert (tmp_path / kept[1]).read_text() == "crash: exit code 3\n"


def crash(folder: Path, seed: int, number: int) -> Outcome:
    os._exit(3)
