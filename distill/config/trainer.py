"""Settings of Lightning's Trainer, and of the checkpoints that an interrupted stage resumes from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.base.setting_rules import Rule, allowed, at_least, one_of, setting
from distill.objective.declaration import BEYOND_LOGITS
from distill.objective.settings import reads, shares, terms_beyond_logits
from distill.student import STUDENTS, student_kind

if TYPE_CHECKING:
    from distill.config.schema import Config

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
    strategy: str = setting(
        "auto", one_of("auto", "ddp", "ddp_find_unused_parameters_true", "fsdp"),
        "auto | ddp | ddp_find_unused_parameters_true | fsdp: how several processes train one model; auto is ddp for "
        "them. fsdp shares its weights, gradients and moments out over them instead of a copy each (FSDP2).",
    )  # fmt: skip
    precision: str = field(default="32-true", metadata=allowed(one_of("32-true", "64-true", "bf16-mixed", "16-mixed")))
    """32-true | 64-true | bf16-mixed | 16-mixed: of training only. 64-true trains and teaches in double precision, and
    keeps the models of its stages so, for comparing trainings exactly; models are scored and exported in 32 bits."""
    accumulate_grad_batches: int = field(default=1, metadata=allowed(at_least(1)))
    """Batches whose gradients are added up for one optimiser step."""
    gradient_clip_val: float | None = field(default=1.0, metadata=allowed(_CLIP))
    """The norm that a step's gradient is scaled down to where it is larger; none leaves it."""
    activation_checkpointing: bool = False
    """Keep of each layer only what it reads, and compute the rest again for the gradient: less memory, about a third
    more time, the same result."""
    compile: bool = False
    """Compile the model that learns (torch.compile): the first steps take a minute, later ones less on a GPU."""
    join_timeout: int = field(default=600, metadata=allowed(at_least(1)))
    """Seconds for which several processes wait for each other at the start, beyond those that the waiting one took to
    come there itself; the one that has not come is then named."""
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


def trainer_problems(config: "Config") -> Iterator[str]:
    """Name each problem of how a model is trained with what is trained, and on what."""
    trainer = config.trainer
    for key, precision in _precisions(config).items():
        if trainer.precision == "64-true":
            yield f"{key}={precision}: trainer.precision=64-true teaches in double precision; allowed is auto"
        elif config.more_teachers:
            yield f"{key}={precision}: several teachers answer before the student learns; allowed is auto"
    if trainer.strategy == "fsdp":
        yield from (f"trainer.strategy=fsdp: {why}" for why in _against_sharding(config))
    if trainer.compile:
        yield from (f"trainer.compile=true: {why}; allowed is false" for why in _against_compiling(config))
    if trainer.activation_checkpointing and (init := _without_layers(config)):
        why = f"student.init={init} has no layers of a transformer"
        yield f"trainer.activation_checkpointing=true: {why}; allowed is false"


def _precisions(config: "Config") -> dict[str, str]:
    """Return the precision of each teacher that is asked for one, by its key."""
    further = {f"more_teachers.{name}": teacher for name, teacher in config.more_teachers.items()}
    asked = {f"{key}.precision": each.precision for key, each in {"teacher": config.teacher, **further}.items()}
    return {key: precision for key, precision in asked.items() if precision != "auto"}


def _against_sharding(config: "Config") -> Iterator[str]:
    """Say what cannot be done with sharded weights."""
    if config.trainer.precision == "16-mixed":
        yield "its gradients are not scaled as trainer.precision=16-mixed needs; allowed is bf16-mixed or 32-true"
    if config.trainer.accelerator == "mps":
        yield "trainer.accelerator=mps has no several devices; allowed is cpu, gpu or cuda"
    if shares(config.distill):
        yield "distill.shares measures gradients of whole weights, which no process has; give weights, or ddp"
    if config.distill.quantization != "none":
        yield f"distill.quantization={config.distill.quantization} measures ranges of a whole model; allowed is ddp"


def _against_compiling(config: "Config") -> Iterator[str]:
    """Say what a compiled model cannot do, or would do no faster."""
    for name in terms_beyond_logits(config.distill):
        yield f"distill.{name} reads {BEYOND_LOGITS[reads(config.distill, name)]} of layers, which are one piece then"
    if shares(config.distill):
        yield "distill.shares goes back through the model once for each term, which a compiled one allows once"
    if config.distill.quantization != "none":
        yield f"distill.quantization={config.distill.quantization} rounds by ranges that move"
    if init := _without_layers(config):
        yield f"student.init={init} has no layers of a transformer"
    if config.trainer.strategy == "fsdp":
        yield "trainer.strategy=fsdp puts weights together layer by layer as they are called"
    if config.trainer.activation_checkpointing:
        yield "trainer.activation_checkpointing=true runs layers again as they are called"


def _without_layers(config: "Config") -> str | None:
    """Return the kind of the student, if it is one without layers of a transformer."""
    init = config.student.init
    return init if init in STUDENTS and student_kind(init).architecture is not None else None
