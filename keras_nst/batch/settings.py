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
        "several times. Each is combined with each style. Without it, --content.",
    )
    styles: str = setting("", text("PICTURES"), "Batch", "The styles, likewise. Without it, --style.")
    pairs: str = setting(
        "",
        text("FILE.csv"),
        "Batch",
        "In place of both, a table with a row for each picture: columns content, style, output and any setting.",
    )
    sweep: str = setting(
        "",
        text("SETTING=VALUES"),
        "Batch",
        "Each picture with each of these values: style_strength=0.3,0.5,0.8, or style_strength=0.2-0.8 [4] for four "
        "from 0.2 to 0.8; values with commas between semicolons. Given several times, each with each.",
    )
    batch_size: int | None = setting(
        None,
        automatic(integer(1, 256)),
        "Batch",
        "How many pictures of one shape, style and settings are made in common steps, as far as there is memory; auto: "
        "4 up to 256 x 256 pixels, else 1; 8 with --device=gpu; 1 with --engine=ray. Each is what it is alone, but for "
        "rounding; with 1 to the bit.",
    )
    retry_failed: bool = setting(False, switch(), "Batch", "Try pictures again that failed before.")
    dry_run: bool = setting(False, switch(), "Batch", "Show what would be done, and do nothing.")


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
    interrupted="Interrupted: what is done is kept. The same command goes on.",
)
