"""Read the command line of a command that has a few settings of its own, each as NAME=VALUE."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException, ValidationError

from distill.base.setting_rules import rules_of, said, unknown
from distill.config.truth_values import is_other_number
from distill.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def settings_of(schema: type[T], arguments: Sequence[str], usage: str) -> T:
    """Return the settings that a command line gives.

    Args:
        schema: a dataclass of them; those that are ``MISSING`` have to be given.
        arguments: of the command line.
        usage: is shown where a setting is missing, or none is given.

    Raises:
        ConfigError: some are unknown, of another type, or missing.
    """
    settings: DictConfig = OmegaConf.structured(schema)
    problems: list[str] = []
    for argument in arguments:
        if not argument.partition("=")[1]:
            raise ConfigError(f"{argument}: give it as NAME=VALUE\n\n{usage}")
        problems += _set(settings, get_type_hints(schema), argument)
    if problems:
        raise ConfigError("\n".join(problems))
    if missing := [f"{each.name}=..." for each in fields(schema) if OmegaConf.is_missing(settings, each.name)]:
        raise ConfigError(f"give {' and '.join(missing)}\n\n{usage}")
    try:
        return cast(T, OmegaConf.to_object(settings))
    except OmegaConfBaseException as error:  # a ${...} that stands for nothing
        raise ConfigError(f"{error.full_key}: {str(error).splitlines()[0]}") from error


def _set(settings: DictConfig, types: Mapping[str, Any], argument: str) -> Iterator[str]:
    """Give a setting its value as it stands, since a file's name need not be YAML, or name what is wrong with it."""
    key, _, value = argument.partition("=")
    name, _, inner = key.partition(".")
    if name not in types:
        yield unknown(name, types)
    elif (get_origin(types[name]) is dict) != bool(inner):
        right = f"{name}=VALUE" if inner else f"{name}.NAME=VALUE, each by its name"
        yield f"{argument}: give it as {right}"
    else:
        may_be_none = type(None) in get_args(types[name])
        try:
            if bool in (types[name], *get_args(types[name])) and is_other_number(value):
                raise ValidationError(value)
            OmegaConf.update(settings, key, None if may_be_none and value == "null" else value)
        except OmegaConfBaseException:
            rule = dict(rules_of(cast(type, OmegaConf.get_type(settings)))).get(name)
            yield f"{argument}: allowed is {rule[1] if rule else _words(types[name])}"


def _words(kind: object) -> str:
    """Return in words what a setting without a rule of its own may be.

    >>> _words(int | None), _words(float), _words(bool), _words(str)
    ('a whole number', 'a number', 'true or false', 'a text without ${')
    """
    words = {int: "a whole number", float: "a number", bool: "true or false"}
    return next((words[each] for each in words if each is kind or each in get_args(kind)), "a text without ${")


def settings_and_json(
    schema: type[T], arguments: Sequence[str], usage: str, flags: str = "there is --json"
) -> tuple[T, bool]:
    """Return the settings that a command line gives, checked, and whether JSON is printed.

    Args:
        schema: a dataclass of the settings.
        arguments: of the command line, ``--json`` among them or not.
        usage: is shown with whatever is wrong.
        flags: says which flags there are, where another one is given.

    Raises:
        ConfigError: a flag or setting is unknown, missing, or makes no sense.
    """
    given = [argument for argument in arguments if argument.startswith("--")]
    if unknown := sorted(set(given) - {"--json"}):
        raise ConfigError(f"{unknown[0]}: {flags}\n\n{usage}")
    config = settings_of(schema, [each for each in arguments if each not in given], usage)
    refuse_values(config)
    return config, bool(given)


def refuse_values(config: "DataclassInstance") -> None:
    """Refuse settings of a command that make no sense by themselves, all in one message.

    Raises:
        ConfigError: a setting is none of what it may be.
    """
    problems = [
        f"{key}={said(getattr(config, key))}: allowed is {words}"
        for key, (right, words) in rules_of(type(config))
        if not right(getattr(config, key))
    ]
    if problems:
        raise ConfigError("\n".join(problems))
