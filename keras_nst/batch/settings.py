"""The settings of a batch: those of a run, and which pictures to make."""

import dataclasses
from typing import Any

from keras_nst.command.command import Command
from keras_nst.settings.config import Config
from keras_nst.settings.declared import fields, setting
from keras_nst.settings.kinds import automatic, integer, switch, text
from keras_nst.settings.shared import Engines

FOLDER = "batch"  # the folder of a batch without --workdir


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchConfig(Engines, Config):
    """The settings of a batch."""

    contents: str = setting(
        "",
        text("PICTURES"),
        "Batch",
        "The contents: a folder, a glob in quotes, a text file with a name in each line, or a picture; may be given "
        "several times. Each is combined with each style. --content is the same flag here.",
    )
    styles: str = setting(
        "", text("PICTURES"), "Batch", "The styles, in the same forms. Without it, --style: also a folder."
    )
    pairs: str = setting(
        "",
        text("FILE.csv"),
        "Batch",
        "A table with a row for each picture, with columns content, style, output and any setting. A row without a "
        "content or style takes the one of --content or --style.",
    )
    sweep: str = setting(
        "",
        text("SETTING=VALUES"),
        "Batch",
        "Paint each picture with each of these values: style_strength=0.3,0.5,0.8, or style_strength=0.2-0.8 [4] "
        "for four values from 0.2 to 0.8. Separate values that contain commas by semicolons. Repeat the flag for "
        "all combinations of several settings.",
    )
    workdir: str = setting("", text("FOLDER"), "Batch", f"The folder of the batch; default: {FOLDER}.")
    output: str = setting("", text("PATH"), "Batch", "None: a batch names its pictures, or --pairs does.")
    overwrite: bool = setting(
        False, switch(), "Batch", "Replace pictures of other settings that have the name of a new one."
    )
    batch_size: int | None = setting(
        None,
        automatic(integer(1, 256)),
        "Batch",
        "The number of pictures of one shape, style and settings that are optimized together, if memory allows; "
        "auto: 4 up to 256 x 256 pixels, else 1; 8 with --device=gpu. Each is the same as alone except for "
        "rounding; with 1, bit-identical.",
    )
    retry_failed: bool = setting(False, switch(), "Batch", "Retry pictures that failed before.")
    dry_run: bool = setting(False, switch(), "Batch", "Print the plan without painting.")


OF_THE_BATCH = tuple(name for name in fields(BatchConfig) if name not in fields(Config))


def config_of_job(batch: BatchConfig, **own: Any) -> Config:
    """Returns the settings of one picture of the batch."""
    return Config(**{name: getattr(batch, name) for name in fields(Config)} | own)


COMMAND = Command(
    "batch",
    BatchConfig,
    (
        "--contents=FOLDER --styles=FOLDER --workdir=FOLDER [--flag=value ...]",
        "--content=PICTURE --style=PICTURE --sweep=style_strength=0.3,0.5,0.8",
        "--pairs=FILE.csv",
    ),
    "Makes many pictures: combinations, tables of pairs, sweeps over settings.",
    example="contents",
    short={"content": "contents"},  # of which there may be one
    interrupted="Interrupted. Finished pictures are kept; the same command resumes.",
)
