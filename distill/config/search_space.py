"""What a search looks for: settings with a range of numbers or a list of values each, read and set in others."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, make_dataclass, replace
from typing import Any, TypeAlias, TypeVar, cast, get_args

from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from distill.base.setting_rules import said, unknown
from distill.config.schema import Config
from distill.config.truth_values import is_other_number, type_hints
from distill.errors import ConfigError

C = TypeVar("C", bound=Config)
Value: TypeAlias = float | int | str | bool | None
Space: TypeAlias = Mapping[str, "Range | Choice"]
"""Dotted keys of settings to what they may be in a trial."""
_OF_A_RANGE = ("low", "high", "log", "step")
_HOW = "give {low: NUMBER, high: NUMBER} (and log: true, or step: NUMBER), or a list of values"
_MOST_CHOICES = 100


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included.

    Attributes:
        low: the least.
        high: the greatest.
        log: whether each factor between numbers is as likely as another, and not each difference.
        step: the difference of neighbours; none where any number between the two is one.
        whole: whether they are whole numbers.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    @property
    def ends(self) -> tuple[Value, Value]:
        """The least and the greatest."""
        return self.low, self.high

    def holds(self, value: object) -> bool:
        """Return whether a value can be one of a trial."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-9)

    def as_text(self) -> str:
        """Return it in the words in which it is given.

        >>> Range(1, 8, log=True).as_text()
        '{low: 1, high: 8, log: true}'
        """
        more = (", log: true" if self.log else "") + (f", step: {self.step:g}" if self.step is not None else "")
        return f"{{low: {self.low:g}, high: {self.high:g}{more}}}"


@dataclass(frozen=True)
class Choice:
    """Any of some values."""

    values: tuple[Value, ...]

    @property
    def ends(self) -> tuple[Value, ...]:
        """All of them."""
        return self.values

    def holds(self, value: object) -> bool:
        """Return whether a value can be one of a trial."""
        return value in self.values

    def as_text(self) -> str:
        """Return it in the words in which it is given.

        >>> Choice(("none", None, 2)).as_text()
        '[none, null, 2]'
        """
        return f"[{', '.join(map(said, self.values))}]"


def flat(space: Mapping[str, Any], parent: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted key of each setting with what was given for it, however cards and command lines nest keys.

    >>> list(flat({"distill": {"temperature": [1, 2]}, "student.layers": {"low": 1, "high": 3}}))
    [('distill.temperature', [1, 2]), ('student.layers', {'low': 1, 'high': 3})]
    """
    for key, value in space.items():
        dotted = f"{parent}{key}"
        if isinstance(value, Mapping) and value and not set(map(str, value)) & set(_OF_A_RANGE):
            yield from flat(value, f"{dotted}.")
        else:
            yield dotted, value


def read_space(given: Mapping[str, Any], config: Config) -> tuple[Space, list[str]]:
    """Return the space that was given, as far as it is one, and a line for each problem of it."""
    space: dict[str, Range | Choice] = {}
    problems = []
    for key, value in dict(flat(given)).items():
        try:
            space[key] = _read(key, value, _types(config, key))
        except ConfigError as error:
            problems.append(str(error))
    return space, problems


def with_values(config: C, values: Mapping[str, Value]) -> C:
    """Return the settings with others in place of some that lie in sections, of the type that each setting has.

    Raises:
        ConfigError: a value has another type.
    """
    for key, value in values.items():
        config = cast(C, _with_value(config, key.split("."), value, key))
    return config


def _with_value(section: object, path: Sequence[str], value: Value, key: str) -> object:
    """Return a section of settings with another value at a path in it.

    Raises:
        ConfigError: the value has another type.
    """
    first, *rest = path
    if isinstance(section, dict):
        return {**section, first: _with_value(section[first], rest, value, key) if rest else value}
    inner = _with_value(getattr(section, first), rest, value, key) if rest else _typed(type(section), first, value, key)
    return replace(cast(Any, section), **{first: inner})


def _typed(section: type, name: str, value: Value, key: str) -> object:
    """Return a value in the type of a setting; by itself, since a whole section takes long.

    Raises:
        ConfigError: it has another type.
    """
    try:
        alone = OmegaConf.structured(make_dataclass("Alone", [(name, type_hints(section)[name], MISSING)]))
        OmegaConf.update(alone, name, value)
        return alone[name]
    except OmegaConfBaseException as error:
        raise ConfigError(f"search.space.{key}: {str(error).splitlines()[0]}") from error


def _types(config: Config, key: str) -> tuple[type, ...]:
    """Return the types that a setting may have.

    Raises:
        ConfigError: there is no such setting.
    """
    section: object = config
    types: Sequence[Any] = ()
    parents: list[str] = []
    for part in key.split("."):
        if isinstance(section, dict):
            types, section = (type(section[part]),) if part in section else (str,), section.get(part)
        elif is_dataclass(section):
            if not hasattr(section, part):
                raise ConfigError(f"search.space.{unknown(key, [each.name for each in fields(section)])}")
            hint = type_hints(cast(type, type(section)))[part]
            types, section = get_args(hint) or (hint,), getattr(section, part)
        else:
            raise ConfigError(f"search.space.{key}: {'.'.join(parents)} is no section of settings")
        parents.append(part)
    if is_dataclass(section) or isinstance(section, dict | list):
        raise ConfigError(f"search.space.{key}: is no single setting; a search looks for values of single ones")
    return tuple(types)


def _read(key: str, given: object, types: tuple[type, ...]) -> Range | Choice:
    """Return what was given for a setting of some types.

    Raises:
        ConfigError: it is neither a range nor a list, or none that the setting can have.
    """
    if isinstance(given, Mapping):
        return _range(key, given, types)
    if not isinstance(given, list):
        raise ConfigError(f"search.space.{key}={said(given)}: {_HOW}")
    if not 2 <= len(given) <= _MOST_CHOICES or len({(type(each), each) for each in map(_plain, given)}) < len(given):
        raise ConfigError(f"search.space.{key}={given}: allowed are 2 to {_MOST_CHOICES} values, each once")
    if wrong := [each for each in given if not isinstance(each, Value)]:
        raise ConfigError(f"search.space.{key}: {wrong[0]} is no single value, such as a number or a word")
    if bool in types and (wrong := [each for each in given if is_other_number(each)]):
        raise ConfigError(f"search.space.{key}={given}: {wrong[0]} is neither true nor false")
    return Choice(tuple(given))


def _plain(value: object) -> object:
    return str(value) if isinstance(value, list | dict) else value


def _range(key: str, given: Mapping[Any, Any], types: tuple[type, ...]) -> Range:
    """Return a range of numbers.

    Raises:
        ConfigError: it is none.
    """
    text = "{" + ", ".join(f"{name}: {said(value)}" for name, value in given.items()) + "}"
    where = f"search.space.{key}={text}"
    if not {"low", "high"} <= set(given) <= set(_OF_A_RANGE):
        raise ConfigError(f"{where}: {_HOW}")
    low, high, log, step = given["low"], given["high"], given.get("log", False), given.get("step")
    if not {int, float} & set(types):
        raise ConfigError(f"{where}: {key} takes no range of numbers; give a list of values")
    numbers = [low, high, *([] if step is None else [step])]
    if any(isinstance(each, bool) or not isinstance(each, int | float) or not math.isfinite(each) for each in numbers):
        raise ConfigError(f"{where}: allowed are numbers for low, high and step")
    whole = float not in types
    if whole and any(each != int(each) for each in numbers):
        raise ConfigError(f"{where}: {key} takes whole numbers")
    if not isinstance(log, bool) or (log and (step is not None or low <= 0)):
        raise ConfigError(f"{where}: log is true or false; true has no step, and low above 0")
    if not low < high or (step is not None and not 0 < step <= high - low):
        raise ConfigError(f"{where}: allowed is low below high, and step above 0, at most their difference")
    if step is not None:
        high = low + math.floor((high - low) / step + 1e-9) * step
    ends = (int(low), int(high)) if whole else (float(low), float(high))
    return Range(ends[0], ends[1], log, step, whole)
