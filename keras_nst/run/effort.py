"""Estimates the disk space of a large picture before the run starts."""

import shutil
from pathlib import Path

from keras_nst.core.plan.pyramid import Size
from keras_nst.session.planner import bytes_remembered
from keras_nst.settings.config import Resolved
from keras_nst.settings.paper import printed_at
from keras_nst.settings.text import settings_of

LARGE = 4_000_000  # pixels; estimates are printed from here on
CENTIMETERS = 2.54  # of an inch
KEPT = 4 * 3  # bytes per pixel in a tensor of the picture's shape
PACKED = 1.2  # bytes per pixel in a JPEG of the snapshots' quality, about


def effort(size: Size, config: Resolved, steps: int, workdir: Path) -> list[str]:
    """Returns messages about a large picture or a print that takes N steps; an empty list for other pictures."""
    pixels, dpi = size.height * size.width, printed_at(settings_of(config))
    if pixels < LARGE and not dpi:
        return []
    sides = [side / dpi * CENTIMETERS for side in reversed(size)] if dpi else []
    on_paper = f", {sides[0]:.4g} x {sides[1]:.4g} cm at {dpi:g} dpi" if dpi else ""
    if pixels < LARGE:
        return [f"On paper{on_paper.removeprefix(',')}."]
    parts: dict[str, float] = {
        "a checkpoint": 2 * (pixels * KEPT * _tensors(config) + bytes_remembered(size, config, config.tile_size)),
        "the picture": pixels * 3 * config.bit_depth // 8,
    }
    if config.snapshot_steps:
        count = steps // config.snapshot_steps
        parts["snapshots"] = PACKED * pixels * (min(count, config.keep_snapshots) if config.keep_snapshots else count)
    needed, free = sum(parts.values()), shutil.disk_usage(workdir).free
    told = ", ".join(f"{name} {of / 1e9:.1f} GB" for name, of in parts.items() if of > 5e7)
    lines = [f"{pixels / 1e6:.1f} megapixels{on_paper}. The run needs up to {needed / 1e9:.1f} GB of disk ({told})."]
    if needed > free:
        lines.append(
            f"Only {free / 1e9:.1f} GB are free in {workdir}: files that do not fit are skipped with a message."
        )
    return lines


def _tensors(config: Resolved) -> int:
    """Returns how many tensors of the picture's shape a checkpoint holds."""
    if config.optimizer == "lbfgs":
        return 4 + 2 * config.history
    return 2 + 2 * (config.optimizer == "adam") + bool(config.average)
