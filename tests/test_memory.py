"""Peak memory, of this process and no other."""

import resource
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT

from keras_nst.system import memory

CHILD = """
from keras_nst.system.memory import peak_memory_gb
before = peak_memory_gb()
block = bytearray(b"1") * 200_000_000
during = peak_memory_gb()
del block
print(before, during, peak_memory_gb())
"""


def test_peak_rises_with_what_is_taken_and_never_falls() -> None:
    before, during, after = map(float, _output(CHILD).split())
    assert 0.19 < during - before < 0.23
    assert after == pytest.approx(during, abs=0.002)


@pytest.mark.skipif(sys.platform != "linux", reason="only there does a child inherit its parent's peak")
def test_the_memory_of_the_parent_does_not_count() -> None:
    block = np.ones(50_000_000)  # 0.4 GB
    assert float(_output("from keras_nst.system import memory; print(memory.peak_memory_gb())")) < 0.1
    assert memory.peak_memory_gb() > block.nbytes / 1e9


@pytest.mark.parametrize(("platform", "gigabytes"), [("darwin", 0.003), ("freebsd", 0.003072)])
def test_other_systems(platform: str, gigabytes: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """macOS counts in bytes, the others in kibibytes."""
    peak = 3_000_000 if platform == "darwin" else 3_000
    monkeypatch.setattr(memory, "STATUS", Path("/nowhere/status"))
    monkeypatch.setattr(memory, "sys", SimpleNamespace(platform=platform))
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_maxrss=peak))
    assert memory.peak_memory_gb() == pytest.approx(gigabytes)


def test_zero_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "STATUS", Path("/nowhere/status"))
    monkeypatch.setitem(sys.modules, "resource", None)
    assert memory.peak_memory_gb() == 0


def _output(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout
