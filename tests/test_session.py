"""One session, many pictures: each is the one it would be alone."""

import logging
import pickle
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.command.log import logged
from keras_nst.core.descent.scales import Audience
from keras_nst.core.descent.steps import Stepper
from keras_nst.core.descent.transfer import Painted, transfer
from keras_nst.core.network import resizing
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Kept, Network
from keras_nst.core.objective.terms import Term, Value
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing import sight
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, look_at
from keras_nst.pictures.files import Picture
from keras_nst.run.prepare import JobSpec
from keras_nst.session.method import method_of
from keras_nst.session.scene import Masks, Scene, scene_of
from keras_nst.session.session import Session, paced
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer

LAYERS = {
    "content_layers": (Layer("block2_conv2"),),
    "style_layers": (Layer("block1_conv1"), Layer("block2_conv1")),
    "weights": "random",
    "precision": "float32",
    "steps": (4, 3),
    "scales": 2,
    "size": "48",
}


def picture(seed: int, height: int = 36, width: int = 48) -> Picture:
    return Picture(smooth_picture(height, width, seed), None, "", ())


def scene(config: Config, content: int, style: int) -> Scene:
    return scene_of(picture(content), [picture(style, 40, 40)], None, Masks(None), config, lambda line: None)


def painted(session: Session, config: Config, content: int, style: int) -> Painted:
    inputs = scene(config, content, style)
    resolved = session.resolve(config, inputs.size)
    return session.paint(inputs, resolved, pace=paced(resolved, inputs.size))


@pytest.mark.usefixtures("nothing_is_kept")
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"optimizer": "lbfgs", "history": 3},
        {"style_strength": 0.6},
        {"style_loss": (("gram", 1.0), ("swd", 1.0))},
        {"evaluator": "tiles", "tile_size": 32, "size": "130"},
        {"optimizer": "sgd", "learning_rate": 1.0, "average": 0.5},
    ],
    ids=str,
)
def test_a_picture_after_others_is_the_one_it_is_alone(given: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bit for bit, though it goes through programs that others have compiled."""
    config, compiled = Config(**{**LAYERS, **given, "style": "a"}), []
    compile_steps = Stepper.compile
    monkeypatch.setattr(Stepper, "compile", lambda *arguments: compiled.append(1) or compile_steps(*arguments))
    pairs = [(0, 1), (2, 1), (2, 3), (0, 1)]
    with Session(config, keep=1e9) as session:
        together = [painted(session, config, *pair) for pair in pairs]
    counted = len(compiled)
    for pair, result in zip(pairs[1:3], together[1:3], strict=True):  # the first has none before it
        with Session(config) as alone:
            np.testing.assert_array_equal(painted(alone, config, *pair).picture, result.picture)
    np.testing.assert_array_equal(together[0].picture, together[3].picture)
    assert np.any(together[0].picture != together[1].picture) and np.any(together[1].picture != together[2].picture)
    assert counted == 2 and len(compiled) == counted + 4  # at each of two scales


@pytest.mark.usefixtures("nothing_is_kept")
def test_what_is_known_of_a_style_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    config, measured = Config(**LAYERS, style="a"), []
    measure = sight.Originals._style
    monkeypatch.setattr(sight.Originals, "_style", lambda *arguments: measured.append(1) or measure(*arguments))
    with Session(config, keep=1e9) as session:
        for content, style in ((0, 1), (2, 1), (3, 1), (0, 4)):
            painted(session, config, content, style)
    assert len(measured) == 4  # of two styles at two scales


@pytest.mark.usefixtures("nothing_is_kept")
def test_a_session_without_room_keeps_nothing() -> None:
    config = Config(**LAYERS, style="a")
    with Session(config) as session:
        painted(session, config, 0, 1)
        (network,) = session.networks.values()
        assert not network.stages.things and not network.styles.things
    assert not session.networks


def test_the_latest_things_are_kept_as_far_as_there_is_room() -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name

    kept: Kept[str] = Kept(10, len)
    for name in ("four", "five5", "four", "three", "four", "five5"):
        assert kept.get(name, lambda name=name: make(name)) == name
    assert made == ["four", "five5", "three", "five5"]
    assert Kept(0, len).get("a", lambda: "b") == "b"


# --- A term of one's own ---


def pull_towards(wanted: np.ndarray) -> Term:
    """Returns the term mean |x - wanted|^2 over the pixels, whose parts add up."""

    def aim(originals: object, objective: object) -> tf.Tensor:
        return resizing.resize(wanted, originals.size)

    def part(seen: object, aim: tf.Tensor, objective: object) -> tf.Tensor:
        squares = tf.square(seen.pixels.values - aim)
        own = 1.0 if seen.pixels.own is None else seen.pixels.own[:, :, None]
        return tf.reduce_sum(squares * own, axis=[1, 2, 3])

    def value(total: tf.Tensor, aim: tf.Tensor, size: Size, objective: object) -> Value:
        return Value(total / (size.height * size.width), {})

    def here(aim: tf.Tensor, tile: object) -> tf.Tensor:
        return aim[:, tile.rows.block(1), tile.columns.block(1)]

    return Term(aim, part, value, here=here)


def with_term(wanted: np.ndarray, weight: float, **given: object) -> Method:
    method = method_of(Config(**{**LAYERS, **given, "style_loss": (("gram", 1.0),)}).resolved())
    objective = method.objective.weighted(pull=weight)._replace(more_terms=(("pull", pull_towards(wanted)),))
    return method._replace(objective=objective)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(extractor("vgg19", ["block1_conv1", "block2_conv1", "block2_conv2"], weights=0))


def test_a_term_of_ones_own_pulls_and_is_told(network: Network) -> None:
    wanted = np.full((1, 36, 48, 3), 0.25, np.float32)
    pictures, told = Pictures(picture(0).pixels[None], (Style(picture(1).pixels[None]),)), []
    method = with_term(wanted, 1e4, scales=1, steps=(60,))
    result = transfer(pictures, Size(36, 48), method, network, Audience(lambda scale, left: left, [told.append]))
    np.testing.assert_allclose(result.picture, wanted, atol=0.05)
    first, last = (losses.terms["pull"][0] for losses in (told[0].taken[0].losses, told[-1].losses))
    assert last < 0.1 * first and set(result.losses.terms) == {"content", "style", "variation", "pull"}


def test_a_term_of_ones_own_in_tiles(network: Network) -> None:
    size, wanted = Size(150, 60), smooth_picture(150, 60, seed=5)[None]
    pictures = Pictures(picture(0, *size).pixels[None], (Style(picture(1).pixels[None]),))
    shown = tf.constant(smooth_picture(*size, seed=3)[None])
    answers = []
    for evaluator in ("whole", "tiles"):
        method = with_term(wanted, 3.0, evaluator=evaluator, tile_size=32)
        look = look_at(size, network.features, method.objective, method.seeing)
        answers.append(look.evaluate(shown, aim_at(pictures, size, network, method)))
    (values, gradient), (tiled, pulled) = answers
    np.testing.assert_allclose(tiled.terms["pull"], values.terms["pull"], rtol=1e-5)
    np.testing.assert_allclose(values.terms["pull"], [np.sum((shown - wanted) ** 2) / (150 * 60)], rtol=1e-5)
    assert np.linalg.norm(pulled - gradient) < 1e-4 * np.linalg.norm(gradient)


# --- Jobs and logs ---


def test_a_job_crosses_a_process(tmp_path: Path) -> None:
    spec = JobSpec(Config(content="sample:harbor", style="sample:night:2@1-3", size="64"), tmp_path / "run")
    again = pickle.loads(pickle.dumps(spec))
    assert again == spec and len(pickle.dumps(spec)) < 10_000
    loaded = again.load(print)
    assert loaded.size == Size(43, 64) and loaded.styles[0].part.weight == 2


def test_logs_of_two_runs_do_not_mix(tmp_path: Path) -> None:
    inside = threading.Barrier(2, timeout=20)

    def work(name: str) -> None:
        (tmp_path / name).mkdir()
        with logged(tmp_path / name, ()) as log:
            inside.wait()
            log.info("%s begins", name)
            logging.getLogger("tensorflow").warning("of %s", name)
            inside.wait()

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for own, other in (("one", "two"), ("two", "one")):
        text = (tmp_path / own / "run.log").read_text()
        assert f"{own} begins" in text and f"of {own}" in text and other not in text


def test_warnings_are_in_the_log(tmp_path: Path) -> None:
    with logged(tmp_path, ()), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("mind the gap", stacklevel=1)
    assert "mind the gap" in (tmp_path / "run.log").read_text()
