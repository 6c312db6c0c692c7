"""The door to one picture, as its users meet it."""

import os
import re
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, run_process, write_picture
from PIL import Image

from keras_nst.command.run_folder import PICTURE, SETTINGS
from keras_nst.pictures.files import read_picture, save_picture
from keras_nst.pictures.metadata import read_settings
from keras_nst.run import prepare as job
from keras_nst.run import request
from keras_nst.run.__main__ import main


@pytest.fixture(autouse=True)
def keep_signal_handlers():
    """main() listens to signals of its own."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


# --- A run ---


def test_a_run_and_what_it_leaves(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*quick, "--snapshot_steps=2"]) == 0
    said = capsys.readouterr()
    assert "Runs on" in said.out and "float32" in said.out and "Final loss" in said.out
    workdir = tmp_path / "run"
    assert f"Picture: {workdir / PICTURE}" in said.out and f"tensorboard --logdir {workdir}" in said.out
    with Image.open(workdir / PICTURE) as picture:
        assert picture.size == (48, 36) and picture.mode == "RGB"
        assert np.asarray(picture).std() > 10
    assert list(workdir.glob("events.out.tfevents.*"))
    assert len(list((workdir / "snapshots").glob("*.jpg"))) >= 2


def test_settings_repeat_the_run(quick: list[str], tmp_path: Path) -> None:
    """The flag file and the picture itself both repeat the run, bit for bit on the CPU."""
    assert main([*quick, "--init=blend", "--seed=5"]) == 0
    first = tmp_path / "run"
    again = [f"--flagfile={first / SETTINGS}", f"--workdir={tmp_path / 'again'}"]
    assert main(again) == 0
    assert main([f"--from_image={first / PICTURE}", "--follow", f"--workdir={tmp_path / 'third'}"]) == 0
    expected = read_picture(first / PICTURE).pixels
    for folder in ("again", "third"):
        np.testing.assert_array_equal(read_picture(tmp_path / folder / PICTURE).pixels, expected)
    left, exact = request.parse(again[:1]), request.parse([*again[:1], "--exactly"])
    assert (left.precision, left.device, left.evaluator) == ("float32", "auto", "auto")
    assert (exact.precision, exact.device, exact.evaluator) == ("float32", "cpu", "whole")
    assert request.parse([f"--from_image={first / PICTURE}", "--follow", "--exactly"]).device == "cpu"


def test_a_picture_tells_how_it_was_made(quick: list[str], tmp_path: Path) -> None:
    assert main([*quick, "--steps=0", f"--output={tmp_path / 'out.jpg'}"]) == 0
    carried = read_settings(tmp_path / "out.jpg")
    assert carried["steps"] == "0" and carried["seed"] == "0" and len(carried["content_sha256"]) == 64
    assert {"keras_nst", "tensorflow", "keras", "python"} <= set(carried)


@pytest.mark.parametrize(("size", "expected"), [("original", (64, 48)), ("33x40", (33, 40)), ("61", (61, 46))])
def test_the_result_has_exactly_the_size(
    size: str, expected: tuple[int, int], quick: list[str], tmp_path: Path
) -> None:
    assert main([*quick, f"--size={size}", "--steps=1", "--scales=1"]) == 0
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert picture.size == expected


def test_no_steps_at_original_size_is_the_content(quick: list[str], pair: tuple[Path, Path], tmp_path: Path) -> None:
    assert main([*quick, "--size=original", "--steps=0"]) == 0
    np.testing.assert_array_equal(read_picture(tmp_path / "run" / PICTURE).pixels, read_picture(pair[0]).pixels)


def test_style_alone(quick: list[str], tmp_path: Path) -> None:
    kept = [flag for flag in quick if not flag.startswith("--content=")]
    assert main([*kept, "--content_weight=0"]) == 0
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert max(picture.size) == 48


def test_content_alone(quick: list[str]) -> None:
    assert main([*(flag for flag in quick if not flag.startswith("--style=")), "--style_weight=0"]) == 0


def test_first_picture_from_a_file(quick: list[str], tmp_path: Path) -> None:
    first = write_picture(tmp_path / "first.png", 30, 40, seed=7)
    assert main([*quick, f"--init={first}", "--steps=0", "--size=40"]) == 0
    np.testing.assert_array_equal(read_picture(tmp_path / "run" / PICTURE).pixels, read_picture(first).pixels)


def test_alpha_of_the_content_is_kept_or_laid_on_a_color(
    quick: list[str], pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Image.open(pair[0]) as picture:
        alpha = Image.linear_gradient("L").resize(picture.size)
        picture.putalpha(alpha)
        picture.save(pair[0])
    assert main([*quick, "--size=original", "--steps=1"]) == 0
    with Image.open(tmp_path / "run" / PICTURE) as result:
        np.testing.assert_array_equal(np.asarray(result)[..., 3], np.asarray(alpha))
    flat = [*quick, "--size=original", "--steps=1", f"--workdir={tmp_path / 'b'}"]
    assert main([*flat, f"--output={tmp_path / 'b.jpg'}"]) == 2
    assert "--background=white" in capsys.readouterr().err
    assert main([*flat, f"--output={tmp_path / 'b.jpg'}", "--background=white"]) == 0
    assert main([*flat, f"--output={tmp_path / 'b.png'}", "--background=#ff8000", "--overwrite"]) == 0
    with Image.open(tmp_path / "run" / PICTURE) as result, Image.open(tmp_path / "b.png") as laid:
        expected = Image.alpha_composite(Image.new("RGBA", result.size, (255, 128, 0)), result)
        assert laid.mode == "RGB" and abs(np.int16(laid) - np.int16(expected.convert("RGB"))).max() <= 1


def test_whole_maps_take_what_is_transparent_for_visible(
    quick: list[str], pair: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with Image.open(pair[0]) as picture:
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
        picture.save(pair[0])
    for loss, told in (("gram", False), ("swd", True)):
        assert main([*quick, "--steps=1", "--overwrite", f"--style_loss={loss}"]) == 0
        assert ("--style_loss=swd: transparent parts count as visible" in capsys.readouterr().err) == told


def test_sixteen_bits(quick: list[str], tmp_path: Path) -> None:
    assert main([*quick, "--bit_depth=16", f"--output={tmp_path / 'deep.png'}"]) == 0
    pixels = read_picture(tmp_path / "deep.png").pixels
    assert len(np.unique(np.round(pixels * 65535))) > 256


def test_the_time_limit_ends_the_run_with_a_whole_picture(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*quick, "--steps=1000000", "--max_seconds=3"]) == 0
    out = capsys.readouterr().out  # on a slow machine the time is over before the last scale begins
    assert "Final loss" in out or "Stopped " in out
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert picture.size == (48, 36)


def test_a_time_too_short_for_a_single_step(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A small first size gets what makes a picture all the same."""
    assert main([*quick, "--max_seconds=0.001"]) == 0
    out = capsys.readouterr().out
    assert (
        "--max_seconds was too short: the first size still got the minimum number of steps" in out
        and "Steps: 3 of 5" in out
    )
    assert "--max_seconds allowed only 34 x 25; the picture is enlarged from that to 48 x 36." in out
    assert f"To resume without a time limit: python -m keras_nst.run --resume={tmp_path / 'run'} --max_seconds=0" in out


def test_ctrl_c_while_the_pictures_are_read(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "prepare", interrupted)
    assert main(quick) == 130
    line = "keras_nst: Interrupted before the first step: nothing was saved. The same command starts over.\n"
    assert capsys.readouterr().err == line and not (tmp_path / "run").exists()


def test_a_run_that_diverges_keeps_the_last_sound_picture(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    huge = ["--style_weight=1e30", "--content_weight=1e30", "--variation_weight=1e30", "--normalization=keras"]
    assert main([*quick, *huge, "--init=noise", "--snapshot_steps=1"]) == 1
    assert "no longer a number after step" in capsys.readouterr().out
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert picture.size == (48, 36)


# --- Folders and files that are there already ---


def test_an_existing_output_is_refused_unless_overwritten(quick: list[str], tmp_path: Path) -> None:
    output = write_picture(tmp_path / "mine.png")
    kept = output.read_bytes()
    assert main([*quick, f"--output={output}"]) == 2
    assert output.read_bytes() == kept and not (tmp_path / "run").exists()
    assert main([*quick, f"--output={output}", "--overwrite", "--steps=0"]) == 0
    assert output.read_bytes() != kept


# --- Bad input: one line, the flag, the value, and nothing left behind ---


def garbage(tmp_path: Path) -> dict[str, str]:
    """Writes files that are not what they seem, and returns their paths by name."""
    whole = write_picture(tmp_path / "whole.jpg", 200, 300).read_bytes()
    files = {"empty.jpg": b"", "text.png": b"not a picture at all", "cut.jpg": whole[: len(whole) // 2]}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "bomb.png").write_bytes(png_bomb(40000, 40000))
    write_picture(tmp_path / "thin.png", 3, 5000)
    return {path.name: str(path) for path in tmp_path.iterdir()}


def png_bomb(width: int, height: int) -> bytes:
    """Returns a small PNG that claims to be this large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


BAD = [
    (["--content={missing.jpg}"], 2, "--content=.*missing.jpg"),
    (["--content={empty.jpg}"], 2, "--content=.*empty.jpg.*"),
    (["--content={text.png}"], 2, "--content=.*text.png"),
    (["--content={cut.jpg}"], 2, "--content=.*cut.jpg"),
    (["--style={bomb.png}"], 2, r"--style=.*bomb.png.*200000000 pixels \(--max_megapixels\).*1600000000"),
    (["--content={whole.jpg}", "--max_megapixels=0.05"], 2, "--content=.*at most 50000 pixels .*60000"),
    (["--style={.}"], 2, "--style=.*"),
    (["--content={thin.png}"], 2, "--size=48: Expected a result of at least 16 pixels a side"),
    (["--content="], 2, "--content: Expected a picture"),
    (["--style="], 2, "--style: Expected a picture"),
    (["--content=", "--style=", "--content_weight=0", "--style_weight=1"], 2, "--style: Expected a picture"),
    (["--content=ftp://example.org/a.jpg"], 2, "--content=ftp://example.org/a.jpg"),
    (["--content=http://127.0.0.1:9/a.jpg"], 2, "--content=http://127.0.0.1:9/a.jpg"),
    (["--content=sample:harbour"], 2, "--content=sample:harbour: .*harbor"),
    (["--init={missing.jpg}"], 2, "--init=.*missing.jpg"),
    (["--init=random"], 2, "--init=random: Expected auto, content, noise, style, blend, instant or a picture."),
    (["--style=", "--style_weight=0", "--init=style"], 2, "--init=style: Expected --style as well"),
    (["--weights={missing.h5}"], 2, "--weights=.*missing.h5"),
    (["--weights={whole.jpg}"], 2, "--weights=.*whole.jpg"),
    (["--style_layers=block1_conv9"], 2, "--style_layers=block1_conv9: .*block1_conv1"),
    (["--style_layers="], 2, "--style_layers: "),
    (["--style_weight=-2"], 2, "--style_weight=-2"),
    (["--content_weight=nan"], 2, "--content_weight=nan"),
    (["--variation_weight=inf"], 2, "--variation_weight=inf"),
    (["--size=15"], 2, "--size=15: Expected at least 16"),
    (["--steps=-5"], 2, "--steps=-5"),
    (["--output={.}/nowhere/out.png"], 2, "--output=.*nowhere"),
    (["--output={.}"], 2, "--output="),
    (["--output={.}/out.xyz"], 2, "--output=.*out.xyz"),
    (["--output={.}/out.jpg", "--bit_depth=16"], 2, "--output=.*out.jpg.*16"),
    (["--workdir={whole.jpg}"], 2, "--workdir=.*Expected a folder"),
    (["--workdir={whole.jpg}/inside"], 2, "--workdir=.*"),
    (["--contnet=a.jpg"], 2, "contnet.*content"),
    (["picture.jpg"], 2, "picture.jpg"),
    (["--flagfile={.}/none.cfg"], 2, "--flagfile=.*none.cfg"),
    (["--content=~nobodyhere/a.jpg"], 2, "--content=~nobodyhere/a.jpg"),
    (["--style_weight=1e38"], 2, r"--style_weight=1e38: .*at most 1e\+30"),
    (["--steps=99999999999999999999"], 2, "--steps=99999999999999999999: .*at most 2147483647"),
    (["--seed=" + "9" * 400], 2, "--seed=9"),
    (["--init="], 2, "--init: Expected auto"),
    (["--from_image="], 2, "--from_image: Expected"),
    (["--flagfile={cut.jpg}"], 2, "UTF-8"),
    (["--overwrite=perhaps"], 2, "perhaps"),
    (["--content=two\nlines.jpg"], 2, "--content=.*two.nlines.jpg"),
    (["--from_image={whole.jpg}"], 2, "--from_image=.*whole.jpg"),
]


@pytest.mark.parametrize(("given", "code", "message"), BAD, ids=[" ".join(case[0]) for case in BAD])
def test_bad_input(
    given: list[str],
    code: int,
    message: str,
    quick: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = garbage(tmp_path) | {".": str(tmp_path)}
    missing = {name: str(tmp_path / name) for name in ("missing.jpg", "missing.h5")}
    paths = files | missing
    arguments = [re.sub(r"\{(.*?)\}", lambda name: paths[name[1]], flag) for flag in given]
    before = sorted(tmp_path.rglob("*"))
    assert main([*quick, *arguments]) == code
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("keras_nst: "), said
    assert re.search(message, said), said
    assert sorted(tmp_path.rglob("*")) == before, "something was left behind"


HOSTILE = {
    "content": [
        "/etc/hostname",
        "http://127.0.0.1:9/a.png",
        "--overwrite",
        "sample:harbor\n--overwrite",
        "\x1b[2J",
        "a\0b",
    ],
    "weights": ["/etc/hostname", "http://127.0.0.1:9/a.h5"],
    "seed": ["9" * 900_000, "\x1b[2J", "--overwrite", "٣٣٣x", "\udcff", "1\n2"],
    "steps": ["1,x" * 200_000, "--steps=1"],
    "network": ["vgg19\u202e", "v" * 900_000],
    "size": ["512\n", "²²", "9" * 5000],
    "style_layers": ["block1_conv1," * 60_000, ":", "block1_conv1:nan"],
    "max_megapixels": ["-1"],
}


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in HOSTILE.items() for value in values])
def test_hostile_settings_in_a_picture(
    name: str,
    value: str,
    follow: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line that does nothing to a terminal, and nothing is written; a value never becomes a flag."""
    monkeypatch.chdir(tmp_path)
    pair = {"content": "sample:harbor", "style": "sample:night", "weights": "random"}
    save_picture(tmp_path / "a.png", np.zeros((2, 2, 3), np.float32), settings=pair | {name: value})
    assert main(["--from_image=a.png"] + ["--follow"] * follow) == 2
    said = capsys.readouterr().err
    assert said.endswith("\n") and said[:-1].isprintable() and len(said) < 2100, said
    assert sorted(tmp_path.iterdir()) == [tmp_path / "a.png"]


def test_an_animation_says_which_frame(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "green", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert main([*quick, f"--content={tmp_path / 'moving.gif'}", "--steps=0"]) == 0
    assert "first" in capsys.readouterr().err


def test_a_single_pixel_gives_a_picture(quick: list[str], tmp_path: Path) -> None:
    """One color has no variation to compare with; nothing is divided by zero."""
    dot = write_picture(tmp_path / "dot.png", 1, 1)
    assert main([*quick, f"--content={dot}", f"--style={dot}"]) == 0
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert picture.size == (48, 48)


# --- Processes ---


def test_no_arguments_prints_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("usage: ")


@pytest.mark.parametrize("arguments", [["--help"], ["--stile=a.jpg"], ["--content=none.jpg", "--style=none.jpg"]])
def test_answers_without_tensorflow(arguments: list[str], tmp_path: Path) -> None:
    """TensorFlow is not even looked for: its place is taken by a module that fails."""
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    (tmp_path / "keras.py").write_text("raise ImportError('Keras was imported')")
    done = run_process(*arguments, cwd=tmp_path, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
    assert done.returncode in (0, 1, 2) and "Traceback" not in done.stderr


def test_nothing_but_our_own_lines_on_a_pipe(quick: list[str]) -> None:
    done = run_process(*quick)
    assert done.returncode == 0
    assert all(line.startswith("scale ") for line in done.stderr.splitlines()), done.stderr
    assert "\r" not in done.stderr and "\x1b" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_the_picture(number: signal.Signals, code: int, quick: list[str], tmp_path: Path) -> None:
    process = start([*quick, "--steps=1000000"])
    wait_for(process, "step ")
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Stopping after this step" in err and "the picture so far is saved" in out
    with Image.open(tmp_path / "run" / PICTURE) as picture:
        assert picture.size == (48, 36)


def test_a_second_signal_ends_at_once(quick: list[str]) -> None:
    process = start([*quick, "--size=800", "--scales=1", "--style_layers=block5_conv1"])
    wait_for(process, "step ")
    process.send_signal(signal.SIGINT)
    wait_for(process, "Stopping after this step")
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    process.communicate(timeout=30)
    assert process.returncode == 143 and time.monotonic() - asked < 3


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "keras_nst.run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    """Waits for a line of standard error with these words."""
    for line in iter(process.stderr.readline, ""):
        if words in line:
            return
    raise AssertionError(f"the process ended before it said: {words}")
