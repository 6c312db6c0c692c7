"""Figures: their distances against closed forms and SciPy, and known results of a known pair."""

import itertools
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.core.judging import quality
from keras_nst.core.judging.clouds import LEVELS, NormalCloud, normal_of, w2_of_normals
from keras_nst.core.judging.quality import LAYERS, Figures, Judge, figures
from keras_nst.core.judging.strokes import stroke_figures
from keras_nst.core.network.features import extractor
from keras_nst.core.network.resizing import resize
from keras_nst.core.objective.moments import moments
from keras_nst.core.objective.oklab import from_oklab
from keras_nst.core.plan.pyramid import Size
from keras_nst.pictures.files import read_picture
from keras_nst.pictures.sources import SAMPLES

HIGHEST = Figures(
    content=2,
    structure=np.inf,
    gram=2,
    w2=2,
    sliced=2,
    color=2,
    sharpness=2,
    sharpness_to_style=2,
    grain=np.inf,
    grain_to_content=np.inf,
    weave=np.inf,
    lattice=np.inf,
    crispness=np.inf,
    borders=1,
)
STYLE_FIGURES = ("gram", "w2", "sliced", "color")
SHAPE = (1, 48, 64, 3)
CONTENT, STYLE = smooth_picture(48, 64)[None], np.random.default_rng(1).random(SHAPE, np.float32) ** 2


@pytest.fixture(scope="module")
def random_network() -> keras.Model:
    return extractor("vgg19", LAYERS, weights=0)


def of_points(points: np.ndarray) -> NormalCloud:
    """The normal distribution with the moments of points (m, c)."""
    return normal_of(moments(tf.constant(points[None, None])))


def points(seed: int, count: int, channels: int) -> np.ndarray:
    """Correlated points with a mean."""
    random = np.random.default_rng(seed)
    return random.normal(size=(count, channels)) @ random.normal(size=(channels, channels)) + random.normal(
        size=channels
    )


# --- The 2-Wasserstein distance ---


def test_w2_is_that_of_scipy() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    first, second = points(0, 200, 20), points(1, 300, 20)
    (mean, covariance), (other_mean, other) = ((p.mean(axis=0), np.cov(p.T, bias=True)) for p in (first, second))
    root = linalg.sqrtm(covariance)
    cross = linalg.sqrtm(root @ other @ root)
    expected = np.sum((mean - other_mean) ** 2) + np.trace(covariance + other - 2 * np.real(cross))
    np.testing.assert_allclose(w2_of_normals(of_points(first), of_points(second)) ** 2, expected, rtol=1e-9)


def test_w2_of_one_number_is_that_of_means_and_deviations() -> None:
    first, second = np.array([[1.0], [5.0]]), np.array([[10.0], [11.0], [12.0]])
    expected = np.hypot(3 - 11, 2 - np.sqrt(2 / 3))
    np.testing.assert_allclose(w2_of_normals(of_points(first), of_points(second)), expected, rtol=1e-12)


def test_w2_is_exact_for_fewer_points_than_channels() -> None:
    """Points of a space of three dimensions are as far apart in one of forty."""
    first, second = points(2, 12, 3), points(3, 15, 3)
    inside = np.linalg.qr(np.random.default_rng(4).normal(size=(40, 40)))[0][:3]
    far = w2_of_normals(of_points(first), of_points(second))
    np.testing.assert_allclose(w2_of_normals(of_points(first @ inside), of_points(second @ inside)), far, rtol=1e-9)


def test_w2_of_orthogonal_spaces_is_all_of_both() -> None:
    """Whatever rounding leaves of one in the other's space counts as nothing."""
    axes = np.linalg.qr(np.random.default_rng(4).normal(size=(60, 60)))[0]
    first, second = points(5, 90, 30) @ axes[:30], points(6, 90, 30) @ axes[30:]
    expected = np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2) + first.var(axis=0).sum()
    expected += second.var(axis=0).sum()
    np.testing.assert_allclose(w2_of_normals(of_points(first), of_points(second)) ** 2, expected, rtol=1e-10)


@pytest.mark.parametrize("count", [1, 7, 500])
def test_w2_to_itself_is_nothing(count: int) -> None:
    cloud = points(7, count, 64)
    assert w2_of_normals(of_points(cloud), of_points(cloud)) < 1e-6 * np.linalg.norm(cloud) / np.sqrt(count)


# --- Colors, sharpness and frame, which need no network ---


def test_color_distance_of_a_shift_is_its_length_along_the_lines() -> None:
    """In a space of three dimensions the mean square of a vector's parts along evenly spread lines is a third."""
    pixels = np.random.default_rng(8).random((500, 3))
    shift = np.array([0.3, 0.0, 0.0])
    first, second = (quality.quantiles(p, quality.COLOR_LINES.T) for p in (pixels, pixels + shift))
    np.testing.assert_allclose(quality.sliced(first, second), 0.3 / np.sqrt(3), rtol=1e-9)
    assert np.linalg.norm(quality.COLOR_LINES, axis=1) == pytest.approx(np.ones(13))


def test_quantiles_are_numpys() -> None:
    values, lines = points(3, 300, 5), quality.across(5)
    expected = np.quantile(values @ lines, LEVELS, axis=0)
    np.testing.assert_allclose(quality.quantiles(values, lines), expected, rtol=1e-12)
    np.testing.assert_allclose(quality.quantiles(values[:1], lines), np.tile(values[:1] @ lines, (256, 1)), rtol=1e-12)


def test_roughness_of_a_chessboard_and_of_a_slope() -> None:
    y, x = np.mgrid[:8, :9][..., None]
    board = np.repeat((x + y) % 2, 3, axis=-1).astype(float)
    np.testing.assert_allclose(quality.roughness(board), 4.0)
    np.testing.assert_allclose(quality.roughness(np.repeat(x / 9 + y / 20, 3, axis=-1)), 0.0, atol=1e-12)


def test_grain_is_of_color_alone(random_network: keras.Model) -> None:
    """A gray chessboard has none; one of red and green of half the contrast has half of it."""
    y, x = np.mgrid[:48, :64]
    board = ((x + y) % 2)[None, ..., None]
    lab = np.array([0.6, 0.0, 0.0]) + board * np.array([0.0, 0.08, 0.0])
    half = np.array([0.6, 0.0, 0.0]) + board * np.array([0.2, 0.04, 0.0])
    vivid, pale = (from_oklab(colors).astype(np.float32) for colors in (lab, half))
    gray = np.repeat(board, 3, axis=-1).astype(np.float32)
    found = [figures(pale, vivid, picture, random_network) for picture in (gray, pale, vivid)]
    assert [each.grain for each in found] == pytest.approx([0, 0.5, 1], abs=1e-3)
    assert [each.grain_to_content for each in found] == pytest.approx([0, 1, 2], abs=2e-3)


# --- Structure and slices ---


def test_likeness_is_the_softmax_of_products() -> None:
    random = np.random.default_rng(0)
    features = random.random((2, 3, 4))
    vectors = features.reshape(6, 4)
    alike = np.array([[a @ b for b in vectors] for a in vectors]) / np.mean([a @ a for a in vectors])
    expected = np.exp(alike) / np.exp(alike).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(quality.likeness(features)), expected, rtol=1e-12)
    np.testing.assert_allclose(quality.likeness(7 * features), np.log(expected), rtol=1e-9)  # no unit
    assert np.exp(quality.likeness(np.zeros((2, 3, 4)))) == pytest.approx(np.full((6, 6), 1 / 6))


def test_structure_is_scipys_relative_entropy() -> None:
    entropy = pytest.importorskip("scipy.stats").entropy
    random = np.random.default_rng(0)
    content, result = (quality.likeness(random.random((3, 4, 5))) for _ in range(2))
    expected = np.mean([entropy(p, q) for p, q in zip(np.exp(content), np.exp(result), strict=True)])
    np.testing.assert_allclose(quality.structure_distance(result, content), expected, rtol=1e-9)


def test_structure_is_where_things_are_alike_whatever_they_are() -> None:
    """Other features that are alike in the same places have the same structure; shuffled places have not."""
    random = np.random.default_rng(0)
    content = random.random((3, 4, 5))
    turned = content @ np.linalg.qr(random.normal(size=(5, 5)))[0]
    shuffled = random.permutation(content.reshape(12, 5)).reshape(content.shape)
    same, other = (
        quality.structure_distance(quality.likeness(of), quality.likeness(content)) for of in (turned, shuffled)
    )
    assert same == pytest.approx(0, abs=1e-12) and other > 1e-3


def test_slices_are_scipys_distances_along_directions() -> None:
    stats = pytest.importorskip("scipy.stats")
    first, second = points(0, 256, 5), points(1, 256, 5)
    lines = quality.across(5)
    np.testing.assert_allclose(lines.T @ lines, np.eye(5), atol=1e-12)
    found = quality.sliced(*(quality.quantiles(of, lines) for of in (first, second)))
    squares = [np.mean((np.sort(first @ line) - np.sort(second @ line)) ** 2) for line in lines.T]
    np.testing.assert_allclose(found, np.sqrt(np.mean(squares)), rtol=0.02)  # 256 quantiles lie between 256 values
    means = [stats.wasserstein_distance(first @ line, second @ line) for line in lines.T]
    assert found >= np.mean(means) * 0.98


def test_a_frame_stands_out_on_every_side() -> None:
    plain = np.random.default_rng(9).random((64, 96, 3))
    usual = quality.frame(plain)
    for side in range(4):
        framed = plain.copy()
        np.rot90(framed, side)[:2] = 1.0
        assert quality.frame(framed) > 2 * usual
    smoothed = plain.copy()
    smoothed[:, -2:] = plain[:, -8:].mean(axis=1, keepdims=True)
    assert quality.frame(smoothed) > 1.5 * usual, "the same colors, but without texture"


# --- Figures ---


def test_the_content_the_style_and_one_color(random_network: keras.Model) -> None:
    judge = Judge(CONTENT, STYLE, random_network)
    content, style, gray = judge(CONTENT), judge(STYLE), judge(np.full(SHAPE, 0.5, np.float32))
    assert (content.content, content.borders) == (0, 0) and content.sharpness == pytest.approx(1)
    assert content.structure == 0 and style.structure > 0
    assert [getattr(content, name) for name in STYLE_FIGURES] == pytest.approx([1] * 4, abs=1e-3)
    assert [getattr(style, name) for name in STYLE_FIGURES] == pytest.approx([0] * 4, abs=1e-5)
    assert style.sharpness_to_style == pytest.approx(1) and style.sharpness > 1
    assert (gray.sharpness, gray.sharpness_to_style) == pytest.approx((0, 0), abs=0.01)
    assert gray.content > 0.1 and gray.borders == 0


PICTURES = {
    "noise": np.random.default_rng(2).random(SHAPE, np.float32),
    "black": np.zeros(SHAPE, np.float32),
    "white": np.ones(SHAPE, np.float32),
    "red": np.full(SHAPE, (1, 0, 0), np.float32),
    "smooth": CONTENT,
}


def test_figures_are_bounded_numbers(random_network: keras.Model) -> None:
    """Whichever of them is the content, the style and the result."""
    looks = {name: quality.look(tf.constant(picture), random_network) for name, picture in PICTURES.items()}
    for names in itertools.product(looks, repeat=3):
        of_strokes = stroke_figures(*(PICTURES[name] for name in names))
        within(quality.compare(*(looks[name] for name in names))._replace(**of_strokes))


@pytest.mark.parametrize("seed", range(5))
def test_figures_of_random_pictures_of_random_sizes_are_bounded(seed: int, random_network: keras.Model) -> None:
    random = np.random.default_rng(seed)
    content, style = (random.random((1, *random.integers(16, 80, 2), 3), np.float32) for _ in range(2))
    result = random.random((1, *np.multiply(content.shape[1:3], 2), 3), np.float32) ** random.uniform(0.1, 9)
    within(figures(content, style, result, random_network))


@pytest.mark.parametrize("side", [16, 17])
def test_the_smallest_pictures(side: int, random_network: keras.Model) -> None:
    small = [picture[:, :side, :side] for picture in (CONTENT, STYLE, PICTURES["noise"])]
    within(figures(*small, random_network))
    same = figures(small[0], small[0], small[0], random_network)
    assert same._replace(lattice=None) == pytest.approx((0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, None, 1, 0), abs=0.02)
    assert 0 <= same.lattice < 0.02, "it adds nothing to the content"


def within(found: Figures) -> None:
    for name, value, highest in zip(Figures._fields, found, HIGHEST, strict=True):
        assert 0 <= value <= highest, (name, value)


def test_without_content_or_style(random_network: keras.Model) -> None:
    both = figures(CONTENT, STYLE, PICTURES["noise"], random_network)
    alone = figures(CONTENT, None, PICTURES["noise"], random_network)
    of_content = ("content", "structure", "sharpness", "grain_to_content", "weave", "borders")
    assert alone == Figures(**{name: getattr(both, name) for name in of_content})
    texture = figures(None, STYLE, PICTURES["noise"], random_network)
    known = ("sharpness_to_style", "grain", "crispness")
    of_strokes = stroke_figures(None, STYLE, PICTURES["noise"])
    assert texture == Figures(**{name: getattr(both, name) for name in known} | of_strokes)


def test_a_woven_texture_is_seen_at_the_size_of_the_result(random_network: keras.Model) -> None:
    """Shrunk to the size compared there would be none left."""
    y, x = np.mgrid[:192, :256]
    threads = 0.03 * (np.cos(2 * np.pi * 0.37 * y) + np.cos(2 * np.pi * 0.36 * x))
    plain = smooth_picture(192, 256)[None] * 0.8 + 0.1
    woven = (plain + threads[None, ..., None]).astype(np.float32)
    for content in (plain, smooth_picture(48, 64)[None]):
        found = [figures(content, STYLE, result, random_network, longest=64) for result in (woven, plain)]
        assert found[0].weave > 10 and found[1].weave < 3
    assert figures(plain, STYLE, resize(woven, Size(48, 64)).numpy(), random_network).weave < 3


def test_neither_content_nor_result_is_enlarged(random_network: keras.Model) -> None:
    large = smooth_picture(96, 128)[None]
    assert Judge(large, STYLE, random_network, 64).size(large) == Size(48, 64)
    assert Judge(large, STYLE, random_network).size(CONTENT) == Size(48, 64)
    assert Judge(CONTENT, STYLE, random_network).size(large) == Size(48, 64)
    shrunk = figures(large, STYLE, large, random_network, longest=64)
    same = figures(resize(large, Size(48, 64)).numpy(), STYLE, large, random_network)
    assert shrunk._replace(weave=None, lattice=None) == same._replace(weave=None, lattice=None)


def test_other_proportions_are_refused(random_network: keras.Model) -> None:
    with pytest.raises(ValueError, match="Expected the proportions of the content, 64 x 48. Received: 64 x 45"):
        figures(CONTENT, STYLE, PICTURES["noise"][:, :45], random_network)


def test_content_and_style_are_looked_at_once_per_size() -> None:
    seen = []
    network = extractor("vgg19", LAYERS, weights=0)
    judge = Judge(CONTENT, STYLE, lambda picture: seen.append(1) or network(picture))
    first = judge(CONTENT)
    assert judge(CONTENT) == first and len(seen) == 4


# --- With the real weights ---


@pytest.fixture(scope="module")
def sample_pair() -> tuple[np.ndarray, np.ndarray]:
    content, style = (read_picture(SAMPLES / f"{name}.jpg").pixels[None] for name in ("harbor", "night"))
    size = Size(128, 192)
    return resize(content, size).numpy(), resize(style, size).numpy()


@pytest.fixture(scope="module")
def judge(sample_pair: tuple[np.ndarray, np.ndarray], vgg19_weights: Path) -> Judge:
    return Judge(*sample_pair, extractor("vgg19", LAYERS, weights=vgg19_weights))


@pytest.mark.weights
def test_known_results(judge: Judge, sample_pair: tuple[np.ndarray, np.ndarray]) -> None:
    content, style = map(judge, sample_pair)
    noise = judge(np.random.default_rng(0).random(sample_pair[0].shape, np.float32))
    gray = judge(np.full_like(sample_pair[0], 0.5))
    assert (content.content, content.structure, content.borders) == (0, 0, 0)
    assert (content.sharpness, content.grain_to_content) == pytest.approx((1, 1))
    assert [getattr(content, name) for name in STYLE_FIGURES] == pytest.approx([1] * 4, abs=1e-3)
    assert [getattr(style, name) for name in STYLE_FIGURES] == pytest.approx([0] * 4, abs=1e-5)
    assert (style.sharpness_to_style, style.grain) == pytest.approx((1, 1))
    for unrelated in (style, noise, gray):
        assert unrelated.structure > 0.01
        assert 0.75 < unrelated.content < 1.1
    for neither in (noise, gray):
        assert neither.gram > 0.9 and neither.w2 > 0.9 and neither.sliced > 0.9
    assert noise.sharpness > 1.5 and gray.sharpness < 0.01


@pytest.mark.weights
def test_more_of_the_style_is_farther_from_the_content(
    judge: Judge, sample_pair: tuple[np.ndarray, np.ndarray]
) -> None:
    content, style = sample_pair
    found = [judge((1 - share) * content + share * style) for share in np.float32([0, 0.25, 0.5, 0.75, 1])]
    for name in ("content", "structure"):
        assert np.all(np.diff([getattr(each, name) for each in found]) > 0), name
    for name in ("gram", "w2", "sliced"):
        assert np.all(np.diff([getattr(each, name) for each in found[1:]]) < 0), name


@pytest.mark.weights
def test_damage_shows(judge: Judge, sample_pair: tuple[np.ndarray, np.ndarray]) -> None:
    content, _ = sample_pair
    blurred = [resize(resize(content, Size(128 // k, 192 // k)), Size(128, 192)).numpy() for k in (2, 4, 8)]
    found = [judge(content), *map(judge, blurred)]
    assert np.all(np.diff([each.sharpness for each in found]) < 0)
    assert np.all(np.diff([each.content for each in found]) > 0)
    framed = []
    for width in (1, 2, 4):
        picture = content.copy()
        inside = np.zeros(picture.shape[1:3], bool)
        inside[width:-width, width:-width] = True
        picture[:, ~inside] = 0.5
        framed.append(judge(picture).borders)
    assert framed[0] > 0.05 and np.all(np.diff(framed) > 0)
