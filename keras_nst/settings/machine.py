"""The settings of the machine: what computes, what is shown meanwhile, and what is kept."""

import dataclasses

from keras_nst.settings.declared import Settings, setting
from keras_nst.settings.kinds import automatic, choice, integer, number, switch, text
from keras_nst.settings.values import (
    parse_span,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MachineSettings(Settings):
    """The settings of the machine: what computes, what is shown meanwhile, and what is kept."""

    device: str = setting(
        "auto",
        choice("auto", "cpu", "gpu", "tpu"),
        "Machine",
        "The device; auto: a TPU or GPU if TensorFlow finds one, else the CPU.",
    )
    precision: str = setting(
        "auto",
        choice("auto", "float32", "bfloat16"),
        "Machine",
        "The precision of the convolutions; auto: bfloat16 if the processor supports it.",
    )
    convolution: str = setting(
        "auto",
        choice("auto", "direct", "winograd"),
        "Machine",
        "How to convolve. winograd: with fewer multiplications, in float32. auto: winograd on a CPU, at each "
        "scale where it saves more time than it takes to compile.",
    )
    xla: str = setting(
        "auto", choice("auto", "on", "off"), "Machine", "Compile the steps by XLA; auto: on a GPU or TPU."
    )
    keep_programs: bool = setting(
        True,
        switch(),
        "Machine",
        "Keep programs that XLA compiles for the CPU in ~/.cache/keras_nst (or $XDG_CACHE_HOME) for the next run.",
    )
    memory_limit_gb: float = setting(
        0.0, number(), "Machine", "The memory limit of the process in GB; 0: most of the free memory."
    )
    evaluator: str = setting(
        "auto",
        choice("auto", "whole", "tiles"),
        "Machine",
        "Evaluate the picture as a whole or tile by tile, with the same result; auto: what memory allows.",
    )
    tile_size: int | None = setting(
        None,
        automatic(integer(32)),
        "Machine",
        "The side of a tile in pixels, without its halo; auto: what memory allows.",
    )
    tile_passes: int = setting(
        2,
        integer(1, 2),
        "Machine",
        "Passes over the tiles in each step. 2: the same picture as seen whole. 1: nearly the same, in about 0.8 of "
        "the time; not with lbfgs or several GPUs.",
    )
    strategy: str = setting(
        "auto",
        choice("auto", "none", "mirrored", "multi_worker"),
        "Machine",
        "Which devices share the tiles of a large picture. none: one device. mirrored: all devices of this "
        "machine. multi_worker: the machines named in TF_CONFIG, each started with the same command. auto: all "
        "GPUs of this machine.",
    )
    deterministic: bool = setting(
        False, switch(), "Machine", "Make results on a GPU bit-identical, which is slower; on a CPU they always are."
    )
    figures: bool = setting(
        True, switch(), "Machine", "Print quality figures (metrics) at the end, as keras-nst evaluate does."
    )
    preview: bool = setting(
        True,
        switch(),
        "Machine",
        "Show the picture so far in preview.jpg in the workdir, from the end of the first scale on.",
    )
    report: bool = setting(
        True,
        switch(),
        "Machine",
        "Write report.html in the workdir, one page with picture, curves, figures and settings.",
    )
    tensorboard: bool = setting(
        False,
        switch(),
        "Machine",
        "Start TensorBoard, for this machine alone, and print its address. It ends with the run; on a terminal it "
        "stays until Ctrl-C.",
    )
    profile_steps: str = setting(
        "",
        text("FIRST-LAST", parse_span),
        "Machine",
        "Record how these steps spend their time, for TensorBoard's profiler (which is the package xprof).",
    )
    snapshot_steps: int = setting(50, integer(), "Machine", "Save an intermediate picture every N steps; 0: none.")
    keep_snapshots: int = setting(0, integer(), "Machine", "Keep only the latest N snapshots; 0: all.")
    checkpoint_secs: float = setting(
        60.0, number(), "Machine", "Seconds between checkpoints, from which an interrupted run resumes."
    )
