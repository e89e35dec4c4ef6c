"""Does the objective make sense, alone and for the task?"""

import math
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from distill.config.about import ABOUT, SCORE, reads, softened
from distill.config.facts import known
from distill.config.rules import INNER_SHARE, LAYER_PAIRS, NOT_NEGATIVE, POSITIVE, Rule, at_least, one_of, said
from distill.config.schema import Config
from distill.config.terms import LayersConfig, ScheduleConfig, TermConfig, TermsConfig, active, shares, terms

_EVERY = terms(TermsConfig())
_KINDS = ("constant", "linear", "cosine", "warmup", "two_phase")
_OWN: dict[str, Rule] = {
    "js.beta": INNER_SHARE,
    "skew_kl.alpha": INNER_SHARE,
    "skew_reverse_kl.alpha": INNER_SHARE,
    "taid.start": ((lambda value: 0 < value <= 1), "a number above 0, at most 1"),
    "dkd.alpha": NOT_NEGATIVE,
    "dkd.beta": NOT_NEGATIVE,
    "dist.inter": NOT_NEGATIVE,
    "dist.intra": NOT_NEGATIVE,
    "soft.bounded": ((lambda value: value is None or value >= 0), "null or a number from 0 up"),
    "relations.heads": at_least(1),
    "rkd_distance.of": one_of("hidden", "logits"),
    "rkd_angle.of": one_of("hidden", "logits"),
    "rkd_distance.limit": at_least(2),
    "rkd_angle.limit": at_least(3),
}
_SCHEDULED = ("temperature_schedule", *(f"{name}.schedule" for name in _EVERY))
RULES: dict[str, Rule] = {
    "temperature": POSITIVE,
    "shares_every": at_least(1),
    **{f"{name}.weight": NOT_NEGATIVE for name in _EVERY},
    **{f"shares.{name}": NOT_NEGATIVE for name in _EVERY},
    **{f"{name}.layer_map": LAYER_PAIRS for name, term in _EVERY.items() if isinstance(term, LayersConfig)},
    **{f"{name}.kind": one_of(*_KINDS) for name in _SCHEDULED},
    **{f"{name}.end": NOT_NEGATIVE for name in _SCHEDULED},
    **{f"{name}.share": INNER_SHARE for name in _SCHEDULED},
    **_OWN,
}
"""What single settings of ``distill`` may be."""

LIVE = "teacher.store=never"
"""What lets one teacher show all its logits, at any temperature, in tasks that write."""
_TOO_FEW = {
    "dkd": "beside the label there is one other class, which has nothing to be compared with",
    "dist": "the correlation of two numbers with two others is 1 or -1",
    "standardized": "standardised, two logits are always 1 and -1",
}
"""Terms that need three classes or more, and why."""
_TOGETHER = {"rkd_distance": 2, "rkd_angle": 3}
"""Examples that a term finds something to compare in."""


def objective(config: Config) -> Iterator[str]:
    """Name each problem of the terms, their schedules and their shares."""
    section, found = config.distill, active(config.distill)
    head = [name for name in found if name == "hard" or (ABOUT[name].reads == "logits")]
    if not found:
        yield "distill: the weights of all terms are 0; at least one must be above 0"
    elif not head:
        yield f"distill: {', '.join(found)} alone would not teach the student's head; add a term such as hard or soft"
    elif list(found) == ["hard"] and section.targets == "data":
        yield "distill: only hard has a weight, so nothing would come from the teacher; add a term such as soft"
    for name, term in found.items():
        yield from (f"distill.{name}.weight={term.weight}: {why}" for why in _refused(config, name))
    yield from _schedules(config)
    yield from _shares(section)
    yield from _unread(section)
    pairs = section.relations.layer_map
    if "relations" in found and section.relations.last_only and ":" in pairs and "," in pairs:
        key = "distill.relations.last_only"
        yield f"{key}=true: of the pairs of layer_map={pairs} only the last would be compared; allowed is false"
    for name, parts in (("dkd", ("alpha", "beta")), ("dist", ("inter", "intra"))):
        if name in found and not any(getattr(found[name], part) for part in parts):
            yield f"distill.{name}: {' and '.join(parts)} are both 0; at least one must be above 0"


def too_few(config: Config, classes: int) -> list[str]:
    """Name each term that says nothing about so few classes."""
    found = active(config.distill)
    return [
        f"distill.{name}.weight={found[name].weight}: needs three labels or more, not {classes}: {why}; allowed is 0"
        for name, why in _TOO_FEW.items()
        if name in found and classes < 3
    ]


def _refused(config: Config, name: str) -> Iterator[str]:
    """Why a term makes no sense for the task."""
    about, task, read = ABOUT[name], known(config.task), reads(config.distill, name)
    by_rows = name.startswith("rkd_") and read == "logits"
    kept = not _live(config)
    if task.kind not in about.kinds:
        yield f"compares classes that exclude each other, which {config.task} does not have; allowed is 0"
    if task.writes and about.whole and kept:
        said = f"of {config.task} only the largest are kept"
        yield f"needs the teacher's logits of all classes, but {said}; allowed is 0{_or_live(config)}"
    if task.writes and by_rows:
        yield f"would compare tokens with each other, whichever texts they are of, in {config.task}; allowed is 0"
    if task.writes and read == "states" and not about.tokens:
        yield f"reads what the first token stands for, which in {config.task} is not the text; allowed is 0"
    if task.over == "tokens" and (name in ("standardized", "dist") or by_rows):
        yield "would take the tokens that cannot be an answer for classes; allowed is 0"
    if (step := _step(config)) < _TOGETHER.get(name, 0) and (task.of_texts or not by_rows):
        said = "data.batch_size, times batches that are accumulated and devices"
        yield f"compares {_TOGETHER[name]} examples or more of a step, but one has {step} ({said}); allowed is 0"
    if task.kind == SCORE and name == "rkd_angle" and by_rows:
        yield "compares angles, but scores lie on a line; allowed is 0, or rkd_angle.of=hidden"


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
    if not moved.end > 0:
        yield f"{key}.end={moved.end}: allowed is a number above 0"
    task = known(config.task)
    if task.writes and not _live(config):
        stored = f"the stored logits of {config.task} hold for one temperature"
        yield f"{key}.kind={moved.kind}: {stored}; allowed is constant{_or_live(config)}"
    elif not softened(section, task.kind):
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
    for name in terms(section).keys() - active(section).keys():
        given, left = _flat(getattr(section, name)), _flat(_EVERY[name])
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
    found, asked = active(section), shares(section)
    if asked and set(asked) != set(found):
        said = ", ".join(f"{name}: {share:g}" for name, share in asked.items())
        yield f"distill.shares={{{said}}}: allowed are exactly the terms with a weight above 0: {', '.join(found)}"
    every = next(each.default for each in fields(TermsConfig) if each.name == "shares_every")
    if not asked and section.shares_every != every:
        yield f"distill.shares_every={section.shares_every}: is not read without distill.shares; allowed is {every}"
