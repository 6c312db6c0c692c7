"""L-BFGS within bounds, beside SciPy's and beside what is known of simple functions."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

from keras_nst.core.descent.lbfgs import FIRST, LEAST, MOST, PATIENCE, Lbfgs, left_of_step

Objective = Callable[[tf.Tensor], tf.Tensor]  # pictures (n, h, w, 3) -> losses (n,)
SHAPE = (1, 4, 5, 3)


def evaluated(objective: Objective, picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(picture)
        loss = objective(picture)
    return loss, tape.gradient(loss, picture)


def compiled(objective: Objective, picture: tf.Variable) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    program = tf.function(lambda values: evaluated(objective, values), autograph=False)
    return program.get_concrete_function(tf.TensorSpec(picture.shape))


def compiled_move(search: Lbfgs) -> Callable[[tf.Tensor, tf.Tensor], None]:
    gradient = tf.TensorSpec(search.picture.shape)
    return tf.function(search.move, autograph=False).get_concrete_function(tf.TensorSpec(gradient.shape[:1]), gradient)


def searched(objective: Objective, start: np.ndarray, count: int, history: int = 8) -> tuple[Lbfgs, np.ndarray]:
    """Returns the search after so many evaluations, and the least losses after each: (count, n)."""
    search = Lbfgs(tf.Variable(start, dtype=tf.float32), history)
    move, evaluate = compiled_move(search), compiled(objective, search.picture)
    curve = []
    for _ in range(count):
        move(*evaluate(search.picture.value()))
        curve.append(search.loss.numpy())
    return search, np.array(curve)


def scipy_curve(objective: Objective, start: np.ndarray, count: int, history: int = 8) -> np.ndarray:
    """Returns the least losses that SciPy's L-BFGS-B finds with so many evaluations."""
    found, evaluate = [], compiled(objective, tf.Variable(start))

    def loss_and_gradient(values: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = evaluate(tf.constant(values.reshape(start.shape), tf.float32))
        found.append(float(loss[0]))
        return found[-1], np.float64(gradient).ravel()

    options = {"maxcor": history, "maxfun": count, "maxiter": count, "ftol": 0, "gtol": 0}
    bounds = [(0, 1)] * start.size
    optimize.minimize(loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    found += found[-1:] * (count - len(found))
    return np.minimum.accumulate(found)


def quadratic(condition: float, lowest: float, highest: float, seed: int = 0, shape: tuple[int, ...] = SHAPE):
    """Returns 1/2 (x - c) A (x - c) with eigenvalues of A from 1 to `condition`, and c from `lowest` to `highest`."""
    generator, size = np.random.default_rng(seed), int(np.prod(shape[1:]))
    basis = np.linalg.qr(generator.normal(size=(size, size)))[0]
    matrix = tf.constant(basis * np.geomspace(1, condition, size) @ basis.T, tf.float32)
    center = generator.uniform(lowest, highest, shape).astype(np.float32)

    def objective(picture: tf.Tensor) -> tf.Tensor:
        away = tf.reshape(picture - center, (-1, size))
        return 0.5 * tf.reduce_sum(away * (away @ matrix), axis=1)

    return objective, center


def rosenbrock(picture: tf.Tensor) -> tf.Tensor:
    """sum 100 (b - a^2)^2 + (1 - a)^2 over pairs of values brought from [0, 1] to [-2, 2]: least at 0.75."""
    a, b = tf.unstack(tf.reshape(4 * picture - 2, (picture.shape[0], -1, 2)), axis=2)
    return tf.reduce_sum(100 * tf.square(b - tf.square(a)) + tf.square(1 - a), axis=1)


def separable(center: np.ndarray, weights: np.ndarray) -> Objective:
    return lambda picture: tf.reduce_sum(weights * tf.square(picture - center), axis=[1, 2, 3])


def random(seed: int = 9, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def test_finds_the_least_of_a_quadratic() -> None:
    objective, center = quadratic(30, 0.2, 0.8)
    search, _ = searched(objective, random(), 60)
    np.testing.assert_allclose(search.accepted(), center, atol=1e-3)


def test_finds_the_least_of_rosenbrock() -> None:
    start = np.tile(np.float32([0.2, 0.75]), 3).reshape(1, 1, 2, 3)  # (-1.2, 1), the usual start
    search, _ = searched(rosenbrock, start, 80)
    np.testing.assert_allclose(search.accepted(), 0.75, atol=1e-3)


@pytest.mark.parametrize(("lowest", "highest", "span"), [(0.4, 0.6, 0.2), (0.2, 0.8, 1.0), (-0.5, 1.5, 1.0)])
def test_as_good_as_scipy(lowest: float, highest: float, span: float) -> None:
    """With as many evaluations of ill-conditioned quadratics, least inside or on the bounds, about as near to it."""
    shape, ratios, inside = (1, 6, 6, 3), [], lowest > 0
    for seed in range(3):
        objective, _ = quadratic(1e4, lowest, highest, seed, shape)
        start = 0.5 + span * (random(seed + 10, shape) - 0.5)
        ours = searched(objective, start, 80)[1][:, 0]
        scipys = scipy_curve(objective, start, 80 if inside else 300)
        least = 0.0 if inside else scipys[-1]
        above = [curve[[24, 49, 79]] - least + 1e-5 * ours[0] for curve in (ours, scipys)]
        ratios.append(above[0] / above[1])
    assert np.all(np.exp(np.mean(np.log(ratios), axis=0)) < 1.5)


def test_goes_to_the_bounds() -> None:
    """Without products between the values, each goes as near to its own least as the bounds let it."""
    center = np.random.default_rng(1).uniform(-1, 2, SHAPE).astype(np.float32)
    weights = np.geomspace(1, 100, center.size, dtype=np.float32).reshape(SHAPE)
    search, _ = searched(separable(center, weights), random(), 40)
    np.testing.assert_allclose(search.accepted(), np.clip(center, 0, 1), atol=1e-4)
    assert np.isin(search.accepted(), [0, 1]).mean() > 0.5


def test_never_leaves_the_box_and_never_rises() -> None:
    tried = []
    objective, _ = quadratic(1e3, -0.5, 1.5)
    search = Lbfgs(tf.Variable(random()), 4)
    losses = []
    for _ in range(30):
        tried.append(search.picture.numpy())
        search.move(*evaluated(objective, search.picture.value()))
        losses.append(search.loss.numpy()[0])
        np.testing.assert_allclose(objective(search.accepted()), losses[-1:], rtol=1e-5)
    assert np.min(tried) == 0 and np.max(tried) == 1
    assert np.all(np.diff(losses) <= 0)
    assert losses[-1] < 0.9 * losses[5]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_the_first_step_is_as_long_in_any_unit(unit: float) -> None:
    objective, _ = quadratic(10, 0.2, 0.8)
    start = 0.25 + 0.5 * random()
    search, _ = searched(lambda picture: unit * objective(picture), start, 1)
    assert np.sqrt(np.mean((search.picture - start) ** 2)) == pytest.approx(FIRST, rel=1e-4)


def test_first_steps_grow_where_nothing_is_curved() -> None:
    """A slope that grows tells of no curvature to go by, yet the far end is near after a few steps."""
    start = np.full(SHAPE, 0.9, np.float32)
    search, _ = searched(lambda picture: -tf.reduce_sum(tf.square(1 - picture), axis=[1, 2, 3]), start, 20)
    np.testing.assert_allclose(search.accepted(), 0, atol=1e-6)


def test_before_the_first_move_the_picture_is_the_best() -> None:
    start = random()
    search = Lbfgs(tf.Variable(start), 3)
    np.testing.assert_array_equal(search.accepted(), start)
    search.move(tf.constant([1.0]), tf.ones(SHAPE))
    np.testing.assert_array_equal(search.accepted(), start)
    assert np.any(search.picture != start)


def test_a_batch_is_its_pictures_one_by_one() -> None:
    """Of two problems each has steps that fail where the other's do not; in a third there is nowhere to go."""
    bowl, _ = quadratic(300, -0.2, 1.2, seed=3)
    alone = [bowl, lambda x: _steep(x[..., ::-1]), lambda x: 3.0 + 0.0 * tf.reduce_sum(x, axis=[1, 2, 3])]
    starts = [random(seed) for seed in range(3)]

    def together(pictures: tf.Tensor) -> tf.Tensor:
        return tf.concat([one(pictures[i : i + 1]) for i, one in enumerate(alone)], axis=0)

    both, curves = searched(together, np.concatenate(starts), 25, history=4)
    failures = np.diff(curves, axis=0) == 0
    assert np.any(failures[:, 0] != failures[:, 1])
    for i, (one, start) in enumerate(zip(alone, starts, strict=True)):
        single, curve = searched(one, start, 25, history=4)
        np.testing.assert_allclose(curves[:, i], curve[:, 0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(both.picture[i], single.picture[0], atol=1e-4)


def _steep(picture: tf.Tensor) -> tf.Tensor:
    """Steeper and steeper, so that steps fail."""
    return tf.reduce_sum(tf.exp(12 * tf.abs(picture - 0.4)) + tf.square(picture - 0.4), axis=[1, 2, 3])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_no_number_is_passed_by(bad: float, what: str) -> None:
    """Below 0.3 nothing is known: the search stays above and gets to the least that is there."""
    center = np.full(SHAPE, 0.31, np.float32)
    center[..., 0] = 0.7
    weights = np.geomspace(1, 20, center.size, dtype=np.float32).reshape(SHAPE)
    search = Lbfgs(tf.Variable(0.4 + 0.5 * random()), 6)
    move, refused = compiled_move(search), 0
    for _ in range(80):
        picture = search.picture.value()
        loss, gradient = evaluated(separable(center, weights), picture)
        if tf.reduce_min(picture) < 0.3:
            refused += 1
            loss, gradient = (loss + bad, gradient) if what == "loss" else (loss, gradient + bad)
        move(loss, gradient)
        assert np.min(search.accepted()) >= 0.3 and np.isfinite(search.picture).all()
    assert refused > 0
    np.testing.assert_allclose(search.accepted(), center, atol=1e-2)


def test_starts_anew_where_the_line_leads_nowhere() -> None:
    """After too many steps that fail comes a short one, straight downhill, and from there the search goes on."""
    objective, center = quadratic(30, 0.4, 0.6, seed=5)
    search, curve = searched(objective, 0.3 + 0.4 * random(), 4)
    found, gradient = search.accepted(), evaluated(objective, search.accepted())[1]
    for _ in range(PATIENCE):
        assert search.remembered.numpy() > 0
        tried = search.picture.numpy()
        search.move(search.loss + 1.0, gradient)
    assert search.remembered.numpy() == 0
    step = (search.picture - found).numpy()
    np.testing.assert_allclose(step, -gradient * np.linalg.norm(step) / np.linalg.norm(gradient), atol=1e-6)
    assert np.linalg.norm(step) < np.linalg.norm(tried - found)
    move = compiled_move(search)
    for _ in range(40):
        move(*evaluated(objective, search.picture.value()))
    np.testing.assert_allclose(search.accepted(), center, atol=1e-3)


def test_a_step_that_fails_is_cut_where_the_cubic_is_least() -> None:
    """x^3 - x is least at 1 / sqrt 3: steps from 0 are cut to there, but to no more and no less than allowed."""
    steps = np.array([1.2, 1.5, 8.0, 1.0])
    wanted = [1 / np.sqrt(3) / 1.2, 1 / np.sqrt(3) / 1.5, LEAST, 1 / np.sqrt(3)]
    left = left_of_step(*map(tf.constant, (steps**3 - steps, -steps, (3 * steps**2 - 1) * steps)))
    np.testing.assert_allclose(left, np.clip(wanted, LEAST, MOST), rtol=1e-6)
    without_least = left_of_step(*map(tf.constant, ([1.0], [-1.0], [-9.0])))
    assert LEAST <= float(without_least[0]) <= MOST


def trajectory_eager(search: Lbfgs, objective: Objective, count: int) -> None:
    for _ in range(count):
        search.move(*evaluated(objective, search.picture.value()))


def trajectory_compiled(search: Lbfgs, objective: Objective, count: int, xla: bool) -> None:
    def one(step: tf.Tensor) -> tuple[tf.Tensor]:
        search.move(*evaluated(objective, search.picture.value()))
        return (step + 1,)

    def take(total: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(lambda step: step < total, one, (tf.constant(0),))[0]

    tf.function(take, jit_compile=xla, autograph=False)(tf.constant(count))


@pytest.mark.parametrize("xla", [False, True])
def test_compiled_as_step_by_step(xla: bool) -> None:
    objective, _ = quadratic(50, -0.3, 1.3, seed=2)
    objectives = lambda picture: tf.concat([objective(picture[:1]), _steep(picture[1:])], axis=0)  # noqa: E731
    start = np.concatenate([random(1), random(2)])
    eager, compiled = (Lbfgs(tf.Variable(start), 3) for _ in range(2))
    trajectory_eager(eager, objectives, 12)
    trajectory_compiled(compiled, objectives, 12, xla)
    for ours, other in zip([eager.picture, *eager.variables], [compiled.picture, *compiled.variables], strict=True):
        np.testing.assert_allclose(ours, other, rtol=2e-2, atol=2e-3)
    np.testing.assert_allclose(eager.loss, compiled.loss, rtol=1e-4)


def test_goes_on_bit_for_bit_from_its_variables() -> None:
    """From every step on, also amid failures and from a dropped history."""
    objective, _ = quadratic(1e3, -0.3, 1.3, seed=4)
    spoilt = range(5, 6 + PATIENCE)
    first, states = Lbfgs(tf.Variable(np.concatenate([random(1), random(2)])), 3), []

    def take(search: Lbfgs, step: int) -> None:
        loss, gradient = evaluated(objective, search.picture.value())
        search.move(loss + [0.0, np.inf if step in spoilt else 0.0], gradient)

    for step in range(spoilt.stop + 3):
        states.append([variable.numpy() for variable in (first.picture, *first.variables)])
        take(first, step)
    for start in range(spoilt.stop):
        search = Lbfgs(tf.Variable(states[start][0]), 3)
        for variable, value in zip(search.variables, states[start][1:], strict=True):
            variable.assign(value)
        for step in range(start, len(states) - 1):
            take(search, step)
            np.testing.assert_array_equal(search.picture, states[step + 1][0])
            np.testing.assert_array_equal(search.accepted(), states[step + 1][1])


def test_every_variable_is_among_its_variables() -> None:
    search = Lbfgs(tf.Variable(random()), 2)
    made = [value for value in tf.nest.flatten(list(vars(search).values())) if isinstance(value, tf.Variable)]
    assert {id(variable) for variable in search.variables} == {id(variable) for variable in made} - {id(search.picture)}


def test_stays_where_nothing_pulls() -> None:
    start = random()
    search, _ = searched(lambda picture: 1.0 + 0.0 * tf.reduce_sum(picture, axis=[1, 2, 3]), start, 10)
    np.testing.assert_array_equal(search.picture, start)
