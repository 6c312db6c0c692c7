"""The loop: chunks, traces, batches, scales, stopping."""

import functools
import logging
import re
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import smooth_picture

from keras_nst.core.descent import steps
from keras_nst.core.descent import transfer as core
from keras_nst.core.descent.optimizers import make_optimizer
from keras_nst.core.descent.scales import Audience, Pace
from keras_nst.core.descent.stage import Stage
from keras_nst.core.descent.steps import Stepper, Taken, Watch
from keras_nst.core.network.features import extractor
from keras_nst.core.network.network import Network
from keras_nst.core.network.programs import compiled
from keras_nst.core.network.resizing import resize
from keras_nst.core.objective.definitions import DEFINITIONS
from keras_nst.core.plan.events import Progress
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Size, plan
from keras_nst.core.seeing import sight
from keras_nst.core.seeing.sight import Pictures, Style, aim_at, first_picture, look_at, style_at
from keras_nst.session.method import method_of
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer

LAYERS = {
    "content_layers": (Layer("block2_conv2"),),
    "style_layers": (Layer("block1_conv1"), Layer("block2_conv1")),
}
# With random weights many directions of features hold next to nothing, of which w2 makes a little of rounding.
SIMPLE = {"style_loss": (("gram", 1.0),), "average": 0.0}


@pytest.fixture(scope="module")
def features() -> keras.Model:
    return extractor("vgg19", ["block1_conv1", "block2_conv1", "block2_conv2"], weights=0)


def settings(**given: object) -> Method:
    return method_of(Config(**{**LAYERS, **SIMPLE, "steps": (4, 3), "scales": 2, **given}).resolved())


def tensor(*seeds: int, size: tuple[int, int] = (32, 40)) -> tf.Tensor:
    return tf.constant(np.stack([smooth_picture(*size, seed) for seed in seeds]))


def pair() -> Pictures:
    return Pictures(tensor(0), (Style(tensor(1, size=(36, 30))),))


def evaluator_of(features: keras.Model, method: Method) -> Callable[[tf.Tensor], tuple]:
    look = look_at(Size(32, 40), features, method.objective, method.seeing)
    aim = aim_at(pair(), look.size, Network(features), method)
    return lambda picture: look.evaluate(picture, aim)


@functools.cache
def kept(features: keras.Model) -> Network:
    """The network with the programs of earlier tests, as a session keeps them."""
    return Network(features, keep=1e9)


def run(features: keras.Model, pictures: Pictures, chunk: int = 2, pace: Pace | None = None, **given: object):
    seen: list[Progress] = []
    audience = Audience(pace or (lambda scale, left: chunk), [seen.append])
    return core.transfer(pictures, Size(32, 40), settings(**given), kept(features), audience), seen


def test_losses_fall_and_the_picture_is_sound(features: keras.Model) -> None:
    result, seen = run(features, pair(), steps=(20,))
    assert result.picture.shape == (1, 32, 40, 3) and result.picture.dtype == np.float32
    assert 0 <= result.picture.min() and result.picture.max() <= 1
    assert result.losses.total[0] < 0.5 * seen[0].losses.total[0]


def test_progress_counts_on_over_the_scales(features: keras.Model) -> None:
    _, seen = run(features, pair(), chunk=3)
    assert [event.step for event in seen] == [3, 4, 7, 7]
    assert [event.scale for event in seen] == [1, 1, 2, 2]
    assert [event.scale_step for event in seen] == [3, 4, 3, 3]
    assert [event.final for event in seen] == [False, False, False, True]
    assert {event.steps for event in seen} == {7}


def test_step_k_has_the_loss_before_its_update(features: keras.Model) -> None:
    """The first loss is that of the first picture; the final one is that of the finished picture."""
    result, seen = run(features, pair(), chunk=1, scales=1, steps=(3,))
    evaluator = evaluator_of(features, settings(scales=1))
    first = resize(pair().content, Size(32, 40))
    np.testing.assert_allclose(seen[0].losses.total, evaluator(first)[0].total, rtol=1e-5)
    np.testing.assert_allclose(result.losses.total, evaluator(tf.constant(result.picture))[0].total, rtol=1e-5)
    np.testing.assert_array_equal(seen[0].losses.content, [0.0])


def test_the_content_weighs_less_at_the_first_of_several_sizes(features: keras.Model) -> None:
    """As its losses tell; a batch's weights too, and nothing changes where there is one size."""
    weighs = settings(coarse_content=0.25)
    assert weighs.objective.weight("content") == 0.3
    _, seen = run(features, pair(), coarse_content=0.25, steps=(4, 4))
    for event, share in zip(seen, (0.25, 0.25, 1.0, 1.0, 1.0), strict=True):
        terms = {name: float(value[0]) for name, value in event.losses.terms.items()}
        expected = share * 0.3 * terms["content"] + 5.7 * terms["style"] + 0.006 * terms["variation"]
        np.testing.assert_allclose(event.losses.total[0], expected, rtol=1e-5)
    first, second, alone = plan(Size(32, 40), (1,), 2) + plan(Size(32, 40), (1,), 1)
    several = weighs._replace(objective=weighs.objective.weighted(content=(1.0, 2.0)))
    assert several.at(first).objective.weight("content") == (0.25, 0.5)
    assert several.at(second) is several and several.at(alone) is several


def test_a_chunk_of_four_is_four_of_one(features: keras.Model) -> None:
    pictures = [run(features, pair(), chunk=chunk, steps=(4, 4))[0].picture for chunk in (1, 4)]
    np.testing.assert_array_equal(*pictures)


def test_one_trace_for_all_chunk_lengths(features: keras.Model) -> None:
    method, picture = settings(), tf.Variable(tensor(0))
    traces = 0
    look = look_at(Size(32, 40), features, method.objective, method.seeing)
    aim = aim_at(pair(), look.size, Network(features), method)

    def counting(*seen: object):
        nonlocal traces
        traces += 1
        return look.evaluate(*seen)

    mover, watch = make_optimizer(method.movement, 9, picture), Watch(1, 0.0)
    take = Stepper(picture, counting, mover, watch, method.objective).compile(aim, in_one_graph=True, by_xla=False)
    for count in (1, 4, 2):
        take(tf.constant(count), aim)
    assert traces == 1


def test_no_retracing_warning_in_a_normal_pyramid(features: keras.Model, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="tensorflow"):
        run(features, pair(), chunk=1, steps=(3,), scales=3)
        run(features, pair(), chunk=1, steps=(2,), scales=3)
    assert not [record for record in caplog.records if "retracing" in record.getMessage()]


def test_a_batch_is_its_pictures(features: keras.Model) -> None:
    """With SGD, since Adam would hide a wrong scale of the gradient; bounded steps are bounded picture by picture."""
    contents, styles = (0, 5), (1, 6)
    sgd = {"optimizer": "sgd", "learning_rate": 1.0, "scales": 1, "steps": (1,)}
    together, _ = run(features, Pictures(tensor(*contents), (Style(tensor(*styles)),)), **sgd)
    for index in (0, 1):
        alone, _ = run(features, Pictures(tensor(contents[index]), (Style(tensor(styles[index])),)), **sgd)
        np.testing.assert_allclose(together.picture[index], alone.picture[0], atol=1e-5)
        np.testing.assert_allclose(together.losses.total[index], alone.losses.total[0], rtol=1e-5)
        moved = np.abs(alone.picture[0] - resize(tensor(contents[index]), Size(32, 40))[0]).max()
        assert moved > 1e-3


@pytest.mark.parametrize("loss", ["gram", "mean_std", "covariance", "w2", "mmd", "swd", "neighbor"])
def test_one_style_serves_several_pictures(loss: str, features: keras.Model) -> None:
    given = {"style_loss": ((loss, 1.0),), "scales": 1, "steps": (2,)}
    together, _ = run(features, Pictures(tensor(0, 5, 6), (Style(tensor(1)),)), **given)
    for index, content in enumerate((0, 5, 6)):
        alone, _ = run(features, Pictures(tensor(content), (Style(tensor(1)),)), **given)
        np.testing.assert_allclose(together.losses.total[index], alone.losses.total[0], rtol=1e-4)


@pytest.mark.parametrize("normalization", ["balanced", "gatys", "keras", "tensorflow", "d2l"])
def test_the_gradient_is_that_of_the_loss(features: keras.Model, normalization: str) -> None:
    """A small move along a random direction changes the loss by gradient times direction."""
    evaluator = evaluator_of(features, settings(normalization=normalization))
    picture = 0.2 + 0.6 * tensor(3)
    direction = evaluator(picture)[1]
    direction = direction / tf.norm(direction) * 0.02
    ahead, behind = (evaluator(picture + sign * direction)[0].total for sign in (1, -1))
    slope = tf.reduce_sum(evaluator(picture)[1] * direction)
    np.testing.assert_allclose((ahead - behind) / 2, [slope], rtol=0.02)


def test_no_steps_gives_the_first_picture(features: keras.Model) -> None:
    result, seen = run(features, pair(), steps=(0,))
    np.testing.assert_array_equal(result.picture, resize(pair().content, Size(32, 40)))
    assert [event.final for event in seen] == [True]


def test_scales_without_steps_are_left_out() -> None:
    kept = plan(Size(256, 256), (0, 5, 7), 3)
    assert [(scale.size.width, scale.steps, scale.before) for scale in kept] == [(181, 5, 0), (256, 7, 5)]


def test_a_run_that_diverges_ends_with_the_last_sound_picture(features: keras.Model) -> None:
    """Sums in 0..255 times 1e30 are more than float32 holds."""
    huge = {"normalization": "keras", "variation_weight": 1e30, "style_weight": 1e30}
    result, seen = run(features, pair(), init="blend", scales=1, **huge)
    assert result.diverged and result.losses is None and result.steps == 0 and not seen
    np.testing.assert_array_equal(result.picture, first_picture(pair(), Size(32, 40), settings(init="blend").start))


def test_an_absurd_rate_ends_with_the_best_picture(features: keras.Model) -> None:
    """Each step of it makes all pixels black or white."""
    said: list[str] = []
    given = settings(learning_rate=1e6, scales=1, steps=(50,), content_weight=100.0)
    result = core.transfer(pair(), Size(32, 40), given, Network(features), Audience(lambda *left: 8, [], said.append))
    assert result.diverged and len(said) == 5 and "half the learning rate" in said[0]
    np.testing.assert_array_equal(result.picture, pair().content)


def test_a_rate_that_explodes_now_and_then_is_tamed(features: keras.Model) -> None:
    said: list[str] = []
    given = settings(learning_rate=2.0, scales=1, steps=(150,), content_weight=100.0, decay_rate=1.0)
    result = core.transfer(pair(), Size(32, 40), given, Network(features), Audience(lambda *left: 64, [], said.append))
    assert 1 <= len(said) <= 5 and not result.diverged and np.isfinite(result.losses.total).all()


def stop_after(calls: int) -> Callable[[int, int], int | None]:
    left = iter([1] * calls)
    return lambda scale, steps: next(left, None)


def test_stopping_keeps_the_picture_at_the_final_size(features: keras.Model) -> None:
    for calls, taken in ((0, 0), (2, 2), (5, 5)):
        result, seen = run(features, pair(), pace=stop_after(calls))
        assert result.picture.shape == (1, 32, 40, 3)
        assert result.losses is None and result.steps == taken and len(seen) == calls


def test_first_pictures() -> None:
    size, pictures = Size(32, 40), pair()

    def first(init: str, **given: object) -> np.ndarray:
        return np.asarray(first_picture(pictures, size, settings(init=init, **given).start))

    np.testing.assert_array_equal(first("auto"), pictures.content)
    np.testing.assert_array_equal(first("content"), pictures.content)
    np.testing.assert_array_equal(first("style"), resize(pictures.styles[0].picture, size))
    noise = first("noise")
    assert abs(noise.mean() - 0.5) < 0.02 and abs(noise.std() - math_uniform_std()) < 0.02
    np.testing.assert_array_equal(noise, first("noise"))
    assert np.any(noise != first("noise", seed=1))
    np.testing.assert_allclose(first("blend", noise=0.25), 0.25 * noise + 0.75 * pictures.content, atol=1e-6)
    alone = first_picture(Pictures(None, pictures.styles), size, settings(content_weight=0).start)
    np.testing.assert_array_equal(alone, noise)
    given = first_picture(pictures._replace(first=tensor(9)), size, settings(init="my.png").start)
    np.testing.assert_array_equal(given, tensor(9))


def math_uniform_std() -> float:
    return 12**-0.5


def test_style_shapes() -> None:
    size = Size(32, 40)
    assert style_at(pair().styles[0], size, settings(style_fit="squash").seeing).shape[1:3] == size
    height, width = style_at(pair().styles[0], size, settings().seeing).shape[1:3]
    assert height / width == pytest.approx(36 / 30, rel=0.05) and height * width == pytest.approx(32 * 40, rel=0.05)


@pytest.mark.parametrize(
    ("normalization", "optimizer", "evaluator"),
    [
        *((name, "adam", "whole") for name in DEFINITIONS),
        ("balanced", "sgd", "whole"),
        ("keras", "adam", "tiles"),
        ("balanced", "sgd", "tiles"),
    ],
)
def test_compiled_by_xla(features: keras.Model, normalization: str, optimizer: str, evaluator: str) -> None:
    """Every loss and optimizer; by tiles, of which there are two, one of the sources' and our own."""
    given = {"normalization": normalization, "optimizer": optimizer, "variation_weight": 0.1}
    how = {"evaluator": evaluator, "tile_size": 32, "scales": 1, "steps": (2,)}
    plain, compiled = (
        core.transfer(
            pair(), Size(32, 60), settings(**given, **how, xla=xla), kept(features), Audience(lambda *left: 2)
        )
        for xla in ("off", "on")
    )
    np.testing.assert_allclose(compiled.losses.total, plain.losses.total, rtol=1e-3)


class Traced(Exception):
    """A program would now run."""


@pytest.mark.parametrize("loss", ["gram", "w2"])
def test_a_whole_step_has_no_work_for_the_host(
    loss: str, features: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many steps, the losses' account and the end where they are unsound: all on the device, as a TPU needs it."""
    written: list[str] = []

    def write(work: Callable, inputs: tuple, by_xla: bool) -> None:
        assert by_xla
        program = compiled(work, by_xla).experimental_get_compiler_ir(*inputs)
        written.append(program(stage="stablehlo"))
        raise Traced

    monkeypatch.setattr(steps, "traced", write)
    with pytest.raises(Traced):
        run(features, pair(), xla="on", style_loss=((loss, 1.0),), average=0.9, variation_weight=0.1)
    operations = set(re.findall(r"stablehlo\.(\w+)", written[0]))
    assert operations >= {"while", "convolution", "dot_general"}
    assert not operations & {"infeed", "outfeed", "send", "recv", "custom_call"}


@pytest.mark.parametrize("blocks", [(2, 5), (1, 1)])
def test_a_style_that_serves_some_blocks_only(blocks: tuple[int, int], features: keras.Model) -> None:
    """Alone: the other layers have no style, and no loss."""
    content, (style, *_), *_ = pair()
    result, _ = run(features, Pictures(content, (style._replace(blocks=blocks),)), steps=(3,), scales=1)
    named = [int(name[len("block")]) for name in result.losses.layers["style"]]
    assert named and all(blocks[0] <= block <= blocks[1] for block in named)


def test_style_alone_and_content_alone(features: keras.Model) -> None:
    texture, _ = run(features, Pictures(None, (Style(tensor(1)),)), content_weight=0.0)
    assert texture.losses.content[0] == 0 and texture.losses.style[0] > 0
    plain, _ = run(features, Pictures(tensor(0), ()), style_weight=0.0, variation_weight=0.0)
    np.testing.assert_allclose(plain.losses.total, 0, atol=0.2)


def test_the_keras_example_s_rate_stays_finite_on_small_pictures(features: keras.Model) -> None:
    """Unbounded, its steps overshoot further each time on a picture this small."""
    example = {"normalization": "keras", "optimizer": "sgd", "learning_rate": 100 / 255**2, "decay_rate": 0.96}
    result, seen = run(features, pair(), steps=(30,), scales=1, **example)
    losses = [event.losses.total[0] for event in seen]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]


def exhaust(monkeypatch: pytest.MonkeyPatch, chunk: int, shown: list[int | None]) -> None:
    """Lets memory end where the picture is seen whole at that chunk; notes how it is seen at each chunk."""
    take = Stage.take

    def limited(stage: Stage, count: int) -> Taken:
        seeing = stage.method.seeing
        shown.append(seeing.tile_size if seeing.evaluator == "tiles" else None)
        if seeing.evaluator != "tiles" and len(shown) >= chunk:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")
        return take(stage, count)

    monkeypatch.setattr(Stage, "take", limited)


def test_where_memory_ends_the_run_goes_on_in_tiles(features: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sight, "TILE_SIZES", (64, 32))
    go = functools.partial(core.transfer, pair(), Size(48, 76), settings(), Network(features))
    plain = go(Audience(lambda *left: 2))
    shown: list[int | None] = []
    exhaust(monkeypatch, 4, shown)
    said: list[str] = []
    result = go(Audience(lambda *left: 2, [], said.append))
    assert shown == [None, None, None, None, 32] and result.steps == plain.steps
    np.testing.assert_allclose(result.losses.total, plain.losses.total, rtol=1e-3)
    assert said == ["Not enough memory for 76 x 48 pixels: continuing in tiles of 32."]


def test_where_no_tile_is_smaller_the_error_is_passed_on(
    features: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sight, "TILE_SIZES", (64,))
    exhaust(monkeypatch, 1, [])
    with pytest.raises(tf.errors.ResourceExhaustedError):
        run(features, pair())


# --- Other ways to search ---


def test_lbfgs_falls_faster_and_never_rises(features: keras.Model) -> None:
    adam, _ = run(features, pair(), scales=1, steps=(30,))
    lbfgs, seen = run(features, pair(), chunk=1, scales=1, steps=(30,), optimizer="lbfgs")
    assert lbfgs.losses.total[0] < adam.losses.total[0]
    lowest = np.minimum.accumulate([event.losses.total[0] for event in seen])
    np.testing.assert_allclose(lbfgs.losses.total[0], lowest[-1], rtol=1e-5)  # of which the last is the final picture's


@pytest.mark.parametrize("evaluator", ["whole", "tiles"])
def test_lbfgs_compiled_by_xla(features: keras.Model, evaluator: str) -> None:
    how = {"evaluator": evaluator, "tile_size": 32, "scales": 1, "steps": (6,), "optimizer": "lbfgs", "average": 0.0}
    plain, compiled = (
        core.transfer(pair(), Size(32, 60), settings(**how, xla=xla), Network(features), Audience(lambda *left: 6))
        for xla in ("off", "on")
    )
    np.testing.assert_allclose(compiled.losses.total, plain.losses.total, rtol=1e-3)


@pytest.mark.parametrize("loss", ["mean_std", "covariance", "w2", "mmd", "swd", "neighbor"])
def test_every_style_loss_falls_and_compiles(features: keras.Model, loss: str) -> None:
    given = {"style_loss": ((loss, 1.0),), "scales": 1, "steps": (6,)}
    plain, seen = run(features, pair(), chunk=1, **given)
    assert plain.losses.style[0] < seen[0].losses.style[0]
    compiled, _ = run(features, pair(), chunk=6, xla="on", **given)
    np.testing.assert_allclose(compiled.losses.total, plain.losses.total, rtol=1e-2)


def test_an_average_is_that_of_the_last_pictures(features: keras.Model) -> None:
    result, _ = run(features, pair(), scales=1, steps=(5,), average=0.5)
    pictures = [run(features, pair(), scales=1, steps=(5,), pace=stop_after(count))[0].picture for count in range(1, 6)]
    weights = 0.5 ** np.arange(4, -1, -1)
    np.testing.assert_allclose(result.picture, np.average(pictures, axis=0, weights=weights), atol=1e-5)


def test_a_scale_ends_where_the_loss_has_settled(features: keras.Model) -> None:
    result, seen = run(features, pair(), chunk=10, steps=(200, 200), settle=0.05)
    assert 2 * 30 <= result.steps < 300 and {event.scale for event in seen} == {1, 2}
    assert result.losses is not None


def test_what_is_kept_stays_the_content(features: keras.Model) -> None:
    free = np.zeros((32, 40), np.float32)
    free[:, 20:] = 1.0
    result, _ = run(features, pair()._replace(free=free))
    np.testing.assert_array_equal(result.picture[:, :, :18], pair().content[:, :, :18])
    assert np.abs(result.picture[:, :, 22:] - pair().content[:, :, 22:]).max() > 0.05
