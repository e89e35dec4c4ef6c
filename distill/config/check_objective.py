"""Does the objective make sense, alone and for the task?"""

import math
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from distill.base.setting_rules import NOT_NEGATIVE, TEMPERATURE, Rule, rules_of, said, unknown
from distill.config.schema import Config
from distill.config.task_traits import known
from distill.objective.declaration import CLASS, ScheduleConfig, TermConfig
from distill.objective.settings import TermsConfig, active, reads, shares, terms, terms_with_temperature
from distill.objective.specs import TERM_SPECS

RULES: dict[str, Rule] = dict(rules_of(TermsConfig))
"""What single settings of ``distill`` may be."""

LIVE = "teacher.store=never"
"""What lets one teacher show all its logits, at any temperature, in tasks that write."""


def objective(config: Config) -> Iterator[str]:
    """Name each problem of the terms, their schedules and their shares."""
    section, found = config.distill, active(config.distill)
    read = {name: TERM_SPECS[name].reads for name in found}
    if not found:
        yield "distill: the weights of all terms are 0; at least one must be above 0"
    elif not {"labels", "logits"}.intersection(read.values()):
        yield f"distill: {', '.join(found)} alone would not teach the student's head; add a term such as hard or soft"
    elif set(read.values()) == {"labels"} and section.targets == "data":
        alone = ", ".join(found)
        yield f"distill: only {alone} has a weight, so nothing would come from the teacher; add a term such as soft"
    for name, term in found.items():
        yield from (f"distill.{name}.weight={term.weight}: {why}" for why in _refused(config, name))
        yield from (f"distill.{name}{problem}" for problem in TERM_SPECS[name].problems(term, known(config.task).kind))
    yield from _schedules(config)
    yield from _shares(section)
    yield from _unread(section)


def too_few(config: Config, classes: int) -> list[str]:
    """Name each term that says nothing about so few classes."""
    reasons = {name: (term, TERM_SPECS[name].two_classes) for name, term in active(config.distill).items()}
    return [
        f"distill.{name}.weight={term.weight}: needs three labels or more, not {classes}: {why}; allowed is 0"
        for name, (term, why) in reasons.items()
        if why and classes < 3
    ]


def _refused(config: Config, name: str) -> Iterator[str]:
    """Why a term makes no sense for the task."""
    spec, task, read = TERM_SPECS[name], known(config.task), reads(config.distill, name)
    by_rows = bool(spec.reads_by) and read == "logits"
    if task.kind not in spec.kinds and spec.kinds == (CLASS,):
        yield f"compares classes that exclude each other, which {config.task} does not have; allowed is 0"
    elif task.kind not in spec.kinds:
        yield f"is for {' or '.join(spec.kinds)}, but a row of {config.task} is {task.kind}; allowed is 0"
    if task.writes and spec.all_logits and not _live(config):
        said = f"of {config.task} only the largest are kept"
        yield f"needs the teacher's logits of all classes, but {said}; allowed is 0{_or_live(config)}"
    if task.writes and by_rows:
        yield f"would compare tokens with each other, whichever texts they are of, in {config.task}; allowed is 0"
    if task.writes and read == "states" and not spec.same_tokens:
        yield f"reads what the first token stands for, which in {config.task} is not the text; allowed is 0"
    if task.class_axis == "tokens" and (spec.every_class or by_rows):
        yield "would take the tokens that cannot be an answer for classes; allowed is 0"
    if (step := _step(config)) < spec.least_examples and (task.of_texts or not by_rows):
        said = "data.batch_size, times batches that are accumulated and devices"
        yield f"compares {spec.least_examples} examples or more of a step, but one has {step} ({said}); allowed is 0"


def _step(config: Config) -> float:
    """How many examples an optimiser step has at most; no end where the devices are not known yet."""
    trainer = config.trainer
    devices = trainer.devices if isinstance(trainer.devices, int) and trainer.devices > 0 else math.inf
    return config.data.batch_size * trainer.accumulate_grad_batches * devices * trainer.num_nodes


def _live(config: Config) -> bool:
    """Whether the teacher surely answers while the student learns, with all its logits, at any temperature."""
    return config.teacher.store == "never" and not config.more_teachers


def _or_live(config: Config) -> str:
    """The way out that one teacher has."""
    return "" if config.more_teachers else f", or {LIVE}"


def _schedules(config: Config) -> Iterator[str]:
    section = config.distill
    for name, term in active(section).items():
        yield from _schedule(f"{name}.schedule", term.schedule)
        if shares(section) and term.schedule.kind != "constant":
            yield (
                f"distill.{name}.schedule.kind={term.schedule.kind}: distill.shares sets the weights; "
                "allowed is constant"
            )
    moved, key = section.temperature_schedule, "distill.temperature_schedule"
    yield from _schedule("temperature_schedule", moved)
    if moved.kind == "warmup":
        yield f"{key}.kind=warmup: rises from 0, which no temperature can be; allowed is linear, cosine or two_phase"
    if moved.kind in ("constant", "warmup"):
        return
    possible, allowed = TEMPERATURE
    if not possible(moved.end):
        yield f"{key}.end={moved.end}: allowed is {allowed}"
    task = known(config.task)
    if task.writes and not _live(config):
        stored = f"the stored logits of {config.task} hold for one temperature"
        yield f"{key}.kind={moved.kind}: {stored}; allowed is constant{_or_live(config)}"
    elif not terms_with_temperature(section, task.kind):
        yield f"{key}.kind={moved.kind}: no term with a weight has a temperature; allowed is constant"


def _schedule(key: str, given: ScheduleConfig) -> Iterator[str]:
    """Refuse what a schedule does not read."""
    left = ScheduleConfig()
    if given.kind in ("constant", "warmup") and given.end != left.end:
        yield f"distill.{key}.end={given.end}: is not read where kind={given.kind}; allowed is {left.end}"
    if given.kind not in ("warmup", "two_phase") and given.share != left.share:
        yield f"distill.{key}.share={given.share}: is not read where kind={given.kind}; allowed is {left.share}"


def _unread(section: TermsConfig) -> Iterator[str]:
    """Refuse the settings of a term that is left out."""
    defaults = terms(TermsConfig())
    for name in [name for name in terms(section) if name not in active(section)]:
        given, left = _flat(terms(section)[name]), _flat(defaults[name])
        for key, value in given.items():
            holds, _ = RULES.get(f"{name}.{key}", (lambda _: True, ""))
            if key != "weight" and value != left[key] and holds(value):
                where = f"distill.{name}.weight=0; allowed is {said(left[key])}"
                yield f"distill.{name}.{key}={value}: is not read where {where}"


def _flat(term: TermConfig) -> dict[str, Any]:
    """Every setting of a term by its dotted key."""
    schedule = {f"schedule.{key}": value for key, value in asdict(term.schedule).items()}
    return {each.name: getattr(term, each.name) for each in fields(term) if each.name != "schedule"} | schedule


def _shares(section: TermsConfig) -> Iterator[str]:
    """Name what is wrong with the terms' shares of the gradient, each by itself and all together."""
    found, asked = active(section), shares(section)
    holds, allowed = NOT_NEGATIVE
    for name, share in section.shares.items():
        if name not in TERM_SPECS:
            yield unknown(f"distill.shares.{name}", TERM_SPECS)
        elif not holds(share):
            yield f"distill.shares.{name}={share}: allowed is {allowed}"
    if asked and set(asked) != set(found):
        said = ", ".join(f"{name}: {share:g}" for name, share in asked.items())
        yield f"distill.shares={{{said}}}: allowed are exactly the terms with a weight above 0: {', '.join(found)}"
    every = TermsConfig().shares_every
    if not asked and section.shares_every != every:
        yield f"distill.shares_every={section.shares_every}: is not read without distill.shares; allowed is {every}"
