"""Settings that several commands share."""

import dataclasses
from typing import Any

from keras_nst.settings.config import Config
from keras_nst.settings.declared import SettingError, Settings, fields, same, setting
from keras_nst.settings.kinds import automatic, choice, integer, text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Engines(Settings):
    """The settings of the workers."""

    engine: str = setting(
        "local",
        choice("local", "ray"),
        "Batch",
        "Where the work runs: in processes of this machine (local), or on a Ray cluster.",
    )
    workers: int | None = setting(
        None,
        automatic(integer(1, 100_000)),
        "Batch",
        "The number of pictures painted at the same time; auto: 1 here, one per GPU with --device=gpu; in a "
        "cluster, as many as it has room for.",
    )
    cpus: int | None = setting(
        None,
        automatic(integer(1, 4096)),
        "Batch",
        "The cores of each worker; auto: all, divided among the workers of this machine.",
    )
    address: str = setting(
        "", text("HOST:PORT"), "Batch", "With --engine=ray: the cluster to join; without it, Ray is started here."
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.address and self.engine != "ray":
            raise SettingError("address", self.address, f"Expected --engine=ray. Received: {self.engine}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class LikeARun(Settings):
    """The settings that films, volumes and trained networks share with a run."""

    style_scale: tuple[float, ...] = same(Config, "style_scale")
    normalization: str = same(Config, "normalization")
    content_weight: float | None = same(Config, "content_weight")
    style_weight: float | None = same(Config, "style_weight")
    style_strength: float | None = same(Config, "style_strength")
    style_loss: tuple[tuple[str, float], ...] | None = same(Config, "style_loss")
    variation: str | None = same(Config, "variation")
    variation_weight: float | None = same(Config, "variation_weight")
    roughness_weight: float | None = same(Config, "roughness_weight")
    content_layers: tuple[Any, ...] = same(Config, "content_layers")
    style_layers: tuple[Any, ...] | None = same(Config, "style_layers")
    padding: str | None = same(Config, "padding")
    rim: int = setting(  # films, volumes and networks were not compared with another one
        0,
        integer(0, 16),
        "Objective",
        "With --normalization=balanced: leave this many of the outermost rows and columns of pixels out of the style "
        "at block1's layers. Here the default is 0: none is left out. For a picture by keras-nst run it is 2.",
    )
    network: str = same(Config, "network")
    weights: str = same(Config, "weights")
    seed: int = same(Config, "seed")
    device: str = same(Config, "device")
    precision: str = same(Config, "precision")
    memory_limit_gb: float = same(Config, "memory_limit_gb")

    def of_a_run(self) -> dict[str, Any]:
        """Returns these settings, for a run."""
        return {name: getattr(self, name) for name in fields(LikeARun)}


OF_ENGINES = tuple(fields(Engines))
