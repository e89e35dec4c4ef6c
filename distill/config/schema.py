"""Every setting of a run, typed: an unknown key or a wrong type fails before anything heavy is imported."""

from dataclasses import dataclass, field

from distill.base.setting_rules import INNER_SHARE, POSITIVE, RUN_NAME, SHARE, Rule, allowed, at_least, one_of
from distill.config.data import DataConfig
from distill.config.ensemble import EnsembleConfig
from distill.config.models import ArchitectureConfig as ArchitectureConfig
from distill.config.models import LstmConfig as LstmConfig
from distill.config.models import StudentConfig as StudentConfig
from distill.config.models import TeacherConfig as TeacherConfig
from distill.config.training import TrainingConfig
from distill.objective.settings import TermsConfig
from distill.tasks import TASKS

STAGES = ("pretrain", "finetune", "teach", "distill", "control", "evaluate", "export")
_SEED: Rule = (lambda value: 0 <= value < 2**32), "a whole number from 0 to 4294967295"
_TASK: Rule = (lambda value: value in TASKS), f"one of {', '.join(TASKS)}"
_DEVICES: Rule = (
    lambda value: value == "auto" or (isinstance(value, int) and (value == -1 or value > 0)),
    "auto, -1 (all) or a whole number from 1 up",
)
_CLIP: Rule = (lambda value: value is None or value > 0), "null or a number above 0"
_PROJECT: Rule = (lambda value: bool(value) and not set(value) & set("/\\#?%:")), "a name without / \\ # ? % :"


@dataclass
class PretrainConfig(TrainingConfig):
    """Masked-language modelling on the text of train (Devlin et al. 2019); max_epochs=0 only makes a tokenizer."""

    max_epochs: int = field(default=3, metadata=allowed(at_least(0)))
    mask_probability: float = field(default=0.15, metadata=allowed(INNER_SHARE))
    """Share of the tokens that the model has to predict."""
    continued: bool = False
    """Go on from the checkpoint teacher.model, on the text of train, before it is fine-tuned."""


@dataclass
class LoraConfig:
    """Low-rank adapters (Hu et al. 2021) instead of all weights; folded into them at the end."""

    rank: int = field(default=0, metadata=allowed(at_least(0)))
    """Rank of the adapters; 0 trains none."""
    alpha: float = field(default=16.0, metadata=allowed(POSITIVE))
    """Scale of the adapters: what they add is multiplied by alpha / rank."""
    dropout: float = field(default=0.0, metadata=allowed(SHARE))
    """Dropout of what the adapters read."""


@dataclass
class FinetuneConfig(TrainingConfig):
    """The teacher learns the task from labels."""

    frozen_layers: int = field(default=0, metadata=allowed(at_least(0)))
    """Layers from the bottom, with the embeddings, that stay as they are; 0 freezes nothing."""
    lora: LoraConfig = field(default_factory=LoraConfig)


@dataclass
class DistillConfig(TermsConfig, TrainingConfig):
    """The student learns from labels and teacher, by the terms of the objective."""

    dropout: float = field(default=0.0, metadata=allowed(SHARE))
    """Dropout of hidden states and attention while training; the teacher's outputs already keep a student from learning
    the labels by heart."""
    targets: str = field(default="data", metadata=allowed(one_of("data", "teacher")))
    """data | teacher: what a student that writes learns to write; the teacher's own words are sequence-level
    distillation (Kim & Rush 2016)."""


@dataclass
class GenerateConfig:
    """How targets are written, by whatever model."""

    beams: int = field(default=1, metadata=allowed(at_least(1)))
    """Width of the beam search; 1 takes the likeliest token each time."""


@dataclass
class EvaluateConfig:
    """How models are compared."""

    confidence: float = field(default=0.95, metadata=allowed(INNER_SHARE))
    """Confidence level of the paired-bootstrap interval of the gain over the control."""
    resamples: int = field(default=1000, metadata=allowed(at_least(100)))
    """Resamples of the bootstrap."""
    latency_samples: int = field(default=50, metadata=allowed(at_least(0)))
    """Texts timed one by one; 0 measures no latency."""


@dataclass
class ExportConfig:
    """What the exported folder says of itself."""

    license: str = "unknown"
    """Licence of the student in the model card, as the hub names it; the data's licence may bind it."""


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
    """Whether progress bars are shown; none: only on a terminal."""


@dataclass
class CheckpointConfig:
    """What an interrupted stage resumes from."""

    every_n_train_steps: int = field(default=200, metadata=allowed(at_least(1)))
    """Optimiser steps from one checkpoint to the next."""


@dataclass
class TrackingConfig:
    """Where curves go besides the CSV."""

    wandb: str = field(default="auto", metadata=allowed(one_of("auto", "online", "offline", "disabled")))
    """auto | online | offline | disabled. auto: online when logged in and reachable, else offline."""
    project: str = field(default="distill", metadata=allowed(_PROJECT))
    """Project on W&B."""
    entity: str | None = None
    """User or team on W&B; none: whoever is logged in."""


@dataclass
class Config:
    """A whole run."""

    name: str = field(default="unnamed", metadata=allowed(RUN_NAME))
    """Name of the run; a card's file name unless it says otherwise."""
    seed: int = field(default=42, metadata=allowed(_SEED))
    """Of whatever is drawn: new weights, the order of examples, dropout, rows that are kept, the bootstrap."""
    stages: list[str] = field(default_factory=lambda: list(STAGES))
    """Any of them, in this order; one that is left out is taken from the store where a later one needs it."""
    task: str = field(default="classification", metadata=allowed(_TASK))
    """What is predicted, such as classification or translation."""
    store: str = "outputs/store"
    """Folder of finished stages, shared by all runs."""
    data: DataConfig = field(default_factory=DataConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    more_teachers: dict[str, TeacherConfig] = field(default_factory=dict)
    """Teachers beside the first, by names of yours: `+teacher@more_teachers.NAME=CARD`."""
    ensemble: EnsembleConfig = field(default_factory=EnsembleConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    distill: DistillConfig = field(default_factory=DistillConfig)
    generate: GenerateConfig = field(default_factory=GenerateConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
