"""State what single settings may be: a test of the value, and the allowed ones in words."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field, fields, is_dataclass
from difflib import get_close_matches
from functools import reduce
from typing import Any, TypeVar

T = TypeVar("T")
Rule = tuple[Callable[[Any], bool], str]
"""A test of a value, and what is allowed, in words."""
_RULE, DESCRIPTION = "rule", "description"

LAYER_MAPS = ("uniform", "first", "last", "skip")


def allowed(rule: Rule) -> dict[str, Rule]:
    """Return the metadata of a dataclass field that hold the rule of a setting."""
    return {_RULE: rule}


def at(config: object, key: str) -> object:
    """Return the value of a dotted key of nested settings."""
    return reduce(getattr, key.split("."), config)


def setting(default: T, rule: Rule, description: str = "") -> T:
    """Return a field of a section of settings that says itself what it may be and what it means."""
    return field(default=default, metadata={_RULE: rule, DESCRIPTION: description})


def rules_of(section: type) -> Iterator[tuple[str, Rule]]:
    """Yield the dotted key and the rule of each setting of a section that has one, nested sections included."""
    for entry in fields(section):
        inner: Any = entry.default_factory
        if _RULE in entry.metadata:
            yield entry.name, entry.metadata[_RULE]
        elif isinstance(inner, type) and is_dataclass(inner):
            yield from ((f"{entry.name}.{key}", rule) for key, rule in rules_of(inner))


def unknown(key: str, known: Iterable[str]) -> str:
    """Return what is wrong with a dotted key whose last part is none of the known names.

    >>> unknown("distill.sofft", ["hard", "soft"])
    'distill.sofft: unknown setting; did you mean soft? distill has hard, soft'
    """
    parent, _, name = key.rpartition(".")
    names = list(known)
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{key}: unknown setting; {hint}{f'{parent} has' if parent else 'there are'} {', '.join(names)}"


def said(value: object) -> str:
    """Return a value as a user writes it in settings.

    >>> said(None), said({}), said(False), said(2.0), said("data")
    ('null', 'null', 'false', '2.0', 'data')
    """
    return "null" if value in (None, {}) else str(value).lower()


def listed(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence, with commas and an ``and``.

    >>> listed(["one"]), listed(["one", "two", "three"])
    ('one', 'one, two and three')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def one_of(*allowed: str) -> Rule:
    """Return the rule that a setting is one of some words."""
    return (lambda value: value in allowed), "one of " + ", ".join(allowed)


def at_least(low: int) -> Rule:
    """Return the rule that a setting is a whole number of at least ``low``, or none where it may be that."""
    return (lambda value: value is None or value >= low), f"a whole number from {low} up"


def _numbers(value: str) -> bool:
    return all(part.strip().isdecimal() for part in value.split(","))


def _layers(value: str) -> bool:
    return value in (*LAYER_MAPS, "auto") or _numbers(value)


def _pairs(value: str) -> bool:
    return all(part.count(":") == 1 and _numbers(part.replace(":", ",")) for part in value.split(","))


TEMPERATURE: Rule = (lambda value: 1e-6 <= value <= 1e6), "a number from 1e-6 to 1e6"
"""Beyond them its square, or a logit divided by it, is no number that weights can have."""
POSITIVE: Rule = (lambda value: value > 0 and math.isfinite(value)), "a number above 0"
NOT_NEGATIVE: Rule = (lambda value: value >= 0 and math.isfinite(value)), "a number from 0 up"
FRACTION: Rule = (lambda value: 0 <= value < 1), "a number from 0 up to, not including, 1"
PROBABILITY: Rule = (lambda value: value is None or 0 <= value <= 1), "a number from 0 to 1"
"""Or none, where that is allowed."""
INNER_FRACTION: Rule = (lambda value: 0 < value < 1), "a number between 0 and 1"
NOT_EMPTY: Rule = (lambda value: value != ""), "null or a name that is not empty"
FILLED: Rule = (lambda value: value != ""), "a name that is not empty"
FOLDER: Rule = (lambda value: value != ""), "the name of a folder, such as . for the one that this is"
LAYERS: Rule = _layers, f"one of {', '.join(LAYER_MAPS)}, or layer numbers from 0 such as 1,3,5"
"""Of a student that is made of them; ``auto`` is refused elsewhere, with its reason."""
LAYER_PAIRS: Rule = (
    lambda value: _layers(value) or _pairs(value),
    f"one of {', '.join(LAYER_MAPS)}, auto, layer numbers from 0 such as 1,3,5, or pairs such as 0:1,2:5",
)
"""Of terms that compare layers."""
_LONGEST_NAME = 100
RUN_NAME: Rule = (
    lambda name: (
        0 < len(name.encode()) <= _LONGEST_NAME
        and name.isprintable()
        and not set(name) & set('/\\"$')
        and not name.startswith((".", " "))
    ),
    f'a name of at most {_LONGEST_NAME} bytes without / \\ " $ and control characters, and no dot or space first',
)
"""The rule for the name of a run, which becomes the name of a folder."""
