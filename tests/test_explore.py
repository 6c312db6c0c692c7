"""What layers see: the mathematics against NumPy, the sheets, the page, what is asked wrongly."""

import re
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import run_process, smooth_picture, write_picture
from PIL import Image
from test_report import Page

from keras_nst.core.network.features import extractor
from keras_nst.core.objective.distances import distance
from keras_nst.core.objective.moments import moments
from keras_nst.core.plan.pyramid import Size
from keras_nst.explore import drive as driving
from keras_nst.explore.__main__ import main
from keras_nst.explore.blame import blame
from keras_nst.explore.channels import Place, apart, patch, peaks, strongest
from keras_nst.explore.drive import drive
from keras_nst.explore.effort import Effort
from keras_nst.explore.excitement import (
    AXES,
    SPREADS,
    Excitement,
    amplitudes,
    as_pictures,
    fields,
    first_waves,
    in_colors,
    shaken,
)
from keras_nst.explore.lessons import LESSONS
from keras_nst.explore.prepare import Request, prepare
from keras_nst.explore.reconstructions import CELL as WIDE
from keras_nst.explore.reconstructions import GAP, RATIOS, in_proportion, of_content, of_grid, of_style, up_to
from keras_nst.explore.settings import NEEDS, Exploration
from keras_nst.explore.statistics import blamed, grams, relative_distance
from keras_nst.explore.study import Study
from keras_nst.pictures.drawing import RISING, Look, colored, grid, legend
from keras_nst.pictures.files import read_picture
from keras_nst.session.session import Session
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer, reach, stride

LAYERS = ("block1_conv1", "block2_conv1")
SMALL = [
    *("--weights=random", "--size=48", f"--layers={','.join(LAYERS)}"),
    *("--steps=2", "--channel_steps=3", "--channels=2"),
]
NEVER = threading.Event()


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all lessons; not to be changed. The pictures beside it have hostile names."""
    folder = tmp_path_factory.mktemp("explored")
    assert main([*SMALL, *pictures_in(folder), f"--workdir={folder / 'sheets'}"]) == 0
    return folder / "sheets"


@pytest.fixture
def copied(explored: Path, tmp_path: Path) -> Path:
    """A copy, beside copies of the pictures."""
    pictures_in(tmp_path)
    return Path(shutil.copytree(explored, tmp_path / "sheets"))


def pictures_in(folder: Path) -> list[str]:
    content = write_picture(folder / "<script>alert(1)<.png")
    return [f"--content={content}", f"--style={write_picture(folder / 'paint.jpg', 60, 50, seed=1)}"]


def again(folder: Path, *more: str) -> list[str]:
    return [*SMALL, *pictures_in(folder.parent), f"--workdir={folder}", *more]


# --- Waves ---


def test_a_wave_is_a_cosine() -> None:
    """Of frequency (2, 3) in a picture of 16 pixels a side, times the amplitude of its frequency."""
    waves = np.zeros((1, 3, 16, 9, 2), np.float32)
    waves[0, 1, 2, 3, 0] = 1.0
    row, column = np.mgrid[:16, :16]
    cosine = 2 * np.cos(2 * np.pi * (2 * row + 3 * column) / 16) / 16**2 * 16**2 / np.hypot(2, 3)
    found = fields(tf.constant(waves)).numpy()
    np.testing.assert_allclose(found[0, :, :, 1], cosine, atol=1e-6)
    assert not found[0, :, :, [0, 2]].any()


def test_waves_are_found_again_in_their_fields() -> None:
    """All but the first and the last column, whose waves come in pairs."""
    waves = first_waves(2, 16, seed=3)
    found = np.fft.rfft2(np.moveaxis(fields(waves).numpy(), -1, 1)) / amplitudes(16)
    given = waves.numpy()[..., 0] + 1j * waves.numpy()[..., 1]
    np.testing.assert_allclose(found[..., 1:-1], given[..., 1:-1], atol=1e-3)


def test_the_gradient_by_waves_is_that_of_a_linear_map() -> None:
    """<gradient, d> = <slope, fields(d)>, whatever the direction d."""
    rng = np.random.default_rng(0)
    waves, slope = first_waves(1, 12, seed=1), tf.constant(rng.standard_normal((1, 12, 12, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(waves)
        total = tf.reduce_sum(fields(waves) * slope)
    gradient = tape.gradient(total, waves)
    direction = first_waves(1, 12, seed=2)
    expected = np.sum(slope.numpy().astype(float) * fields(direction).numpy())
    np.testing.assert_allclose(np.sum(gradient.numpy().astype(float) * direction.numpy()), expected, rtol=1e-4)


def test_colors_vary_independently_and_come_back() -> None:
    np.testing.assert_allclose(AXES @ AXES.T, np.eye(3), atol=1e-12)
    along = np.random.default_rng(0).standard_normal((50, 3))
    colors = in_colors(tf.constant(along)).numpy()
    np.testing.assert_allclose(colors @ AXES.T / SPREADS, along, atol=1e-12)
    gray = in_colors(tf.constant([[2.0, 0.0, 0.0]])).numpy()[0]
    assert np.ptp(gray) < 1e-6 and gray[0] > 0


def test_contrast_ends_however_strong_the_waves_are() -> None:
    waves = first_waves(1, 16, seed=0)
    strong, stronger = as_pictures(1e4 * waves).numpy(), as_pictures(1e6 * waves).numpy()
    np.testing.assert_allclose(stronger, strong, atol=1e-3)
    along = np.log(strong / (1 - strong)) @ AXES.T / SPREADS
    np.testing.assert_allclose(np.sqrt(np.square(along).mean((0, 1, 2))), 1.4, rtol=1e-3)
    assert as_pictures(waves).numpy().std() < 0.5 * strong.std()


# --- Channels ---


def test_a_channel_is_excited_more_and_more() -> None:
    features = extractor("vgg19", LAYERS, weights=0)
    excitement = Excitement(features, "block2_conv1", [3, 11], side=32, seed=0)
    before = excitement.activations(excitement.pictures()).numpy()
    excitement.take(12)
    after = excitement.activations(excitement.pictures()).numpy()
    assert (after > 1.2 * before).all()
    seen = features(excitement.pictures())["block2_conv1"].numpy()
    np.testing.assert_array_equal(excitement.shown(), excitement.pictures()[:, 4:28, 4:28])
    np.testing.assert_allclose(after, [seen[0, 2:-2, 2:-2, 3].mean(), seen[1, 2:-2, 2:-2, 11].mean()], rtol=1e-5)


def test_shaking_is_by_chance_and_keeps_what_is_flat() -> None:
    flat = tf.fill((2, 32, 32, 3), 0.3)
    np.testing.assert_allclose(shaken(flat, tf.constant([1, 2])), 0.3, atol=1e-6)
    picture = tf.constant(smooth_picture(32, 32)[None].repeat(2, axis=0))
    one, same, other = (shaken(picture, tf.constant([1, step])).numpy() for step in (5, 5, 6))
    assert (one == same).all() and not np.allclose(one, other, atol=0.01) and not np.allclose(one[0], one[1], atol=0.01)
    assert not np.allclose(one[0], picture[0], atol=0.01) and abs(one[0].mean() - float(tf.reduce_mean(picture))) < 0.1


@pytest.mark.parametrize("seed", range(10))
def test_places_are_where_the_maps_are_highest(seed: int) -> None:
    """The first is the highest of all; each further one the highest that is far enough from those before."""
    rng = np.random.default_rng(seed)
    maps = {"content": rng.random((9, 12)), "style": rng.random((7, 8))}
    found = peaks(maps, 8, apart=3)
    assert len(found) == 8
    assert found[0].value == max(of.max() for of in maps.values())
    for number, place in enumerate(found):
        before = found[:number]
        allowed = [
            value
            for name, of in maps.items()
            for (row, column), value in np.ndenumerate(of)
            if all(p.picture != name or abs(p.row - row) >= 3 or abs(p.column - column) >= 3 for p in before)
        ]
        assert place.value == max(allowed) == maps[place.picture][place.row, place.column]


def test_where_nothing_answers_there_is_no_place() -> None:
    maps = {"content": np.zeros((4, 4))}
    assert peaks(maps, 3, apart=1) == []
    maps["content"][2, 1] = 0.5
    assert peaks(maps, 3, apart=1) == [Place("content", 2, 1, 0.5)]


@pytest.mark.parametrize("layer", ["block1_conv2", "block2_conv1", "block3_conv1"])
def test_a_patch_is_all_that_a_position_sees(layer: str) -> None:
    """Whatever lies outside may change, and the layer's features there do not; a corner of it matters."""
    picture = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    features, step = extractor("vgg19", [layer], weights=0), stride(layer)
    row = column = 32 // step
    side = step + 2 * reach("vgg19", layer)
    top = 32 - reach("vgg19", layer)
    np.testing.assert_array_equal(
        patch(picture, Place("content", row, column, 1.0), "vgg19", layer), picture[top : top + side, top : top + side]
    )
    outside = 1.0 - picture
    outside[top : top + side, top : top + side] = picture[top : top + side, top : top + side]
    inside = picture.copy()
    inside[top, top] = 1.0 - inside[top, top]
    here = [features(of[None])[layer].numpy()[0, row, column] for of in (picture, outside, inside)]
    np.testing.assert_allclose(here[1], here[0], rtol=1e-4, atol=1e-5)
    assert np.abs(here[2] - here[0]).max() > 1e-6


def test_patches_at_the_border_are_whole() -> None:
    picture = smooth_picture(40, 60)
    corner = patch(picture, Place("content", 0, 59, 1.0), "vgg19", "block1_conv2")
    np.testing.assert_array_equal(corner, picture[:5, -5:])
    assert patch(picture, Place("content", 0, 0, 1.0), "vgg19", "block5_conv1").shape == picture.shape
    assert apart("vgg19", "block1_conv1") == 2 and apart("vgg19", "block5_conv1") == 5


def test_the_strongest_channels_are_those_of_the_largest_mean_square() -> None:
    """Away from the border, where the first channel is by far the strongest here."""
    features = np.random.default_rng(0).random((8, 10, 9)).astype(np.float32)
    features[0, :, 0] = 100.0
    energy = [sum(float(v) ** 2 for v in features[1:7, 1:9, channel].ravel()) for channel in range(9)]
    assert strongest(features, 3) == sorted(range(9), key=lambda channel: -energy[channel])[:3]


# --- Statistics ---


def test_gram_matrices_are_numpys() -> None:
    features = np.random.default_rng(0).random((1, 4, 5, 6)).astype(np.float32)
    columns = features.reshape(20, 6).astype(float)
    expected = sum(np.outer(position, position) for position in columns) / 20
    np.testing.assert_allclose(grams({"layer": tf.constant(features)})["layer"], expected, rtol=1e-5)


def test_blame_adds_up_to_the_style_loss() -> None:
    """As the objective has it, whose Gram matrix is of the whole picture; and so for each picture of a batch."""
    rng = np.random.default_rng(0)
    features = tf.constant(rng.random((2, 6, 7, 5)), tf.float32)
    style = moments(tf.constant(rng.random((1, 9, 4, 5)), tf.float32))
    found = blame(features, style).numpy()
    assert found.shape == (2, 6, 7)
    expected = distance("gram")(moments(features), style).numpy()[:, 0]
    np.testing.assert_allclose(found.sum((1, 2)), expected, rtol=1e-4)


def test_blame_is_where_the_picture_is_not_like_the_style() -> None:
    """One channel; the style has 1 everywhere, the picture 1 and at one of four positions 3: G = 3, A = 1, D = 2."""
    features = tf.constant([[[[1.0], [3.0]], [[1.0], [1.0]]]])
    found = blamed(features, tf.ones((1, 2, 2, 1)))
    np.testing.assert_allclose(found, [[0.0, 4.0], [0.0, 0.0]], atol=1e-6)  # (f^2 D - D A) / M
    assert relative_distance(np.array([[3.0]]), np.array([[1.0]])) == 4.0


# --- Sheets ---


def test_pictures_stand_below_their_names() -> None:
    red, blue = Image.new("RGB", (10, 10), "red"), Image.new("RGB", (100, 50), "blue")
    look = Look(40, 20, head=18, gap=4, enlarge=True)
    sheet = grid({("a", "x"): red, ("b", "y"): blue}, ["a", "b"], ["x", "y"], look)
    assert sheet.size == (84, 18 + 2 * (20 + 18) + 4)
    assert sheet.getpixel((5, 40)) == (255, 0, 0) and sheet.getpixel((60, 80)) == (0, 0, 255)
    assert sheet.getpixel((60, 40)) == sheet.getpixel((5, 85)) == (255, 255, 255)
    for box in ((0, 0, 40, 18), (44, 0, 84, 18), (0, 18, 40, 36), (0, 60, 40, 78)):  # each has its letter
        assert np.asarray(sheet.crop(box)).min() < 128
    assert np.asarray(sheet.crop((20, 0, 40, 18))).min() == 255  # and no more than that


def test_colors_rise_from_dark_to_light() -> None:
    ramp = np.asarray(colored(np.linspace(-1, 2, 61)[None], 0.0, 1.0)).astype(int)[0].sum(-1)
    assert (np.diff(ramp) >= 0).all() and ramp[0] == ramp[20] < ramp[40] == ramp[60]
    np.testing.assert_allclose(np.asarray(legend(100, ("0", "", "1")))[0, -1], RISING[-1] * 255, atol=1)


def test_every_lesson_has_its_sheets(explored: Path) -> None:
    names = {path.name for path in explored.glob("*.png")}
    of_channels = {f"channels-{layer}.png" for layer in LAYERS}
    assert names == of_channels | {f"{lesson}.png" for lesson in NEEDS if lesson != "channels"}
    across = {"content": 3, "style": 3, "grid": len(RATIOS), "networks": 2, "grams": 3}
    for name, columns in across.items():
        with Image.open(explored / f"{name}.png") as sheet:
            assert sheet.width == columns * (WIDE + GAP) - GAP, name
    with Image.open(explored / "content.png") as sheet:
        shown = np.asarray(sheet)[60:, : WIDE - 10]
    content = Image.open(next(explored.parent.glob("*.png"))).resize((WIDE, WIDE * 3 // 4), Image.Resampling.BICUBIC)
    height = min(shown.shape[0], 180)
    assert np.abs(shown[:height].astype(int) - np.asarray(content)[12 : 12 + height, : WIDE - 10]).mean() < 12


def test_labels_are_plain_words() -> None:
    assert up_to(["block1_conv1", "block3_conv2"]) == ["block 1, layer 1", "up to block 3, layer 2"]
    assert [in_proportion(ratio) for ratio in RATIOS] == [
        *("content 10 : style 1", "content 1 : style 1", "content 1 : style 10", "content 1 : style 100")
    ]


def test_what_is_painted_is_asked_of_the_layers(explored: Path) -> None:
    settings = Exploration(layers=("block1_conv1", "block2_conv1", "block4_conv1"), size=150)
    assert [dict(each.settings)["content_layers"] for each in of_content(settings)] == [
        (Layer(name),) for name in settings.layers
    ]
    assert [len(each.settings["style_layers"]) for each in of_style(settings)] == [1, 2, 3]
    of_two = dict(of_style(settings)[1].settings)
    assert of_two["style_layers"] == (Layer("block1_conv1", 1.0), Layer("block2_conv1", 1.0))
    assert of_two["content_weight"] == 0 and of_two["init"] == "noise"
    grid_of = of_grid(settings)
    assert len(grid_of) == 3 * len(RATIOS) and {each.longest for each in grid_of} == {100}
    weights = [each.settings["content_weight"] / each.settings["style_weight"] for each in grid_of[: len(RATIOS)]]
    assert weights == pytest.approx(sorted(RATIOS))


# --- The page ---


def test_the_page_has_all_lessons_and_asks_nobody(explored: Path) -> None:
    page = Page(explored / "explore.html")
    (policy,) = [known["content"] for known in page.all("meta") if known.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert not page.all("script") and not page.all("link") and "<script>" not in page.source
    assert "<script>alert(1)<.png" in page.text()
    assert all(image["src"].startswith("data:image/webp") and image["alt"] for image in page.all("img"))
    assert all(anchor["href"].startswith("./") for anchor in page.all("a"))
    assert not re.search(r"https?:|url\(|@import", page.source)
    assert len(page.all("img")) == len(list(explored.glob("*.png"))) and len(page.source) < 10_000_000
    told = page.text()
    for lesson in LESSONS.values():
        assert lesson.title in told and lesson.formula in told and all(words in told for words in lesson.words)


# --- Again, and not to the end ---


def test_what_is_there_is_not_made_again(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / "grid.png").unlink()
    (copied / "pictures" / "grid-block1_conv1-0.1.png").unlink()
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*.png")}
    assert main(again(copied)) == 0
    said = capsys.readouterr().out
    assert "1 sheet on grid, made from 1 picture" in said
    assert {path for path in copied.rglob("*.png")} - set(before) == {
        copied / "grid.png",
        copied / "pictures" / "grid-block1_conv1-0.1.png",
    }
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())


def test_nothing_to_make_does_not_start_tensorflow(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    done = run_process(*again(copied), module="keras_nst.explore", env={"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"})
    assert done.returncode == 0, done.stderr
    assert "explore.html" in done.stdout


def asked_for(folder: Path, *more: str) -> Request:
    from keras_nst.settings import flags

    return prepare(Exploration.written(**flags.read(again(folder, *more), Exploration, {}).settings), print)


def test_a_stop_keeps_what_is_made(tmp_path: Path) -> None:
    """Stopped when the first picture is told, it has that one; the same again makes the other."""
    stop, told = threading.Event(), []

    def tell(line: str) -> None:
        told.append(line)
        if "content-vgg19-block1_conv1" in line:
            stop.set()

    assert drive(asked_for(tmp_path / "sheets", "--show=content"), stop, tell) == 0
    made = {path.name for path in (tmp_path / "sheets").rglob("*.png")}
    assert made == {"content-vgg19-block1_conv1.png"} and "Stopped" in told[-1]
    told.clear()
    assert drive(asked_for(tmp_path / "sheets", "--show=content"), NEVER, told.append) == 0
    assert any("content-vgg19-block2_conv1" in line for line in told)
    assert not any("content-vgg19-block1_conv1" in line for line in told)


def test_one_lessons_failure_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(study: Study) -> Image.Image:
        raise MemoryError("4 GB too few")

    failing = LESSONS["content"]._replace(sheets=lambda settings: {"content": no_memory}, paintings=lambda settings: [])
    monkeypatch.setitem(driving.LESSONS, "content", failing)
    told: list[str] = []
    assert drive(asked_for(tmp_path / "sheets", "--show=content,style"), NEVER, told.append) == 1
    assert [line for line in told if "content" in line and "4 GB too few" in line and "\n" not in line]
    assert (tmp_path / "sheets" / "style.png").exists()


def test_time_left_follows_what_was_made() -> None:
    effort = Effort(100.0)
    effort.note(25.0, 60.0)
    assert str(effort) == "about 3 minutes"
    effort.note(75.0, 180.0)
    assert str(effort) == "no time"


# --- What is asked wrongly ---

WRONG = {
    "--content=": "--content: Expected a picture",
    "--style=": "--style: Expected a picture, a path or a URL: --show=style needs it.",
    "--content=nowhere.png": "--content=nowhere.png: Expected a picture file. Received: no such file or directory",
    "--content=setup.cfg": "--content=setup.cfg: Expected",
    "--style=another.png": "another.png: Expected one picture. Received: 2",
    "--size=8": "--size=8: Expected a whole number from 16 to 1024.",
    "--size=16": "--size=16: Expected a size that leaves 16 pixels of the content's shorter side, of 64 x 48.",
    "--layers=block9_conv1": "--layers=block9_conv1: vgg19 has no layer block9_conv1.",
    "--layers=block2_conv1,block1_conv1": "Expected layers from shallow to deep, each once.",
    "--layers=": "--layers: Expected layers",
    "--show=contents": "--show=contents: Expected one of content, style,",
    "--show=": "--show: Expected all or at least one of",
    "--channels=0": "--channels=0: Expected a whole number from 1",
    "--steps=many": "--steps=many: Expected a whole number",
    "--network=vgg11": "--network=vgg11: Expected one of vgg19, vgg16.",
    "--weights=nowhere.h5": "--weights=nowhere.h5: ",
    "--workdir=setup.cfg": "--workdir=setup.cfg: Expected a folder. Received: a file.",
    "--workdir=tests": "--workdir=tests: Expected a new folder, or one of an exploration.",
}


@pytest.mark.parametrize("flag", WRONG)
def test_one_line_tells_what_is_wrong(flag: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, *pictures_in(tmp_path), f"--workdir={tmp_path / 'sheets'}", flag]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and WRONG[flag] in said.err
    assert not (tmp_path / "sheets").exists() and not list(Path("tests").glob("*.html"))


@pytest.mark.parametrize(("flags", "code"), [(["--channel=2"], 2), (["photo.jpg"], 2), ([], 2), (["--help"], 0)])
def test_usage_is_told_without_tensorflow(flags: list[str], code: int, tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('TensorFlow was imported')")
    done = run_process(*flags, module="keras_nst.explore", env={"PYTHONPATH": f"{tmp_path}:{Path.cwd()}"})
    assert done.returncode == code and "Traceback" not in done.stderr
    assert "--layers" in done.stdout if code == 0 else len(done.stderr.splitlines()) <= 4


def test_other_sheets_are_not_replaced_without_being_asked(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(copied.rglob("*"))
    assert main(again(copied, "--steps=1")) == 2
    assert (
        "This folder holds other sheets: --steps=1 (was 2). Expected a new folder, or --overwrite."
        in capsys.readouterr().err
    )
    assert sorted(copied.rglob("*")) == before
    (copied / "notes.txt").write_text("mine")
    assert main(again(copied, "--steps=1", "--overwrite", "--show=content")) == 0
    assert {path.name for path in copied.glob("*.png")} == {"content.png"} and (copied / "notes.txt").exists()


def test_a_lesson_without_its_picture_is_refused_and_others_are_not(tmp_path: Path) -> None:
    content = write_picture(tmp_path / "a.png")
    given = [*SMALL, f"--content={content}", f"--workdir={tmp_path / 'sheets'}"]
    assert main([*given, "--show=content"]) == 0
    assert (tmp_path / "sheets" / "content.png").exists()


# --- Sessions ---


def test_a_network_takes_the_weights_of_a_deeper_one() -> None:
    with Session(Config(weights="random", device="cpu"), keep=1.0) as session:
        deep, shallow = (
            session.network(
                session.resolve(
                    Config(weights="random", content_layers=(Layer(name),), style_weight=0.0, precision="float32"),
                    Size(32, 32),
                )
            ).features
            for name in ("block3_conv1", "block2_conv1")
        )
    picture = smooth_picture(32, 32)[None]
    expected = extractor("vgg19", ["block2_conv1"], weights=0, padding="replicate")(picture)["block2_conv1"]
    np.testing.assert_array_equal(shallow(picture)["block2_conv1"], expected)
    assert deep is not shallow


# --- With trained weights ---


@pytest.mark.slow
@pytest.mark.weights
def test_shallow_layers_know_the_picture_better(tmp_path: Path, vgg19_weights: Path) -> None:
    given = ["--content=sample:harbor", "--size=64", "--steps=40", "--show=content", f"--workdir={tmp_path / 'sheets'}"]
    assert main([*given, "--layers=block1_conv1,block3_conv1,block5_conv1"]) == 0
    content = Image.open(Path("keras_nst/samples/harbor.jpg")).resize((64, 43), Image.Resampling.LANCZOS)
    away = [
        np.abs(read_picture(path).pixels - np.asarray(content, np.float32) / 255).mean()
        for layer in ("block1_conv1", "block3_conv1", "block5_conv1")
        for path in [tmp_path / "sheets" / "pictures" / f"content-vgg19-{layer}.png"]
    ]
    assert away[0] < 0.05 and away[0] < away[1] < away[2]
