"""Read the command line of a command that has a few settings of its own, each as NAME=VALUE."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar, cast

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from distill.base.setting_rules import rules_of, said
from distill.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def settings_of(schema: type[T], arguments: Sequence[str], usage: str) -> T:
    """Return the settings that a command line gives.

    Args:
        schema: a dataclass of them; those that are ``MISSING`` have to be given.
        arguments: of the command line.
        usage: is shown with whatever is wrong.

    Raises:
        ConfigError: one is unknown, of another type, or missing.
    """
    try:
        given = OmegaConf.create()
        for argument in arguments:
            key, sign, value = argument.partition("=")
            if not sign:
                raise ConfigError(f"{argument}: give it as NAME=VALUE\n\n{usage}")
            OmegaConf.update(given, key, value)  # as it stands: a file's name need not be YAML
        merged = OmegaConf.merge(OmegaConf.structured(schema), given)
        if missing := [f"{each.name}=..." for each in fields(schema) if OmegaConf.is_missing(merged, each.name)]:
            raise ConfigError(f"give {' and '.join(missing)}\n\n{usage}")
        return cast(T, OmegaConf.to_object(merged))
    except OmegaConfBaseException as error:
        raise ConfigError(f"{str(error).splitlines()[0]}\n\n{usage}") from error


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
