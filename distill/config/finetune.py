"""Settings of the stage in which the teacher learns the task."""

from dataclasses import dataclass

from distill.config.adapting import AdaptingConfig
from distill.config.training import TrainingConfig


@dataclass
class FinetuneConfig(AdaptingConfig, TrainingConfig):
    """The teacher learns the task from labels."""
