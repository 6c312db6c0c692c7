"""The judges: their numbers by other arithmetic, by what must hold, and those of PyTorch."""

import sys
from pathlib import Path

import judges
import numpy as np
import pytest
import scipy.signal
from conftest import smooth_picture, write_picture
from judges import ALEXNET, STEPS, VGG16, Judges, Network

from keras_nst.pictures.files import read_picture
from keras_nst.pictures.sources import read_source

NAMES = ["lpips", "vgg16_gram", "vgg16_w2", "vgg16_block4", "vgg16_block5", "alexnet_gram", "alexnet_w2"]
CHANNELS = {"vgg16": [4] * 2 + [5] * 2 + [6] * 9, "alexnet": [5, 6, 4, 6, 5]}
KERNELS = {"vgg16": [3] * 13, "alexnet": [11, 5, 3, 3, 3]}
PICTURE, CONTENT, STYLE = (smooth_picture(48, 56, seed)[None] for seed in (1, 2, 3))
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def small_network(name: str) -> Network:
    """Returns the same layers with few channels and random numbers."""
    random, convolutions, before = np.random.default_rng(4), [], 3
    for channels, side in zip(CHANNELS[name], KERNELS[name], strict=True):
        kernel = random.standard_normal((side, side, before, channels)) * np.sqrt(2 / (side * side * before))
        convolutions.append((np.float32(kernel), np.float32(random.random(channels) - 0.3)))
        before = channels
    shown = [count for count, step in zip(CHANNELS[name], STEPS[name], strict=True) if step.shown]
    return Network(STEPS[name], convolutions, [random.random(channels) for channels in shown])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, Network]:
    """Both networks, small."""
    found = {name: small_network(name) for name in STEPS}
    monkeypatch.setattr(judges, "network", found.__getitem__)
    return found


def convolved(seen: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """Returns relu(k * x + b), by SciPy, one pair of channels after the other."""
    framed = np.pad(seen, ((padding,) * 2, (padding,) * 2, (0, 0)))
    made = [
        sum(scipy.signal.correlate2d(framed[..., i], kernel[..., i, o], "valid") for i in range(kernel.shape[2]))
        for o in range(kernel.shape[3])
    ]
    return np.maximum(np.stack(made, axis=-1)[::stride, ::stride] + bias, 0)


def pooled(seen: np.ndarray, side: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(seen, (side, side), axis=(0, 1))
    return windows[::2, ::2].max(axis=(-2, -1))


def layers_of(name: str, by: Network, picture: np.ndarray) -> list[np.ndarray]:
    """Returns what the published networks show, written out: VGG16's blocks, AlexNet's five."""
    seen, found, of = (picture[0].astype(np.float64) - MEAN) / DEVIATION, [], iter(by.convolutions)
    if name == "vgg16":
        for count in (2, 2, 3, 3, 3):
            seen = pooled(seen, 2) if found else seen
            for _ in range(count):
                seen = convolved(seen, *next(of), 1, 1)
            found.append(seen)
        return found
    found.append(convolved(seen, *next(of), 4, 2))
    found.append(convolved(pooled(found[-1], 3), *next(of), 1, 2))
    found.append(convolved(pooled(found[-1], 3), *next(of), 1, 1))
    found.append(convolved(found[-1], *next(of), 1, 1))
    return [*found, convolved(found[-1], *next(of), 1, 1)]


def apart(seen: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Returns |G - A| and w2: the trace of (C'^1/2 C C'^1/2)^1/2 is that of (C C')^1/2."""
    one, two = (of.reshape(-1, of.shape[-1]) for of in (seen, other))
    grams = [sum(np.outer(vector, vector) for vector in of) / len(of) for of in (one, two)]
    covariances = [np.cov(of, rowvar=False, bias=True) for of in (one, two)]
    middle = np.sqrt(np.maximum(np.real(np.linalg.eigvals(covariances[0] @ covariances[1])), 0)).sum()
    squared = np.sum((one.mean(0) - two.mean(0)) ** 2) + np.trace(covariances[0] + covariances[1]) - 2 * middle
    return float(np.sqrt(np.sum((grams[0] - grams[1]) ** 2))), float(np.sqrt(squared))


def expected_lpips(by: Network, picture: np.ndarray, content: np.ndarray) -> float:
    total = 0.0
    for head, one, two in zip(by.heads, *(layers_of("alexnet", by, of) for of in (picture, content)), strict=True):
        total += np.mean([(unit(one[at]) - unit(two[at])) ** 2 @ head for at in np.ndindex(one.shape[:2])])
    return total


def unit(vector: np.ndarray) -> np.ndarray:
    """Returns a vector of length one; none where there is none."""
    return vector / np.linalg.norm(vector) if vector.any() else vector


def test_all_numbers_by_other_arithmetic(small: dict[str, Network]) -> None:
    said = Judges(CONTENT, STYLE)(PICTURE)
    assert list(said) == NAMES
    assert said["lpips"] == pytest.approx(expected_lpips(small["alexnet"], PICTURE, CONTENT), rel=1e-3)
    for name, by in small.items():
        seen, content, style = (layers_of(name, by, of) for of in (PICTURE, CONTENT, STYLE))
        shares = np.array([np.divide(apart(a, c), apart(b, c)) for a, b, c in zip(seen, content, style, strict=True)])
        assert said[f"{name}_gram"] == pytest.approx(shares[:, 0].mean(), rel=1e-3)
        assert said[f"{name}_w2"] == pytest.approx(shares[:, 1].mean(), rel=1e-3)
        if name == "vgg16":
            assert [said["vgg16_block4"], said["vgg16_block5"]] == pytest.approx(list(shares[3:, 0]), rel=1e-3)


def test_the_content_is_itself_and_as_far_from_the_style_as_the_content(small: dict[str, Network]) -> None:
    said = Judges(CONTENT, STYLE)(CONTENT)
    assert said.pop("lpips") == 0
    assert list(said.values()) == pytest.approx([1.0] * 6, rel=1e-6)


def test_the_style_is_no_way_from_the_style(small: dict[str, Network]) -> None:
    said = Judges(CONTENT, STYLE)(STYLE)
    assert said.pop("lpips") > 0
    assert list(said.values()) == pytest.approx([0.0] * 6, abs=1e-3)


def test_inputs_of_other_sizes_are_shown_at_the_pictures_area(small: dict[str, Network]) -> None:
    """The content at the picture's size; the style in its own shape."""
    wide = smooth_picture(60, 100, 3)[None]
    said = Judges(judges.resized(CONTENT, (96, 112)), wide)(PICTURE)
    at_its_area = judges.resized(wide, (40, 67))  # 40 x 67 is about 48 x 56
    again = judges.resized(judges.resized(CONTENT, (96, 112)), (48, 56))
    assert said == Judges(again, at_its_area)(PICTURE)


def test_content_and_style_are_looked_at_once_for_each_size(
    small: dict[str, Network], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = [], judges.look
    monkeypatch.setattr(judges, "look", lambda by, picture: looks.append(picture.shape) or look(by, picture))
    judge = Judges(CONTENT, STYLE)
    first, count = judge(PICTURE), len(looks)
    assert judge(PICTURE) == first and len(looks) == count + 2
    judge(PICTURE[:, :40])
    assert len(looks) == 2 * count + 2


def test_what_cannot_be_judged_is_refused_in_one_line(small: dict[str, Network]) -> None:
    with pytest.raises(ValueError, match=r"at least 32 pixels a side. Received: \(48, 31\)"):
        Judges(CONTENT, STYLE)(PICTURE[:, :, :31])
    with pytest.raises(ValueError, match=r"at least 32 pixels a side. Received: \(23, 116\)"):
        Judges(CONTENT, smooth_picture(20, 100)[None])(PICTURE)
    with pytest.raises(ValueError, match="Expected a style that is not the content"):
        Judges(CONTENT, CONTENT)(PICTURE)


def test_the_command_prints_a_table(
    small: dict[str, Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(write_picture(tmp_path / f"{seed}.png", 48, 56, seed)) for seed in range(4)]
    asked = ["judges.py", f"--content={paths[0]}", f"--style={paths[1]}", *paths[2:]]
    monkeypatch.setattr(sys, "argv", asked)
    assert judges.main() == 0
    head, *rows = (line.split() for line in capsys.readouterr().out.splitlines())
    assert head == NAMES and [row[0] for row in rows] == paths[2:]
    content, style, picture = (read_picture(path).pixels[None] for path in paths[:3])
    expected = Judges(content, style)(picture)
    assert [float(value) for value in rows[0][1:]] == pytest.approx(list(expected.values()), abs=6e-4)
    monkeypatch.setattr(sys, "argv", [*asked, str(tmp_path / "none.png")])
    assert judges.main() == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and "none.png" in told[0]


def test_both_files_come_out_of_one_package() -> None:
    assert ALEXNET.name != VGG16.name and ALEXNET.digest != VGG16.digest
    assert ALEXNET.package is not None and VGG16.package is not None
    assert ALEXNET.package.sha256 == VGG16.package.sha256 and ALEXNET.package.member != VGG16.package.member


@pytest.mark.weights
def test_the_numbers_are_those_of_pytorch() -> None:
    """As another implementation, in PyTorch, has them of the middle of the portrait."""
    content, style = (read_source(f"sample:{name}").pixels[None] for name in ("harbor", "night"))
    picture = read_source("sample:portrait").pixels[None, 150:350, 120:360]
    expected = [0.71802, 1.05847, 1.21881, 0.99594, 0.47245, 1.13226, 1.22662]
    assert Judges(content, style)(picture) == pytest.approx(dict(zip(NAMES, expected, strict=True)), abs=1e-3)
