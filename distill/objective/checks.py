"""What can be wrong with the settings of an objective, whatever data and models it is for; torch is not imported."""

from collections.abc import Iterator
from dataclasses import asdict, fields

from distill.base.setting_rules import NOT_NEGATIVE, TEMPERATURE, Rule, at, rules_of, said, unknown
from distill.objective.declaration import ScheduleConfig, TermConfig
from distill.objective.settings import TermsConfig, active, shares, terms, terms_with_temperature
from distill.objective.specs import TERM_SPECS
from distill.types import Kind

RULES: dict[str, Rule] = dict(rules_of(TermsConfig))
"""What single settings of an objective may be, each by its dotted key."""


def rule_problems(section: TermsConfig) -> Iterator[str]:
    """Name each setting whose value its own rule does not allow."""
    for key, (holds, in_words) in RULES.items():
        if not holds(value := at(section, key)):
            yield f"distill.{key}={value}: allowed is {in_words}"


def schedule_problems(section: TermsConfig) -> Iterator[str]:
    """Name each problem of how the terms' weights move."""
    for name, term in active(section).items():
        yield from _unread_schedule_settings(f"{name}.schedule", term.schedule)
        if shares(section) and term.schedule.kind != "constant":
            yield (
                f"distill.{name}.schedule.kind={term.schedule.kind}: distill.shares sets the weights; "
                "allowed is constant"
            )


def temperature_schedule_problems(section: TermsConfig) -> Iterator[str]:
    """Name each problem of how the temperature moves, whatever has one."""
    schedule, key = section.temperature_schedule, "distill.temperature_schedule"
    yield from _unread_schedule_settings("temperature_schedule", schedule)
    if schedule.kind == "warmup":
        yield f"{key}.kind=warmup: rises from 0, which no temperature can be; allowed is linear, cosine or two_phase"
    is_temperature, in_words = TEMPERATURE
    if schedule.kind not in ("constant", "warmup") and not is_temperature(schedule.end):
        yield f"{key}.end={schedule.end}: allowed is {in_words}"


def unread_temperature_problems(section: TermsConfig, kind: Kind) -> Iterator[str]:
    """Tell where the temperature moves, but no term that counts has one."""
    schedule, key = section.temperature_schedule, "distill.temperature_schedule"
    if schedule.kind not in ("constant", "warmup") and not terms_with_temperature(section, kind):
        yield f"{key}.kind={schedule.kind}: no term with a weight has a temperature; allowed is constant"


def share_problems(section: TermsConfig) -> Iterator[str]:
    """Name what is wrong with the terms' shares of the gradient, each by itself and all together."""
    weighted, target_shares = active(section), shares(section)
    holds, in_words = NOT_NEGATIVE
    for name, share in section.shares.items():
        if name not in TERM_SPECS:
            yield unknown(f"distill.shares.{name}", TERM_SPECS)
        elif not holds(share):
            yield f"distill.shares.{name}={share}: allowed is {in_words}"
    if target_shares and set(target_shares) != set(weighted):
        entries = ", ".join(f"{name}: {share:g}" for name, share in target_shares.items())
        exactly = f"allowed are exactly the terms with a weight above 0: {', '.join(weighted)}"
        yield f"distill.shares={{{entries}}}: {exactly}"
    default = TermsConfig().shares_every
    if not target_shares and section.shares_every != default:
        yield f"distill.shares_every={section.shares_every}: is not read without distill.shares; allowed is {default}"


def unread_term_problems(section: TermsConfig) -> Iterator[str]:
    """Name each setting that is changed of a term that is left out."""
    defaults = terms(TermsConfig())
    for name in [name for name in terms(section) if name not in active(section)]:
        values, default = _flat(terms(section)[name]), _flat(defaults[name])
        for key, value in values.items():
            holds, _ = RULES.get(f"{name}.{key}", (lambda _: True, ""))
            if key != "weight" and value != default[key] and holds(value):
                where = f"distill.{name}.weight=0; allowed is {said(default[key])}"
                yield f"distill.{name}.{key}={value}: is not read where {where}"


def _unread_schedule_settings(key: str, schedule: ScheduleConfig) -> Iterator[str]:
    """Name what a schedule of this kind does not read."""
    kind, default = schedule.kind, ScheduleConfig()
    if kind in ("constant", "warmup") and schedule.end != default.end:
        yield f"distill.{key}.end={schedule.end}: is not read where kind={kind}; allowed is {default.end}"
    if kind not in ("warmup", "two_phase") and schedule.share != default.share:
        yield f"distill.{key}.share={schedule.share}: is not read where kind={kind}; allowed is {default.share}"


def _flat(term: TermConfig) -> dict[str, object]:
    """Return every setting of a term by its dotted key."""
    schedule = {f"schedule.{key}": value for key, value in asdict(term.schedule).items()}
    return {each.name: getattr(term, each.name) for each in fields(term) if each.name != "schedule"} | schedule
