"""Settings of the stage in which the student learns, and whether its objective makes sense, alone and for the task."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.base.setting_rules import FRACTION, allowed, one_of
from distill.config.adapting import AdaptingConfig
from distill.config.student import CHOSEN
from distill.config.task_traits import task_or_first
from distill.config.teacher import LIVE
from distill.config.training import TrainingConfig
from distill.config.unlabelled import LearningUnlabelledConfig
from distill.export import INT8
from distill.objective import checks
from distill.objective.declaration import CLASS
from distill.objective.settings import TermsConfig, active, reads
from distill.objective.specs import TERM_SPECS

if TYPE_CHECKING:
    from distill.config.schema import Config


@dataclass
class DistillConfig(TermsConfig, AdaptingConfig, TrainingConfig):
    """The student learns from labels and teacher, by the terms of the objective."""

    dropout: float = field(default=0.0, metadata=allowed(FRACTION))
    """Dropout of hidden states and attention while training; the teacher's outputs already keep a student from learning
    the labels by heart."""
    targets: str = field(default="data", metadata=allowed(one_of("data", "teacher")))
    """data | teacher: what a student that writes learns to write; the teacher's own words are sequence-level
    distillation (Kim & Rush 2016)."""
    unlabelled: LearningUnlabelledConfig = field(default_factory=LearningUnlabelledConfig)
    quantization: str = field(default="none", metadata=allowed(one_of("none", "int8")))
    """none | int8: the rounding with which student and control learn. int8: that of the export in 8 bits, of which the
    folder in 32 bits holds the weights before they are rounded."""


def objective_problems(config: "Config") -> Iterator[str]:
    """Name each problem of the objective's terms, their schedules and their shares of the gradient."""
    section, kind = config.distill, task_or_first(config.task).kind
    yield from _lack_of_terms(section)
    for name, term in active(section).items():
        yield from (f"distill.{name}.weight={term.weight}: {reason}" for reason in _reasons_against(config, name))
        yield from (f"distill.{name}{problem}" for problem in TERM_SPECS[name].problems(term, kind))
    yield from checks.schedule_problems(section)
    yield from checks.temperature_schedule_problems(section)
    yield from _temperature_schedule_of_task(config)
    yield from checks.share_problems(section)
    yield from checks.unread_term_problems(section)


def quantization_problems(config: "Config") -> Iterator[str]:
    """Name what the export rounds otherwise than a student learns to bear."""
    given, rank = f"distill.quantization={config.distill.quantization}", config.student.embedding_rank
    if config.distill.quantization == "none":
        return
    if rank not in (None, CHOSEN):
        factors = f"student.embedding_rank={rank} is exported as other factors than those that learn"
        yield f"{given}: {factors}; allowed is none, or student.embedding_rank=null"
    if config.export.int8 != INT8[0]:
        ranges = f"export.int8={config.export.int8} rounds by other ranges than those of training"
        yield f"{given}: {ranges}; allowed is none, or export.int8={INT8[0]}"


def problems_of_few_classes(section: TermsConfig, classes: int) -> list[str]:
    """Name each term of the objective that says nothing about so few classes."""
    reasons = {name: (term, TERM_SPECS[name].two_classes) for name, term in active(section).items()}
    return [
        f"distill.{name}.weight={term.weight}: needs three labels or more, not {classes}: {why}; allowed is 0"
        for name, (term, why) in reasons.items()
        if why and classes < 3
    ]


def _lack_of_terms(section: DistillConfig) -> Iterator[str]:
    """Tell where the terms with a weight cannot teach a student, all of them together."""
    names = ", ".join(active(section))
    read = {TERM_SPECS[name].reads for name in active(section)}
    if not names:
        yield "distill: the weights of all terms are 0; at least one must be above 0"
    elif not read & {"labels", "logits"}:
        yield f"distill: {names} alone would not teach the student's head; add a term such as hard or soft"
    elif read == {"labels"} and section.targets == "data" and section.unlabelled.labels == "soft":
        yield f"distill: only {names} has a weight, so nothing would come from the teacher; add a term such as soft"


def _reasons_against(config: "Config", name: str) -> Iterator[str]:
    """Say why a term makes no sense for the task, as a sentence goes on after its weight."""
    spec, task, read = TERM_SPECS[name], task_or_first(config.task), reads(config.distill, name)
    by_rows = bool(spec.reads_by) and read == "logits"
    if task.kind not in spec.kinds and spec.kinds == (CLASS,):
        yield f"compares classes that exclude each other, which {config.task} does not have; allowed is 0"
    elif task.kind not in spec.kinds:
        yield f"is for {' or '.join(spec.kinds)}, but a row of {config.task} is {task.kind}; allowed is 0"
    if task.writes and spec.all_logits and not _live(config):
        kept = f"of {config.task} only the largest are kept"
        yield f"needs the teacher's logits of all classes, but {kept}; allowed is 0{_or_live(config)}"
    if task.writes and by_rows:
        yield f"would compare tokens with each other, whichever texts they are of, in {config.task}; allowed is 0"
    if task.writes and read == "states" and not spec.same_tokens:
        yield f"reads what the first token stands for, which in {config.task} is not the text; allowed is 0"
    if task.class_axis == "tokens" and (spec.every_class or by_rows):
        yield "would take the tokens that cannot be an answer for classes; allowed is 0"
    if (examples := _examples_of_a_step(config)) < spec.least_examples and (task.of_texts or not by_rows):
        product = "data.batch_size, times batches that are accumulated and devices"
        yield (
            f"compares {spec.least_examples} examples or more of a step, but one has {examples} ({product}); "
            "allowed is 0"
        )


def _examples_of_a_step(config: "Config") -> float:
    """Return how many examples an optimiser step has at most; infinity where the devices are not known yet."""
    trainer = config.trainer
    devices = trainer.devices if isinstance(trainer.devices, int) and trainer.devices > 0 else math.inf
    return config.data.batch_size * trainer.accumulate_grad_batches * devices * trainer.num_nodes


def _live(config: "Config") -> bool:
    """Tell whether the teacher surely answers while the student learns, with all its logits, at any temperature."""
    return config.teacher.store == "never" and not config.more_teachers


def _or_live(config: "Config") -> str:
    """Name the way out that one teacher has, as the end of a sentence."""
    return "" if config.more_teachers else f", or {LIVE}"


def _temperature_schedule_of_task(config: "Config") -> Iterator[str]:
    """Refuse a temperature that moves where the stored logits of a task hold for one, or where nothing has one."""
    section, task, kind = config.distill, task_or_first(config.task), config.distill.temperature_schedule.kind
    if task.writes and not _live(config) and kind not in ("constant", "warmup"):
        stored = f"the stored logits of {config.task} hold for one temperature"
        yield f"distill.temperature_schedule.kind={kind}: {stored}; allowed is constant{_or_live(config)}"
    else:
        yield from checks.unread_temperature_problems(section, task.kind)
