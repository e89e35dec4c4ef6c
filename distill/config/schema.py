"""Every setting of a run, typed: an unknown key or a wrong type fails before anything heavy is imported."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from distill.base.setting_rules import FOLDER, RUN_NAME, Rule, allowed
from distill.config.augment import AugmentConfig
from distill.config.data import DataConfig
from distill.config.distillation import DistillConfig
from distill.config.ensemble import EnsembleConfig
from distill.config.evaluate import EvaluateConfig
from distill.config.export import ExportConfig
from distill.config.finetune import FinetuneConfig
from distill.config.generate import GenerateConfig
from distill.config.pretrain import PretrainConfig
from distill.config.progress import ProgressConfig
from distill.config.report import ReportConfig
from distill.config.seeds import SEED, SEEDS, USUAL
from distill.config.student import StudentConfig
from distill.config.target import TargetConfig
from distill.config.teacher import TeacherConfig
from distill.config.tracking import TrackingConfig
from distill.config.trainer import CheckpointConfig, TrainerConfig
from distill.tasks import TASKS

STAGES = (
    "pretrain",
    "finetune",
    "augment",
    "teach",
    "distill",
    "control",
    "evaluate",
    "export",
)
"""The stages of a run in their order, each a module of ``distill.stages``."""
_TASK: Rule = (lambda value: value in TASKS), f"one of {', '.join(TASKS)}"


@dataclass
class Config:
    """A whole run."""

    name: str = field(default="unnamed", metadata=allowed(RUN_NAME))
    """Name of the run; a card's file name unless it says otherwise."""
    seed: int = field(default=USUAL, metadata=allowed(SEED))
    """Of whatever is drawn: new weights, the order of examples, dropout, rows that are kept, the bootstrap."""
    seeds: list[int] | None = field(default=None, metadata=allowed(SEEDS))
    """Seeds with which student and control are trained, once with each, as one result. Data and teacher are made once:
    with `seed` where it is one of them, else with the first. The student that is best on validation is exported."""
    stages: list[str] = field(default_factory=lambda: list(STAGES))
    """Any of them, in this order; one that is left out is taken from the store where a later one needs it."""
    task: str = field(default="classification", metadata=allowed(_TASK))
    """What is predicted, such as classification or translation."""
    metric: str | None = None
    """The metric that leads the report, its verdict and its gains, and early stopping as far as it is watched while
    training, such as f1 of classification; none: the task's first."""
    store: str = field(default="outputs/store", metadata=allowed(FOLDER))
    """Folder of finished stages, shared by all runs."""
    data: DataConfig = field(default_factory=DataConfig)
    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    more_teachers: dict[str, TeacherConfig] = field(default_factory=dict)
    """Teachers beside the first, by names of yours: `+teacher@more_teachers.NAME=CARD`."""
    ensemble: EnsembleConfig = field(default_factory=EnsembleConfig)
    student: StudentConfig = field(default_factory=StudentConfig)
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    distill: DistillConfig = field(default_factory=DistillConfig)
    generate: GenerateConfig = field(default_factory=GenerateConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    target: TargetConfig = field(default_factory=TargetConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    progress: ProgressConfig = field(default_factory=ProgressConfig)


def stage_problems(stages: list[str]) -> Iterator[str]:
    """Name what is wrong with the stages that a run is to consist of."""
    if unknown := [name for name in stages if name not in STAGES]:
        yield f"stages: unknown {', '.join(unknown)}; allowed are {', '.join(STAGES)}"
    elif not stages or stages != [name for name in STAGES if name in stages]:
        yield f"stages={stages}: allowed is any subset, each once, in the order {', '.join(STAGES)}"
