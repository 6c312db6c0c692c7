"""Pictures made in common steps: each is the one that it is alone."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import loss_values, write_picture
from test_fleet import pixels

from keras_nst.batch.drive import ON_CPU, ON_GPU, together
from keras_nst.batch.jobs import BatchJob, Hashes, job_of, parcels
from keras_nst.batch.prepare import items
from keras_nst.batch.settings import BatchConfig
from keras_nst.batch.together import Painter, do_all
from keras_nst.command.workers.parcels import ATTEMPTS, Outcome, ToDo
from keras_nst.core.descent.scales import Run
from keras_nst.core.descent.several import result_of, told_of
from keras_nst.core.descent.stage import Stage
from keras_nst.core.descent.transfer import Painted
from keras_nst.core.plan.events import Progress, Standing, Step
from keras_nst.core.plan.method import Objective
from keras_nst.run.checkpoints import read_checkpoint
from keras_nst.session.method import method_of
from keras_nst.session.session import PictureRequest, Session
from keras_nst.settings.config import Config
from keras_nst.settings.networks import Layer

SMALL: dict[str, Any] = {
    "weights": "random",
    "size": "48",
    "scales": 2,
    "steps": (4, 3),
    "precision": "float32",
    "style_layers": (Layer("block1_conv1"), Layer("block2_conv1")),
    "content_layers": (Layer("block2_conv2"),),
}


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(Config(weights="random"))


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures were painted together each time."""
    seen: list[int] = []
    paint = Session.paint_together

    def counting(self: Session, asked: list[PictureRequest]) -> Any:
        seen.append(len(asked))
        return paint(self, asked)

    monkeypatch.setattr(Session, "paint_together", counting)
    return seen


def jobs_of(folder: Path, name: str, **given: Any) -> list[BatchJob]:
    """Returns the jobs of all contents in the folder, with one style."""
    batch = BatchConfig(contents=str(folder / "contents"), style=str(folder / "style.jpg"), **SMALL | given)
    return [job_of(item, batch, folder / name, Hashes()) for item in items(batch)]


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Three contents of one shape, one of another, one that is broken, and a style."""
    (tmp_path / "contents").mkdir()
    for number, shape in enumerate([(36, 48), (36, 48), (48, 36), (36, 48)]):
        write_picture(tmp_path / "contents" / f"{number}.png", *shape, seed=number)
    (tmp_path / "contents" / "4.png").write_bytes(b"not a picture")
    write_picture(tmp_path / "style.jpg", 60, 50, seed=9)
    return tmp_path


def test_a_worker_keeps_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """From job to job; another device, or determinism, takes a session of its own."""
    monkeypatch.setattr("keras_nst.batch.together.Session", lambda config, keep: object())
    painter = Painter()
    first = painter.opened(Config())
    assert painter.opened(Config(size="64")) is first
    assert painter.opened(Config(deterministic=True)) is not first
    assert painter.opened(Config()) is not first and len(painter.sessions) == 1


def done(jobs: list[BatchJob], session: Session, stop: threading.Event | None = None) -> list[Outcome]:
    (jobs[0].spec.workdir.parents[1] / "pictures").mkdir(parents=True, exist_ok=True)
    return do_all(tuple(jobs), lambda config: session, stop or threading.Event(), lambda line: None)


def one_by_one(jobs: list[BatchJob], session: Session) -> list[Outcome]:
    return [outcome for job in jobs for outcome in done([job], session)]


def check_alike(together: list[Outcome], alone: list[Outcome]) -> None:
    """Compares pictures and figures: rounding may part pictures, but not by much in a few steps."""
    assert [of.state for of in together] == [of.state for of in alone]
    for one, other in zip(together, alone, strict=True):
        if one.state == "done":
            difference = np.abs(pixels(Path(one.output)).astype(int) - pixels(Path(other.output)))
            assert difference.max() <= 2 and np.mean(difference > 0) < 0.05
            assert pixels(Path(one.output)).std() > 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"style_loss": (("swd", 1.0),)},
        {"style_strength": 0.5},
        {"color": "content", "init": "blend"},
        {"evaluator": "tiles", "tile_size": 32},
    ],
)
def test_pictures_of_one_shape_are_made_together(
    given: dict[str, Any], album: Path, session: Session, groups: list[int]
) -> None:
    """Each with weights of its own, which follow from its content; a broken one and another shape cost nothing."""
    made = done(jobs_of(album, "together", **given), session)
    assert groups == [3, 1]
    assert [of.state for of in made] == ["done"] * 4 + ["failed"] and "Expected a picture" in made[4].error
    check_alike(made, one_by_one(jobs_of(album, "alone", **given), session))


@pytest.mark.slow
@pytest.mark.parametrize("given", [{"optimizer": "lbfgs"}, {"settle": 0.01}, {"max_seconds": 60.0}, {"color": "match"}])
def test_what_has_a_say_in_the_steps_is_made_alone(
    given: dict[str, Any], album: Path, session: Session, groups: list[int]
) -> None:
    assert {of.state for of in done(jobs_of(album, "together", **given)[:2], session)} == {"done"}
    assert groups == [1, 1]


@pytest.mark.slow
def test_no_more_than_there_is_memory_for(
    album: Path, session: Session, groups: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "most_at_once", lambda *about: 2)
    assert done(jobs_of(album, "together"), session)[3].state == "done"
    assert groups == [2, 1, 1]


def stop_after(chunks: int, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Returns what is set once so many chunks of steps are taken."""
    stop, take, taken = threading.Event(), Stage.take, []

    def counted(self: Stage, count: int) -> Any:
        taken.append(count)
        if len(taken) == chunks:
            stop.set()
        return take(self, count)

    monkeypatch.setattr(Stage, "take", counted)
    return stop


@pytest.mark.slow
def test_stopped_together_each_resumes_alone(
    album: Path, session: Session, groups: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = jobs_of(album, "together")[:2]
    with monkeypatch.context() as patched:
        assert [of.state for of in done(jobs, session, stop_after(2, patched))] == ["pending"] * 2
    standing = read_checkpoint(jobs[0].spec.workdir).standing
    assert standing.step < 7 and next(iter(standing.arrays)).shape[0] == 1
    made = done(jobs, session)
    assert groups == [2, 1, 1]
    check_alike(made, one_by_one(jobs_of(album, "alone")[:2], session))


@pytest.mark.slow
def test_where_one_explodes_each_goes_on_alone(
    album: Path, session: Session, groups: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its care must not be that of the others."""
    take_all = Run._take_all

    def exploding(self: Run, stage: Stage) -> None:
        take_all(self, stage)
        if stage.count > 1 and stage.scale.number == 2:
            self._retreat(stage)

    monkeypatch.setattr(Run, "_take_all", exploding)
    made = done(jobs_of(album, "together")[:2], session)
    assert groups == [2, 1, 1]
    check_alike(made, one_by_one(jobs_of(album, "alone")[:2], session))


def test_nobody_waits_for_ever(album: Path, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong where runs meet, each is told."""

    def failing(*about: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(Session, "most_at_once", failing)
    made = done(jobs_of(album, "together")[:2], session)
    assert [(of.state, of.error) for of in made] == [("failed", "no room")] * 2


# --- One of several ---


def told() -> Progress:
    """Where two pictures are, as the loop tells it."""
    losses = loss_values(*(np.array([k, 10.0 * k]) for k in (1.0, 2.0, 3.0, 4.0)), {"block1": np.array([5.0, 50.0])})
    objective = Objective((("content", (0.1, 0.2)), ("style", (0.3, 0.4)), ("variation", 0.5)))
    method = method_of(Config().resolved())._replace(objective=objective)
    arrays = [np.arange(2.0)[:, None], np.array(7), np.arange(2.0)]
    standing = Standing((1, 1), 3, 3, method, iter(arrays))
    picture = np.arange(2.0)[:, None, None, None]
    taken = [Step(3, losses, 0.01)]
    return Progress(3, 9, 1, 1, 3, 9, losses, 0.01, lambda: picture, taken=taken, standing=lambda: standing)


@pytest.mark.parametrize("index", [0, 1])
def test_each_is_told_of_itself(index: int) -> None:
    heard: list[Progress] = []
    told_of(index, heard.append)(told())
    (own,), scale = heard, 10.0**index
    for losses in (own.losses, own.taken[0].losses):
        seen = losses.total, losses.content, losses.layers["content"]["block1"]
        assert [of.tolist() for of in seen] == [[4.0 * scale], [scale], [5.0 * scale]]
    assert own.picture().tolist() == [[[[index]]]]
    standing = own.standing()
    assert [array.tolist() for array in standing.arrays] == [[[index]], 7, [index]]
    content, style = (0.1, 0.2)[index], (0.3, 0.4)[index]
    assert standing.method.objective.weights == (("content", content), ("style", style), ("variation", 0.5))
    result = Painted(told().picture(), told().losses, 3, None, told().standing().method)
    assert result_of(index, result).method == standing.method and result_of(index, result).losses == own.losses
    assert result_of(index, result._replace(losses=None)).losses is None


# --- Parcels ---


def job(name: str, **given: Any) -> BatchJob:
    batch = BatchConfig(content=f"{name}.png", style="s.png", **given)
    return job_of(items(batch)[0], batch, Path("b"), Hashes())


def test_neighbors_with_one_style_are_given_together(tmp_path: Path) -> None:
    jobs = [job("a"), job("b"), job("c"), job("d", size="64"), job("e", size="64")]
    assert [len(parcel) for parcel in parcels(jobs, 2)] == [2, 1, 2]
    assert [len(parcel) for parcel in parcels(jobs, 1)] == [1] * 5
    assert [each.id for parcel in parcels(jobs, 3) for each in parcel] == [each.id for each in jobs]


def test_contents_with_one_style_are_neighbors(album: Path) -> None:
    (album / "styles").mkdir()
    write_picture(album / "styles" / "a.jpg", seed=1)
    write_picture(album / "styles" / "b.jpg", seed=2)
    batch = BatchConfig(contents=str(album / "contents"), styles=str(album / "styles"))
    jobs = [job_of(item, batch, album, Hashes()) for item in items(batch)]
    assert [len(parcel) for parcel in parcels(jobs, 5)] == [5, 5]


def test_what_a_lost_worker_did_is_done_one_by_one() -> None:
    ahead, ended = ToDo([(job("a"), job("b"))]), []
    given: list[int] = []
    while parcel := ahead.next():
        given.append(len(parcel))
        ended += ahead.take_back(parcel, "killed", stopped=False)
    assert given == [2] + [1] * 2 * (ATTEMPTS - 1)
    assert {of.state for _, of in ended} == {"failed"} and f"{ATTEMPTS} times: killed" in ended[0][1].error
    assert not ToDo([]).take_back((), "killed", stopped=False)


@pytest.mark.parametrize(
    ("given", "jobs", "expected"),
    [
        ({}, 100, 1),
        ({"size": "256"}, 100, ON_CPU),
        ({"size": "256", "workers": 2}, 5, 2),
        ({"size": "256"}, 1, 1),
        ({"size": "256", "engine": "ray"}, 100, 1),
        ({"size": "512", "device": "gpu"}, 100, ON_GPU),
        ({"batch_size": 3}, 100, 3),
    ],
)
def test_how_many_unless_told(given: dict[str, Any], jobs: int, expected: int) -> None:
    assert together(BatchConfig(**given), jobs) == expected
