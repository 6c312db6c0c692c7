"""Photographs painted by a trained network: files in and out, styles, what is asked wrongly."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, run_process, smooth_picture, write_picture
from PIL import Image
from test_painter import SHAPE, painter, write_painter

import keras_nst
from keras_nst.apply.__main__ import main
from keras_nst.apply.drive import drive
from keras_nst.apply.prepare import prepare
from keras_nst.networks.model import CARD, Shape
from keras_nst.pictures.files import read_picture
from keras_nst.pictures.metadata import read_settings
from keras_nst.pictures.sources import SAMPLES
from keras_nst.settings.application import Application
from keras_nst.system.files import claimed

NEVER = threading.Event()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose styles are not all alike; not to be changed."""
    return write_painter(tmp_path_factory.mktemp("models") / "three")


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Two photographs, one of them of odd sides."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    write_picture(folder / "a.png", 48, 64)
    write_picture(folder / "b.jpg", 37, 51, seed=1)
    return folder


def apply(model: Path, contents: Path, **own: str) -> list[str]:
    """Paints, in float32; returns what was told."""
    told: list[str] = []
    given = {"model": str(model), "contents": str(contents), "precision": "float32"} | own
    assert drive(prepare(Application.written(**given), print), NEVER, told.append) == 0
    return told


def levels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), int)


def expected(photograph: Path, *shares: float) -> np.ndarray:
    return np.rint(255 * painter()(read_picture(photograph).pixels, shares)).astype(int)


def test_each_photograph_becomes_a_picture_of_its_name_and_size(model: Path, photographs: Path, tmp_path: Path) -> None:
    told = apply(model, photographs, output=str(tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.jpg"]
    assert abs(levels(tmp_path / "out" / "a.png") - expected(photographs / "a.png", 1, 0, 0)).max() <= 1
    assert levels(tmp_path / "out" / "b.jpg").shape == (37, 51, 3)
    assert told[-1].startswith("Pictures: 2 in ")


def test_what_is_painted_is_not_painted_again(model: Path, photographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"mine")
    told = apply(model, photographs, output=str(out))
    assert (out / "a.png").read_bytes() == b"mine" and (out / "b.jpg").exists()
    assert told[0] == f"1 of 2 photographs are already painted: {out}"
    apply(model, photographs, output=str(out), overwrite="true")
    assert levels(out / "a.png").shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("own", "shares"),
    [({}, (1, 0, 0)), ({"style": "glass"}, (0, 0, 1)), ({"blend": "1,0,3"}, (0.25, 0, 0.75))],
)
def test_styles_are_chosen_and_blended(
    own: dict[str, str], shares: tuple[float, ...], model: Path, photographs: Path, tmp_path: Path
) -> None:
    apply(model, photographs / "a.png", output=str(tmp_path / "out"), **own)
    made = levels(tmp_path / "out" / "a.png")
    assert abs(made - expected(photographs / "a.png", *shares)).max() <= 1
    others = [(1, 0, 0), (0, 1, 0), (0.5, 0.5, 0)]
    assert all(abs(made - expected(photographs / "a.png", *other)).max() > 1 for other in others if other != shares)


def test_strength_goes_from_the_photograph_to_the_painting(model: Path, photographs: Path, tmp_path: Path) -> None:
    made = []
    for strength in ("0", "0.5", "1"):
        apply(model, photographs / "a.png", output=str(tmp_path / strength), strength=strength)
        made.append(levels(tmp_path / strength / "a.png"))
    np.testing.assert_array_equal(made[0], levels(photographs / "a.png"))
    assert abs(made[1] - (made[0] + made[2]) / 2).max() <= 1


def test_colors_may_be_the_photographs(model: Path, photographs: Path, tmp_path: Path) -> None:
    """Then hue and saturation are, and only lightness is painted: YIQ's I and Q are near the photograph's."""
    apply(model, photographs / "a.png", output=str(tmp_path / "out"), color="content")
    chroma = np.array([[0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    made, photograph = levels(tmp_path / "out" / "a.png"), levels(photographs / "a.png")
    inside = ((made > 3) & (made < 252)).all(axis=-1)
    assert inside.mean() > 0.2
    plain = expected(photographs / "a.png", 1, 0, 0)
    there, here = (
        abs((plain - photograph)[inside] @ chroma.T).mean(),
        abs((made - photograph)[inside] @ chroma.T).mean(),
    )
    assert here < 0.5 * there


def test_transparency_depth_and_settings_are_kept(model: Path, tmp_path: Path) -> None:
    pixels = np.uint8(np.dstack([smooth_picture(40, 40) * 255, np.full((40, 40), 128)]))
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    apply(model, tmp_path / "clear.png", output=str(tmp_path / "out"), bit_depth="16")
    made = read_picture(tmp_path / "out" / "clear.png")
    np.testing.assert_allclose(made.alpha, 128 / 255, atol=1e-3)
    assert len(np.unique(np.rint(made.pixels * 65535) % 257)) > 10  # more than 8 bits
    said = read_settings(tmp_path / "out" / "clear.png")
    assert said["styles"] == "{'night': '1'}" and len(said["model_sha256"]) == 64
    apply(model, tmp_path / "clear.png", output=str(tmp_path / "laid"), background="white", format="jpg")
    assert (tmp_path / "laid" / "clear.jpg").exists()


def test_a_size_may_be_asked_for(model: Path, photographs: Path, tmp_path: Path) -> None:
    apply(model, photographs, output=str(tmp_path / "out"), size="32")
    assert levels(tmp_path / "out" / "a.png").shape == (24, 32, 3)


def test_pictures_of_the_same_name_do_not_hide_each_other(model: Path, tmp_path: Path) -> None:
    """The second has its folder's name as well."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_picture(tmp_path / folder / "a.png", 20, 24, seed=len(folder))
    both = f"{tmp_path / 'one'} + {tmp_path / 'two'}"
    apply(model, both, output=str(tmp_path / "out"))  # type: ignore[arg-type]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "two-a.png"]


def test_one_that_is_broken_does_not_keep_the_others(
    model: Path, photographs: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (photographs / "aa.png").write_bytes(b"\x89PNG rubbish")
    code = main([f"--model={model}", f"--contents={photographs}", f"--output={tmp_path / 'out'}"])
    said = capfd.readouterr().out
    assert code == 1 and "aa.png: Expected a" in said and "Pictures: 2 in " in said
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.jpg"]


@pytest.mark.slow
def test_several_processes_share_the_photographs_out(model: Path, tmp_path: Path) -> None:
    """The same command twice at a time: each photograph is painted by one of them, and nothing else is left."""
    (tmp_path / "photographs").mkdir()
    for number in range(30):
        write_picture(tmp_path / "photographs" / f"{number}.png", 200, 300, seed=number)
    flags = [f"--model={model}", f"--contents={tmp_path / 'photographs'}", f"--output={tmp_path / 'out'}"]
    command = [sys.executable, "-m", "keras_nst.apply", *flags]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    made = [int(re.search(r"Pictures: (\d+) in", said)[1]) for said in told if "Pictures: " in said]
    assert sum(made) == 30 and len(list((tmp_path / "out").iterdir())) == 30


def test_a_photograph_that_another_paints_is_left_to_it(model: Path, photographs: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with claimed(tmp_path / "out" / "a.png") as own:
        assert own
        told = apply(model, photographs, output=str(tmp_path / "out"))
    assert "Skipped 1, which another process paints or has painted." in told
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.jpg"]
    apply(model, photographs, output=str(tmp_path / "out"))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.jpg"]


def test_a_stop_leaves_what_is_painted(model: Path, photographs: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    given = {"model": str(model), "contents": str(photographs), "output": str(tmp_path / "out")}
    told: list[str] = []
    assert drive(prepare(Application.written(**given), print), stop, told.append) == 0
    assert any("the same command resumes" in line for line in told) and not list((tmp_path / "out").iterdir())


def test_the_optimizer_refines_what_is_painted(tmp_path: Path, photographs: Path) -> None:
    """By the settings on the model's card."""
    model = write_painter(tmp_path / "model", Shape(4, 1, 1))
    card = json.loads((model / CARD).read_text())
    card["told"] = {"settings": {"style_strength": "0.5", "weights": "random"}}
    (model / CARD).write_text(json.dumps(card))
    (model / "styles").mkdir()
    write_picture(model / "styles" / "1.jpg", 50, 60, seed=3)
    for steps in ("0", "2"):
        apply(model, photographs / "a.png", output=str(tmp_path / steps), refine=steps)
    one, other = (levels(tmp_path / steps / "a.png") for steps in ("0", "2"))
    moved = abs(one - other)
    assert 0 < moved.mean() and moved.max() <= 3 * 0.03 * 255  # two steps of Adam, 0.03 each


def flags_of(network: Path, photographs: Path, **own: str) -> list[str]:
    given = {"model": str(network), "contents": str(photographs), "output": str(photographs.parent / "out")} | own
    return [f"--{name}={value}" for name, value in given.items()]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"model": ""}, "--model: Expected the folder of a trained model"),
        ({"model": "nowhere"}, "--model=nowhere: Expected the folder of a trained model"),
        ({"contents": ""}, "--contents: Expected photographs"),
        ({"contents": "*.nothing"}, "--contents=*.nothing: Expected a pattern"),
        ({"blend": "1,2"}, "--blend=1,2: Expected 3 numbers, not all 0, for the model's styles: night, ink, glass."),
        ({"blend": "0,0,0"}, "Expected 3 numbers, not all 0"),
        ({"blend": "1,1,1", "style": "ink"}, "Expected either --blend or --style"),
        ({"style": "nigth"}, "Did you mean night?"),
        ({"strength": "2"}, "--strength=2: Expected a number from 0 to 1"),
        ({"format": "gif"}, "--format=gif: Expected one of auto, jpg"),
        ({"bit_depth": "12"}, "--bit_depth=12: Expected 8 or 16"),
        ({"output": "HERE"}, "Expected another folder than that of the photographs"),
        ({"output": "HERE/a.png"}, "Expected a writable folder"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    own: dict[str, str], expected: str, model: Path, photographs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own = {name: value.replace("HERE", str(photographs)) for name, value in own.items()}
    assert main(flags_of(model, photographs, **own)) == 2
    said = capfd.readouterr().err.strip().splitlines()
    assert expected in said[-1] and len(said) == 1


def test_what_its_card_says_wrongly_is_told(tmp_path: Path, photographs: Path) -> None:
    model = write_painter(tmp_path / "model", SHAPE)
    told: list[str] = []
    with pytest.raises(ValueError, match="--refine=1: Could not read the style picture in the model's folder: .*1.jpg"):
        apply(model, photographs / "a.png", output=str(tmp_path / "out"), refine="1")
    assert not told


def test_help_answers_without_tensorflow() -> None:
    done = run_process("--help", module="keras_nst.apply")
    assert done.returncode == 0 and "--blend=NUMBER,..." in done.stdout


def test_a_picture_in_a_process_of_its_own(model: Path, photographs: Path, tmp_path: Path) -> None:
    flags = [f"--model={model}", f"--contents={photographs / 'a.png'}", f"--output={tmp_path / 'out'}"]
    done = run_process(*flags, module="keras_nst.apply")
    assert done.returncode == 0 and "Pictures: 1 in " in done.stdout and not done.stderr


def test_the_sample_paints_the_night(tmp_path: Path, photographs: Path) -> None:
    """What comes along: blue and yellow, whatever the photograph; and a painting is no copy of it."""
    given = {"model": "sample:night", "contents": str(photographs), "output": str(tmp_path / "out")}
    assert drive(prepare(Application.written(**given), print), NEVER, lambda line: None) == 0
    with Image.open(SAMPLES / "night.jpg") as night:
        night = np.asarray(night.convert("RGB"), float).reshape(-1, 3)
    for name in ("a.png", "b.jpg"):
        made = levels(tmp_path / "out" / name).reshape(-1, 3)
        photograph = levels(photographs / name).reshape(-1, 3)
        there, here = (abs(of.mean(0) - night.mean(0)).mean() for of in (photograph, made))
        assert here < 0.5 * there and abs(made - photograph).mean() > 20


# --- For programs ---


def test_a_program_paints(model: Path, photographs: Path, tmp_path: Path) -> None:
    paint = keras_nst.Painter(model, precision="float32")
    assert paint.styles == ("night", "ink", "glass")
    result = paint(photographs / "a.png", blend=[1, 0, 3])
    assert abs(np.rint(255 * result.array) - expected(photographs / "a.png", 0.25, 0, 0.75)).max() <= 1
    assert (
        result.losses is None
        and result.steps == 0
        and result.settings["styles"] == "{'night': '0.25', 'glass': '0.75'}"
    )
    result.save(tmp_path / "painted.png")
    assert read_settings(tmp_path / "painted.png")["model_sha256"] == result.settings["model_sha256"]
    pixels = smooth_picture(24, 32)
    np.testing.assert_array_equal(paint(pixels, strength=0.0).array, pixels)
    assert paint(pixels, size=28).array.shape == (21, 28, 3)
    with pytest.raises(ValueError, match="trained network"):
        _ = result.figures


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"style": "wool"}, "style=wool: Expected one of the model's styles"),
        ({"blend": [1]}, "blend=1: Expected 3 numbers"),
        ({"strength": 2.0}, "strength=2: Expected a number"),
        ({"size": 3}, "size=3"),
        ({"color": "green"}, "color=green"),
    ],
)
def test_a_program_is_told_what_cannot_be(own: dict[str, object], expected: str, model: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        keras_nst.Painter(model)(smooth_picture(24, 32), **own)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="model=nowhere: Expected the folder of a trained model"):
        keras_nst.Painter("nowhere")
