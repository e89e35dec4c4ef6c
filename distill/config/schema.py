"""Every setting of a run, typed: an unknown key or a wrong type fails before anything heavy is imported."""

from dataclasses import dataclass, field

from distill.config.data import DataConfig
from distill.config.ensemble import EnsembleConfig
from distill.config.terms import TermsConfig
from distill.config.training import TrainingConfig

STAGES = ("pretrain", "finetune", "teach", "distill", "control", "evaluate", "export")


@dataclass
class ArchitectureConfig:
    """The size of a model from scratch: a BERT encoder, a BART encoder-decoder or a GPT-2 decoder, as the task asks."""

    layers: int = 2
    hidden_size: int = 128
    heads: int = 2
    intermediate_size: int = 512
    decoder_layers: int | None = None
    """Of an encoder-decoder; none: as many as the encoder's."""


@dataclass
class TeacherConfig:
    """Who teaches."""

    model: str | None = None
    """Hub id or folder of a checkpoint; none trains one from scratch in the pretrain stage."""
    revision: str | None = None
    """Branch, tag or commit of a hub checkpoint; none takes main."""
    finetuned: bool = False
    """The checkpoint already solves the task, so that finetune is skipped."""
    labels: list[str] = field(default_factory=list)
    """Names of the outputs of a fine-tuned checkpoint that does not name them, in their order."""
    architecture: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Size of a teacher from scratch."""
    vocab_size: int = 4000
    """Pieces of a tokenizer from scratch."""
    lowercase: bool = True
    """Whether an encoder's tokenizer from scratch reads small letters only, without accents."""
    store: str = "auto"
    """auto | always | never: whether the teacher's outputs are stored, so that it runs once for all students. auto
    stores unless a term reads what cannot be (attention, queries, keys and values) or the estimate passes the limit; of
    several teachers everything is stored."""
    store_limit_gb: float = 10.0
    """The estimate, in 10⁹ bytes, above which auto does not store."""
    keep: str = "top_k"
    """top_k | sampled: what is stored of the logits of a whole vocabulary. sampled, with store=always, draws tokens
    from the softened softmax: unbiased for `soft`, the one term that it serves (Anshumann et al. 2025)."""
    top_k: int = 64
    """For keep=top_k, the logits kept of each token the teacher would write; the rest counts as one."""
    samples: int = 50
    """For keep=sampled, the tokens drawn for each token the teacher would write, with replacement."""


@dataclass
class LstmConfig:
    """A student of bidirectional LSTM layers, which reads the teacher's tokens (Tang et al. 2019)."""

    layers: int = 1
    hidden_size: int = 150
    """Of each direction; the states have twice as many numbers."""
    embedding_size: int = 128
    """Of the tokens' vectors, at most as wide as the teacher's, of which they are the truncated SVD."""


@dataclass
class StudentConfig:
    """Who learns."""

    init: str = "random"
    """random: `architecture` with the teacher's tokenizer. teacher: `layers` of the teacher. narrow: a copy of the
    teacher of the size `architecture`, cut out of its weights. bilstm: `lstm`. checkpoint: `model`."""
    model: str | None = None
    """Hub id or folder of a checkpoint, for init=checkpoint."""
    revision: str | None = None
    """Branch, tag or commit of a hub checkpoint; none takes main."""
    architecture: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Size, for init=random and, at most that of the teacher, for init=narrow."""
    layers: int = 2
    """Layers taken from the teacher, for init=teacher."""
    layer_map: str = "uniform"
    """Which of the teacher's layers, for init=teacher and init=narrow: uniform | first | last | skip, or numbers from 0
    as in '1,3'."""
    lstm: LstmConfig = field(default_factory=LstmConfig)
    """Size, for init=bilstm."""


@dataclass
class PretrainConfig(TrainingConfig):
    """Masked-language modelling on the text of train (Devlin et al. 2019); max_epochs=0 only makes a tokenizer."""

    mask_probability: float = 0.15
    continued: bool = False
    """Go on from the checkpoint teacher.model, on the text of train, before it is fine-tuned."""


@dataclass
class LoraConfig:
    """Low-rank adapters (Hu et al. 2021) instead of all weights; folded into them at the end."""

    rank: int = 0
    """0 trains no adapters."""
    alpha: float = 16.0
    dropout: float = 0.0


@dataclass
class FinetuneConfig(TrainingConfig):
    """The teacher learns the task from labels."""

    frozen_layers: int = 0
    """Layers from the bottom, with the embeddings, that stay as they are; 0 freezes nothing."""
    lora: LoraConfig = field(default_factory=LoraConfig)


@dataclass
class DistillConfig(TermsConfig, TrainingConfig):
    """The student learns from labels and teacher, by the terms of the objective."""

    dropout: float = 0.0
    """Of hidden states and attention while training: what the teacher says keeps a student from learning by heart."""
    targets: str = "data"
    """data | teacher: what a student that writes learns to write; the teacher's own words are sequence-level
    distillation (Kim & Rush 2016)."""


@dataclass
class GenerateConfig:
    """How targets are written, by whatever model."""

    beams: int = 1
    """Width of the beam search; 1 takes the likeliest token each time."""


@dataclass
class EvaluateConfig:
    """How models are compared."""

    confidence: float = 0.95
    """Of the paired-bootstrap interval of the gain over the control."""
    resamples: int = 1000
    latency_samples: int = 50
    """Texts timed one by one; 0 measures no latency."""


@dataclass
class ExportConfig:
    """What the exported folder says of itself."""

    license: str = "unknown"
    """Licence of the student in the model card, as the hub names it; the data's licence may bind it."""


@dataclass
class TrainerConfig:
    """Lightning's Trainer, by its own names."""

    accelerator: str = "auto"
    devices: int | str = 1
    num_nodes: int = 1
    strategy: str = "auto"
    precision: str = "32-true"
    """32-true | 64-true | bf16-mixed | 16-mixed. 64-true trains and teaches in double precision, and keeps the models
    of its stages so: for comparing trainings exactly. Models are scored, exported and answer in float32 always."""
    accumulate_grad_batches: int = 1
    gradient_clip_val: float | None = 1.0
    log_every_n_steps: int = 10
    enable_progress_bar: bool | None = None
    """None: only on a terminal."""


@dataclass
class CheckpointConfig:
    """What an interrupted stage resumes from."""

    every_n_train_steps: int = 200


@dataclass
class TrackingConfig:
    """Where curves go besides the CSV."""

    wandb: str = "auto"
    """auto | online | offline | disabled. auto: online when logged in and reachable, else offline."""
    project: str = "distill"
    entity: str | None = None


@dataclass
class Config:
    """A whole run."""

    name: str = "unnamed"
    """Name of the run; a card's file name unless it says otherwise."""
    seed: int = 42
    stages: list[str] = field(default_factory=lambda: list(STAGES))
    """Any of them, in this order; one that is left out is taken from the store where a later one needs it."""
    task: str = "classification"
    """What is predicted: one of `distill.tasks.TASKS`."""
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
