"""The settings of a batch: those of a run, and which pictures it is to be made of."""

import dataclasses
from typing import Any

from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, fields, setting
from keras_nst.settings.kinds import automatic, choice, integer, switch, text

FOLDER = "batch"  # where a batch is kept that has no --workdir


@dataclasses.dataclass(frozen=True, kw_only=True)
class BatchConfig(Config):
    """What is asked of a batch."""

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
    engine: str = setting(
        "local", choice("local", "ray"), "Batch", "Who does the work: processes of this machine, or a Ray cluster."
    )
    workers: int | None = setting(
        None,
        automatic(integer(1, 100_000)),
        "Batch",
        "How many pictures are made at the same time; auto: 1 here, one on each GPU with --device=gpu; in a cluster as "
        "many as it has room for.",
    )
    cpus: int | None = setting(
        None,
        automatic(integer(1, 4096)),
        "Batch",
        "The cores of each worker; auto: all there are, shared out among the workers of this machine.",
    )
    address: str = setting(
        "", text("HOST:PORT"), "Batch", "With --engine=ray, the cluster to join; without it one is started here."
    )
    batch_size: int | None = setting(
        None,
        automatic(integer(1, 256)),
        "Batch",
        "How many pictures of one shape, style and settings are made in common steps, as far as there is memory; auto: "
        "4 up to 256 x 256 pixels, else 1; 8 with --device=gpu; 1 with --engine=ray. Each is what it is alone, but for "
        "rounding; with 1 to the bit.",
    )
    retry_failed: bool = setting(False, switch(), "Batch", "Whether pictures that failed before are tried again.")
    dry_run: bool = setting(False, switch(), "Batch", "Whether to show what would be done, and do nothing.")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_engine(self)


OF_ENGINES = ("engine", "workers", "cpus", "address")  # of who does the work
OF_THE_BATCH = tuple(name for name in fields(BatchConfig) if name not in fields(Config))


def check_engine(settings: Any) -> None:
    """Refuses a cluster that nobody would join."""
    if settings.address and settings.engine != "ray":
        raise SettingError("address", settings.address, f"Expected --engine=ray with it, not {settings.engine}.")


def config_of_job(batch: BatchConfig, **own: Any) -> Config:
    """Returns the settings of one picture of the batch."""
    return Config(**{name: getattr(batch, name) for name in fields(Config)} | own)
