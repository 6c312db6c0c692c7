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
        "What computes; auto: a TPU or GPU that TensorFlow finds, else the CPU.",
    )
    precision: str = setting(
        "auto",
        choice("auto", "float32", "bfloat16"),
        "Machine",
        "The convolutions' arithmetic; auto: bfloat16 where the machine has it in hardware.",
    )
    convolution: str = setting(
        "auto",
        choice("auto", "direct", "winograd"),
        "Machine",
        "How to convolve; winograd: with fewer multiplications, in float32; auto: so on a CPU, at each scale whose "
        "steps outweigh the time to compile it.",
    )
    xla: str = setting(
        "auto", choice("auto", "on", "off"), "Machine", "Compile the steps by XLA; auto: on a GPU or TPU."
    )
    keep_programs: bool = setting(
        True,
        switch(),
        "Machine",
        "Keep programs that XLA compiles for the CPU in ~/.cache/keras_nst (or $XDG_CACHE_HOME), where the next run "
        "finds them.",
    )
    memory_limit_gb: float = setting(
        0.0, number(), "Machine", "The most memory the process is to take, in GB; 0: most of what is free."
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
    strategy: str = setting(
        "auto",
        choice("auto", "none", "mirrored", "multi_worker"),
        "Machine",
        "Who shares the tiles of a large picture: one device (none), all of this machine (mirrored), or the machines "
        "named in TF_CONFIG, each of which is given the same command (multi_worker); auto: all GPUs of this machine.",
    )
    deterministic: bool = setting(
        False, switch(), "Machine", "Have a GPU give the same bits each time, which takes longer; a CPU does so anyway."
    )
    figures: bool = setting(
        True, switch(), "Machine", "Print quality figures (metrics) at the end, as keras-nst evaluate does."
    )
    preview: bool = setting(
        True,
        switch(),
        "Machine",
        "Show the picture in preview.jpg in the workdir, from the first scale on until it is finished.",
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
    snapshot_steps: int = setting(
        50, integer(), "Machine", "Keep an intermediate picture every so many steps; 0: none."
    )
    keep_snapshots: int = setting(0, integer(), "Machine", "Keep only so many of them, the latest; 0: all.")
    checkpoint_secs: float = setting(
        60.0, number(), "Machine", "Seconds between checkpoints, from which an interrupted run goes on."
    )
