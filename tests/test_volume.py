"""Painted volumes: gradients against their definition, all slices in turn, going on, what is asked wrongly."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import losses_of, run_process, smooth_picture, write_picture
from PIL import Image

from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, look_at
from keras_nst.session.method import method_of
from keras_nst.settings.networks import Layer
from keras_nst.volume.__main__ import main
from keras_nst.volume.carving import Block, Slices, slices, turn, usable, variation_of
from keras_nst.volume.drive import drive
from keras_nst.volume.prepare import prepare
from keras_nst.volume.settings import Carving
from keras_nst.volume.sheet import jumps

LAYERS = {"content_layers": (Layer("block2_conv2"),), "style_layers": (Layer("block1_conv1"), Layer("block2_conv1"))}
SHAPE = (20, 24, 28)
SMALL = {"weights": "random", "steps": "6", "precision": "float32", "tensorboard": "false", "slices": "3"}
SMALL |= {"content_layers": "block2_conv2", "style_layers": "block1_conv1,block2_conv1"}


def phantom(shape: tuple[int, int, int] = SHAPE, channels: int = 1) -> np.ndarray:
    """Returns a soft volume (d, h, w, c)."""
    rows = [smooth_picture(shape[1], shape[2], seed=seed)[..., :channels] for seed in (1, 2)]
    share = np.linspace(0, 1, shape[0], dtype=np.float32)[:, None, None, None]
    return (1 - share) * rows[0] + share * rows[1]


@pytest.fixture
def style(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "style.png", 40, 50, seed=7)


# --- The objective ---


def block(channels: int = 3, steady: float = 0.0, **settings: object) -> tuple[Block, Network, object, Style]:
    method = method_of(Carving(content="volume", style="picture", **LAYERS, **settings).config().resolved())
    network = Network(extractor("vgg19", ("block2_conv2", "block1_conv1", "block2_conv1"), weights=0))
    style = Style(smooth_picture(30, 34, seed=5)[None])
    content = phantom(channels=channels)
    first = np.clip(content + 0.2 * phantom(channels=channels)[::-1], 0, 1)
    smooth = float(variation_of(tf.constant(content)))
    return Block(first, content, Slices([style] * 3, network, method, steady), smooth), network, method, style


@pytest.mark.parametrize("variation", ["squared", "chroma"])
def test_a_step_has_the_gradient_of_its_slices_of_the_variation_and_of_what_is_steady(variation: str) -> None:
    """Slice by slice by the objective of a picture, in another order of sums; the variation by its definition."""
    made, network, method, style = block(variation=variation, variation_weight=0.3, steady=0.7)
    volume, content = made.volume.numpy(), made.content.numpy()
    chosen = [tf.constant([1, 9]), tf.constant([0, 5, 23]), tf.constant([27])]
    taken: list[tf.Tensor] = []
    made.optimizer.apply = lambda gradients, variables: taken.append(gradients[0])
    made._step(chosen)
    expected = np.zeros_like(volume)
    without = method.objective.weighted(variation=0.0)
    for axis, numbers in enumerate(chosen):
        factors = made.axes[axis].teacher.factors
        for number in numbers.numpy():
            shown, there = (np.take(each, number, axis)[None] for each in (volume, content))
            size = Size(*shown.shape[1:3])
            same = Size(*[round(float(np.prod(size)) ** 0.5)] * 2)  # as many pixels as the style is seen with
            aim = aim_at(Pictures(there, (style,)), size, network, method._replace(objective=without))
            of_style = aim_at(Pictures(there, (style,)), same, network, method._replace(objective=without))
            aims = {"content": aim.terms["content"]._replace(factors=factors), "style": of_style.terms["style"]}
            _, gradient = look_at(size, network.features, without, method.seeing).evaluate(
                tf.constant(shown), aim._replace(terms=aims)
            )
            place = [slice(None)] * 3
            place[axis] = number
            expected[tuple(place)] += gradient.numpy()[0] / (3 * len(numbers))
    with tf.GradientTape() as tape:
        watched = tf.Variable(volume)
        luma = tf.tensordot(watched, tf.constant([0.2126, 0.7152, 0.0722]), 1)[..., None]
        seen = watched - luma if variation == "chroma" else watched.value()
        differences = [seen[1:] - seen[:-1], seen[:, 1:] - seen[:, :-1], seen[:, :, 1:] - seen[:, :, :-1]]
        rough = 0.3 * tf.add_n([tf.reduce_sum(tf.square(each)) for each in differences])
        same = np.exp(-np.mean(np.diff(content, axis=0) ** 2, -1)[..., None] / 0.0064)
        rough += 0.7 * tf.reduce_sum(tf.square(watched[1:] - watched[:-1]) * same)
        variation = rough / volume.size / made.smooth
    expected += tape.gradient(variation, watched).numpy()
    assert np.linalg.norm(taken[0] - expected) < 2e-5 * np.linalg.norm(expected)


def test_gray_slices_are_seen_in_three_like_colors() -> None:
    volume = tf.constant(phantom())
    for axis in range(3):
        seen = slices(volume, axis, tf.constant([2, 7])).numpy()
        np.testing.assert_array_equal(seen[1], np.repeat(np.take(volume.numpy(), 7, axis), 3, axis=-1))


def test_all_slices_have_their_turn() -> None:
    found = np.concatenate([turn(step, 10, 4, [0, 1]) for step in range(15)])
    for start in range(0, 60, 10):
        assert sorted(found[start : start + 10]) == list(range(10))
    assert (found[:10] != found[10:20]).any()
    assert [len(turn(step, 3, 8, [0])) for step in range(3)] == [3, 3, 3]
    np.testing.assert_array_equal(turn(5, 10, 4, [0, 1]), turn(5, 10, 4, [0, 1]))


def test_slices_that_are_thin_are_not_seen() -> None:
    assert usable((1, 40, 40)) == [0] and usable((40, 40, 8)) == [2] and usable((20, 20, 20)) == [0, 1, 2]


def test_slices_without_anything_in_them_do_not_outweigh_the_others() -> None:
    made, *_ = block(channels=1)
    content = made.content.numpy()
    content[:4] = 0
    losses = made._step([tf.constant([0, 1]), tf.constant([0]), tf.constant([0])])
    assert float(tf.reduce_max(losses.total)) < 100


@pytest.mark.weights
def test_small_volumes_are_painted_as_well(tmp_path: Path, style: Path, vgg19_weights: Path) -> None:
    """Deep layers see slices of 24 x 28 as a single position: they have no part in the style then."""
    told = carved(tmp_path, style, scanned((20, 24, 28)), weights="imagenet", steps="10")
    assert told
    losses = losses_of(tmp_path / "work" / "curves")
    assert losses[-1][1] < losses[0][1] < 100


def test_steps_bring_slices_nearer_along_all_axes() -> None:
    made, *_ = block(style_strength=0.5)
    first = made.step(0, 28, 0, 0.03)
    for step in range(1, 25):
        last = made.step(step, 28, 0, 0.03)
    ends = np.cumsum(SHAPE)
    for start, end in zip((0, *ends), ends, strict=False):
        assert last.total[start:end].mean() < 0.8 * first.total[start:end].mean()


# --- From file to file ---


def carved(folder: Path, by: Path, voxels: np.ndarray | None, stop: object = None, **own: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    given = {"style": str(by), "output": str(folder / "out.npy"), "workdir": str(folder / "work")} | SMALL | own
    if voxels is not None:
        np.save(folder / "in.npy", voxels)
        given["content"] = str(folder / "in.npy")
    told: list[str] = []
    assert drive(prepare(Carving.written(**given), told.append), stop or threading.Event(), told.append) == 0
    return told


class StopAfter:
    """Tells to stop when it is asked for so manieth time."""

    def __init__(self, times: int):
        self.left = times

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def scanned(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    return (3000 * phantom(shape)[..., 0] - 1000).astype(np.int16)


def test_a_volume_comes_out_in_its_range_with_its_sheet(tmp_path: Path, style: Path) -> None:
    content = scanned()
    told = carved(tmp_path, style, content)
    made = np.load(tmp_path / "out.npy")
    assert made.shape == content.shape and made.dtype == np.int16
    assert content.min() <= made.min() < made.max() <= content.max() and abs(made - content).mean() > 20
    assert told[-1] == "A painted volume contains invented detail: it is not for diagnosis."
    with Image.open(tmp_path / "work" / "sheet.png") as sheet, Image.open(tmp_path / "work" / "through.webp") as walk:
        assert sheet.width > 700 and walk.n_frames == SHAPE[0]
    assert carved(tmp_path, style, content)[-1] == f"This volume is already painted: {tmp_path / 'out.npy'}"


def test_a_volume_goes_on_bit_for_bit(tmp_path: Path, style: Path) -> None:
    """Wherever it was stopped: at its first scale, or at its second."""
    own = {"scales": "2", "steps": "5"}
    content = scanned((32, 36, 40))
    carved(tmp_path / "whole", style, content, **own)
    for times in (1, 4, 9):
        parts = tmp_path / f"stopped after {times}"
        told = carved(parts, style, content, StopAfter(times), **own)
        assert told[-1] == "Stopped: the same command resumes." and not (parts / "out.npy").exists()
        carved(parts, style, content, **own)
        np.testing.assert_array_equal(*(np.load(folder / "out.npy") for folder in (tmp_path / "whole", parts)))


def test_a_volume_that_may_be_overwritten_goes_on_as_well(tmp_path: Path, style: Path) -> None:
    (tmp_path / "out.npy").write_bytes(b"before")
    carved(tmp_path, style, scanned(), StopAfter(3), overwrite="true")
    again = carved(tmp_path, style, scanned(), overwrite="true")
    assert any(line.startswith("Resuming at scale 1 after step") for line in again)


def test_thick_slices_are_painted_as_finely_as_they_were_seen(tmp_path: Path, style: Path) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(scanned((20, 24, 28)), np.diag([3.0, 1.0, 1.0, 1.0])), tmp_path / "in.nii")
    given = {"content": str(tmp_path / "in.nii"), "style": str(style), "output": str(tmp_path / "out.npy")}
    assert prepare(Carving.written(**given, **SMALL), print).shape == (60, 24, 28)


def test_what_was_kept_and_is_damaged_is_made_anew(tmp_path: Path, style: Path) -> None:
    content = scanned()
    carved(tmp_path, style, content, StopAfter(3))
    (tmp_path / "work" / "volume.zip").write_bytes(b"damaged")
    assert any(line.startswith("Starting over") for line in carved(tmp_path, style, content))


def test_colors_and_styles_for_each_axis(tmp_path: Path, style: Path) -> None:
    others = [write_picture(tmp_path / f"{number}.png", 40, 50, seed=number) for number in (8, 9)]
    three = "\n".join(map(str, [style, *others]))
    from keras_nst.settings.values import SEPARATOR

    carved(tmp_path, style, scanned(), style=three.replace("\n", SEPARATOR), colors="rgb")
    made = np.load(tmp_path / "out.npy")
    assert made.shape == (*SHAPE, 3) and made.dtype == np.uint8 and np.ptp(made, axis=-1).mean() > 1


def test_a_style_alone_fills_a_solid(tmp_path: Path, style: Path) -> None:
    carved(tmp_path, style, None, size="24")
    made = np.load(tmp_path / "out.npy")
    assert made.shape == (24, 24, 24, 3) and made.dtype == np.uint8
    carved(tmp_path / "free", style, None, size="24", steady="0")
    np.testing.assert_array_equal(np.load(tmp_path / "free" / "out.npy"), made)


def test_one_slice_is_painted(tmp_path: Path, style: Path) -> None:
    carved(tmp_path, style, scanned()[:1])
    assert np.load(tmp_path / "out.npy").shape == (1, *SHAPE[1:])


def test_voxels_that_are_no_cubes_come_back_as_they_were(tmp_path: Path, style: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(scanned((9, 36, 40)), np.diag([4.0, 1.0, 1.0, 1.0]))
    nibabel.save(image, tmp_path / "in.nii.gz")
    told = carved(tmp_path, style, None, content=str(tmp_path / "in.nii.gz"), output=str(tmp_path / "out.nii.gz"))
    assert any(line.startswith("36 x 36 x 40 voxels") for line in told)
    back = nibabel.load(tmp_path / "out.nii.gz")
    assert back.shape == (9, 36, 40) and back.get_data_dtype() == np.int16
    np.testing.assert_array_equal(back.affine, image.affine)


def test_another_size_keeps_the_places(tmp_path: Path, style: Path) -> None:
    import nibabel

    image = nibabel.Nifti1Image(scanned((40, 40, 40)), np.diag([2.0, 2.0, 2.0, 1.0]))
    image.header.set_xyzt_units("mm")
    image.set_sform(image.affine, 1)
    nibabel.save(image, tmp_path / "in.nii")
    own = {"content": str(tmp_path / "in.nii"), "output": str(tmp_path / "out.nii"), "size": "20"}
    carved(tmp_path, style, None, **own)
    back = nibabel.load(tmp_path / "out.nii")
    assert back.shape == (20, 20, 20) and back.header.get_zooms() == (4, 4, 4)
    np.testing.assert_allclose(back.affine @ [9.5, 9.5, 9.5, 1], [39, 39, 39, 1])  # its middle is where it was
    assert back.header.get_xyzt_units() == image.header.get_xyzt_units() and int(back.header["sform_code"]) == 1


@pytest.mark.weights
def test_what_is_painted_stands_out_along_no_axis(tmp_path: Path, style: Path, vgg19_weights: Path) -> None:
    """Neighbors differ as much from slice to slice as from row to row."""
    real = {"weights": "imagenet", "steps": "40", "style_strength": "0.6", "scales": "1", "steady": "0"}
    carved(tmp_path, style, phantom((24, 32, 32))[..., 0], **real)
    along, down, across = (jumps(np.load(tmp_path / "out.npy"), axis) for axis in range(3))
    assert along == pytest.approx((down + across) / 2, rel=0.25)


def test_slices_stay_alike_where_the_content_does(tmp_path: Path, style: Path, vgg19_weights: Path) -> None:
    """Of a content that is one picture in the first half and another in the second."""
    content = np.repeat([smooth_picture(32, 32, seed=seed)[..., 0] for seed in (1, 2)], 10, axis=0)
    real = {"weights": "imagenet", "steps": "40", "style_strength": "0.6", "scales": "1"}
    changes = []
    for steady in ("0", "6"):
        folder = tmp_path / steady
        folder.mkdir()
        carved(folder, style, content, **real, steady=steady)
        changes.append(np.abs(np.diff(np.load(folder / "out.npy"), axis=0)).mean(axis=(1, 2)))
    free, calm = changes
    assert np.delete(calm, 9).mean() < 0.5 * np.delete(free, 9).mean()
    assert calm[9] > 0.8 * free[9]


def complaint(capsys: pytest.CaptureFixture[str], **given: str) -> str:
    capsys.readouterr()
    assert main([f"--{name}={value}" for name, value in given.items()]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line]
    return line


def test_what_is_wrong_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "in.npy", scanned())
    np.save(tmp_path / "thin.npy", scanned()[:9, :2])
    np.save(tmp_path / "nan.npy", np.full(SHAPE, np.nan))
    (tmp_path / "taken.npy").write_bytes(b"mine")
    own = {"content": str(tmp_path / "in.npy"), "style": str(style), "output": str(tmp_path / "out.npy")}
    own |= {"workdir": str(tmp_path / "work")} | SMALL
    wrong = {
        "--style: Expected a picture": {"style": ""},
        f"--content={tmp_path / 'none.npy'}: No such file": {"content": str(tmp_path / "none.npy")},
        f"--content={tmp_path / 'nan.npy'}: Expected numbers in all voxels. Received: NaN or infinity in 13440": {
            "content": str(tmp_path / "nan.npy")
        },
        f"--content={tmp_path / 'thin.npy'}: Expected slices of at least 16 x 16 voxels. Received: ": {
            "content": str(tmp_path / "thin.npy"),
        },
        f"--output={tmp_path / 'a.mp4'}: Expected .npy": {"output": str(tmp_path / "a.mp4")},
        f"--output={tmp_path / 'taken.npy'}: This path exists.": {"output": str(tmp_path / "taken.npy")},
        f"--output={tmp_path / 'work'}: Expected another folder than --workdir.": {"output": str(tmp_path / "work")},
        f"--output={tmp_path / 'in.npy'}: Expected another name": {"output": str(tmp_path / "in.npy")},
        "--size=8: Expected slices of at least 16 x 16 voxels. Received: 8 x 8 x 8": {"size": "8", "content": ""},
    }
    for expected, change in wrong.items():
        assert complaint(capsys, **own | change).startswith(f"keras_nst: {expected}"), change
    two = [f"--style={style}", f"--style={style}"]
    assert main([*two, *(f"--{name}={value}" for name, value in own.items() if name != "style")]) == 2
    assert re.search("Expected one picture, or three: one for each axis. Received: 2", capsys.readouterr().err)
    assert (tmp_path / "taken.npy").read_bytes() == b"mine" and not (tmp_path / "work").exists()
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    line = complaint(capsys, **own | {"output": str(tmp_path / "out.nii")})
    assert line == 'keras_nst: Expected the package nibabel for this kind of volume: pip install "keras-nst[volume]"'


def test_help_needs_nothing() -> None:
    done = run_process("--help", module="keras_nst.volume")
    assert done.returncode == 0 and "Not for diagnosis" in done.stdout


@pytest.mark.parametrize("shape", [(20, 40, 34), (34, 33, 18)])
def test_small_slices_have_fewer_layers_than_large_ones(style: Path, tmp_path: Path, shape: tuple[int, ...]) -> None:
    """Along one axis slices are too small for the deepest layer, along others they are not."""
    np.save(tmp_path / "thin.npy", phantom(shape)[..., 0])
    own = SMALL | {"style_layers": "block1_conv1,block5_conv1", "steps": "2"}
    flags = [f"--{name}={value}" for name, value in own.items()]
    named = [f"--content={tmp_path / 'thin.npy'}", f"--style={style}", f"--output={tmp_path / 'out.npy'}"]
    assert main([*named, f"--workdir={tmp_path / 'work'}", *flags]) == 0
    assert np.load(tmp_path / "out.npy").shape == shape


def test_a_window_that_is_none_is_told(style: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "a.npy", phantom()[..., 0])
    named = [f"--content={tmp_path / 'a.npy'}", f"--style={style}", f"--workdir={tmp_path / 'work'}"]
    for window, said in (
        ("3,2", "two numbers, the lower one first"),
        ("5,9", "that contains values, which lie from 0"),
    ):
        assert main([*named, f"--window={window}"]) == 2
        assert f"--window={window}: Expected" in (told := capsys.readouterr().err) and said in told
