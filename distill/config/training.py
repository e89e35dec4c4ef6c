"""Settings that every training stage has."""

from dataclasses import dataclass, field

from distill.base.setting_rules import FRACTION, NOT_NEGATIVE, Rule, allowed, at_least, one_of

_OF_WEIGHTS = 1e38
"""Rates from here on would leave the range of float32."""
_RATE: Rule = (lambda value: value is None or 0 < value < _OF_WEIGHTS), "null or a number above 0, below 1e38"
_DECAY: Rule = (lambda value: 0 <= value < _OF_WEIGHTS), "a number from 0 up to, not including, 1e38"


@dataclass
class OptimizerConfig:
    """How weights move."""

    name: str = field(default="adamw", metadata=allowed(one_of("adamw", "sgd")))
    """adamw | sgd."""
    lr: float | None = field(default=None, metadata=allowed(_RATE))
    """The highest learning rate; none: of a teacher 1e-3 from random weights and 5e-5 from learnt ones; of a student
    5e-4 for layers of its teacher, 1e-3 for a narrow copy, 2e-3 from random weights and for a BiLSTM, 5e-3 for a static
    student, and 2e-4 for a checkpoint. Where all but a part stays as it is, it is at least 5e-4 with peft=lora, 5e-3
    with ia3, prefix and prompt, 1e-3 with bias and with frozen=body."""
    weight_decay: float = field(default=0.01, metadata=allowed(_DECAY))
    """Weight decay; not applied to biases and normalisation weights."""
    momentum: float = field(default=0.9, metadata=allowed(FRACTION))
    """Momentum of sgd."""


@dataclass
class SchedulerConfig:
    """How the learning rate moves."""

    name: str = field(default="linear", metadata=allowed(one_of("linear", "cosine", "constant")))
    """linear | cosine | constant: how the rate goes on after the warm-up; the first two end at 0."""
    warmup: float = field(default=0.1, metadata=allowed(FRACTION))
    """Share of the steps over which the rate rises from 0."""


@dataclass
class EarlyStoppingConfig:
    """Stop when the metric that is watched on validation no longer improves, and restore the best epoch.

    It is the one that leads, or what comes nearest to it without writing or putting answers together.
    """

    patience: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Epochs without improvement; none trains to the end and keeps the last weights."""
    min_delta: float = field(default=0.0, metadata=allowed(NOT_NEGATIVE))
    """The smallest change of the metric that counts as an improvement."""


@dataclass
class TrainingConfig:
    """One training stage."""

    max_epochs: int = field(default=3, metadata=allowed(at_least(1)))
    """Passes over the examples of train."""
    min_steps: int | None = field(default=0, metadata=allowed(at_least(0)))
    """Optimiser steps that the stage takes at least: where `max_epochs` of the data make fewer, the data is read more
    often, and the best epoch on validation is kept, as with early_stopping.patience. None: 300 for a pretrained teacher
    and its student, 600 from scratch, 1,500 of pretraining."""
    dropout: float = field(default=0.1, metadata=allowed(FRACTION))
    """Dropout of hidden states and attention while training."""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    scheduler: SchedulerConfig = field(default_factory=SchedulerConfig)
    early_stopping: EarlyStoppingConfig = field(default_factory=EarlyStoppingConfig)
