"""The study of what shapes the picture, and the pictures of the docs."""

import json
from pathlib import Path

import measuring
import numpy as np
import other_terms
import paint_docs
import pytest
import study_look
import tensorflow as tf
from conftest import ROOT, smooth_picture
from PIL import Image

from keras_nst.core.objective.terms import Seen, variation_part
from keras_nst.core.objective.variation import whole_picture
from keras_nst.core.plan.method import Objective
from keras_nst.run import request
from keras_nst.settings.config import Config
from keras_nst.system.devices import Device

JUDGED = ("lpips", *study_look.AGAINST_LPIPS)
DEVICE = Device("cpu", "/CPU:0", "CPU", bfloat16=False)


@pytest.mark.parametrize("way", study_look.WAYS)
def test_each_way_is_the_default_but_for_what_it_names(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = study_look.settings(way, 0.4, 64, DEVICE)
    assert (config.style_strength, config.content_weight, config.style_weight) == (0.4, None, None)
    usual = study_look.settings("default", 0.4, 64, DEVICE)
    assert (config == usual) == (way == "default")


def test_weights_that_fall() -> None:
    layers = request.parse(["--content=a", "--style=b", study_look.falling(4)]).style_layers
    assert [layer.weight for layer in layers] == [256, 64, 16, 4, 1]


# --- Other terms ---


def features(seed: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=(1, 5, 7, 6)), tf.float32)


@pytest.mark.parametrize("name", ["absolute", "normalized", "cosine", "self_similarity"])
def test_distances_to_the_content(name: str) -> None:
    """Nothing between equals; and what each does not see."""
    distance = getattr(other_terms, name)
    one, other = features(0), features(1)
    far = float(distance(one, other)[0])
    assert float(distance(one, one)[0]) == pytest.approx(0.0, abs=0.011) and far > 0.1
    turn = tf.constant(np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0], tf.float32)
    unseen = {
        "absolute": (one + 0.0, other + 0.0),
        "normalized": (3.0 * one + 2.0, other),
        "cosine": (one * 5.0, other @ tf.eye(6)),
        "self_similarity": (one @ turn, other),
    }
    assert float(distance(*unseen[name])[0]) == pytest.approx(far, rel=2e-3)


def test_variation_apart_is_ours_where_both_count_alike() -> None:
    picture = smooth_picture(12, 15)[None]
    aim = tf.constant([0.02])
    seen = Seen(whole_picture(tf.constant(picture)), {}, {}, {})
    ours = variation_part(seen, aim, Objective(()))
    alike, light, color = (
        other_terms.variation_of(*weights).part(seen, aim, None) for weights in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0))
    )
    np.testing.assert_allclose(alike, ours, rtol=1e-5)
    np.testing.assert_allclose(light + color, ours, rtol=1e-5)
    gray = np.repeat(picture.mean(axis=3, keepdims=True), 3, axis=3)
    seen = seen._replace(pixels=whole_picture(tf.constant(gray)))
    assert float(other_terms.variation_of(0.0, 1.0).part(seen, aim, None)[0]) == pytest.approx(0.0, abs=1e-9)


# --- Telling ---


def row(pair: str, way: str, strength: float, value: float) -> dict:
    figures = dict.fromkeys(("content", *study_look.AGAINST_CONTENT, "borders", *JUDGED, "seconds"), value)
    return {"pair": pair, "way": way, "strength": strength, "size": 64} | figures


def test_means_are_over_the_pairs_that_all_ways_have(tmp_path: Path) -> None:
    rows = [row("a", "x", 0.5, 1.0), row("b", "x", 0.5, 3.0), row("c", "x", 0.5, 9.0)]
    rows += [row("a", "y", 0.5, 0.0), row("b", "y", 0.5, 1.0)]
    found = {each["way"]: (each["pairs"], each["gram"]) for each in study_look.means(rows)}
    assert found == {"x": (2, 2.0), "y": (2, 0.5)}
    (tmp_path / "look.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows))
    assert study_look.known_rows(tmp_path) == rows and study_look.known_rows(tmp_path / "none") == []


def test_charts_and_sheets_are_drawn(tmp_path: Path) -> None:
    rows = [row("a", way, strength, strength) for way in ("x", "y") for strength in (0.3, 0.6)]
    for number, each in enumerate(rows):
        image = Image.new("RGB", (96, 48), (60 * number, 0, 0))
        image.save(tmp_path / study_look.picture_name("a", each["way"], each["strength"]))
    study_look.draw(tmp_path, rows)
    with Image.open(tmp_path / "sheet-a.png") as sheet:
        assert sheet.size == (2 * 480, 2 * 240)
        np.testing.assert_array_equal(
            [sheet.getpixel(at)[0] for at in ((400, 200), (900, 200), (900, 400))], [0, 60, 180]
        )
    charts = {*study_look.AGAINST_CONTENT, *study_look.AGAINST_LPIPS}
    assert all((tmp_path / f"{figure}.png").exists() for figure in charts)


def test_parts_are_enlarged_beside_the_painting(tmp_path: Path) -> None:
    """Each pixel four times as large; the painting with as many pixels as the picture, 40 x 40 of 1600."""
    painting = Image.effect_noise((20, 20), 80).convert("RGB")
    painting.save(tmp_path / "painting.png")
    rows = [row("a", "x", 0.5, 1.0), row("b", "x", 0.5, 1.0)]
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / study_look.picture_name("a", "x", 0.5))
    study_look.enlarged(tmp_path, study_look.Pair("a", "", str(tmp_path / "painting.png")), rows)
    with Image.open(tmp_path / "enlarged-a.png") as image:
        found = np.asarray(image)
    left, top, right, bottom = 2, 1, 16, 18
    assert found.shape == (4 * (bottom - top), 2 * 4 * (right - left), 3)
    np.testing.assert_array_equal(found[1::4, 1 : 4 * (right - left) : 4], pixels[top:bottom, left:right])
    larger = np.asarray(painting.resize((40, 40), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(found[1::4, 4 * (right - left) + 1 :: 4], larger[top:bottom, left:right])
    study_look.enlarged(tmp_path, study_look.Pair("none", "", ""), rows)
    assert not (tmp_path / "enlarged-none.png").exists()


def test_a_study_without_judges_has_a_table() -> None:
    rows = [{name: value for name, value in row("a", "x", 0.5, 1.0).items() if name not in JUDGED}]
    told = measuring.table(study_look.COLUMNS, study_look.means(rows), markdown=True)
    assert told.splitlines()[2].count("| -") == len(JUDGED)


@pytest.mark.slow
@pytest.mark.weights
def test_a_study_goes_on(tmp_path: Path, vgg19_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [f"--out={tmp_path}", "--size=64", "--strengths=0.5"]
    study_look.main([*asked, "--ways=default"])
    study_look.main([*asked, "--ways=default,before"])
    rows = study_look.known_rows(tmp_path)
    assert [each["way"] for each in rows] == ["default", "before"]
    assert capsys.readouterr().err.count("samples, ") == 2


@pytest.mark.parametrize("path", paint_docs.PICTURES)
def test_the_pictures_of_the_docs_are_there_and_can_be_made(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert request.parse(paint_docs.PICTURES[path].split()) != Config()
    assert (ROOT / "docs" / f"{path}.jpg").exists()
    page = path.split("/")[0]
    if page in ("control", "look"):
        told = next((ROOT / "docs").glob(f"*/{page}.md")).read_text(encoding="utf8")
        assert f"keras-nst run {paint_docs.PICTURES[path]}\n" in told or path == "control/plain"
        assert f"(../{path}.jpg)" in told
