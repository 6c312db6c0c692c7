"""The same losses and gradient as of the whole picture, one tile at a time.

Two passes over the tiles. The first adds up the moments, from which follow the style loss and what it asks of each
moment, dJ/dS and dJ/ds: small matrices. With these the objective is a sum over the tiles, each of which the second pass
takes by itself:

    J(tile) = alpha J_content(tile) + beta (sum dJ/dS * S(tile) + sum dJ/ds * s(tile)) + gamma J_variation(tile)

The features of a tile's core depend on no pixel outside its block, so the gradients of all blocks, halos included, add
up to the gradient of the whole. Memory depends on the tile; the price is one more forward pass and the halos.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import losses
from keras_nst.core.guides import Guides
from keras_nst.core.pyramid import Size
from keras_nst.core.stats import Moments, moments
from keras_nst.core.tiling import Tile, stride, tiles
from keras_nst.core.variation import Pixels

USUAL_TILE = 512  # pixels a side


class Here(NamedTuple):
    """What a tile's own part of the objective needs besides its pixels."""

    targets: losses.Targets  # the content's at the positions of the block
    own: losses.Masks  # the positions that are the core's
    told: losses.Guides  # how much positions count for each region, where there are regions
    pixels: tf.Tensor  # (h, w), the same of the pixels


class Tiled:
    """Looks at pictures of one size tile by tile, with one program for each shape of a block."""

    in_one_graph = False

    def __init__(self, features: keras.Model, size: Size, config: Config, told: Guides | None = None):
        self.features, self.size, self.config, self.told = features, size, config, told or {}
        self.layers = list(features.output)
        self.tiles = tiles(size, config.tile_size or USUAL_TILE, config.network, self.layers)
        self.programs: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def maps(self, picture: tf.Tensor, names: list[str]) -> losses.Features:
        """Returns whole feature maps, put together from those of the cores, in the memory of the host."""
        maps: losses.Features = {}
        for tile in self.tiles:
            for name, seen in self._run(self._see, tile, picture, tuple(names)).items():
                step = stride(name)
                if name not in maps:
                    n, _, _, c = seen.shape
                    shape = n, self.size.height // step, self.size.width // step, c
                    maps[name] = np.empty(shape, seen.dtype.as_numpy_dtype)
                core = seen[:, tile.rows.in_block(step), tile.columns.in_block(step)]
                maps[name][:, tile.rows.in_picture(step), tile.columns.in_picture(step)] = core.numpy()
        return maps

    def moments(self, picture: tf.Tensor, names: list[str]) -> dict[str, Moments]:
        """Returns the moments of the whole picture."""
        return _added_up(
            self._run(self._measure, tile, picture, tuple(names), self._counted(tile, names)) for tile in self.tiles
        )

    def evaluator(self, targets: losses.Targets) -> Callable[[tf.Tensor], tuple[losses.Losses, tf.Tensor]]:
        """Returns the function from pictures to their losses and gradient."""

        def evaluator(picture: tf.Tensor) -> tuple[losses.Losses, tf.Tensor]:
            seen = self.moments(picture, list(targets.style)) if targets.style else {}
            wanted = losses.style_gradient(seen, targets, self.size, self.config)
            gradient = tf.Variable(tf.zeros_like(picture))
            parts = (self._pull(tile, picture, targets, wanted, gradient) for tile in self.tiles)
            total = losses.Part(*_added_up(parts))
            values = losses.evaluate(total._replace(style=seen), targets, self.size, self.config)
            return values, gradient.value()

        return evaluator

    def judge(self, picture: tf.Tensor, targets: losses.Targets) -> losses.Losses:
        """Returns the losses alone, by one pass."""
        parts = (self._run(self._assess, tile, picture, (), self._here(tile, targets)) for tile in self.tiles)
        return losses.evaluate(losses.Part(*_added_up(parts)), targets, self.size, self.config)

    def _pull(
        self,
        tile: Tile,
        picture: tf.Tensor,
        targets: losses.Targets,
        wanted: dict[str, Moments],
        gradient: tf.Variable,
    ) -> losses.Part:
        """Adds the tile's gradient to that of the picture; returns its part of the terms, but for the style."""
        part, pulled = self._run(self._descend, tile, picture, (), self._here(tile, targets), wanted)
        block = gradient[:, tile.rows.block(1), tile.columns.block(1)]
        block.assign(block + pulled)
        return part

    def _here(self, tile: Tile, targets: losses.Targets) -> Here:
        content = {
            name: tf.constant(target[:, tile.rows.block(step), tile.columns.block(step)])
            for name, target in targets.content.items()
            for step in [stride(name)]
        }
        own, told = self._own(tile, self.layers), self._told(tile)
        return Here(targets._replace(content=content), own, told, self._mask(tile, 1))

    # What the programs do with a block, (n, h, w, 3).

    def _see(self, names: tuple[str, ...], block: tf.Tensor) -> losses.Features:
        seen = self.features(block)
        return {name: seen[name] for name in names}

    def _measure(self, names: tuple[str, ...], block: tf.Tensor, counts: losses.Guides) -> dict[str, Moments]:
        return {name: moments(seen, counts[name]) for name, seen in self._see(names, block).items()}

    def _assess(self, names: tuple[str, ...], block: tf.Tensor, here: Here) -> losses.Part:
        pixels = Pixels(block, here.pixels, self.size)
        return losses.part(pixels, self.features(block), here.targets, self.config, here.own, here.told)

    def _descend(
        self, names: tuple[str, ...], block: tf.Tensor, here: Here, wanted: dict[str, Moments]
    ) -> tuple[losses.Part, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(block)
            part = self._assess(names, block, here)
            objective = losses.linear_objective(part, wanted, self.config)
        return part._replace(style={}), tape.gradient(objective, block)

    def _run(self, work: Callable[..., Any], tile: Tile, picture: tf.Tensor, names: tuple[str, ...], *more: Any) -> Any:
        """Runs the program of this work for blocks of this shape on the tile's block."""
        block = picture[:, tile.rows.block(1), tile.columns.block(1)]
        key = (work.__name__, names, *block.shape)
        if key not in self.programs:
            program = functools.partial(work, names)
            compiled = tf.function(program, jit_compile=self.config.xla == "on", autograph=False)
            self.programs[key] = compiled.get_concrete_function(block, *more)
        return self.programs[key](block, *more)

    def _own(self, tile: Tile, names: Iterable[str]) -> losses.Masks:
        """Returns which positions of the block's feature maps are the core's."""
        masks = {step: self._mask(tile, step) for step in {stride(name) for name in names}}
        return {name: masks[stride(name)] for name in names}

    def _told(self, tile: Tile) -> losses.Guides:
        """Returns how much the positions of the block's feature maps count for each region."""
        return {
            name: tf.constant(regions[:, tile.rows.block(step), tile.columns.block(step)], self.features.input.dtype)
            for name, regions in self.told.items()
            for step in [stride(name)]
        }

    def _counted(self, tile: Tile, names: Iterable[str]) -> losses.Guides:
        told = self._told(tile)
        return {name: losses.counted(own, told.get(name)) for name, own in self._own(tile, names).items()}

    def _mask(self, tile: Tile, step: int) -> tf.Tensor:
        height, width = ((span.block_stop - span.block_start) // step for span in tile)
        mask = np.zeros((height, width), self.features.input.dtype)
        mask[tile.rows.in_block(step), tile.columns.in_block(step)] = 1.0
        return tf.constant(mask)


def _added_up(parts: Iterator[Any]) -> Any:
    """Returns the sum of structures of tensors."""
    return functools.reduce(functools.partial(tf.nest.map_structure, tf.add), parts)
