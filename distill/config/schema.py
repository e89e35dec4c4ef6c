"""Every setting of a run, typed: an unknown key or a wrong type fails before anything heavy is imported."""

from dataclasses import dataclass, field

from distill.config.training import TrainingConfig

STAGES = ("pretrain", "finetune", "teach", "distill", "control", "evaluate", "export")


@dataclass
class LimitConfig:
    """Rows kept of each split, drawn with the seed and stratified by label; none keeps all."""

    train: int | None = None
    validation: int | None = None
    test: int | None = None


@dataclass
class DataConfig:
    """The text, its labels, and how it is cut into batches."""

    name: str = "data"
    """What the report calls the data."""
    source: str = "auto"
    """auto | hub | local | embedded. auto: `path` if given, else the hub if cache or network has it, else embedded."""
    path: str | None = None
    """A folder with train, validation and test files (TSV, CSV, JSONL, Parquet; .gz too), or one saved by datasets."""
    hub: str | None = None
    """Id of the data set on the Hugging Face hub, such as stanfordnlp/sst2."""
    hub_config: str | None = None
    """Configuration of the hub data set, such as sst2 of nyu-mll/glue."""
    columns: dict[str, str] = field(default_factory=dict)
    """Role of the task (text, label) to the name of the column that plays it."""
    labels: dict[str, str] | None = None
    """Label in the file to the name the models give it; none keeps the file's own labels."""
    limit: LimitConfig = field(default_factory=LimitConfig)
    holdout: float = 0.1
    """Share of train that is held out, seeded and stratified, where no validation split exists."""
    max_length: int = 128
    """Tokens a text may have; longer ones are cut."""
    batch_size: int = 32
    """Examples a device sees at once."""
    batch_tokens: int | None = None
    """Padded tokens a device may see at once; none sets no limit."""
    workers: int = 0
    """Processes that prepare batches; 0 prepares them in the training process."""


@dataclass
class ArchitectureConfig:
    """A BERT encoder's size."""

    layers: int = 2
    hidden_size: int = 128
    heads: int = 2
    intermediate_size: int = 512


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
    """Word pieces of a tokenizer from scratch."""


@dataclass
class StudentConfig:
    """Who learns."""

    init: str = "random"
    """random: `architecture` with the teacher's tokenizer. teacher: `layers` of the teacher. checkpoint: `model`."""
    model: str | None = None
    """Hub id or folder of a checkpoint, for init=checkpoint."""
    revision: str | None = None
    """Branch, tag or commit of a hub checkpoint; none takes main."""
    architecture: ArchitectureConfig = field(default_factory=ArchitectureConfig)
    """Size, for init=random."""
    layers: int = 2
    """Layers taken from the teacher, for init=teacher."""
    layer_map: str = "uniform"
    """Which of the teacher's layers, for init=teacher: uniform | first | last, or numbers from 0 such as '1,3,5'."""


@dataclass
class PretrainConfig(TrainingConfig):
    """Masked-language-model pretraining on the text of train (Devlin et al. 2019)."""

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
class HardConfig:
    """Cross-entropy with the labels."""

    weight: float = 0.5


@dataclass
class SoftConfig:
    """Temperature-scaled KL divergence from the teacher's logits (Hinton et al. 2015)."""

    weight: float = 0.5


@dataclass
class HiddenConfig:
    """Mean squared error between hidden states (Romero et al. 2015)."""

    weight: float = 0.0
    layer_map: str = "uniform"
    """Which teacher layer each student layer follows: uniform | first | last, or numbers from 0 such as '1,3,5'."""


@dataclass
class DistillConfig(TrainingConfig):
    """The student learns from labels and teacher; a weight of 0 leaves a term out."""

    temperature: float = 2.0
    hard: HardConfig = field(default_factory=HardConfig)
    soft: SoftConfig = field(default_factory=SoftConfig)
    hidden: HiddenConfig = field(default_factory=HiddenConfig)


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
    store: str = "outputs/store"
    """Folder of finished stages, shared by all runs."""
    data: DataConfig = field(default_factory=DataConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    distill: DistillConfig = field(default_factory=DistillConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
