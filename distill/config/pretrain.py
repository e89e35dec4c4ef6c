"""Settings of the stage that pretrains the teacher."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.base.setting_rules import INNER_FRACTION, allowed, at_least
from distill.config.training import TrainingConfig

if TYPE_CHECKING:
    from distill.config.schema import Config


@dataclass
class PretrainConfig(TrainingConfig):
    """Masked-language modelling on the text of train (Devlin et al. 2019); max_epochs=0 only makes a tokenizer."""

    max_epochs: int = field(default=3, metadata=allowed(at_least(0)))
    mask_probability: float = field(default=0.15, metadata=allowed(INNER_FRACTION))
    """Share of the tokens that the model has to predict."""
    continued: bool = False
    """Go on from the checkpoint teacher.model, on the text of train, before it is fine-tuned."""


def pretrain_problems(config: "Config") -> Iterator[str]:
    """Name each problem of the pretraining, whose start is the teacher's checkpoint."""
    if config.pretrain.continued and (config.teacher.model is None or config.teacher.finetuned):
        yield "pretrain.continued=true: goes on from a checkpoint that is not fine-tuned yet; give teacher.model=PATH"
