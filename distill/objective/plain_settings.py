"""Settings of an objective from plain dictionaries, checked like those of a run; torch is not imported."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from distill.base.setting_rules import unknown
from distill.errors import ConfigError
from distill.objective import checks
from distill.objective.settings import TermsConfig, active, auto_mapped_terms
from distill.objective.specs import TERM_SPECS
from distill.types import Kind

TermSettings = float | Mapping[str, object]
"""A weight, or settings by name, ``weight`` among them."""
Section = TypeVar("Section")
_IN_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word", NoneType: "none"}


@dataclass(frozen=True)
class SharedSettings:
    """What the terms of an objective have in common, as ``make_objective`` is given it.

    Attributes:
        temperature: what logits are divided by in every term that softens them.
        temperature_schedule: how it moves: ``kind``, ``end`` and ``share``.
        shares: each term's share of the gradient, in place of weights.
        shares_every: optimiser steps from one measurement of the gradients to the next.
    """

    temperature: float = 2.0
    temperature_schedule: Mapping[str, object] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    shares_every: int = 50


def terms_config(settings: Mapping[str, TermSettings], shared: SharedSettings, kind: Kind) -> TermsConfig:
    """Make the settings of an objective of the terms that are named; all others are left out.

    Raises:
        ConfigError: with one line for each problem, which names the setting, its value, and what is allowed.
    """
    problems = [unknown(f"distill.{name}", TERM_SPECS) for name in settings if name not in TERM_SPECS]
    values: dict[str, object] = {name: {"weight": 0.0} for name in TERM_SPECS}
    for name, term in settings.items():
        values[name] = term if isinstance(term, Mapping) else {"weight": term}
    values |= {each.name: getattr(shared, each.name) for each in fields(shared)}
    values["shares"] = {**dict.fromkeys(TERM_SPECS, 0.0), **shared.shares}
    section = _filled(TermsConfig, values, "distill", problems)
    problems += checks.rule_problems(section)
    if not problems:
        problems += _sense_problems(section, kind)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ConfigError("\n  ".join([f"{count} in the settings of the objective", *problems]))
    return section


def _sense_problems(section: TermsConfig, kind: Kind) -> Iterator[str]:
    """Name what makes no sense of settings that are each allowed by themselves."""
    if not active(section):
        yield "distill: the weights of all terms are 0; at least one must be above 0"
    for name, term in active(section).items():
        if kind not in TERM_SPECS[name].kinds:
            kinds = " or ".join(TERM_SPECS[name].kinds)
            yield f"distill.{name}.weight={term.weight}: is for rows of kind {kinds}, not {kind}; allowed is 0"
        yield from (f"distill.{name}{problem}" for problem in TERM_SPECS[name].problems(term, kind))
    for name in auto_mapped_terms(section):
        yield f"distill.{name}.layer_map=auto: is found by a run, on its data; allowed is any other"
    yield from checks.schedule_problems(section)
    yield from checks.temperature_schedule_problems(section)
    yield from checks.unread_temperature_problems(section, kind)
    yield from checks.share_problems(section)
    yield from checks.unread_term_problems(section)


def _filled(section: type[Section], values: Mapping[str, object], key: str, problems: list[str]) -> Section:
    """Make a dataclass of settings by name; what is no setting, or of another type, is added to the problems."""
    hints, arguments = get_type_hints(section), {}
    names = [each.name for each in fields(cast(Any, section))]
    for name, value in values.items():
        where = f"{key}.{name}"
        if name not in names:
            problems += [] if key == "distill" else [unknown(where, names)]
        elif is_dataclass(hints[name]) and isinstance(value, Mapping):
            arguments[name] = _filled(cast(type[object], hints[name]), value, where, problems)
        elif _fits(value, hints[name]):
            arguments[name] = value
        else:
            _, in_words = checks.RULES.get(where.removeprefix("distill."), (None, _in_words(hints[name])))
            problems.append(f"{where}={value!r}: allowed is {in_words}")
    return section(**arguments)


def _fits(value: object, hint: object) -> bool:
    """Tell whether a value is of a type; whole numbers are numbers, too."""
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, each) for each in get_args(hint))
    if get_origin(hint) is dict:
        return isinstance(value, Mapping) and all(_fits(each, get_args(hint)[1]) for each in value.values())
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else cast(type, hint))


def _in_words(hint: object) -> str:
    """Say what a type allows."""
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_in_words(each) for each in get_args(hint))
    if get_origin(hint) is dict:
        return f"for each name {_in_words(get_args(hint)[1])}"
    return _IN_WORDS.get(cast(type, hint), "settings by name")
