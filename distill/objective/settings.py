"""Settings of the objective, one section a declared term, and what follows from them.

``distill.objective.specs`` says what each term computes, costs and is for.
"""

from dataclasses import asdict, dataclass, field, make_dataclass
from typing import Any, TypeVar, cast

from distill.base.setting_rules import TEMPERATURE, at_least, setting
from distill.objective.declaration import SCORE, LayersConfig, Reads, ScheduleConfig, TermConfig
from distill.objective.specs import TERM_SPECS
from distill.types import Kind

T = TypeVar("T")


def with_terms(base: type[T]) -> type[T]:
    """Add to a dataclass of settings a section for each declared term, under the term's name."""
    sections = [(name, spec.settings, field(default_factory=spec.settings)) for name, spec in TERM_SPECS.items()]
    namespace = {"__doc__": base.__doc__, "__module__": base.__module__}
    return cast(type[T], make_dataclass(base.__name__, sections, bases=(base,), namespace=namespace))


def _no_shares() -> dict[str, float]:
    return dict.fromkeys(TERM_SPECS, 0.0)


@with_terms
@dataclass
class TermsConfig:
    """The terms of the objective, and what they share."""

    temperature: float = setting(
        2.0,
        TEMPERATURE,
        "What logits are divided by in every term that softens them; where text is written, 1 is better.",
    )
    temperature_schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    """How the temperature moves."""
    shares: dict[str, float] = field(default_factory=_no_shares)
    """Each term's share of the gradient, in any unit, such as {soft: 60, hard: 40}, for exactly the terms with a weight
    above 0: the weights themselves then follow from measured gradients. All 0: the weights are as given."""
    shares_every: int = setting(
        50, at_least(1), "Optimiser steps from one measurement of the gradients to the next, where there are `shares`."
    )


def terms(section: TermsConfig) -> dict[str, TermConfig]:
    """Return every term's settings by its name."""
    return {name: getattr(section, name) for name in TERM_SPECS}


def active(section: TermsConfig) -> dict[str, TermConfig]:
    """Return the settings of the terms that count at some step.

    >>> list(active(TermsConfig()))
    ['hard', 'soft']
    """
    return {name: term for name, term in terms(section).items() if term.weight or _rises(term.schedule)}


def shares(section: TermsConfig) -> dict[str, float]:
    """Return the shares of the gradient that are asked for, in the terms' order; empty without any.

    >>> shares(TermsConfig(shares={"soft": 60.0, "hard": 40.0, "js": 0.0}))
    {'hard': 40.0, 'soft': 60.0}
    """
    return {name: share for name in TERM_SPECS if (share := section.shares.get(name, 0.0))}


def reads(section: TermsConfig, name: str) -> Reads:
    """Return what a term compares the student with, with these settings."""
    return TERM_SPECS[name].read(terms(section)[name])


def terms_beyond_logits(section: TermsConfig) -> list[str]:
    """Return the active terms that read more of the teacher than its logits.

    >>> terms_beyond_logits(TermsConfig())
    []
    """
    return [name for name in active(section) if reads(section, name) not in ("labels", "logits")]


def unstorable(section: TermsConfig) -> list[str]:
    """Return the active terms that read what is never stored: logits are, and hidden states."""
    return [name for name in terms_beyond_logits(section) if reads(section, name) != "states"]


def terms_with_temperature(section: TermsConfig, kind: Kind) -> list[str]:
    """Return the active terms that have the temperature, by what a row means: scores have none."""
    return [name for name in active(section) if TERM_SPECS[name].softened and kind != SCORE]


def auto_mapped_terms(section: TermsConfig) -> list[str]:
    """Return the active terms whose layers are matched by how alike they are, once there is a student.

    >>> auto_mapped_terms(TermsConfig())
    []
    """
    return [
        name for name, term in active(section).items() if isinstance(term, LayersConfig) and term.layer_map == "auto"
    ]


def described(section: TermsConfig, kind: Kind) -> dict[str, Any]:
    """Return what the report says of an objective for rows of a kind, by the words of the settings."""
    counted = active(section)
    schedules = {name: asdict(term.schedule) for name, term in counted.items() if term.schedule.kind != "constant"}
    by_temperature, schedule = bool(terms_with_temperature(section, kind)), section.temperature_schedule
    return {
        "temperature": section.temperature if by_temperature else None,
        "temperature_schedule": asdict(schedule) if by_temperature and schedule.kind != "constant" else None,
        "terms": {name: term.weight for name, term in counted.items()},
        "schedules": schedules,
        "shares": shares(section),
    }


def listed() -> str:
    """Return one line a term, for ``--help``."""
    return "\n".join(
        f"  {name:<15} {spec.formula} | {spec.paper or 'no paper'} | cost: {spec.cost} | for: {spec.when}"
        for name, spec in TERM_SPECS.items()
    )


def markdown() -> str:
    """Return the table of ``docs/objectives.md``."""
    lines = [f"| `{name}` | {s.formula} | {s.paper} | {s.cost} | {s.when} |" for name, s in TERM_SPECS.items()]
    return "\n".join(["| term | formula | from | cost | when |", "| --- | --- | --- | --- | --- |", *lines])


def _rises(schedule: ScheduleConfig) -> bool:
    return schedule.kind != "constant" and schedule.end > 0
