"""The same losses and gradient as of the whole picture, one tile at a time.

Two passes over the tiles. The first adds up the moments, from which follow the style loss and what it asks of each
moment, dJ/dS and dJ/ds: small matrices. With these the objective is a sum over the tiles, each of which the second pass
takes by itself:

    J(tile) = alpha J_content(tile) + beta (sum dJ/dS * S(tile) + sum dJ/ds * s(tile)) + gamma J_variation(tile)

The features of a tile's core depend on no pixel outside its block, so the gradients of all blocks, halos included, add
up to the gradient of the whole. Memory depends on the tile; the price is one more forward pass and the halos.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_nst.config import Config
from keras_nst.core import losses
from keras_nst.core.pyramid import Size
from keras_nst.core.stats import Moments, moments
from keras_nst.core.tiling import Tile, stride, tiles

USUAL_TILE = 512  # pixels a side
Programs = dict[tuple[Any, ...], Callable[..., Any]]


class Tiled:
    """Looks at pictures of one size tile by tile, with one program for each kind of tile."""

    in_one_graph = False

    def __init__(self, features: keras.Model, size: Size, config: Config):
        self.features, self.size, self.config = features, size, config
        self.layers = list(features.output)
        self.tiles = tiles(size, config.tile_size or USUAL_TILE, config.network, self.layers)
        self.programs: Programs = {}

    def maps(self, picture: tf.Tensor, names: list[str]) -> losses.Features:
        """Returns whole feature maps, put together from those of the cores."""
        rows: dict[int, list[losses.Features]] = {}
        for tile in self.tiles:
            rows.setdefault(tile.rows.start, []).append(self._run(self._see, tile, picture, tuple(names)))
        joined = [{name: tf.concat([seen[name] for seen in row], axis=2) for name in names} for row in rows.values()]
        return {name: tf.concat([row[name] for row in joined], axis=1) for name in names}

    def moments(self, picture: tf.Tensor, names: list[str]) -> dict[str, Moments]:
        """Returns the moments of the whole picture."""
        parts = (self._run(self._measure, tile, picture, tuple(names)) for tile in self.tiles)
        return _added_up(parts)

    def evaluator(self, targets: losses.Targets) -> Callable[[tf.Tensor], tuple[losses.Losses, tf.Tensor]]:
        """Returns the function from pictures to their losses and gradient."""

        def evaluator(picture: tf.Tensor) -> tuple[losses.Losses, tf.Tensor]:
            seen = self.moments(picture, list(targets.style))
            wanted = losses.style_gradient(seen, targets, self.size, self.config)
            gradient = tf.Variable(tf.zeros_like(picture))
            parts = (self._pull(tile, picture, targets, wanted, gradient) for tile in self.tiles)
            total = losses.Part(*_added_up(parts))
            values = losses.evaluate(total._replace(style=seen), targets, self.size, self.config)
            return values, gradient.value()

        return evaluator

    def _pull(
        self,
        tile: Tile,
        picture: tf.Tensor,
        targets: losses.Targets,
        wanted: dict[str, Moments],
        gradient: tf.Variable,
    ) -> tuple[dict[str, tf.Tensor], dict[str, Moments], tf.Tensor]:
        """Adds the tile's gradient to that of the picture; returns its part of the terms, but for the style."""
        content = {name: _cut(target, tile, stride(name)) for name, target in targets.content.items()}
        here = targets._replace(content=content)
        part, pulled = self._run(self._descend, tile, picture, (), here, wanted)
        rows, columns = slice(*tile.rows[:2]), slice(*tile.columns[:2])
        block = gradient[:, rows, columns]
        block.assign(block + pulled)
        return part.content, {}, part.variation

    # What the programs do with a block, (n, h, w, 3).

    def _see(self, tile: Tile, names: tuple[str, ...], block: tf.Tensor) -> losses.Features:
        seen = self.features(block)
        return {
            name: seen[name][:, tile.rows.in_block(s), tile.columns.in_block(s)]
            for name in names
            for s in [stride(name)]
        }

    def _measure(self, tile: Tile, names: tuple[str, ...], block: tf.Tensor) -> dict[str, Moments]:
        return {name: moments(core) for name, core in self._see(tile, names, block).items()}

    def _descend(
        self,
        tile: Tile,
        names: tuple[str, ...],
        block: tf.Tensor,
        targets: losses.Targets,
        wanted: dict[str, Moments],
    ) -> tuple[losses.Part, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(block)
            seen = self._see(tile, tuple(self.layers), block)
            part = losses.part(self._pixels(tile, block), seen, targets, self.config)
            objective = losses.linear_objective(part, wanted, self.config)
        return part._replace(style={}), tape.gradient(objective, block)

    def _pixels(self, tile: Tile, block: tf.Tensor) -> losses.Pixels:
        """Returns the core's pixels and the next row and column."""
        (_, top, height, _), (_, left, width, _) = tile.rows.kind, tile.columns.kind
        return losses.Pixels(block[:, top : top + height + 1, left : left + width + 1], Size(height, width), self.size)

    def _run(self, work: Callable[..., Any], tile: Tile, picture: tf.Tensor, names: tuple[str, ...], *more: Any) -> Any:
        """Runs the program of this work for this kind of tile on the tile's block."""
        key = (work.__name__, tile.rows.kind, tile.columns.kind, names, picture.shape[0])
        block = picture[:, slice(*tile.rows[:2]), slice(*tile.columns[:2])]
        if key not in self.programs:
            xla = self.config.xla == "on"
            program = tf.function(lambda pixels, *rest: work(tile, names, pixels, *rest), jit_compile=xla)
            self.programs[key] = program.get_concrete_function(block, *more)
        return self.programs[key](block, *more)


def _cut(target: tf.Tensor, tile: Tile, step: int) -> tf.Tensor:
    return target[:, tile.rows.in_picture(step), tile.columns.in_picture(step)]


def _added_up(parts: Any) -> Any:
    """Returns the sum of structures of tensors."""
    total = next(parts)
    for part in parts:
        total = tf.nest.map_structure(tf.add, total, part)
    return total
