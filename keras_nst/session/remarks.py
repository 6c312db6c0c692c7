"""Warnings about styles that count for less than the user may expect."""

import math

import numpy as np

from keras_nst.core.plan.method import Method
from keras_nst.core.plan.pyramid import FEWEST_POSITIONS, Size, plan, style_size, with_enough_positions
from keras_nst.session.scene import Scene, StylePicture

SOFT = 2.0  # times its own size: a style picture enlarged this much shows no fine strokes
ONE_COLOR = 1 / 255  # a picture whose pixels have a smaller standard deviation counts as one color


def remarks(scene: Scene, method: Method) -> list[str]:
    """Returns one message for each such style or layer."""
    if method.objective.normalization != "balanced" or not scene.styles:
        return []
    plain = [style for style in scene.styles if np.std(style.picture.pixels, axis=(0, 1)).max() < ONE_COLOR]
    lines = [
        f"--style={style.part.source}: It has only one color: layers that respond weakly to it count for less."
        for style in plain
        if scene.content
    ]
    if left_out := _left_out(scene, method):
        told = ", ".join(f"{layer} up to {size} pixels" for layer, size in left_out.items())
        lines.append(f"Style layers of fewer than {FEWEST_POSITIONS} positions are too small and are skipped: {told}.")
    return lines + _enlarged(scene, method)


def _left_out(scene: Scene, method: Method) -> dict[str, Size]:
    """Returns the style layers with too few positions, and the largest size at which that is so."""
    layers, found = [layer.name for layer in method.objective.style_layers], dict[str, Size]()
    for scale in plan(scene.size, method.steps, method.scales):
        shown = [_shown(style, scale.size, method) for style in scene.styles]
        found |= {name: scale.size for name in set(layers) - set(with_enough_positions(layers, [scale.size, *shown]))}
    return {name: found[name] for name in layers if name in found}


def _shown(style: StylePicture, size: Size, method: Method) -> Size:
    seeing, own = method.seeing, Size(*style.picture.pixels.shape[:2])
    return style_size(own, size, style.scale, seeing.style_fit, seeing.style_pixels)


def _enlarged(scene: Scene, method: Method) -> list[str]:
    """Returns a message for each style picture that is enlarged much."""
    lines = []
    for style in scene.styles:
        own, shown = style.picture.pixels.shape[:2], _shown(style, scene.size, method)
        times = math.sqrt(shown.height * shown.width / math.prod(own))
        if times >= SOFT:
            lines.append(
                f"--style={style.part.source}: {own[1]}x{own[0]} pixels are enlarged {times:.1f} times: soft strokes. "
                "--style_pixels=own keeps them small and sharp at the last sizes; between is the mean."
            )
    return lines
