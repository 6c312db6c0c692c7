"""The algorithm: a picture is moved, coarse to fine, until its features match the content and the style."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import optimizers, winograd
from keras_nst.core.chunk import Taken, as_numpy
from keras_nst.core.events import Listener, LossValues, Progress, Standing, Step
from keras_nst.core.pyramid import Size, repays_compilation, sizes, steps_per_scale
from keras_nst.core.sight import Pictures, Sight, composer, first_picture, in_smaller_tiles, resize, see
from keras_nst.core.strength import calibrated
from keras_nst.core.watch import Watch

# Scale, steps left in it -> steps of the next chunk; 0 ends the scale, None the run.
Pace = Callable[[int, int], int | None]
Tell = Callable[[str], None]

# What TensorFlow raises where there is no more memory: on a GPU, and now and then on the CPU.
OUT_OF_MEMORY = (tf.errors.ResourceExhaustedError, tf.errors.AbortedError)
RETREATS = 5  # in a row, before a run is given up


class Scale(NamedTuple):
    """One size of the pyramid."""

    number: int  # 1, 2, ...
    size: Size
    steps: int
    before: int  # steps of the scales before it


class Result(NamedTuple):
    """The finished pictures, their losses (None where the run ended early) and the steps taken.

    A run that `diverged`, whose loss will not stay a number, ends with the last pictures that were sound.
    """

    picture: np.ndarray  # (n, h, w, 3)
    losses: LossValues | None
    steps: int
    diverged: bool = False


class Stage:
    """What there is of a run at one scale."""

    def __init__(self, scale: Scale, picture: tf.Tensor, config: Config, state: optimizers.State | None):
        self.scale = scale
        self.picture = tf.Variable(picture)
        state = state and optimizers.resized(state, scale.size)
        self.mover = optimizers.make_optimizer(config, scale.steps, self.picture, state)
        self.watch = Watch(picture.shape[0], config)

    @property
    def variables(self) -> list[tf.Variable]:
        """All that changes in the course of it."""
        return [self.picture, *self.mover.variables, *self.watch.variables]

    @property
    def steps(self) -> int:
        """The steps taken at this scale."""
        return int(self.watch.taken)

    def standing(self, config: Config) -> Standing:
        """Returns what it takes to go on from here."""
        return Standing(self.scale.number, config, (np.asarray(variable.value()) for variable in self.variables))

    def restore(self, standing: Standing) -> None:
        """Goes on from there."""
        for variable, array in zip(self.variables, standing.arrays, strict=True):
            variable.assign(array)


def transfer(
    pictures: Pictures,
    final: Size,
    config: Config,
    features: keras.Model,
    pace: Pace,
    listeners: Sequence[Listener],
    tell: Tell = lambda line: None,
    resumed: Standing | None = None,
) -> Result:
    """Stylizes pictures at the size `final`, or goes on with that; `config` is resolved."""
    config = resumed.config if resumed else calibrated(pictures, final, features, config)
    scales = plan(final, config)
    picture, state, stopped, steps = first_picture(pictures, scales[0].size, config), None, False, 0
    for scale, quickest in zip(scales, networks(features, scales, config), strict=True):
        if stopped or (resumed and scale.number < resumed.scale):
            continue
        stage = Stage(scale, resize(picture, scale.size), config, state)
        if resumed and scale.number == resumed.scale:
            stage.restore(resumed)
            steps = scale.before
        run = Run(pictures, features, quickest, config, scales, listeners, tell)
        sound, stopped = run.descend(stage, pace)
        picture, state, config = stage.mover.shown(), stage.mover.state(), run.config
        steps += stage.steps
        if not sound:
            break
    picture = composer(pictures, stage.scale.size)(picture)
    if not sound or stopped:
        return Result(np.asarray(resize(picture, final)), None, steps, diverged=not sound)
    values = run.judge(stage)
    if not np.isfinite(values.total).all():  # the last step of all was one too many
        stage.mover.retreat()
        return Result(np.asarray(composer(pictures, final)(stage.mover.shown())), None, steps, diverged=True)
    return Result(np.asarray(picture), values, steps)


class Run:
    """Takes the steps of one scale.

    Where memory ends, it goes on from the picture as it is in smaller tiles; where the loss explodes, from the last
    picture that was sound and with more care; and tells so.
    """

    def __init__(
        self,
        pictures: Pictures,
        features: keras.Model,
        quickest: keras.Model,
        config: Config,
        scales: list[Scale],
        listeners: Sequence[Listener],
        tell: Tell,
    ):
        self.pictures, self.features, self.quickest, self.config = pictures, features, quickest, config
        self.scales, self.listeners, self.tell = scales, listeners, tell
        self.sight: Sight | None = None

    def descend(self, stage: Stage, pace: Pace) -> tuple[bool, bool]:
        """Takes the steps; returns whether the loss is sound, and whether the run is to stop."""
        scale, settled = stage.scale, stage.steps > 0 and bool(stage.watch.has_settled())
        while stage.steps < scale.steps and not settled:
            count = pace(scale.number, scale.steps - stage.steps)
            if not count:
                return True, count is None
            taken = self._take(stage, min(count, scale.steps - stage.steps))
            if taken is None:
                continue
            settled = taken.settled
            self._report(stage, taken)
            if not taken.sound and not self._retreat(stage):
                return False, False
        return True, False

    def judge(self, stage: Stage) -> LossValues:
        """Returns the losses of the finished picture, and reports them."""
        while True:
            try:
                self.sight = self.sight or self._see(stage)
                values = as_numpy(self.sight.judge(stage.mover.shown()))
                break
            except OUT_OF_MEMORY:
                self._take_smaller_tiles(stage)
        self._tell_listeners(stage, stage.steps, values, float(stage.mover.learning_rate), final=True)
        return values

    def _take(self, stage: Stage, count: int) -> Taken | None:
        """Takes so many steps; returns None where memory ended."""
        try:
            self.sight = self.sight or self._see(stage)
            return self.sight.take_steps(count)
        except OUT_OF_MEMORY:
            self._take_smaller_tiles(stage)
            return None

    def _see(self, stage: Stage) -> Sight:
        return see(self.pictures, stage.picture, stage.mover, stage.watch, self.features, self.quickest, self.config)

    def _take_smaller_tiles(self, stage: Stage) -> None:
        """Goes on in smaller tiles, or raises the error again if there are none."""
        smaller = in_smaller_tiles(self.config, stage.scale.size, self.features)
        if not smaller:
            raise
        self.config, self.sight = smaller, None
        self.tell(f"Not enough memory for {stage.scale.size} pixels: goes on in tiles of {smaller.tile_size}.")

    def _retreat(self, stage: Stage) -> bool:
        """Goes back to the last sound picture; returns whether there is one and it is worth another try."""
        stage.mover.retreat()
        if stage.watch.fail() > RETREATS or not stage.steps:
            return False
        step = stage.scale.before + stage.steps
        self.tell(f"The loss explodes behind step {step}: goes back to it, with half the learning rate.")
        return True

    def _report(self, stage: Stage, taken: Taken) -> None:
        """Tells every listener of the steps taken."""
        if taken.steps:
            last = stage.scale.before + stage.steps
            told = zip(range(last - taken.steps + 1, last + 1), taken.losses, taken.learning_rates, strict=True)
            steps = [Step(*step) for step in told]
            self._tell_listeners(stage, stage.steps, steps[-1].losses, steps[-1].learning_rate, steps)

    def _tell_listeners(
        self,
        stage: Stage,
        step: int,
        values: LossValues,
        rate: float,
        taken: Sequence[Step] = (),
        final: bool = False,
    ) -> None:
        scale, config = stage.scale, self.config
        progress = Progress(
            step=scale.before + step + final,
            steps=self.scales[-1].before + self.scales[-1].steps,
            scale=scale.number,
            scales=len(self.scales),
            scale_step=step,
            scale_steps=scale.steps,
            losses=values,
            learning_rate=rate,
            picture=lambda: np.asarray(composer(self.pictures, scale.size)(stage.mover.shown())),
            final=final,
            taken=taken,
            standing=lambda: stage.standing(config),
        )
        for listen in self.listeners:
            listen(progress)


def plan(final: Size, config: Config) -> list[Scale]:
    """Returns the scales coarse to fine; those without steps are left out before the last."""
    pyramid = sizes(final, config.scales)
    steps = steps_per_scale(config.steps, len(pyramid))
    kept = [(size, count) for size, count in zip(pyramid, steps, strict=True) if count or size is pyramid[-1]]
    before = [sum(count for _, count in kept[:index]) for index in range(len(kept))]
    return [Scale(number, *scale, start) for number, (scale, start) in enumerate(zip(kept, before, strict=True), 1)]


def networks(features: keras.Model, scales: list[Scale], config: Config) -> list[keras.Model]:
    """Returns the network that takes the steps of each scale: the same, but for how it convolves."""
    always, never = (config.convolution == how for how in ("winograd", "direct"))
    chosen = [always or not never and repays_compilation(scale.size, scale.steps) for scale in scales]
    faster = winograd.faster(features) if any(chosen) else features
    return [faster if quick else features for quick in chosen]
