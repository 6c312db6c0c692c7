"""One scale of the pyramid: its picture, optimizer and compiled programs."""

import gc
import itertools
from typing import Any

import numpy as np
import tensorflow as tf

from keras_nst.core.descent import optimizers
from keras_nst.core.descent.steps import LONGEST, Stepper, Taken, Watch, as_numpy, as_taken
from keras_nst.core.network.network import Network
from keras_nst.core.network.programs import shape_of
from keras_nst.core.network.resizing import enlarged
from keras_nst.core.objective import losses
from keras_nst.core.plan.events import LossValues, Standing
from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.core.seeing.once import OncePerStep
from keras_nst.core.seeing.sight import Pictures, aim_at, composed, evaluator_of, in_smaller_tiles, kept_of, look_at

MUCH = 256**2  # pixels: feature maps of fewer may wait in memory until Python looks for garbage by itself


class Stage:
    """The picture at one scale, its optimizer, the watch over its losses, and the programs that take its steps.

    One stage may serve many pictures in turn: each begins with a fresh state.
    """

    inputs: Pictures  # since `begin`

    def __init__(self, scale: Scale, count: int, method: Method, network: Network):
        self.scale, self.method, self.network, self.before, self.count = scale, method, network, 0, count
        self.picture = tf.Variable(tf.zeros((count, *scale.size, 3)))
        self.mover = optimizers.make_optimizer(method.movement, scale.steps, self.picture)
        self.watch = Watch(count, method.settle)
        self.programs: dict[Any, Any] = {}
        self.look: Any = None
        self.recalled: list[np.ndarray] = []  # for a look that remembers earlier steps
        self.aim: losses.Aim | None = None  # made when the first step is taken, which may be much later
        self.aimed_at: tuple[Pictures, Method, Scale] | None = None

    def begin(
        self, inputs: Pictures, first: tf.Tensor, state: optimizers.State | None, method: Method, before: int
    ) -> None:
        """Begins with the first picture, of any size, and the optimizer's state from another scale.

        `before` is the number of steps taken at other scales.
        """
        if method.seeing != self.method.seeing:
            self._forget_programs()
        self.inputs, self.method, self.before = inputs, method, before
        if not self._is_aimed():
            self.aim = None  # freed before the next one is made, which may be as large
        self.picture.assign(self._enlarged(first, self.scale.size))
        self.mover.begin(state and optimizers.resized(state, self.scale.size))
        self.recalled = []
        if isinstance(self.look, OncePerStep):
            self.look.forget()
        self.watch.begin(method.objective)

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables that change during the steps."""
        return [self.picture, *self.mover.variables, *self.watch.variables]

    @property
    def steps(self) -> int:
        """The number of steps taken at this scale."""
        return int(self.watch.taken)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.mover.learning_rate)

    def take(self, count: int) -> Taken:
        """Takes `count` steps, at most as many as a chunk may have; fewer if the losses settle or explode."""
        return as_taken(*self._program()(tf.constant(min(count, LONGEST)), self.aim))

    def judge(self) -> LossValues:
        """Returns the losses of the current picture."""
        self._program()
        return as_numpy(self.look.judge(self.shown(), self.aim))

    def shown(self) -> tf.Tensor:
        """Returns the picture to show: averaged if so set, with the content where it may not change."""
        return composed(self.mover.shown(), self._aim().kept)

    def enlarged(self, size: Size) -> tf.Tensor:
        """Returns the picture to show, at another size."""
        return composed(self._enlarged(self.mover.shown(), size), kept_of(self.inputs, size))

    def _enlarged(self, picture: tf.Tensor, size: Size) -> tf.Tensor:
        return enlarged(picture, self.inputs.content if self.method.objective.content_layers else None, size)

    def standing(self) -> Standing:
        """Returns the state from which the run can be resumed."""
        arrays = (np.asarray(variable.value()) for variable in self.variables)
        remembers = isinstance(self.look, OncePerStep) and not self.recalled
        every = itertools.chain(arrays, self.look.remembered() if remembers else self.recalled)
        return Standing(self.scale.size, self.before + self.steps, self.steps, self.method, every)

    def restore(self, standing: Standing) -> None:
        """Restores the state of a checkpoint."""
        arrays = iter(standing.arrays)
        own = itertools.islice(arrays, len(self.variables))
        for variable, array in zip(self.variables, own, strict=True):
            variable.assign(array)
        self.recalled = list(arrays)
        self.before = standing.step - self.steps

    def retreat(self) -> None:
        """Returns to the last sound picture, more carefully from there."""
        self.mover.retreat()
        if isinstance(self.look, OncePerStep):
            self.look.forget()

    def see_less_at_once(self) -> bool:
        """Switches to smaller tiles; returns whether there are any (not if processes share the tiles)."""
        if self.network.crew.processes > 1:
            return False
        seeing = in_smaller_tiles(self.method.seeing, self.scale.size, list(self.network.features.output))
        if seeing:
            self.method = self.method._replace(seeing=seeing)
            self._forget_programs()
        return seeing is not None

    def _program(self) -> Any:
        """Returns the program that takes steps towards the target."""
        aim, seeing, objective = self._aim(), self.method.seeing, self.method.objective
        if self.look is None:
            features = self.network.that_takes_steps(self.scale, seeing)
            planned = 0 if self.mover.searches else self.scale.steps  # a line search needs exact gradients
            self.look = look_at(self.scale.size, features, objective, seeing, self.network.crew, planned)
        if isinstance(self.look, OncePerStep) and self.recalled:
            self.look.remember(self.recalled)
            self.recalled = []
        shapes = tuple(tf.nest.flatten(tf.nest.map_structure(shape_of, aim)))
        if shapes not in self.programs:
            steps = Stepper(self.picture, evaluator_of(self.look), self.mover, self.watch, objective)
            self.programs[shapes] = steps.compile(aim, self.look.in_one_graph, seeing.compiled)
        return self.programs[shapes]

    def _aim(self) -> losses.Aim:
        if self.aim is None or not self._is_aimed():
            at = self.inputs, self.method, self.scale  # another thread may begin the next picture meanwhile
            self.aim, self.aimed_at = aim_at(at[0], at[2].size, self.network, at[1].at(at[2])), at
            if self.count * self.scale.size.height * self.scale.size.width >= MUCH:
                gc.collect()  # tracing leaves reference cycles that hold feature maps
        return self.aim

    def _is_aimed(self) -> bool:
        """Returns whether the target belongs to the current inputs, method and scale."""
        inputs, *how = self.aimed_at or (None,)
        return inputs is self.inputs and how == [self.method, self.scale]

    def _forget_programs(self) -> None:
        self.programs, self.look, self.aim = {}, None, None


def stage_for(scale: Scale, count: int, method: Method, network: Network) -> Stage:
    """Returns a stage for a scale; one that served a similar picture is reused."""
    alike = method._replace(objective=method.objective._replace(weights=()), strength=None)
    terms = tuple(name for name, _ in method.objective.weights)
    key = scale.size, scale.steps, count, alike, terms
    stage = network.stages.get(key, lambda: Stage(scale, count, method, network))
    stage.scale = scale  # with its number and the steps before it
    return stage


def rehearsed(scale: Scale, pictures: Pictures, method: Method, network: Network) -> Stage:
    """Returns a stage with its target measured and its programs compiled, unless compiled ones are cached.

    Programs with Winograd's convolution or XLA are compiled when a step is taken; the result of that step is discarded.
    """
    stage = stage_for(scale, pictures.number, method, network)
    if scale.steps and not stage.programs:
        compiles = method.seeing.compiled or network.that_takes_steps(scale, method.seeing) is not network.features
        stage.begin(pictures, stage.picture, None, method, before=0)
        stage.take(int(compiles))
    return stage
