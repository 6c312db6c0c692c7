"""What users are to know of a style that is taken for less than they may expect: a line each."""

import numpy as np

from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import FEWEST_POSITIONS, Size, plan, style_size, with_enough_positions
from keras_nst.session.scene import Scene, StylePicture

ONE_COLOR = 1 / 255  # the standard deviation of a picture's pixels that is none


def remarks(scene: Scene, method: Method) -> list[str]:
    """Returns a line for each such thing."""
    if method.objective.normalization != "balanced" or not scene.styles:
        return []
    plain = [style for style in scene.styles if np.std(style.picture.pixels, axis=(0, 1)).max() < ONE_COLOR]
    lines = [
        f"--style={style.part.source}: It is of one color: layers that see next to nothing in it count for less."
        for style in plain
        if scene.content
    ]
    if left_out := _left_out(scene, method):
        told = ", ".join(f"{layer} up to {size} pixels" for layer, size in left_out.items())
        lines.append(
            f"Layers of fewer than {FEWEST_POSITIONS} positions tell nothing of style and are left out: {told}."
        )
    return lines


def _left_out(scene: Scene, method: Method) -> dict[str, Size]:
    """Returns the layers that have too few positions for a style, and the largest size at which that is so."""
    layers, found = [layer.name for layer in method.objective.style_layers], dict[str, Size]()
    for scale in plan(scene.size, method.steps, method.scales):
        shown = [_shown(style, scale.size, method) for style in scene.styles]
        found |= {name: scale.size for name in set(layers) - set(with_enough_positions(layers, [scale.size, *shown]))}
    return {name: found[name] for name in layers if name in found}


def _shown(style: StylePicture, size: Size, method: Method) -> Size:
    return style_size(Size(*style.picture.pixels.shape[:2]), size, style.scale, method.seeing.style_fit)
