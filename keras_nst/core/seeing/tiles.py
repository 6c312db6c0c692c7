"""The same losses and gradient as of the whole picture, one tile at a time.

Two passes over the tiles. The first sums the moments, which give the style loss and its derivatives by each moment,
dJ/dS and dJ/ds: small matrices. With these the objective is a sum over the tiles, which the second pass evaluates
one by one:

    J(tile) = alpha J_content(tile) + beta (sum dJ/dS * S(tile) + sum dJ/ds * s(tile)) + gamma J_variation(tile)

The features of a tile's core depend on no pixel outside its block, so the gradients of all blocks, halos included,
sum to the gradient of the whole. Memory depends on the tile; the cost is one more forward pass and the halos.
"""

import functools
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_nst.core.network.features import copied
from keras_nst.core.network.network import ALONE, Crew
from keras_nst.core.network.programs import Programs
from keras_nst.core.objective import losses
from keras_nst.core.objective.moments import Moments, moments
from keras_nst.core.objective.terms import Features, Guides, Masks, Seen, counted
from keras_nst.core.objective.variation import Pixels
from keras_nst.core.plan.events import LossValues
from keras_nst.core.plan.method import Objective, Seeing
from keras_nst.core.plan.pyramid import Size
from keras_nst.core.plan.tiling import Tile, tiles
from keras_nst.settings.networks import stride

USUAL_TILE = 512  # pixels a side


class Here(NamedTuple):
    """The inputs of a tile's own part of the objective, besides its pixels."""

    aim: losses.Aim  # at the positions of the block
    own: Masks  # the positions that are the core's
    pixels: tf.Tensor  # (h, w), the same for pixels


class Eye:
    """The network on one device, with one program for each method and each shape of blocks (n, h, w, 3)."""

    def __init__(self, features: keras.Model, device: str, size: Size, objective: Objective, by_xla: bool):
        self.features, self.device, self.size, self.objective = features, device, size, objective
        self.programs = Programs(by_xla)

    def run(self, work: Callable[..., Any], names: tuple[str, ...], *inputs: Any) -> Any:
        """Runs the program of `work`, a method of this class, on the device."""
        with tf.device(self.device or None):
            return self.programs.run(types.MethodType(work, self), names, *inputs)

    def see(self, names: tuple[str, ...], block: tf.Tensor) -> Features:
        """Returns the features of a block."""
        seen = self.features(block)
        return {name: seen[name] for name in names}

    def measure(self, names: tuple[str, ...], block: tf.Tensor, counts: Guides) -> dict[str, Moments]:
        """Returns the moments of a block's features."""
        return {name: moments(seen, counts[name]) for name, seen in self.see(names, block).items()}

    def assess(self, terms: tuple[str, ...], block: tf.Tensor, here: Here) -> losses.Parts:
        """Returns the terms' measurements of a block."""
        seen = Seen(Pixels(block, here.pixels, self.size), self.features(block), here.own, here.aim.guides)
        return losses.measure(seen, here.aim, self.objective, terms)

    def descend(
        self, names: tuple[str, ...], block: tf.Tensor, here: Here, wanted: losses.Parts
    ) -> tuple[losses.Parts, tf.Tensor]:
        """Returns the measurements of the named terms on a block, and the gradient of the whole objective."""
        every = tuple(losses.terms_of(self.objective))
        with tf.GradientTape() as tape:
            tape.watch(block)
            parts = self.assess(every, block, here)
            objective = losses.linear_objective(parts, wanted, here.aim, self.size, self.objective)
        return {name: parts[name] for name in names}, tape.gradient(objective, block)

    def follow(
        self, names: tuple[str, ...], block: tf.Tensor, here: Here, summed: losses.Aim, rest: list[tf.Tensor]
    ) -> tuple[losses.Parts, tf.Tensor]:
        """Returns all terms' measurements of a block, and the gradient with the other tiles' measurements in `rest`.

        The named terms are those of all tiles together, `summed` their targets.
        """
        with tf.GradientTape() as tape:
            tape.watch(block)
            parts = self.assess(tuple(losses.terms_of(self.objective)), block, here)
            with tape.stop_recording():
                own = {name: parts[name] for name in names}
                added = map(tf.add, tf.nest.flatten(own), rest)
                total = tf.nest.pack_sequence_as(own, list(added))
                wanted = losses.slopes(total, summed, self.size, self.objective)
            objective = losses.linear_objective(parts, wanted, here.aim, self.size, self.objective)
        return parts, tape.gradient(objective, block)


class Tiled:
    """Sees pictures of one size tile by tile; the crew divides the tiles."""

    in_one_graph = False

    def __init__(self, features: keras.Model, size: Size, objective: Objective, seeing: Seeing, crew: Crew = ALONE):
        self.size, self.objective = size, objective
        self.layers, self.exact = list(features.output), features.input.dtype
        self.tiles = tiles(size, seeing.tile_size or USUAL_TILE, seeing.network, self.layers)
        self.crew = crew.for_tiles(len(self.tiles))
        self.own = [tile for number, tile in enumerate(self.tiles) if self.crew.own(number)]
        copies = [features, *(copied(features, device) for device in crew.devices[1:])]
        eyes = [
            Eye(copy, device, size, objective, seeing.compiled)
            for copy, device in zip(copies, crew.devices, strict=True)
        ]
        self.eyes = {tile: eyes[self.crew.hand(number)] for number, tile in enumerate(self.tiles)}

    def maps(self, picture: tf.Tensor, names: list[str]) -> Features:
        """Returns whole feature maps, assembled from those of the cores, in the host's memory."""
        maps: Features = {}
        for tile in self.tiles:
            for name, seen in self._run(Eye.see, tile, picture, tuple(names)).items():
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
        return self._added_up(
            self._run(Eye.measure, tile, picture, tuple(names), self._counted(tile, names, guides)) for tile in self.own
        )

    def evaluate(self, picture: tf.Tensor, aim: losses.Aim) -> tuple[LossValues, tf.Tensor]:
        """Returns the losses of pictures and their gradient, by two passes."""
        first = losses.of_all_tiles(self.objective)
        total = self.measured_first(picture, aim, first) if first else {}
        wanted = losses.slopes(total, aim, self.size, self.objective) if first else {}
        others = tuple(name for name in losses.terms_of(self.objective) if name not in first)
        parts, pulled = self.pulled(picture, aim, wanted, others)
        return losses.evaluate(total | parts, aim, self.size, self.objective), pulled

    def judge(self, picture: tf.Tensor, aim: losses.Aim) -> LossValues:
        """Returns the losses without a gradient, by one pass."""
        every = tuple(losses.terms_of(self.objective))
        return losses.evaluate(self.measured(picture, aim, every), aim, self.size, self.objective)

    def measured(self, picture: tf.Tensor, aim: losses.Aim, names: tuple[str, ...]) -> losses.Parts:
        """Returns the measurements of the named terms, by one pass."""
        return self._added_up(self.assessed(tile, picture, aim, names) for tile in self.own)

    def measured_first(self, picture: tf.Tensor, aim: losses.Aim, names: tuple[str, ...]) -> losses.Parts:
        """Returns the measurements of the terms whose gradient in one tile depends on all others."""
        return self.measured(picture, aim, names)

    def assessed(self, tile: Tile, picture: tf.Tensor, aim: losses.Aim, names: tuple[str, ...]) -> losses.Parts:
        """Returns the measurements of the named terms on a tile."""
        return self._run(Eye.assess, tile, picture, names, self._here(tile, aim))

    def pulled(
        self, picture: tf.Tensor, aim: losses.Aim, wanted: losses.Parts, names: tuple[str, ...]
    ) -> tuple[losses.Parts, tf.Tensor]:
        """Returns the measurements of the named terms, and the gradient with the derivatives `wanted` of the others."""
        gradient = tf.Variable(tf.zeros_like(picture))
        own = summed(self._pull(tile, picture, aim, wanted, names, gradient) for tile in self.own)
        return self.crew.total((own, gradient.value()))

    def _pull(
        self,
        tile: Tile,
        picture: tf.Tensor,
        aim: losses.Aim,
        wanted: losses.Parts,
        names: tuple[str, ...],
        gradient: tf.Variable,
    ) -> losses.Parts:
        """Adds the tile's gradient to that of the picture; returns the named terms' measurements of the tile."""
        parts, pulled = self._run(Eye.descend, tile, picture, names, self._here(tile, aim), wanted)
        add_to(gradient, tile, pulled)
        return parts

    def _here(self, tile: Tile, aim: losses.Aim) -> Here:
        known = losses.terms_of(self.objective)
        aims = {name: known[name].here(of, tile) for name, of in aim.terms.items()}
        here = losses.Aim(aims, aim.weights, self._guides(tile, aim.guides), ())
        return Here(here, self._own(tile, self.layers), self._mask(tile, 1))

    def _run(self, work: Callable[..., Any], tile: Tile, picture: tf.Tensor, names: tuple[str, ...], *more: Any) -> Any:
        """Runs this work on the tile's block, on the device that the tile is assigned to."""
        return self.eyes[tile].run(work, names, picture[:, tile.rows.block(1), tile.columns.block(1)], *more)

    def _added_up(self, parts: Iterator[Any]) -> Any:
        """Returns the sum of structures of tensors over the tiles of all processes; empty without tiles."""
        own = summed(parts)
        return self.crew.total(own) if tf.nest.flatten(own) else own

    def _own(self, tile: Tile, names: Iterable[str]) -> Masks:
        """Returns masks of the positions in the block's feature maps that belong to the core."""
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
        mask = np.zeros((height, width), self.exact)
        mask[tile.rows.in_block(step), tile.columns.in_block(step)] = 1.0
        return tf.constant(mask)


def add_to(gradient: tf.Variable, tile: Tile, pulled: tf.Tensor) -> None:
    """Adds the gradient of a tile's block to that of the picture."""
    block = gradient[:, tile.rows.block(1), tile.columns.block(1)]
    block.assign(block + pulled)


def summed(parts: Iterator[Any]) -> Any:
    """Returns the sum of structures of tensors; empty without any."""
    return functools.reduce(functools.partial(tf.nest.map_structure, tf.add), parts, next(parts, {}))
