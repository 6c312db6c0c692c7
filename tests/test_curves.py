"""Event files, read back as TensorBoard reads them."""

import io
import re
import resource
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import loss_values, smooth_picture
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout

from keras_nst.command.monitors.curves import Curves
from keras_nst.core.plan.events import Progress, Step

STEPS = [(1, 1), (1, 3), (1, 8), (2, 9), (2, 12)]  # scale, step over all scales
SHAPES = {1: (1, 24, 36, 3), 2: (1, 34, 51, 3)}
SETTINGS = {"content": "/pictures/a|b_c_d.jpg", "style_layers": "block1_conv1:0.5,block2_conv1", "steps": "8,4"}


def progress(scale: int, step: int, final: bool = False) -> Progress:
    pair = np.array([step, step + 1.0]) * (0.5 if final else 1.0)  # of two pictures
    layers = [{"block4_conv2": pair * 5}, {"block1_conv1": pair * 6, "block2_conv1": pair * 7}]
    losses = loss_values(pair * 2, pair * 3, pair * 4, pair, *layers)
    first = {1: 0, 2: 8}[scale]
    taken = () if final else (Step(step, losses, 1 / step),)
    return Progress(step, 12, scale, 2, step - first, 12, losses, 1 / step, lambda: picture(scale), final, taken)


def picture(scale: int) -> np.ndarray:
    return smooth_picture(*SHAPES[scale][1:3], seed=scale)[None]


def read(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> EventAccumulator:
    """What a run of two scales leaves."""
    folder = tmp_path_factory.mktemp("run")
    curves = Curves(folder)
    curves.describe(SETTINGS, content=smooth_picture(30, 40), style=smooth_picture(1500, 1000, seed=1))
    for scale, step in STEPS:
        curves(progress(scale, step))
        if step in (8, 12):
            curves.show(progress(scale, step))
    curves(progress(2, 12, final=True))
    curves.show(progress(2, 12, final=True))
    curves.close()
    return read(folder)


def values(events: EventAccumulator, tag: str) -> list[tuple[int, np.ndarray]]:
    return [(event.step, tf.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]


def images(events: EventAccumulator, tag: str) -> list[tuple[int, np.ndarray]]:
    """Returns steps and decoded pictures, and checks the sizes that are written beside them."""
    found = []
    for step, (width, height, *encoded) in values(events, tag):
        assert len(encoded) == 1
        with Image.open(io.BytesIO(encoded[0])) as image:
            assert (int(width), int(height)) == image.size and image.mode == "RGB"
            found.append((step, np.asarray(image, np.float32) / 255))
    return found


def test_the_tags(events: EventAccumulator) -> None:
    losses = {"loss", *(f"loss/{name}" for name in ("content", "style", "variation"))}
    layers = {"terms/content/block4_conv2", "terms/style/block1_conv1", "terms/style/block2_conv1"}
    run = {f"run/{name}" for name in ("learning_rate", "steps_per_second", "scale", "peak_memory_gb")}
    rest = {"settings", "source/content", "source/style", "picture", "custom_scalars__config__"}
    assert set(events.Tags()["tensors"]) == losses | layers | run | rest


def test_what_matters_most_comes_first(events: EventAccumulator) -> None:
    """TensorBoard sorts by what stands before the first slash, and unfolds two of these."""
    shown = {tag.partition("/")[0] for tag in events.Tags()["tensors"]} - {"settings", "custom_scalars__config__"}
    assert sorted(shown) == ["loss", "picture", "run", "source", "terms"]


def test_everything_that_is_a_curve_is_described(events: EventAccumulator) -> None:
    for tag in events.Tags()["tensors"]:
        metadata = events.SummaryMetadata(tag)
        assert bool(metadata.summary_description) == (metadata.plugin_data.plugin_name == "scalars"), tag
    assert "triangle" in events.SummaryMetadata("terms/style/block1_conv1").summary_description


def test_a_description_is_written_once(tmp_path: Path) -> None:
    curves = Curves(tmp_path)
    for step in range(1, 9):
        curves(progress(1, step))
    curves.close()
    (path,) = tmp_path.iterdir()
    assert path.read_bytes().count(b"The weighted sum of all terms.") == 1


def test_terms_stand_with_terms_and_layers_with_layers(events: EventAccumulator) -> None:
    [(step, config)] = values(events, "custom_scalars__config__")
    layout = Layout.FromString(config.item())
    plugins = {tag: events.SummaryMetadata(tag).plugin_data.plugin_name for tag in events.Tags()["tensors"]}
    known = [tag for tag, plugin in plugins.items() if plugin == "scalars"]
    together = {
        chart.title: {tag for tag in known for pattern in chart.multiline.tag if re.search(pattern, tag)}
        for category in layout.category
        for chart in category.chart
    }
    assert step == 0 and together["loss"] == {"loss"}
    assert together["terms, before their weights"] == {f"loss/{term}" for term in ("content", "style", "variation")}
    assert together["style, layer by layer"] == {f"terms/style/block{block}_conv1" for block in (1, 2)}
    assert set().union(*together.values()) == set(known)


@pytest.mark.parametrize(
    ("tag", "factor"),
    [
        ("loss", 1),
        ("loss/content", 2),
        ("loss/style", 3),
        ("loss/variation", 4),
        ("terms/content/block4_conv2", 5),
        ("terms/style/block1_conv1", 6),
        ("terms/style/block2_conv1", 7),
    ],
)
def test_losses_are_means_over_the_pictures_and_steps_go_on_over_the_scales(
    tag: str, factor: float, events: EventAccumulator
) -> None:
    found = [(step, value) for step, value in values(events, tag) if not np.isnan(value)]
    assert [step for step, _ in found] == [1, 3, 8, 9, 12, 12]  # the finished picture belongs to the last step
    expected = [factor * (step + 0.5) for step, _ in found[:-1]] + [factor * 0.5 * 12.5]
    np.testing.assert_allclose([value for _, value in found], expected, rtol=1e-6)


@pytest.mark.parametrize("tag", ["loss", "loss/style", "terms/style/block2_conv1"])
def test_a_mark_stands_where_a_scale_begins_behind_its_first_loss(tag: str, events: EventAccumulator) -> None:
    """TensorBoard draws a triangle, and no line to what follows; of two values at a step it takes the later one."""
    found = values(events, tag)
    assert [step for step, value in found if np.isnan(value)] == [9]
    assert [np.isnan(value) for step, value in found if step == 9] == [False, True]


def test_a_mark_is_written_wherever_the_chunk_ends(tmp_path: Path) -> None:
    """Also where only some of the losses are, and where the run goes on between two scales."""
    curves = Curves(tmp_path, done=2999)
    losses = progress(2, 9).losses
    taken = [Step(number, losses, 0.1) for number in (3000, 3001, 3002)]
    curves(Progress(3002, 9000, 3, 5, 3, 3000, losses, 0.1, lambda: picture(1), taken=taken))
    taken = [Step(number, losses, 0.1) for number in (3003, 3004, 3005, 3006)]
    curves(Progress(3006, 9000, 3, 5, 7, 3000, losses, 0.1, lambda: picture(1), taken=taken))
    curves.close()
    assert [(step, bool(np.isnan(value))) for step, value in values(read(tmp_path), "loss")] == [
        *((3000, True), (3006, False))
    ]


def test_the_run_itself(events: EventAccumulator) -> None:
    steps = [1, 3, 8, 9, 12]
    rates = values(events, "run/learning_rate")
    assert [step for step, _ in rates] == steps
    np.testing.assert_allclose([rate for _, rate in rates], [1 / step for step in steps], rtol=1e-6)
    assert [float(scale) for _, scale in values(events, "run/scale")] == [1, 1, 1, 2, 2]
    assert all(speed > 0 for _, speed in values(events, "run/steps_per_second"))
    peaks = [float(peak) for _, peak in values(events, "run/peak_memory_gb")]
    assert 0.1 < peaks[0] < 100 and peaks[-1] >= peaks[0] - 0.01


def test_pictures_of_the_run(events: EventAccumulator) -> None:
    found = images(events, "picture")
    assert [(step, image.shape) for step, image in found] == [(8, SHAPES[1][1:]), (12, SHAPES[2][1:])]
    np.testing.assert_allclose(found[0][1], picture(1)[0], atol=1 / 255)
    np.testing.assert_allclose(found[-1][1], picture(2)[0], atol=1 / 255)


def test_inputs_and_settings_once_at_the_start(events: EventAccumulator) -> None:
    [(step, content)], [(style_step, style)] = images(events, "source/content"), images(events, "source/style")
    assert (step, style_step, content.shape) == (0, 0, (30, 40, 3))
    # A large one is shrunk, and still the same picture.
    assert style.shape == (512, 341, 3)
    large = Image.fromarray(np.uint8(255 * smooth_picture(1500, 1000, seed=1)))
    expected = np.asarray(large.resize((341, 512), Image.Resampling.BOX), np.float32) / 255
    np.testing.assert_allclose(style, expected, atol=0.03)
    [(step, text)] = values(events, "settings")
    rows = [line.split(" | ") for line in text.item().decode().splitlines()[2:]]
    assert step == 0 and {row[0][2:]: row[1][1:-3] for row in rows} == SETTINGS


def test_the_first_step_need_not_wait_for_them(tmp_path: Path) -> None:
    curves = Curves(tmp_path)
    curves.describe(SETTINGS, content=smooth_picture(30, 40))
    assert not read(tmp_path).Tags()["tensors"]
    for step in (1, 3):
        curves(progress(1, step))
        assert len(values(read(tmp_path), "settings")) == len(values(read(tmp_path), "source/content")) == 1
    curves.close()


@pytest.mark.filterwarnings("ignore:html5lib's sanitizer:DeprecationWarning")
def test_settings_are_a_table_on_the_page(events: EventAccumulator) -> None:
    from tensorboard.plugin_util import markdown_to_safe_html

    [(_, text)] = values(events, "settings")
    page = markdown_to_safe_html(text.item().decode())
    assert page.count("<tr>") == 1 + len(SETTINGS)
    assert all(f"<td>{name}</td>\n<td><code>{value}</code></td>" in page for name, value in SETTINGS.items())


@pytest.mark.parametrize("shape", [(1, 3000, 3), (4000, 3, 3), (512, 512, 3), (513, 2, 3)])
def test_pictures_of_any_shape_stay_small(shape: tuple[int, ...], tmp_path: Path) -> None:
    curves = Curves(tmp_path)
    curves.describe({}, content=np.random.default_rng(0).random(shape, np.float32))
    curves.close()
    [(_, image)] = images(read(tmp_path), "source/content")
    assert max(image.shape) == 512 and min(image.shape) >= 1
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1_000_000


def test_a_run_goes_on_without_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    curves = Curves(folder)
    curves(progress(1, 1))
    shutil.rmtree(folder)
    curves(progress(1, 2))
    curves.show(progress(1, 2))
    curves.close()
    assert not folder.exists()  # nor is it made anew


def test_a_full_disk_is_told_of_once_and_ends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The limit of a file's size stands for the disk's."""
    curves = Curves(tmp_path)
    curves(progress(1, 1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
        for step in (2, 3, 4):
            curves(progress(1, step))
            curves.show(progress(1, step))
        curves.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Could not write some of the curves: ") and line.endswith("File too large")


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        OSError, match=r"Expected a writable folder for event files. Received: .*file \(Not a directory\)$"
    ):
        Curves(tmp_path / "file")
