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

from keras_nst.core import losses
from keras_nst.core.events import LossValues
from keras_nst.core.method import Objective, Seeing
from keras_nst.core.programs import Programs
from keras_nst.core.pyramid import Size
from keras_nst.core.stats import Moments, moments
from keras_nst.core.terms import Features, Guides, Masks, Seen, counted
from keras_nst.core.tiling import Tile, tiles
from keras_nst.core.variation import Pixels
from keras_nst.settings.networks import stride

USUAL_TILE = 512  # pixels a side


class Here(NamedTuple):
    """What a tile's own part of the objective needs besides its pixels."""

    aim: losses.Aim  # at the positions of the block
    own: Masks  # the positions that are the core's
    pixels: tf.Tensor  # (h, w), the same of the pixels


class Tiled:
    """Looks at pictures of one size tile by tile, with one program for each shape of a block."""

    in_one_graph = False

    def __init__(self, features: keras.Model, size: Size, objective: Objective, seeing: Seeing):
        self.features, self.size, self.objective = features, size, objective
        self.layers = list(features.output)
        self.tiles = tiles(size, seeing.tile_size or USUAL_TILE, seeing.network, self.layers)
        self.programs = Programs(seeing.compiled)

    def maps(self, picture: tf.Tensor, names: list[str]) -> Features:
        """Returns whole feature maps, put together from those of the cores, in the memory of the host."""
        maps: Features = {}
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

    def moments(self, picture: tf.Tensor, names: list[str], guides: Guides) -> dict[str, Moments]:
        """Returns the moments of the whole picture."""
        return _added_up(
            self._run(self._measure, tile, picture, tuple(names), self._counted(tile, names, guides))
            for tile in self.tiles
        )

    def evaluate(self, picture: tf.Tensor, aim: losses.Aim) -> tuple[LossValues, tf.Tensor]:
        """Returns the losses of pictures and their gradient, by two passes."""
        first = losses.of_all_tiles(self.objective)
        total = _added_up(
            self._run(self._assess, tile, picture, first, self._here(tile, aim)) for tile in self.tiles if first
        )
        wanted = losses.slopes(total, aim, self.size, self.objective) if first else {}
        gradient = tf.Variable(tf.zeros_like(picture))
        parts = (self._pull(tile, picture, aim, wanted, gradient) for tile in self.tiles)
        total |= _added_up(parts)
        return losses.evaluate(total, aim, self.size, self.objective), gradient.value()

    def judge(self, picture: tf.Tensor, aim: losses.Aim) -> LossValues:
        """Returns the losses alone, by one pass."""
        every = tuple(losses.terms_of(self.objective))
        parts = (self._run(self._assess, tile, picture, every, self._here(tile, aim)) for tile in self.tiles)
        return losses.evaluate(_added_up(parts), aim, self.size, self.objective)

    def _pull(
        self, tile: Tile, picture: tf.Tensor, aim: losses.Aim, wanted: losses.Parts, gradient: tf.Variable
    ) -> losses.Parts:
        """Adds the tile's gradient to that of the picture; returns what the other terms have measured of it."""
        parts, pulled = self._run(self._descend, tile, picture, (), self._here(tile, aim), wanted)
        block = gradient[:, tile.rows.block(1), tile.columns.block(1)]
        block.assign(block + pulled)
        return parts

    def _here(self, tile: Tile, aim: losses.Aim) -> Here:
        known = losses.terms_of(self.objective)
        aims = {name: known[name].here(of, tile) for name, of in aim.terms.items()}
        here = losses.Aim(aims, aim.weights, self._guides(tile, aim.guides), ())
        return Here(here, self._own(tile, self.layers), self._mask(tile, 1))

    # What the programs do with a block, (n, h, w, 3).

    def _see(self, names: tuple[str, ...], block: tf.Tensor) -> Features:
        seen = self.features(block)
        return {name: seen[name] for name in names}

    def _measure(self, names: tuple[str, ...], block: tf.Tensor, counts: Guides) -> dict[str, Moments]:
        return {name: moments(seen, counts[name]) for name, seen in self._see(names, block).items()}

    def _assess(self, terms: tuple[str, ...], block: tf.Tensor, here: Here) -> losses.Parts:
        seen = Seen(Pixels(block, here.pixels, self.size), self.features(block), here.own, here.aim.guides)
        return losses.measure(seen, here.aim, self.objective, terms)

    def _descend(
        self, names: tuple[str, ...], block: tf.Tensor, here: Here, wanted: losses.Parts
    ) -> tuple[losses.Parts, tf.Tensor]:
        every = tuple(losses.terms_of(self.objective))
        with tf.GradientTape() as tape:
            tape.watch(block)
            parts = self._assess(every, block, here)
            objective = losses.linear_objective(parts, wanted, here.aim, self.size, self.objective)
        return {name: part for name, part in parts.items() if name not in wanted}, tape.gradient(objective, block)

    def _run(self, work: Callable[..., Any], tile: Tile, picture: tf.Tensor, names: tuple[str, ...], *more: Any) -> Any:
        """Runs the program of this work for blocks of this shape on the tile's block."""
        return self.programs.run(work, names, picture[:, tile.rows.block(1), tile.columns.block(1)], *more)

    def _own(self, tile: Tile, names: Iterable[str]) -> Masks:
        """Returns which positions of the block's feature maps are the core's."""
        masks = {step: self._mask(tile, step) for step in {stride(name) for name in names}}
        return {name: masks[stride(name)] for name in names}

    def _guides(self, tile: Tile, guides: Guides) -> Guides:
        """Returns how much the positions of the block's feature maps count for each region."""
        return {
            name: regions[:, tile.rows.block(step), tile.columns.block(step)]
            for name, regions in guides.items()
            for step in [stride(name)]
        }

    def _counted(self, tile: Tile, names: Iterable[str], guides: Guides) -> Guides:
        here = self._guides(tile, guides)
        return {name: counted(own, here.get(name)) for name, own in self._own(tile, names).items()}

    def _mask(self, tile: Tile, step: int) -> tf.Tensor:
        height, width = ((span.block_stop - span.block_start) // step for span in tile)
        mask = np.zeros((height, width), self.features.input.dtype)
        mask[tile.rows.in_block(step), tile.columns.in_block(step)] = 1.0
        return tf.constant(mask)


def _added_up(parts: Iterator[Any]) -> Any:
    """Returns the sum of structures of tensors; of none, none."""
    return functools.reduce(functools.partial(tf.nest.map_structure, tf.add), parts, next(parts, {}))
