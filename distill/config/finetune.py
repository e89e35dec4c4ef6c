"""Settings of the stage in which the teacher learns the task."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from distill.base.setting_rules import FRACTION, POSITIVE, allowed, at_least
from distill.config.training import TrainingConfig


@dataclass
class LoraConfig:
    """Low-rank adapters (Hu et al. 2021) instead of all weights; folded into them at the end."""

    rank: int = field(default=0, metadata=allowed(at_least(0)))
    """Rank of the adapters; 0 trains none."""
    alpha: float = field(default=16.0, metadata=allowed(POSITIVE))
    """Scale of the adapters: what they add is multiplied by alpha / rank."""
    dropout: float = field(default=0.0, metadata=allowed(FRACTION))
    """Dropout of what the adapters read."""


@dataclass
class FinetuneConfig(TrainingConfig):
    """The teacher learns the task from labels."""

    frozen_layers: int = field(default=0, metadata=allowed(at_least(0)))
    """Layers from the bottom, with the embeddings, that stay as they are; 0 freezes nothing."""
    lora: LoraConfig = field(default_factory=LoraConfig)


def finetune_problems(section: FinetuneConfig) -> Iterator[str]:
    """Name each problem of what is trained of the teacher."""
    if section.lora.rank and section.frozen_layers:
        yield "finetune.frozen_layers: adapters freeze every layer already; allowed is 0 where lora.rank is above 0"
