"""Networks that learn to paint: what they are taught, how they go on, what is asked wrongly."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import ROOT, losses_of, run_process, smooth_picture, write_picture
from PIL import Image

from keras_nst.core.plan.pyramid import Size
from keras_nst.core.seeing.sight import Pictures, Style, aim_at
from keras_nst.core.seeing.teacher import Assignment, Teacher
from keras_nst.core.seeing.whole import Whole
from keras_nst.networks import schedule
from keras_nst.networks.learning import Learned, Learner, Moves, possible, seen_by
from keras_nst.networks.model import CARD, SAMPLES, STARTER, WEIGHTS, read_card
from keras_nst.networks.painter import Shape, network
from keras_nst.networks.schedule import LAST, PATIENCE, WARM, Plan
from keras_nst.networks.trained import load
from keras_nst.pictures.files import read_picture
from keras_nst.session.method import method_of
from keras_nst.session.session import Session
from keras_nst.settings.declared import SettingError
from keras_nst.system.files import read_about, read_arrays, write_archive
from keras_nst.system.pace import Stop
from keras_nst.train import course, written
from keras_nst.train.__main__ import main
from keras_nst.train.drive import drive
from keras_nst.train.photographs import crop, read_photographs
from keras_nst.train.prepare import STATE, Request, prepare
from keras_nst.train.settings import Training

SMALL = {
    **{"weights": "random", "size": "64", "style_size": "48", "width": "4", "blocks": "1", "batch_size": "2"},
    **{"steps": "6", "precision": "float32", "style_layers": "block1_conv1,block2_conv1", "checkpoint_secs": "1000"},
    **{"content_layers": "block2_conv2", "style_strength": "0.5"},
}
NEVER = threading.Event()


class After:
    """Tells to stop after so many steps: it is asked before each."""

    def __init__(self, steps: int):
        self.left = steps

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photographs, some of them in folders inside it or of no use; beside it two styles."""
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "photographs" / "inside").mkdir(parents=True)
    for number in range(5):
        write_picture(folder / "photographs" / f"{number}.png", 80, 100, seed=number)
    write_picture(folder / "photographs" / "inside" / "deep.jpg", 130, 90, seed=9)
    write_picture(folder / "photographs" / "tiny.png", 20, 300)
    (folder / "photographs" / "broken.jpg").write_bytes(b"\xff\xd8 rubbish")
    (folder / "photographs" / "notes.txt").write_text("no picture")
    for seed, name in enumerate(("paint.jpg", "ink.jpg"), start=20):
        write_picture(folder / name, 60, 50, seed=seed)
    return folder


def settings(pictures: Path, **own: str) -> Training:
    given = {"contents": str(pictures / "photographs"), "style": str(pictures / "paint.jpg")}
    return Training.written(**SMALL | given | own)


def trained(pictures: Path, folder: Path, stop: Stop = NEVER, **own: str) -> tuple[Path, list[str]]:
    """Trains a network; returns its folder and what was told."""
    told: list[str] = []
    asked = prepare(settings(pictures, workdir=str(folder), **own), told.append)
    assert drive(asked, stop, told.append) == 0
    return folder, told


@pytest.fixture(scope="module")
def model(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model; not to be changed."""
    return trained(pictures, tmp_path_factory.mktemp("model") / "paint")[0]


def weights_of(folder: Path) -> list[np.ndarray]:
    with np.load(folder / WEIGHTS) as arrays:
        return [arrays[name] for name in sorted(arrays)]


# --- What they are taught ---


def teacher(**own: str) -> tuple[Teacher, Session]:
    config = Training.written(**SMALL | {"style": "x", "contents": "y"} | own).config()
    session = Session(config)
    resolved = session.resolve(config, Size(64, 64))
    return Teacher(session.network(resolved), method_of(resolved), Size(64, 64)), session


@pytest.mark.parametrize("loss", ["w2", "gram,swd"])
def test_the_objective_is_the_programs_own(loss: str) -> None:
    """Two photographs at once have the losses and the gradients that a run of each has with these weights."""
    teaches, _ = teacher(style_loss=loss)
    photographs = np.stack([smooth_picture(64, 64, seed) for seed in (1, 2)])
    painted = tf.constant(np.stack([smooth_picture(64, 64, seed) for seed in (3, 4)]))
    style = Style(smooth_picture(60, 50, 5)[None])
    lesson = teaches.lesson((style,), 48, photographs)
    together = tf.function(lambda pictures, shown: teaches.judge(pictures, shown, lesson), autograph=False)
    losses, gradient = together(painted, tf.constant(photographs))
    weights = {name: float(weight) for name, weight in lesson.weights.items()}
    objective = teaches.method.objective.weighted(**weights)
    # The run's picture is as large as the style is seen, so that its own way to the style's measures is the same.
    style = Style(style.picture, scale=48 / 64)
    for number in range(2):
        method = teaches.method._replace(objective=objective, strength=None)
        inputs = Pictures(photographs[number : number + 1], (style,))
        aim = aim_at(inputs, Size(64, 64), teaches.network, method)
        look = Whole(teaches.network.features, Size(64, 64), objective, method.seeing)
        alone, slope = look.evaluate(painted[number : number + 1], aim)
        np.testing.assert_allclose(losses.total[number], alone.total[0], rtol=5e-5)
        np.testing.assert_allclose(losses.content[number], alone.content[0], rtol=5e-5)
        scale = abs(slope.numpy()).max()
        np.testing.assert_allclose(gradient[number], slope[0], atol=1e-4 * scale)


def test_a_step_goes_down_the_slope_of_the_loss() -> None:
    """On along it the loss is less, and back along it more; no weight moves more than Adam moves it."""
    teaches, _ = teacher()
    photographs = np.stack([smooth_picture(64, 64, seed) for seed in (1, 2)])
    painter = network(Shape(4, 1, 1))
    random = np.random.default_rng(0)
    for weight in painter.weights:
        weight.assign(weight + 0.02 * random.standard_normal(weight.shape))
    lesson = teaches.lesson((Style(smooth_picture(60, 50, 5)[None]),), 48, photographs)
    learner = Learner(painter, teaches, [lesson], painter.trainable_weights)
    before = [weight.numpy() for weight in learner.weights]
    rate = 1e-5
    learner.step(0, photographs, rate, 0)
    way = [weight.numpy() - old for weight, old in zip(learner.weights, before, strict=True)]
    assert max(abs(step).max() for step in way) <= 1.01 * rate

    def loss_at(share: float) -> float:
        for weight, old, step in zip(learner.weights, before, way, strict=True):
            weight.assign(old + share * step)
        return float(learner.judge(photographs)[0].total.mean())

    steeper, flatter = loss_at(20.0), loss_at(-20.0)
    assert steeper < loss_at(0.0) < flatter


def test_nothing_is_asked_that_colors_cannot_do() -> None:
    made, asked = tf.constant([-0.5, -0.5, 0.5, 1.5, 1.5]), tf.constant([1.0, -1.0, 1.0, 1.0, -1.0])
    np.testing.assert_array_equal(possible(made, asked), [0.0, -1.0, 1.0, 1.0, 0.0])


def test_the_camera_sees_a_part_as_large_as_before() -> None:
    picture = np.zeros((1, 9, 9, 3), np.float32)
    picture[0, :, :, 0], picture[0, :, :, 1] = np.mgrid[:9, :9] / 8
    moves = Moves(tf.constant([[0.25, 0.5, 0.75, 1.0]]), tf.zeros((1, 1, 1, 3)))
    seen = seen_by(moves, tf.constant(picture)).numpy()[0]
    np.testing.assert_allclose(seen[:, 0, 0], np.linspace(0.25, 0.75, 9), atol=1e-6)
    np.testing.assert_allclose(seen[0, :, 1], np.linspace(0.5, 1.0, 9), atol=1e-6)


def test_what_is_steady_is_learned(pictures: Path) -> None:
    """With --steady the change beyond the camera's move counts; without it nobody looks."""
    asked = prepare(settings(pictures), lambda line: None)
    photographs = asked.photographs.crops(0, asked.settings)
    told: dict[float, list[Learned]] = {}
    for steady in (0.0, 1e-9, 1e4):
        teaches, _ = teacher()
        keras.utils.set_random_seed(0)
        painter = network(Shape(4, 1, 1))
        lesson = teaches.lesson((Style(asked.styles[0].picture.pixels[None]),), 48, photographs)
        learner = Learner(painter, teaches, [lesson], painter.trainable_weights, steady)
        told[steady] = [learner.step(number, photographs, 5e-3, 0) for number in range(20)]
    assert all(step.flicker == 0.0 for step in told[0.0])
    flicker = {steady: np.mean([step.flicker for step in steps[-5:]]) for steady, steps in told.items()}
    assert told[1e-9][0].flicker == told[1e4][0].flicker > 0.0
    assert flicker[1e4] < 0.7 * flicker[1e-9]


def test_learning_makes_held_out_photographs_better(pictures: Path, tmp_path: Path) -> None:
    folder, _ = trained(pictures, tmp_path / "model", steps="50", learning_rate="0.02")
    learned = [loss for _, loss in losses_of(folder / "curves" / "learning")]
    assert np.mean(learned[-20:]) < 0.95 * learned[0]
    ((step, loss),) = losses_of(folder / "curves" / "held_out")
    assert step == 50 and loss < 0.95 * learned[0]


# --- Photographs ---


def test_crops_are_the_same_each_time_and_all_different(pictures: Path) -> None:
    photographs = read_photographs(settings(pictures), lambda line: None)
    one, other = photographs.crops(3, settings(pictures)), photographs.crops(4, settings(pictures))
    assert one.shape == (2, 64, 64, 3) and one.dtype == np.float32 and 0 <= one.min() and one.max() <= 1
    np.testing.assert_array_equal(photographs.crops(3, settings(pictures)), one)
    assert abs(one - other).max() > 0.01
    assert abs(photographs.crops(3, settings(pictures, seed="1")) - one).max() > 0.01


def test_a_crop_is_a_square_of_the_photograph() -> None:
    """Of the smallest size, at any place: what lies there, mirrored or not."""
    row, column = np.mgrid[:64, :64]
    photograph = np.stack([row * 3, column * 3, row * 0], axis=-1).astype(np.uint8)
    whole = crop(photograph, 64, np.random.default_rng(0))
    assert any(np.array_equal(whole, photograph[:, ::way]) for way in (1, -1))


def test_held_out_photographs_are_never_learned_from(pictures: Path) -> None:
    """Each photograph is of one color, which tells them apart in any crop."""
    folder = pictures.parent / "plain"
    folder.mkdir(exist_ok=True)
    for level in range(10):
        Image.new("RGB", (70, 70), (level * 20, 0, 0)).save(folder / f"{level}.png")
    asked = settings(pictures, contents=str(folder), held_out="0.3", batch_size="4")
    photographs = read_photographs(asked, lambda line: None)
    aside = {int(picture[0, 0, 0]) for picture in photographs.held_out}
    seen = {round(255 * level) for step in range(40) for level in photographs.crops(step, asked)[:, 0, 0, 0]}
    assert len(aside) == 3 and seen == {level * 20 for level in range(10)} - aside
    assert {round(255 * level) for level in photographs.judges(64)[:, 0, 0, 0]} == aside


def test_what_cannot_be_used_is_told_and_left_out(pictures: Path) -> None:
    told: list[str] = []
    photographs = read_photographs(settings(pictures), told.append)
    assert len(photographs.seen) + len(photographs.held_out) == 6
    shapes = sorted(picture.shape[:2] for picture in (*photographs.seen, *photographs.held_out))
    assert shapes == [(80, 100)] * 5 + [(130, 90)]  # the last is deep inside
    assert any("tiny.png is skipped: Expected at least 64 x 64 pixels" in line for line in told)
    assert any("broken.jpg is skipped: " in line for line in told) and len(told) == 2


def test_of_one_photograph_none_is_held_out(pictures: Path) -> None:
    one = settings(pictures, contents=str(pictures / "photographs" / "1.png"), held_out="0.5")
    photographs = read_photographs(one, lambda line: None)
    assert len(photographs.seen) == 1 and not photographs.held_out
    assert len(photographs.judges(64)) == 1


# --- When it ends ---


def played(plan: Plan, loss: Callable[[int], float], every: int = 10, time_for: float = np.inf) -> tuple[Plan, list]:
    rates = []
    while plan.taken < plan.end:
        rates.append(plan.learning_rate)
        plan = plan.after_a_step(plan.taken / time_for)
        if plan.taken % every == 0:
            plan = plan.after_a_look(loss(plan.taken))
    return plan, rates


def test_the_rate_rises_stays_and_falls_to_nothing() -> None:
    plan, rates = played(Plan(0.1, 600), lambda step: 1.0 / step)
    assert plan.taken == len(rates) == 600
    assert rates[0] == pytest.approx(0.1 / WARM) and rates[WARM] == rates[399] == 0.1
    assert rates[-1] < 0.001 and np.all(np.diff(rates[400:]) < 0)
    np.testing.assert_allclose(np.diff(rates[401:]), np.diff(rates[401:])[0], rtol=1e-6)


def test_it_ends_early_where_nothing_is_gained_any_more() -> None:
    plan, rates = played(Plan(0.1, 6000), lambda step: max(0.5, 1.0 - step / 1000))
    begun = 500 + 10 * PATIENCE
    assert abs(plan.slowing - begun) <= 20
    assert plan.taken == len(rates) == plan.slowing + np.ceil(plan.slowing * LAST / (1 - LAST))
    assert rates[-1] < 0.001


def test_time_that_is_short_leaves_a_third_for_the_end() -> None:
    plan, rates = played(Plan(0.1, 6000), lambda step: 1.0 / step, time_for=300)
    assert plan.slowing in range(200, 204) and len(rates) in range(300, 308) and rates[-1] < 0.002


def test_the_last_third_has_as_many_steps_as_there_is_time_for() -> None:
    plan = Plan(0.1, 6000, taken=99)
    assert plan.after_a_step(0.7).ending == plan.after_a_step(0.7, 300.0).ending == 50
    assert plan.after_a_step(0.7, 3.9).ending == 3
    assert plan.after_a_step(1.5, 0.0).ending == 1


@pytest.mark.parametrize("start", [0.0, 40.0, 95.0])
@pytest.mark.parametrize("seconds", [0.5, 7.0, 500.0])
def test_the_time_is_kept_but_for_one_step(start: float, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of steps that take so long, the first one thrice that, after a start; one is taken in any case."""
    now = [0.0]
    monkeypatch.setattr(schedule.time, "monotonic", lambda: now[0])
    clock, plan = schedule.Clock(100.0), Plan(0.1, 6000)
    now[0] += start
    while plan.taken < plan.end and clock.allows_a_step():
        now[0] += seconds * (1 if plan.taken else 3)
        clock.step()
        plan = plan.after_a_step(clock.gone(), clock.possible())
    first = start + 3 * seconds
    assert plan.taken >= 1 and (now[0] == first or now[0] <= 90.0)
    if first < 50.0:  # the last third of the rest, and hardly any time is left over
        assert now[0] > 85.0 - 2 * seconds and plan.slowing == pytest.approx(2 / 3 * plan.taken, abs=2)
    assert clock.is_late() == (now[0] > 110.0)
    unlimited = schedule.Clock(0.0)
    now[0] += 1e9
    assert unlimited.allows_a_step() and not unlimited.is_late()


# --- How it goes on ---


def test_the_folder_is_a_model(model: Path) -> None:
    card = read_card(model)
    assert card.shape == Shape(4, 1, 1) and card.names == ("paint",)
    assert hashlib.sha256((model / WEIGHTS).read_bytes()).hexdigest() == card.sha256
    assert card.told["steps"] == 6 and card.told["photographs"] == 5 and card.told["held_out"] == 1
    assert "contents" not in card.told["settings"]  # the trainer's own folders are nobody's business
    with Image.open(model / SAMPLES) as samples, Image.open(model / "styles" / "1.jpg") as style:
        assert samples.size[0] == 512 and style.size == (50, 60)
    assert [step for step, _ in losses_of(model / "curves" / "learning")] == [1, 2, 3, 4, 5, 6]


def test_samples_that_fail_cost_no_model(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "sheet", lambda course: 1 / 0)
    model, told = trained(pictures, tmp_path / "paint")
    assert "No samples: division by zero." in told
    assert (model / WEIGHTS).exists() and not (model / SAMPLES).exists()


def test_what_has_learned_nothing_is_not_offered(pictures: Path, tmp_path: Path) -> None:
    folder, told = trained(pictures, tmp_path / "model", steps="2", learning_rate="1e-12")
    assert any(line.startswith("Nothing is learned yet: the loss of the photographs that judge it is") for line in told)
    assert (folder / WEIGHTS).exists() and not any("To paint with it" in line for line in told)
    plan = Plan(0.1, 600, first=2.0)
    assert plan.has_learned(1.98) and not plan.has_learned(1.999) and not plan.has_learned(3.0)
    assert plan._replace(first=None).has_learned(3.0)  # it is not known how it began


def test_a_finished_training_is_not_taken_up_again(model: Path, pictures: Path) -> None:
    before = (model / WEIGHTS).read_bytes()
    _, told = trained(pictures, model)
    assert (model / WEIGHTS).read_bytes() == before
    assert any("Resuming after step 6" in line for line in told)


def test_resumed_is_uninterrupted(model: Path, pictures: Path, tmp_path: Path) -> None:
    """Bit for bit, weights and curves."""
    folder, told = trained(pictures, tmp_path / "model", After(3))
    assert any("Stopped after step 3" in line for line in told)
    assert read_card(folder).told["steps"] == 3
    assert any((one != other).any() for one, other in zip(weights_of(folder), weights_of(model), strict=True))
    _, told = trained(pictures, folder)
    assert "Resuming after step 3." in told
    for one, other in zip(weights_of(folder), weights_of(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert losses_of(folder / "curves" / "learning") == losses_of(model / "curves" / "learning")


@pytest.mark.slow
def test_killed_is_uninterrupted(model: Path, pictures: Path, tmp_path: Path) -> None:
    """SIGKILL in the middle, with a checkpoint after each step: the same command ends with the same weights."""
    folder = tmp_path / "model"
    flags = {**SMALL, "checkpoint_secs": "0", "workdir": str(folder), "style": str(pictures / "paint.jpg")}
    flags |= {"contents": str(pictures / "photographs")}
    command = [sys.executable, "-m", "keras_nst.train", *(f"--{name}={value}" for name, value in flags.items())]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = folder / "training.zip"
    until(lambda: state.exists() or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert state.exists()
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert re.search(r"Resuming after step [1-6]\.", done.stdout)
    for one, other in zip(weights_of(folder), weights_of(model), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)  # this process may have another number of threads


def until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)


def test_a_damaged_state_begins_anew(model: Path, pictures: Path, tmp_path: Path) -> None:
    folder, _ = trained(pictures, tmp_path / "model", After(2))
    (folder / "training.zip").write_bytes(b"rubbish")
    _, told = trained(pictures, folder)
    assert any("Starting over" in line for line in told)
    for one, other in zip(weights_of(folder), weights_of(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_disk_that_is_full_does_not_end_it(
    model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Until the end, where there is room again."""
    full = [True, True, False, False, False, False, False]
    write = course.write_archive

    def write_or_not(*given: object) -> None:
        if full.pop(0):
            raise OSError(28, "No space left on device")
        write(*given)

    monkeypatch.setattr(course, "write_archive", write_or_not)
    folder, _ = trained(pictures, tmp_path / "model", checkpoint_secs="0")
    assert capfd.readouterr().err.count("Could not write a checkpoint: No space left on device") == 2
    for one, other in zip(weights_of(folder), weights_of(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stop_before_the_first_step_leaves_no_model(pictures: Path, tmp_path: Path) -> None:
    folder, told = trained(pictures, tmp_path / "model", After(0))
    assert "nothing was learned" in told[-1] and not (folder / CARD).exists()
    trained(pictures, folder)
    assert read_card(folder).told["steps"] == 6


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 7, 10, 50, 99, 100, 1001])
def test_all_steps_are_taken(steps: int) -> None:
    plan, _ = played(Plan(0.1, steps), lambda step: 1.0 / step)
    assert plan.taken == steps


def test_other_steps_have_their_own_last_third() -> None:
    ended, _ = played(Plan(0.1, 600), lambda step: 1.0 / step)
    more, rates = played(ended._replace(steps=800).with_other_steps(), lambda step: 1.0 / step)
    assert more.taken == 800 and len(rates) == 200 and rates[0] > 0.09 and rates[-1] < 0.001
    many, rates = played(ended._replace(steps=3000).with_other_steps(), lambda step: 1.0 / step)
    assert many.taken == 3000 and rates[1300] == 0.1


def test_more_steps_go_on(pictures: Path, tmp_path: Path) -> None:
    folder, _ = trained(pictures, tmp_path / "model", steps="3")
    trained(pictures, folder, steps="9")
    assert read_card(folder).told["steps"] == 9


def test_another_training_does_not_take_its_place(model: Path, pictures: Path) -> None:
    before = (model / WEIGHTS).read_bytes()
    with pytest.raises(SettingError, match=r"another training: width 5 \(was 4\)"):
        trained(pictures, model, width="5")
    assert (model / WEIGHTS).read_bytes() == before


def test_a_loss_that_is_no_number_is_not_learned_from(pictures: Path, tmp_path: Path) -> None:
    """The weights stay as they were before it, and the training ends by itself."""
    with pytest.raises(SettingError, match="--learning_rate=1: The loss is no longer a number") as error:
        broken = Broken()
        trained(pictures, tmp_path / "model", broken, learning_rate="1", steps="40")
    assert "\n" not in str(error.value)


class Broken:
    """Spoils the teacher after two steps."""

    def __init__(self) -> None:
        self.asked = 0

    def is_set(self) -> bool:
        import gc

        self.asked += 1
        if self.asked == 3:
            (learner,) = [each for each in gc.get_objects() if isinstance(each, Learner)][-1:]
            learner.lessons = [
                Assignment(lesson.styles, {name: weight * np.nan for name, weight in lesson.weights.items()})
                for lesson in learner.lessons
            ]
        return False


# --- Several styles ---


def test_one_network_learns_several_styles(pictures: Path, tmp_path: Path) -> None:
    both = f"{pictures / 'paint.jpg'} + {pictures / 'ink.jpg'}"
    folder, _ = trained(pictures, tmp_path / "model", style=both, steps="8", learning_rate="0.01")
    assert read_card(folder).names == ("paint", "ink")
    paints = load(folder, read_card(folder), "float32")
    one, other = (paints(smooth_picture(64, 64), shares) for shares in ((1.0, 0.0), (0.0, 1.0)))
    assert abs(one - other).mean() > 1e-3


def test_a_style_is_added_and_the_others_stay(model: Path, pictures: Path, tmp_path: Path) -> None:
    folder, _ = trained(pictures, tmp_path / "model", from_model=str(model), style=str(pictures / "ink.jpg"))
    card = read_card(folder)
    assert card.names == ("paint", "ink") and (folder / "styles" / "2.jpg").exists()
    one, other = (read_picture(of / "styles" / "1.jpg").pixels for of in (folder, model))
    assert abs(one - other).mean() < 0.02
    photograph = smooth_picture(64, 64)
    before = load(model, read_card(model), "float32")(photograph, (1.0,))
    both = load(folder, card, "float32")
    np.testing.assert_allclose(both(photograph, (1.0, 0.0)), before, atol=1e-6)
    for one, other in zip(weights_of(folder), weights_of(model), strict=True):
        np.testing.assert_array_equal(one[: len(other)], other)
    assert abs(both(photograph, (0.0, 1.0)) - before).max() > 1e-4


def test_a_new_style_begins_with_a_network_that_knows_how_to_paint(pictures: Path) -> None:
    """But with its own colors; --start=nothing begins with weights drawn at random."""
    card = read_card(STARTER)
    with np.load(STARTER / WEIGHTS) as arrays:
        starter = [arrays[name] for name in sorted(arrays)]
    assert card.shape[:2] == (Training().width, Training().blocks) == Shape(24, 5, 1)[:2]
    for start in ("trained", "nothing"):
        own = {
            "width": "24",
            "blocks": "5",
            "start": start,
            "style": f"{pictures / 'paint.jpg'} + {pictures / 'ink.jpg'}",
        }
        asked = prepare(settings(pictures, **own), lambda line: None)
        painter = course.new_painter(asked, Shape(24, 5, 2), "float32")
        kernels = [weight.numpy() for weight in painter.weights if weight.ndim == 4]
        known = [array for array in starter if array.ndim == 4]
        assert all((one == other).all() for one, other in zip(kernels, known, strict=True)) == (start == "trained")
        (matrices,) = [weight.numpy() for weight in painter.weights if weight.name == "matrices"]
        assert abs(matrices[0] - matrices[1]).max() > 0.01


def test_the_same_name_twice_gets_a_number(pictures: Path, model: Path) -> None:
    asked = prepare(settings(pictures, from_model=str(model), workdir="elsewhere"), lambda line: None)
    assert isinstance(asked, Request) and asked.names == ["paint-2"]


# --- At the door ---


def flags_of(pictures: Path, **own: str) -> list[str]:
    given = SMALL | {"contents": str(pictures / "photographs"), "style": str(pictures / "paint.jpg")} | own
    return [f"--{name}={value}" for name, value in given.items()]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"style": ""}, "--style: Expected a picture"),
        ({"contents": ""}, "--contents: Expected photographs"),
        ({"contents": "nowhere.jpg"}, "Expected a picture file. Received: no such file or directory"),
        ({"contents": "EMPTY"}, "Expected a folder with pictures"),
        ({"size": "300"}, "Expected a usable picture. Received: 8 that are not, for the reasons above"),
        ({"style": "nowhere.jpg"}, "--style=nowhere.jpg: Expected a picture file"),
        ({"style": "PAINT:2"}, "Expected styles without weights"),
        ({"size": "63"}, "--size=63: Expected a whole number from 64"),
        ({"width": "1000"}, "--width=1000: Expected a whole number from 4 to 128"),
        ({"steps": "0"}, "--steps=0"),
        ({"steady": "-1"}, "--steady=-1"),
        ({"learning_rate": "nan"}, "--learning_rate=nan"),
        ({"held_out": "1"}, "--held_out=1"),
        ({"from_model": "nowhere"}, "--from_model=nowhere: Expected the folder of a trained model"),
        ({"style_layers": "block9_conv1"}, "vgg19 has no layer block9_conv1"),
        ({"style_scale": "1,2"}, "--style_scale=1,2"),
        ({"weights": "nowhere.h5"}, "--weights=nowhere.h5"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    own: dict[str, str], expected: str, pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "EMPTY").mkdir()
    own = {
        name: value.replace("EMPTY", str(tmp_path / "EMPTY")).replace("PAINT", str(pictures / "paint.jpg"))
        for name, value in own.items()
    }
    assert main([*flags_of(pictures, **own), f"--workdir={tmp_path / 'model'}"]) == 2
    said = capfd.readouterr().err.strip().splitlines()
    assert expected in said[-1] and len(said) == 1
    assert not (tmp_path / "model").exists()


def test_a_model_is_not_added_to_in_its_own_folder(
    model: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where the folder is named, nor where it is the default; --overwrite would take it away."""
    monkeypatch.chdir(tmp_path)
    Path("models").mkdir()
    Path("models/paint").symlink_to(model)
    for own in ({"workdir": str(model)}, {}):
        with pytest.raises(SettingError, match="Expected another folder than that of --from_model"):
            prepare(settings(pictures, from_model=str(model), overwrite="true", **own), lambda line: None)


def test_what_came_to_nothing_is_no_other_training(pictures: Path, tmp_path: Path) -> None:
    """A batch that is too large for the memory is refused, and a smaller one is not another training."""
    with pytest.raises(SettingError, match="--batch_size=64: Expected at most"):
        trained(pictures, tmp_path / "model", batch_size="64", size="80", memory_limit_gb="1.2")
    trained(pictures, tmp_path / "model")


def test_a_training_that_did_not_know_a_setting_goes_on(pictures: Path, tmp_path: Path) -> None:
    folder, _ = trained(pictures, tmp_path / "model", After(2))
    record = json.loads((folder / "training.json").read_text())
    assert record.pop("steady") == "0"
    (folder / "training.json").write_text(json.dumps(record))
    with pytest.raises(SettingError, match=r"steady 1 \(was 0\)"):
        trained(pictures, folder, steady="1")
    _, told = trained(pictures, folder)
    assert "Resuming after step 2." in told


def test_another_precision_is_told_of(pictures: Path, tmp_path: Path) -> None:
    """As where a training goes on at a machine with other hardware."""
    folder, _ = trained(pictures, tmp_path / "model", After(2))
    about, arrays = read_about(folder / STATE), list(read_arrays(folder / STATE))
    assert about["precision"] == "float32"
    write_archive(folder / STATE, about | {"precision": "bfloat16"}, arrays)
    _, told = trained(pictures, folder)
    assert "Resuming in float32 instead of bfloat16: results will differ by rounding." in told


def test_other_photographs_are_another_training(model: Path, pictures: Path, tmp_path: Path) -> None:
    """Held-out ones would be learned from."""
    (tmp_path / "photographs").mkdir()
    write_picture(tmp_path / "photographs" / "a.png", 80, 100, seed=30)
    with pytest.raises(SettingError, match="another training: photographs"):
        trained(pictures, model, contents=str(tmp_path / "photographs"))


def test_a_folder_of_something_else_is_left_alone(
    pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    assert main([*flags_of(pictures), f"--workdir={tmp_path}"]) == 2
    assert "Expected a new folder, or one of a training" in capfd.readouterr().err


def test_from_is_short_for_from_model(pictures: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*flags_of(pictures), "--from=nowhere"]) == 2
    assert "--from_model=nowhere: Expected the folder" in capfd.readouterr().err


def test_two_trainings_do_not_share_a_folder(pictures: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from keras_nst.train.prepare import open_folder

    asked = prepare(settings(pictures, workdir=str(tmp_path / "model")), lambda line: None)
    with open_folder(asked):
        assert main([*flags_of(pictures), f"--workdir={tmp_path / 'model'}"]) == 2
    assert "Another run is using this folder" in capfd.readouterr().err


def test_help_answers_without_tensorflow() -> None:
    done = run_process("--help", module="keras_nst.train")
    assert done.returncode == 0 and "--steady=NUMBER" in done.stdout and "--style_strength" in done.stdout
    assert "--from=MODEL" in done.stdout


def test_settings_are_told_on_the_card(model: Path) -> None:
    told = json.loads((model / CARD).read_text())["told"]
    assert told["settings"]["style_strength"] == "0.5" and told["made_by"].startswith("keras_nst ")
