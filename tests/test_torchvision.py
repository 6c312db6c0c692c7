"""VGG16 with torchvision's convolutions: what they see of our pixels is what they saw of torchvision's."""

import hashlib
import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import smooth_picture

import keras_nst
from keras_nst.core.network.arrays import read_arrays
from keras_nst.core.network.features import extractor
from keras_nst.run import __main__ as run
from keras_nst.settings.networks import CHANNELS, CONVOLUTIONS, reach, stride
from keras_nst.system import weights
from keras_nst.system.weights import Source, weights_path

LAYERS = ("block1_conv1", "block2_conv2", "block3_conv3")
PICTURE = smooth_picture(80, 96)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file like the published one, with random numbers."""
    random, held, before = np.random.default_rng(3), {}, 3
    for block, count in enumerate(CONVOLUTIONS["vgg16"], start=1):
        for _ in range(count):
            shape = 3, 3, before, CHANNELS[block]
            kernel = random.standard_normal(shape, np.float32) * np.sqrt(2 / (9 * before), dtype=np.float32)
            held[f"Conv_{len(held)}"] = {"kernel": kernel, "bias": random.random(shape[3], np.float32) - 0.5}
            before = shape[3]
    path = tmp_path_factory.mktemp("torchvision") / "vgg16.ckpt"
    path.write_bytes(pickle.dumps({"VGG16_0": held}, protocol=3))
    return path


def convolved(seen: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Returns relu(k * x + b) of what has a frame of one pixel: nine shifted products, in float64."""
    height, width = seen.shape[0] - 2, seen.shape[1] - 2
    shifts = [(row, column) for row in range(3) for column in range(3)]
    products = [seen[row : row + height, column : column + width] @ kernel[row, column] for row, column in shifts]
    return np.maximum(sum(products) + bias, 0)


def as_torchvision(path: Path, frame: dict[str, Any]) -> dict[str, np.ndarray]:
    """Returns what torchvision's network sees of the picture: RGB, mean and deviation, then convolutions."""
    published = pickle.loads(path.read_bytes())["VGG16_0"]
    normal = (PICTURE.astype(np.float64) - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
    framed = [np.pad(normal[:, :, channel], 1, **own) for channel, own in enumerate(frame)]
    seen, found, number = np.stack(framed, axis=-1), {}, 0
    for block, count in enumerate(CONVOLUTIONS["vgg16"][:3], start=1):
        for index in range(1, count + 1):
            seen = seen if number == 0 else np.pad(seen, ((1, 1), (1, 1), (0, 0)))
            seen = convolved(seen, *(published[f"Conv_{number}"][name] for name in ("kernel", "bias")))
            found[f"block{block}_conv{index}"], number = seen, number + 1
        seen = np.max([seen[row::2, column::2] for row in (0, 1) for column in (0, 1)], axis=0)
    return found


def assert_same(ours: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4 * np.sqrt(np.mean(expected**2)))


ZEROS = [{"constant_values": 0.0}] * 3
OUR_ZERO = [
    {"constant_values": (mean / 255 - torchvisions) / deviation}
    for mean, torchvisions, deviation in ((123.68, 0.485, 0.229), (116.779, 0.456, 0.224), (103.939, 0.406, 0.225))
]


def check_interior(path: Path) -> None:
    """As torchvision's network has it, wherever its border does not reach."""
    ours = extractor("vgg16", LAYERS, weights=path)(PICTURE[None])
    expected = as_torchvision(path, ZEROS)
    for layer in LAYERS:
        edge = -(-reach("vgg16", layer) // stride(layer))
        inner = np.s_[edge:-edge, edge:-edge]
        assert_same(ours[layer][0].numpy()[inner], expected[layer][inner])


def test_features_are_those_of_torchvision_within_the_border(checkpoint: Path) -> None:
    check_interior(checkpoint)


@pytest.mark.parametrize(
    ("padding", "frame"),
    [("zero", OUR_ZERO), ("replicate", [{"mode": "edge"}] * 3), ("reflect", [{"mode": "reflect"}] * 3)],
)
def test_the_border_is_of_our_mean_color_or_of_the_picture(checkpoint: Path, padding: str, frame: list) -> None:
    """Up to the last pixel: torchvision's zeros are another mean, ours is half of 1/255 away from it."""
    ours = extractor("vgg16", LAYERS, weights=checkpoint, padding=padding)(PICTURE[None])
    expected = as_torchvision(checkpoint, frame)
    for layer in LAYERS:
        assert_same(ours[layer][0].numpy(), expected[layer])
    assert max(abs(of["constant_values"] * 0.225 * 255) for of in OUR_ZERO) < 0.51


def test_a_checkpoint_of_another_network_is_refused(checkpoint: Path) -> None:
    with pytest.raises(ValueError, match="Expected weights of vgg19 without its top.*VGG19_0"):
        extractor("vgg19", ["block1_conv1"], weights=checkpoint)


class Hostile:
    """Asks whoever unpickles it to make a folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    path, trap = tmp_path / "hostile.ckpt", tmp_path / "trap"
    path.write_bytes(pickle.dumps({"VGG16_0": {"Conv_0": Hostile(trap)}}))
    with pytest.raises(ValueError, match=r"^Expected a pickle of NumPy arrays\. Received: .*hostile\.ckpt, .*mkdir$"):
        read_arrays(path)
    assert not trap.exists()
    pickle.loads(path.read_bytes())
    assert trap.exists()  # else the lines above show nothing


@pytest.mark.parametrize("asks", [b"cbuiltins\neval\n.", b"cnumpy\nload\n.", b"cnumpy.core.multiarray\nscalar\n."])
def test_only_what_arrays_are_made_of_is_found(tmp_path: Path, asks: bytes) -> None:
    (tmp_path / "asks.ckpt").write_bytes(asks)
    with pytest.raises(ValueError, match="asks for"):
        read_arrays(tmp_path / "asks.ckpt")


@pytest.mark.parametrize("kept", [0, 1, 100, -1])
def test_a_cut_pickle_is_refused_in_one_line(checkpoint: Path, tmp_path: Path, kept: int) -> None:
    (tmp_path / "cut.ckpt").write_bytes(checkpoint.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"^Expected a pickle of NumPy arrays\. Received: .*cut\.ckpt, .+$"):
        read_arrays(tmp_path / "cut.ckpt")


@pytest.mark.parametrize("module", [b"numpy.core.multiarray", b"numpy._core.multiarray"])
def test_arrays_of_older_and_newer_numpys(tmp_path: Path, module: bytes) -> None:
    given = {"a": np.arange(6, dtype=np.float32).reshape(2, 3)}
    told = re.sub(rb"numpy\._?core\.multiarray", module, pickle.dumps(given, protocol=3))
    assert module in told
    (tmp_path / "a.ckpt").write_bytes(told)
    np.testing.assert_array_equal(read_arrays(tmp_path / "a.ckpt")["a"], given["a"])


@pytest.fixture
def in_cache(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Keras cache that has nothing but such a file, where the published one would be."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    content = checkpoint.read_bytes()
    (tmp_path / "keras" / "models").mkdir(parents=True)
    path = tmp_path / "keras" / "models" / "vgg16_torchvision.ckpt"
    path.write_bytes(content)
    known = Source(path.name, len(content), "sha256", hashlib.sha256(content).hexdigest(), note=weights.TORCHVISION)
    monkeypatch.setitem(weights.SOURCES, "vgg16", (weights.SOURCES["vgg16"][0], known))
    return path


def test_a_run_with_it_is_told_of_and_goes_on_with_it_only(
    in_cache: Path, quick: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [flag for flag in quick if "weights" not in flag] + ["--network=vgg16"]
    assert run.main(asked) == 0
    assert "VGG16 uses torchvision's weights" in capfd.readouterr().err
    assert "vgg16_torchvision.ckpt" in (tmp_path / "run" / "run.log").read_text()
    first, second = weights.SOURCES["vgg16"]
    monkeypatch.setitem(weights.SOURCES, "vgg16", (second._replace(name="other.ckpt", note=""),))
    in_cache.rename(in_cache.with_name("other.ckpt"))
    more = [flag.replace("--steps=3,2", "--steps=3,4") for flag in asked]
    assert run.main(more) == 2
    told = capfd.readouterr().err.splitlines()[-1]
    assert (
        "Expected vgg16_torchvision.ckpt, with which this folder's run began, or --overwrite. Received: other.ckpt"
        in told
    )
    in_cache.with_name("other.ckpt").rename(in_cache)
    monkeypatch.setitem(weights.SOURCES, "vgg16", (first, second))
    assert run.main(more) == 0


def test_the_pieces_have_it_too(in_cache: Path) -> None:
    ours = keras_nst.extractor(["block2_conv1"], network="vgg16")(PICTURE[None])["block2_conv1"]
    expected = extractor("vgg16", ["block2_conv1"], weights=in_cache)(PICTURE[None])["block2_conv1"]
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.weights
def test_the_published_file_sees_as_torchvision_does() -> None:
    """Either Keras' file is here, and this says nothing; or it is torchvision's."""
    path = weights_path("vgg16")
    if path.suffix == ".h5":
        pytest.skip("Keras' own file is in the cache")
    check_interior(path)
    first = read_arrays(path)["VGG16_0"]["Conv_0"]["kernel"][:, :, 0, 0]
    # As PyTorch prints features.0.weight[0, 0] of torchvision's vgg16.
    printed = [[-0.5537, 0.1427, 0.5290], [-0.5831, 0.3566, 0.7657], [-0.6902, -0.0480, 0.4841]]
    np.testing.assert_allclose(first, printed, atol=5e-5)
