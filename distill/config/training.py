"""Settings that every training stage has."""

from dataclasses import dataclass, field


@dataclass
class OptimizerConfig:
    """How weights move. `name`: adamw | sgd."""

    name: str = "adamw"
    lr: float | None = None
    """The highest learning rate; none: 1e-3 from random weights, and from learnt ones 5e-5 for a teacher
    and 1e-4 for a student."""
    weight_decay: float = 0.01
    """Not applied to biases and normalisation weights."""
    momentum: float = 0.9
    """For sgd."""


@dataclass
class SchedulerConfig:
    """How the learning rate moves. `name`: linear | cosine | constant, after the warm-up."""

    name: str = "linear"
    warmup: float = 0.1
    """Share of the steps over which the rate rises from 0."""


@dataclass
class EarlyStoppingConfig:
    """Stop when the metric that is watched on validation no longer improves, and restore the best epoch.

    It is the task's first one, or what comes nearest to it without writing or putting answers together.
    """

    patience: int | None = None
    """Epochs without improvement; none trains to the end and keeps the last weights."""
    min_delta: float = 0.0


@dataclass
class TrainingConfig:
    """One training stage."""

    max_epochs: int = 3
    dropout: float = 0.1
    """Dropout of hidden states and attention while training."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    scheduler: SchedulerConfig = field(default_factory=SchedulerConfig)
    early_stopping: EarlyStoppingConfig = field(default_factory=EarlyStoppingConfig)
