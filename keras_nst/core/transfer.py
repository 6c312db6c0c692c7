"""The algorithm: a picture is moved, coarse to fine, until its features match the content and the style."""

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import losses, optimizers, winograd
from keras_nst.core.events import Listener, LossValues, Progress
from keras_nst.core.pyramid import Size, repays_compilation, same_area, sizes, steps_per_scale
from keras_nst.core.tiles import Tiled
from keras_nst.core.tiling import TILE_SIZES, shown_at_once
from keras_nst.core.whole import Whole

Evaluator = Callable[[tf.Tensor], tuple[losses.Losses, tf.Tensor]]  # pictures -> losses, gradient
Pace = Callable[[int, int], int]  # scale, steps left in it -> steps of the next chunk; 0 ends the run


# What TensorFlow raises where there is no more memory: on a GPU, and now and then on the CPU.
OUT_OF_MEMORY = (tf.errors.ResourceExhaustedError, tf.errors.AbortedError)


class Pictures(NamedTuple):
    """The inputs, each (n, h, w, 3), RGB in [0, 1], tensors or arrays; None where there is none."""

    content: tf.Tensor | np.ndarray | None
    style: tf.Tensor | np.ndarray | None
    first: tf.Tensor | np.ndarray | None = None  # where --init names a picture


class Scale(NamedTuple):
    """One size of the pyramid."""

    number: int  # 1, 2, ...
    size: Size
    steps: int
    before: int  # steps of the scales before it


class Result(NamedTuple):
    """The finished pictures, their losses (None where the run ended early) and the steps taken.

    A run that `diverged`, whose loss or picture is no longer a number, ends with the last pictures that were sound.
    """

    picture: np.ndarray  # (n, h, w, 3)
    losses: LossValues | None
    steps: int
    diverged: bool = False


class Sight(NamedTuple):
    """The objective at one scale, seen as the settings say."""

    take_steps: Callable[[tf.Tensor], losses.Losses]  # so many; the losses before the last of them
    judge: Callable[[tf.Tensor], losses.Losses]


def transfer(
    pictures: Pictures,
    final: Size,
    config: Config,
    features: keras.Model,
    pace: Pace,
    listeners: Sequence[Listener],
    tell: Callable[[str], None] = lambda line: None,
) -> Result:
    """Stylizes pictures at the size `final`; `config` is resolved.

    Where memory ends, the run goes on from the picture as it is in smaller tiles, and tells so.
    """
    scales = plan(final, config)
    picture, state = first_picture(pictures, scales[0].size, config), None
    for scale, quickest in zip(scales, networks(features, scales, config), strict=True):
        variable = tf.Variable(resize(picture, scale.size))
        optimizer = optimizers.make_optimizer(
            config, scale.steps, variable, state and optimizers.resized(state, scale.size)
        )
        started, sight, step = int(optimizer.iterations), None, 0
        while step < scale.steps and (count := min(scale.steps - step, pace(scale.number, scale.steps - step))):
            before = variable.value()
            try:
                sight = sight or see(pictures, variable, optimizer, features, quickest, config)
                values = as_numpy(sight.take_steps(tf.constant(count)))
            except OUT_OF_MEMORY:
                if not (smaller := in_smaller_tiles(config, scale.size, features)):
                    raise
                config, sight = smaller, None
                tell(f"Not enough memory for {scale.size} pixels: goes on in tiles of {config.tile_size}.")
                optimizer.iterations.assign(started + step)  # whatever was begun is begun again
                continue
            if not is_sound(values, variable):
                return Result(resize(before, final).numpy(), None, scale.before + step, diverged=True)
            step += count
            report(listeners, scales, scale, step, values, optimizer, variable)
        picture, state = variable.value(), optimizers.state_of(optimizer, variable)
        if step < scale.steps:
            return Result(resize(picture, final).numpy(), None, scale.before + step)
    sight = sight or see(pictures, variable, optimizer, features, quickest, config)
    values = as_numpy(sight.judge(picture))
    report(listeners, scales, scale, scale.steps, values, optimizer, variable, final=True)
    return Result(picture.numpy(), values, scale.before + scale.steps)


def see(
    pictures: Pictures,
    variable: tf.Variable,
    optimizer: keras.optimizers.Optimizer,
    features: keras.Model,
    quickest: keras.Model,
    config: Config,
) -> Sight:
    """Returns the objective for the picture in `variable`; `quickest` is the network that takes the steps."""
    size = Size(*variable.shape[1:3])
    targets = make_targets(pictures, look_at(size, features, config), features, config)
    look = look_at(size, quickest, config)
    take_steps = compile_steps(variable, look.evaluator(targets), optimizer, config, look.in_one_graph)
    return Sight(take_steps, lambda picture: look.judge(picture, targets))


def in_smaller_tiles(config: Config, size: Size, features: keras.Model) -> Config | None:
    """Returns the settings by which the network is shown clearly less at once; None where it cannot be."""
    layers = list(features.output)
    tile_size = config.tile_size if config.evaluator == "tiles" else None
    shown = shown_at_once(size, tile_size, config.network, layers)
    for smaller in TILE_SIZES:
        if shown_at_once(size, smaller, config.network, layers) < 0.8 * shown:
            return config.resolved(evaluator="tiles", tile_size=smaller)
    return None


def is_sound(values: LossValues, picture: tf.Variable) -> bool:
    """Returns whether the losses and the pictures are numbers."""
    return bool(np.isfinite(values.total).all() and tf.reduce_all(tf.math.is_finite(picture)))


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


def look_at(size: Size, features: keras.Model, config: Config) -> Whole | Tiled:
    """Returns what shows pictures of this size to the network: by tiles if so set and if there is more than one."""
    if config.evaluator == "tiles":
        tiled = Tiled(features, size, config)
        if len(tiled.tiles) > 1:
            return tiled
    return Whole(features, size, config)


def compile_steps(
    picture: tf.Variable,
    evaluator: Evaluator,
    optimizer: keras.optimizers.Optimizer,
    config: Config,
    in_one_graph: bool,
) -> Callable[[tf.Tensor], losses.Losses]:
    """Returns a function that takes so many steps on the device and returns the losses before the last of them."""

    def update(gradient: tf.Tensor) -> None:
        optimizer.apply([optimizers.bounded(gradient, config)], [picture])
        picture.assign(tf.clip_by_value(picture, 0.0, 1.0))

    def take_one(step: tf.Tensor, _: losses.Losses) -> tuple[tf.Tensor, losses.Losses]:
        values, gradient = evaluator(picture.value())
        apply(gradient)
        return step + 1, values

    def take(count: tf.Tensor) -> losses.Losses:
        start = tf.constant(0), losses.no_losses(picture, config)
        return tf.while_loop(lambda step, _: step < count, take_one, start)[1]

    # One trace each. Called itself, a tf.function would count the traces of all scales, and warn.
    # Without AutoGraph, which takes longer to read our functions than TensorFlow to run the first step.
    compiled = functools.partial(tf.function, jit_compile=config.xla == "on", autograph=False)
    if in_one_graph:
        apply = update
        return compiled(take).get_concrete_function(tf.TensorSpec((), tf.int32))
    apply = compiled(update).get_concrete_function(tf.TensorSpec(picture.shape, picture.dtype))
    return take


def make_targets(pictures: Pictures, look: Whole | Tiled, features: keras.Model, config: Config) -> losses.Targets:
    """Returns what the content and the style picture ask of a picture of the size looked at."""
    size = look.size
    content, style = {}, {}
    smoothness = resize(pictures.style if pictures.content is None else pictures.content, size)
    if config.content_weight:
        content = look.maps(smoothness, [layer.name for layer in config.layers_used("content")])
    if config.style_weight:
        names = [layer.name for layer in config.layers_used("style")]
        shown = style_at(pictures.style, size, config)
        style = look_at(Size(*shown.shape[1:3]), features, config).moments(shown, names)
    return losses.make_targets(content, style, smoothness, config)


def style_at(style: tf.Tensor, size: Size, config: Config) -> tf.Tensor:
    """Returns the style picture for a picture of this size: of its shape, or of as many pixels."""
    if config.style_fit == "squash":
        return resize(style, size)
    return resize(style, same_area(Size(*style.shape[1:3]), size.height * size.width))


def first_picture(pictures: Pictures, size: Size, config: Config) -> tf.Tensor:
    """Returns the picture the first step starts from, (n, h, w, 3)."""
    if pictures.first is not None:
        return resize(pictures.first, size)
    source = pictures.style if config.init == "style" else pictures.content
    share = {"noise": 1.0, "blend": config.noise}.get(config.init, 0.0 if source is not None else 1.0)
    picture = 0.0 if source is None else (1.0 - share) * resize(source, size)
    count = next(len(given) for given in (pictures.content, pictures.style) if given is not None)
    noise = np.random.default_rng(config.seed).random((1, *size, 3), np.float32)
    return picture + share * tf.repeat(noise, count, axis=0)


def resize(picture: tf.Tensor, size: Size) -> tf.Tensor:
    """Returns pictures of another size, smoothed where they shrink, within [0, 1]."""
    if tuple(picture.shape[1:3]) == size:
        return tf.convert_to_tensor(picture)
    return tf.clip_by_value(tf.image.resize(picture, size, "bicubic", antialias=True), 0.0, 1.0)


def report(
    listeners: Sequence[Listener],
    scales: list[Scale],
    scale: Scale,
    step: int,
    values: LossValues,
    optimizer: keras.optimizers.Optimizer,
    picture: tf.Variable,
    final: bool = False,
) -> None:
    """Tells every listener where the run is."""
    progress = Progress(
        step=scale.before + step + final,
        steps=scales[-1].before + scales[-1].steps,
        scale=scale.number,
        scales=len(scales),
        scale_step=step,
        scale_steps=scale.steps,
        losses=values,
        learning_rate=float(optimizer.learning_rate),
        picture=picture.numpy,
        final=final,
    )
    for listen in listeners:
        listen(progress)


def as_numpy(values: losses.Losses) -> LossValues:
    """Returns the loss terms as arrays."""
    return LossValues(*tf.nest.map_structure(lambda term: term.numpy(), values))
