"""What TensorBoard's profiler is given, and that the picture does not know of it."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from test_curves import progress

from keras_nst.command.monitors.profiling import Profile
from keras_nst.run.__main__ import main


def traces(folder: Path) -> list[Path]:
    return list(folder.glob("plugins/profile/*/*.xplane.pb"))


def pixels(folder: Path) -> np.ndarray:
    with Image.open(folder / "picture.png") as image:
        return np.asarray(image)


@pytest.mark.parametrize("steps", [(1, 2), (4, 5), (3, 3), (9, 12), (1, 12)])
def test_chunks_end_where_the_steps_begin_and_end(steps: tuple[int, int], tmp_path: Path) -> None:
    said: list[str] = []
    profile, step = Profile(tmp_path, steps, 0, said.append), 0
    while step < 12:
        step += int(min(5, 12 - step, profile.left()))
        tf.reduce_sum(tf.ones((8, 8)))
        profile(progress(1, step))
    profile(progress(1, 12, final=True))
    profile.close()
    assert said == ["Profile of steps {} to {}: {}".format(*steps, tmp_path / "plugins/profile")]
    (trace,) = traces(tmp_path)
    assert b"Sum" in trace.read_bytes()


def test_a_run_with_a_profile_makes_the_same_picture(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*quick, "--profile_steps=2-4"]) == 0
    assert f"Profile of steps 2 to 4: {tmp_path / 'run' / 'plugins/profile'}" in capsys.readouterr().out
    assert len(traces(tmp_path / "run")) == 1
    assert "--profile_steps" not in (tmp_path / "run" / "settings.cfg").read_text()
    assert main([*quick, f"--workdir={tmp_path / 'other'}"]) == 0
    np.testing.assert_array_equal(pixels(tmp_path / "run"), pixels(tmp_path / "other"))
    assert main([*quick, "--overwrite"]) == 0
    assert not traces(tmp_path / "run")  # it was of the run before


@pytest.mark.parametrize("given", ["0", "0-3", "5-2", "x", "1-", "-3", "1-6", "6"])
def test_steps_that_no_run_takes(given: str, quick: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The run has five."""
    assert main([*quick, f"--profile_steps={given}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    order = "the first and the last step, counted from 1, as in 10-20."
    expected = "steps up to 5, the last of the run." if given.endswith("6") else order
    assert line.startswith(f"keras_nst: --profile_steps={given}: Expected {expected}")


def test_one_profile_at_a_time(tmp_path: Path) -> None:
    said: list[str] = []
    first = Profile(tmp_path / "one", (1, 3), 0, said.append)
    second = Profile(tmp_path / "two", (1, 3), 0, said.append)
    assert said == ["No profile: Another profiler is running."]
    for each in (second, first):
        each(progress(1, 3))
        each.close()
    assert len(said) == 2 and said[1].startswith("Profile of steps 1 to 3") and not (tmp_path / "two").exists()


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said: list[str] = []
    profile = Profile(tmp_path / "file", (1, 3), 0, said.append)
    profile(progress(1, 3))
    profile.close()
    assert len(said) == 1 and said[0].startswith("No profile: ") and "not a directory" in said[0]


def test_a_run_that_ends_early(tmp_path: Path) -> None:
    said: list[str] = []
    profile = Profile(tmp_path / "one", (9, 12), 0, said.append)
    profile(progress(1, 3))
    profile.close()
    assert said == ["No profile: the run ended before step 9."]
    profile = Profile(tmp_path / "two", (2, 12), 1, said.append)
    profile(progress(1, 3))
    profile.close()
    assert said[1:] == [f"Profile of steps 2 to 3: {tmp_path / 'two' / 'plugins/profile'}"]


def test_steps_that_were_taken_before(tmp_path: Path) -> None:
    said: list[str] = []
    profile = Profile(tmp_path, (2, 3), 3, said.append)
    profile(progress(1, 8))
    profile.close()
    assert said == ["No profile: step 3 was already taken."] and not traces(tmp_path)
    later = Profile(tmp_path, (2, 4), 3, said.append)
    later(progress(1, 8))
    assert said[1].startswith("Profile of steps 4 to 8")
