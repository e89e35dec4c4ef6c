"""Hydra's and OmegaConf's complaints about a command line, in one line each."""

import re
from dataclasses import fields, is_dataclass
from difflib import get_close_matches

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    KeyValidationError,
    OmegaConfBaseException,
    ValidationError,
)

from distill.config.schema import Config, TeacherConfig
from distill.errors import ConfigError


def message(error: Exception, schema: type[Config] = Config) -> str:
    """What is wrong with the command line or a card, with what would be right where ``schema`` knows that."""
    if isinstance(error, MissingConfigException):
        return _missing_card(error)
    if isinstance(error, OverrideParseException):
        return _unreadable(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConfigError):
            return str(cause)
        if isinstance(cause, (ConfigKeyError, ConfigAttributeError)):
            return _unknown_key(str(cause.full_key), schema)
        if isinstance(cause, KeyValidationError):
            return f"{cause.full_key}: a number in braces is no name; it is one as in +{cause.full_key}=VALUE"
        if isinstance(cause, ValidationError):
            return f"{cause.full_key}: {_first_line(cause)}"
        cause = cause.__cause__ or cause.__context__
    return _first_line(error) if isinstance(error, OmegaConfBaseException) else str(error)


def added_to_nothing(error: Exception) -> str | None:
    """What to do about a setting that is added to what a card or the command line sets to null; none for other errors.

    OmegaConf fails on it with errors of Python's own.

    >>> added_to_nothing(AssertionError("Unexpected type for root: NoneType"))
    'a setting is added to one that is null, such as data.labels; leave one of the two out, or give both in a card'
    """
    found = re.search(r"full_key: ([\w.]+)", str(error))
    if found is None and "Unexpected type for root: NoneType" not in str(error):
        return None
    what = f"{found[1]}: is null, and something is added to it" if found else ""
    what = what or "a setting is added to one that is null, such as data.labels"
    return f"{what}; leave one of the two out, or give both in a card"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _missing_card(error: MissingConfigException) -> str:
    group, _, name = str(error.missing_cfg_file).partition("/")
    there = ", ".join(error.options or ()) or "none"
    return f"{group}={name}: no such card; there are {there}"


def _unreadable(error: OverrideParseException) -> str:
    """Why Hydra's grammar does not take an override."""
    if not error.override.isascii():
        return _beyond_ascii(error.override)
    return f"{error.override}: cannot be read ({_first_line(error)}){_unquoted(error.override)}"


def _unquoted(override: str) -> str:
    """What to write for a name in quotes, of which Hydra's braces know none."""
    found = re.match(r"\+*([\w.]+)=\{\s*[\"'](\w+)[\"']\s*:", override)
    if found is None:
        return ""
    return f"; names in braces have no quotes, and one that is a number is given as in +{found[1]}.{found[2]}=VALUE"


def _beyond_ascii(override: str) -> str:
    """Why a command line is not understood that is not of ASCII letters alone: Hydra's grammar knows no others."""
    key, _, value = override.partition("=")
    if not key.isascii():
        return f"{override}: names beyond ASCII cannot be given on the command line; a card may have them"
    if value.startswith(("{", "[")):
        return (
            f"{override}: letters beyond ASCII need quotes, as in ['…'] or {{text: '…'}}; keys may have them in a card"
        )
    return f"{override}: letters beyond ASCII need quotes within quotes, as in \"{key}='{value}'\""


def _unknown_key(full_key: str, schema: type[Config]) -> str:
    *parents, name = re.sub(r"\[.*?\]", "", full_key).split(".")
    config = schema()
    section: object = config
    for parent in parents:
        section = TeacherConfig() if section is config.more_teachers else getattr(section, parent, None)
    if isinstance(section, dict):
        return f"{full_key}: is no setting yet; what has a name of yours is added with a + before it, as in +{full_key}"
    if not is_dataclass(section):
        return f"{full_key}: unknown setting"
    known = [field.name for field in fields(section)]
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{full_key}: unknown setting; {hint}{'.'.join(parents) or 'at the top'} has {', '.join(known)}"
