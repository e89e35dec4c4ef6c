"""Settings of Lightning's Trainer, and of the checkpoints that an interrupted stage resumes from."""

from dataclasses import dataclass, field

from distill.base.setting_rules import Rule, allowed, at_least, one_of

_DEVICES: Rule = (
    lambda value: value == "auto" or (isinstance(value, int) and (value == -1 or value > 0)),
    "auto, -1 (all) or a whole number from 1 up",
)
_CLIP: Rule = (lambda value: value is None or value > 0), "null or a number above 0"


@dataclass
class TrainerConfig:
    """Lightning's Trainer, by its own names."""

    accelerator: str = field(default="auto", metadata=allowed(one_of("auto", "cpu", "gpu", "cuda", "mps")))
    """auto | cpu | gpu | cuda | mps: what trains; auto takes a GPU where there is one."""
    devices: int | str = field(default=1, metadata=allowed(_DEVICES))
    """Devices of each machine, one process each; auto or -1 takes all GPUs, or one process on a CPU."""
    num_nodes: int = field(default=1, metadata=allowed(at_least(1)))
    """Machines."""
    strategy: str = field(default="auto", metadata=allowed(one_of("auto", "ddp", "ddp_find_unused_parameters_true")))
    """auto | ddp | ddp_find_unused_parameters_true: how several processes train one model; auto is ddp for them."""
    precision: str = field(default="32-true", metadata=allowed(one_of("32-true", "64-true", "bf16-mixed", "16-mixed")))
    """32-true | 64-true | bf16-mixed | 16-mixed: of training only. 64-true trains and teaches in double precision, and
    keeps the models of its stages so, for comparing trainings exactly; models are scored and exported in 32 bits."""
    accumulate_grad_batches: int = field(default=1, metadata=allowed(at_least(1)))
    """Batches whose gradients are added up for one optimiser step."""
    gradient_clip_val: float | None = field(default=1.0, metadata=allowed(_CLIP))
    """The norm that a step's gradient is scaled down to where it is larger; none leaves it."""
    log_every_n_steps: int = field(default=10, metadata=allowed(at_least(1)))
    """Optimiser steps from one logged value to the next."""
    enable_progress_bar: bool | None = None
    """Whether a terminal gets bars; none: yes. Without them the log has a line at times, as elsewhere."""
    on_nonfinite: str = field(default="stop", metadata=allowed(one_of("stop", "skip")))
    """stop | skip: what comes of a step whose loss or gradient is not finite. stop ends the training and names step,
    terms and texts; skip leaves the step out and counts it, which waits for the device in every step."""
    nonfinite_in_a_row: int = field(default=3, metadata=allowed(at_least(1)))
    """Steps in a row that on_nonfinite=skip leaves out at most; one more ends the training."""


@dataclass
class CheckpointConfig:
    """What an interrupted stage resumes from."""

    every_n_train_steps: int = field(default=200, metadata=allowed(at_least(1)))
    """Optimiser steps from one checkpoint to the next."""
