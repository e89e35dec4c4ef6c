"""Does the objective make sense, alone and for the task?"""

import math
from collections.abc import Iterator

from distill.config.schema import Config
from distill.config.task_traits import known
from distill.objective import checks
from distill.objective.declaration import CLASS
from distill.objective.settings import active, reads
from distill.objective.specs import TERM_SPECS

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
    yield from checks.schedule_problems(section)
    yield from checks.temperature_schedule_problems(section)
    yield from _temperature_schedule_of_task(config)
    yield from checks.share_problems(section)
    yield from checks.unread_term_problems(section)


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


def _temperature_schedule_of_task(config: Config) -> Iterator[str]:
    """Refuse a temperature that moves where the stored logits of a task hold for one."""
    section, task, kind = config.distill, known(config.task), config.distill.temperature_schedule.kind
    if task.writes and not _live(config) and kind not in ("constant", "warmup"):
        stored = f"the stored logits of {config.task} hold for one temperature"
        yield f"distill.temperature_schedule.kind={kind}: {stored}; allowed is constant{_or_live(config)}"
    else:
        yield from checks.unread_temperature_problems(section, task.kind)
