"""Settings of the stage in which the student learns, and whether its objective makes sense, alone and for the task."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

from distill.base.rules import FRACTION, NOT_NEGATIVE, TEMPERATURE, Rule, allowed, one_of, rules_of, said, unknown
from distill.config.task_traits import task_or_first
from distill.config.teacher import LIVE
from distill.config.training import TrainingConfig
from distill.objective.declaration import CLASS, ScheduleConfig, TermConfig
from distill.objective.settings import TermsConfig, active, reads, shares, terms, terms_with_temperature
from distill.objective.specs import TERM_SPECS

if TYPE_CHECKING:
    from distill.config.schema import Config

RULES: dict[str, Rule] = dict(rules_of(TermsConfig))
"""What single settings of ``distill`` may be."""


@dataclass
class DistillConfig(TermsConfig, TrainingConfig):
    """The student learns from labels and teacher, by the terms of the objective."""

    dropout: float = field(default=0.0, metadata=allowed(FRACTION))
    """Dropout of hidden states and attention while training; the teacher's outputs already keep a student from learning
    the labels by heart."""
    targets: str = field(default="data", metadata=allowed(one_of("data", "teacher")))
    """data | teacher: what a student that writes learns to write; the teacher's own words are sequence-level
    distillation (Kim & Rush 2016)."""


def objective_problems(config: "Config") -> Iterator[str]:
    """Name each problem of the objective's terms, their schedules and their shares of the gradient."""
    section, kind = config.distill, task_or_first(config.task).kind
    yield from _lack_of_terms(section)
    for name, term in active(section).items():
        yield from (f"distill.{name}.weight={term.weight}: {reason}" for reason in _reasons_against(config, name))
        yield from (f"distill.{name}{problem}" for problem in TERM_SPECS[name].problems(term, kind))
    yield from _schedule_problems(section)
    yield from _temperature_schedule_problems(config)
    yield from _share_problems(section)
    yield from _unread_term_settings(section)


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
    elif read == {"labels"} and section.targets == "data":
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


def _schedule_problems(section: TermsConfig) -> Iterator[str]:
    """Name each problem of how the terms' weights move."""
    for name, term in active(section).items():
        yield from _unread_schedule_settings(f"{name}.schedule", term.schedule)
        if shares(section) and term.schedule.kind != "constant":
            yield (
                f"distill.{name}.schedule.kind={term.schedule.kind}: distill.shares sets the weights; "
                "allowed is constant"
            )


def _temperature_schedule_problems(config: "Config") -> Iterator[str]:
    """Name each problem of how the temperature moves."""
    schedule, key = config.distill.temperature_schedule, "distill.temperature_schedule"
    yield from _unread_schedule_settings("temperature_schedule", schedule)
    if schedule.kind == "warmup":
        yield f"{key}.kind=warmup: rises from 0, which no temperature can be; allowed is linear, cosine or two_phase"
    if schedule.kind in ("constant", "warmup"):
        return
    is_temperature, in_words = TEMPERATURE
    if not is_temperature(schedule.end):
        yield f"{key}.end={schedule.end}: allowed is {in_words}"
    task = task_or_first(config.task)
    if task.writes and not _live(config):
        stored = f"the stored logits of {config.task} hold for one temperature"
        yield f"{key}.kind={schedule.kind}: {stored}; allowed is constant{_or_live(config)}"
    elif not terms_with_temperature(config.distill, task.kind):
        yield f"{key}.kind={schedule.kind}: no term with a weight has a temperature; allowed is constant"


def _unread_schedule_settings(key: str, schedule: ScheduleConfig) -> Iterator[str]:
    """Name what a schedule of this kind does not read."""
    kind, default = schedule.kind, ScheduleConfig()
    if kind in ("constant", "warmup") and schedule.end != default.end:
        yield f"distill.{key}.end={schedule.end}: is not read where kind={kind}; allowed is {default.end}"
    if kind not in ("warmup", "two_phase") and schedule.share != default.share:
        yield f"distill.{key}.share={schedule.share}: is not read where kind={kind}; allowed is {default.share}"


def _share_problems(section: TermsConfig) -> Iterator[str]:
    """Name what is wrong with the terms' shares of the gradient, each by itself and all together."""
    weighted, asked = active(section), shares(section)
    holds, in_words = NOT_NEGATIVE
    for name, share in section.shares.items():
        if name not in TERM_SPECS:
            yield unknown(f"distill.shares.{name}", TERM_SPECS)
        elif not holds(share):
            yield f"distill.shares.{name}={share}: allowed is {in_words}"
    if asked and set(asked) != set(weighted):
        entries = ", ".join(f"{name}: {share:g}" for name, share in asked.items())
        exactly = f"allowed are exactly the terms with a weight above 0: {', '.join(weighted)}"
        yield f"distill.shares={{{entries}}}: {exactly}"
    default = TermsConfig().shares_every
    if not asked and section.shares_every != default:
        yield f"distill.shares_every={section.shares_every}: is not read without distill.shares; allowed is {default}"


def _unread_term_settings(section: TermsConfig) -> Iterator[str]:
    """Name each setting that is changed of a term that is left out."""
    defaults = terms(TermsConfig())
    for name in [name for name in terms(section) if name not in active(section)]:
        values, default = _flat(terms(section)[name]), _flat(defaults[name])
        for key, value in values.items():
            holds, _ = RULES.get(f"{name}.{key}", (lambda _: True, ""))
            if key != "weight" and value != default[key] and holds(value):
                where = f"distill.{name}.weight=0; allowed is {said(default[key])}"
                yield f"distill.{name}.{key}={value}: is not read where {where}"


def _flat(term: TermConfig) -> dict[str, object]:
    """Return every setting of a term by its dotted key."""
    schedule = {f"schedule.{key}": value for key, value in asdict(term.schedule).items()}
    return {each.name: getattr(term, each.name) for each in fields(term) if each.name != "schedule"} | schedule
