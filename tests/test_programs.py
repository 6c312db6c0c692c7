"""Compiled programs kept from run to run: found again, never trusted blindly, never in the way."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from keras_nst.system import programs
from keras_nst.system.programs import flags_to_keep_programs, lend, remove_leftovers, store_of_this_machine, take_back

NAME = "xla_compile_cache__1__2__XLA_CPU_JIT.pb"
COMPILE = """
import sys, time
from keras_nst.system.devices import start_tensorflow
from keras_nst.system.programs import flags_to_keep_programs
start_tensorflow(4e9, flags_to_keep_programs())
import os, tensorflow as tf
assert "TF_XLA_FLAGS" not in os.environ
compiled = tf.function(lambda x: tf.sin(x @ x) + 1.0, jit_compile=True)
print(compiled(tf.linspace(tf.zeros(64), tf.ones(64), 64)).numpy().tobytes().hex())
"""


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A store and a process's own folder."""
    own = tmp_path / "own"
    own.mkdir()
    return tmp_path / "programs" / "key", own


def keep(store: Path, own: Path, content: bytes, name: str = NAME) -> Path:
    """Has a process write a program, and returns where it is kept."""
    own.mkdir(exist_ok=True)
    (own / name).write_bytes(content)
    take_back(store, own)
    return store / f"{hashlib.sha256(content).hexdigest()}-{name}"


def test_what_one_process_compiles_the_next_one_gets(folders: tuple[Path, Path]) -> None:
    store, own = folders
    path = keep(store, own, b"program")
    assert path.read_bytes() == b"program" and not own.exists()
    own.mkdir()
    lend(store, own)
    assert (own / NAME).read_bytes() == b"program"
    take_back(store, own)
    assert [each.name for each in store.iterdir()] == [path.name]  # not once more


@pytest.mark.parametrize("rubbish", [b"", b"prog", b"program and more"])
def test_a_damaged_program_is_removed(folders: tuple[Path, Path], rubbish: bytes) -> None:
    store, own = folders
    path = keep(store, own, b"program")
    path.write_bytes(rubbish)
    own.mkdir()
    lend(store, own)
    assert not list(own.iterdir()) and not path.exists()


def test_a_store_that_is_read_only_lends_all(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    store, own = folders
    for number in range(3):
        keep(store, own, bytes([number]), f"xla_compile_cache_{number}")
    own.mkdir()

    def refused(path: Path) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(programs.os, "utime", refused)
    lend(store, own)
    assert len(list(own.iterdir())) == 3


@pytest.mark.usefixtures("no_tensorflow_yet")
def test_tensorflow_by_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as tensorflow-cpu."""

    def unknown(package: str) -> str:
        raise programs.importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setenv("TF_XLA_FLAGS", "--other")
    monkeypatch.setattr(programs.importlib.metadata, "version", unknown)
    assert flags_to_keep_programs() == "--other"


def test_foreign_files_are_left_alone(folders: tuple[Path, Path]) -> None:
    store, own = folders
    store.mkdir(parents=True)
    for name in (NAME, "notes.txt", f"{'0' * 64}-../../escape"[:70].replace("/", "_")):
        (store / name).write_text("mine")
    lend(store, own)
    assert not list(own.iterdir()) and len(list(store.iterdir())) == 3


def test_the_least_used_go_first(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    store, own = folders
    monkeypatch.setattr(programs, "MOST_BYTES", 25)
    paths = [keep(store, own, bytes([number]) * 10, f"xla_compile_cache_{number}") for number in range(2)]
    for age, path in zip((100, 200), reversed(paths), strict=True):
        os.utime(path, (age, age))
    last = keep(store, own, b"c" * 10, "xla_compile_cache_c")
    assert sorted(store.iterdir()) == sorted([paths[0], last])


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(folders: tuple[Path, Path]) -> None:
    store, own = folders
    store.parent.mkdir()
    store.parent.chmod(0o500)
    assert not keep(store, own, b"program").exists() and not own.exists()


def test_a_file_in_place_of_the_store(folders: tuple[Path, Path]) -> None:
    store, own = folders
    store.parent.write_text("not a folder")
    lend(store, own)
    (own / NAME).write_bytes(b"program")
    take_back(store, own)
    assert not own.exists()


def test_the_store_depends_on_tensorflow_and_processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    usual = store_of_this_machine()
    assert usual.parent == tmp_path / "keras_nst" / "programs"
    monkeypatch.setattr(programs, "cpu_flags", lambda: {"another"})
    processor = store_of_this_machine()
    monkeypatch.setattr(programs.importlib.metadata, "version", lambda package: "3.0")
    assert len({usual, processor, store_of_this_machine()}) == 3


@pytest.fixture
def no_tensorflow_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)


def test_too_late(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who makes many pictures in one process needs one folder."""
    monkeypatch.setattr(programs.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setitem(sys.modules, "tensorflow", programs)
    assert "persistent" not in flags_to_keep_programs() and not list(tmp_path.iterdir())


@pytest.mark.usefixtures("no_tensorflow_yet")
def test_the_users_own_place_is_left_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "--tf_xla_persistent_cache_directory=/mine"
    monkeypatch.setenv("TF_XLA_FLAGS", given)
    assert flags_to_keep_programs() == given


@pytest.mark.usefixtures("no_tensorflow_yet")
@pytest.mark.parametrize("trouble", ["no room", "no folder"])
def test_nothing_is_kept_where_there_is_no_room(trouble: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TF_XLA_FLAGS", "--other")
    monkeypatch.setattr(programs.tempfile, "tempdir", str(tmp_path if trouble == "no room" else tmp_path / "none"))
    monkeypatch.setattr(programs, "ROOM", float("inf"))
    assert flags_to_keep_programs() == "--other" and not list(tmp_path.iterdir())


def test_what_killed_processes_left_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setattr(programs.tempfile, "tempdir", str(tmp_path))
    for number in (ended.pid, os.getpid()):
        (tmp_path / f"{programs.OWN}{number}-abc").mkdir()
    remove_leftovers()
    assert [path.name for path in tmp_path.iterdir()] == [f"{programs.OWN}{os.getpid()}-abc"]


@pytest.mark.slow
def test_tensorflow_compiles_once(tmp_path: Path) -> None:
    """Two processes at once, a third one, and one that finds rubbish: the same numbers, and the program once."""
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    environment |= {"TMPDIR": str(tmp_path)}

    def begin() -> subprocess.Popen:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([sys.executable, "-c", COMPILE], env=environment, text=True, **streams)

    def said(process: subprocess.Popen) -> str:
        out, error = process.communicate()
        assert process.returncode == 0 and not error, error
        return out

    both = [begin(), begin()]
    first = {said(process) for process in both}
    (store,) = (tmp_path / "cache" / "keras_nst" / "programs").iterdir()
    names = {path.name.partition("-")[2] for path in store.iterdir()}
    assert len(first) == 1 and len(names) == 1
    assert {said(begin())} == first and {path.name.partition("-")[2] for path in store.iterdir()} == names
    for path in store.iterdir():
        path.write_bytes(b"rubbish")
    assert {said(begin())} == first
    assert all(path.read_bytes() != b"rubbish" for path in store.iterdir())
    assert not list(tmp_path.glob(f"{programs.OWN}*"))
