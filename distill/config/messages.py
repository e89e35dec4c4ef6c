"""The one place where an error that a command line or a card causes becomes a sentence."""

import re
import traceback
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import get_args

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigIndexError,
    ConfigKeyError,
    KeyValidationError,
    OmegaConfBaseException,
    ValidationError,
)
from yaml import YAMLError

from distill.base.setting_rules import unknown
from distill.config.named_entries import section_of, sections
from distill.config.schema import Config
from distill.config.task_traits import roles_of, task_or_first
from distill.errors import ConfigError, DistillError
from distill.tasks import TASKS, Task


def describe_error(error: Exception, schema: type[Config] = Config) -> str | None:
    """Say in one sentence what the user can mend; None for an error that is no fault of the user's.

    Args:
        error: of this package, of Hydra, OmegaConf or YAML, or of Python where these let one through.
        schema: the settings that the command has, from which the sentence takes what would be right.
    """
    if isinstance(error, DistillError):
        return str(error)
    if isinstance(error, (HydraException, OmegaConfBaseException, YAMLError)):
        return _of_composition(error, schema)
    if isinstance(error, ValueError) and str(error).startswith("Config group override must be"):
        return "a card is chosen by its name, not by null, a number or a truth value; leave it out, or give its name"
    if isinstance(error, ValueError) and "for int()" in str(error) and _is_of_composing(error):
        return f"{str(error).rpartition(': ')[2]} is no place in a list, which is given whole, as in stages=[distill]"
    return _of_null_append(error) if isinstance(error, (AssertionError, AttributeError)) else None


def _is_of_composing(error: Exception) -> bool:
    """Tell whether an error was raised in what composes settings, and not later in a run."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return bool(frames) and str(frames[-1].f_globals.get("__name__")).startswith("omegaconf.")


def _of_composition(error: Exception, schema: type[Config]) -> str:
    """Say what is wrong with the command line or a card, with what would be right where ``schema`` knows that."""
    if isinstance(error, MissingConfigException):
        return _missing_card(error)
    if isinstance(error, OverrideParseException):
        return _unreadable(error)
    if whole := _whole_section(str(error), schema):
        return whole
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConfigError):
            return str(cause)
        if isinstance(cause, (ConfigKeyError, ConfigAttributeError)):
            return _unknown_key(str(cause.full_key), schema, _task_of(cause))
        if isinstance(cause, KeyValidationError):
            return _no_text(cause, in_a_card=not str(error).startswith("Error merging override"))
        if isinstance(cause, OmegaConfBaseException) and (reason := _of_value(cause, str(cause.full_key), schema)):
            return reason
        cause = cause.__cause__ or cause.__context__
    return _first_line(error) if isinstance(error, OmegaConfBaseException) else _of_override(error)


def _of_value(cause: OmegaConfBaseException, key: str, schema: type[Config]) -> str | None:
    """Say what the setting of a key takes, where it is given otherwise; None for other errors."""
    if "is not a ListConfig" in str(cause) or "DictConfig with ListConfig" in str(cause):
        return f"{key}: is a list, written as {key}=[...]"
    if isinstance(cause, ValidationError):
        return _by_name(key, key, schema) or f"{key}: {_first_line(cause)}"
    if "does not support deletion" in str(cause):
        return f"{key}: cannot be taken away; {_instead_of_deletion(key, schema)}"
    if isinstance(cause, ConfigIndexError):
        name = key.rpartition("[")[0]
        return f"{key}: the list has no such place; give all of it, as in {name}=[...]"
    return None


def _instead_of_deletion(key: str, schema: type[Config]) -> str:
    """Say how a setting of a key is switched off, or left as it is."""
    *parents, name = key.split(".")
    if "weight" in _names(_section([*parents, name], schema)):
        return f"{key}.weight=0 leaves it out"
    section = _section(parents, schema)
    kinds = {each.name: each.type for each in fields(section)} if is_dataclass(section) else {}
    if type(None) in get_args(kinds.get(name)):
        return f"{key}=null sets it to none"
    return f"{key}=VALUE gives it another value"


def _of_override(error: Exception) -> str:
    """Say what Hydra says about an override, with the reason where it keeps that to itself.

    >>> _of_override(HydraException("Could not append to config. An item is already at 'seed'."))
    '+seed: is set already; leave out the + before it'
    """
    if there := re.match(r"Could not append to config. An item is already at '(.+)'", str(error)):
        return f"+{there[1]}: is set already; leave out the + before it"
    if (override := re.match(r"Error merging override (.*)", str(error))) and error.__cause__ is not None:
        return f"{override[1]}: {_first_line(error.__cause__)}"
    return str(error)


def _no_text(cause: KeyValidationError, *, in_a_card: bool) -> str:
    """Say how to write a name that YAML, or Hydra in braces, reads as a number, or as yes or no."""
    key, full_key = cause.key, str(cause.full_key)
    if in_a_card and isinstance(key, bool):
        return f'{full_key}: yes, no, on, off, true and false are names in quotes alone, as in "yes": VALUE'
    if in_a_card:
        return f'{full_key}: a number is a name in quotes alone, as in "{key}": VALUE'
    below = str(key).startswith("-")  # which Hydra takes for no name at all
    way = "a card may have it, in quotes" if below else f"it is one as in +{full_key}=VALUE"
    return f"{full_key}: a number in braces is no name; {way}"


def _of_null_append(error: Exception) -> str | None:
    """Say what to do about a setting that is added to one that is null; None for other errors.

    OmegaConf fails on it with errors of Python's own.

    >>> _of_null_append(AssertionError("Unexpected type for root: NoneType"))
    'a setting is added to one that is null, such as data.labels; leave one of the two out, or give both in a card'
    """
    key = re.search(r"full_key: ([\w.]+)", str(error))
    if key is None and "Unexpected type for root: NoneType" not in str(error):
        return None
    what = f"{key[1]}: is null, and something is added to it" if key else ""
    what = what or "a setting is added to one that is null, such as data.labels"
    return f"{what}; leave one of the two out, or give both in a card"


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0]


def _missing_card(error: MissingConfigException) -> str:
    missing = str(error.missing_cfg_file)
    group, _, name = missing.rpartition("/") if missing.startswith("hydra/") else missing.partition("/")
    there = ", ".join(error.options or ()) or "none"
    return f"{group}={name}: no such card; there are {there}"


def _unreadable(error: OverrideParseException) -> str:
    """Say why Hydra's grammar does not take an override."""
    if not error.override.isascii():
        return _beyond_ascii(error.override)
    return f"{error.override}: cannot be read ({_first_line(error)}){_unquoted(error.override)}"


def _unquoted(override: str) -> str:
    """Say what to write for a name in quotes, of which Hydra's braces know none, or for a value that needs quotes."""
    if re.match(r"\+*data\.labels(?:\.-\d+=|=\{\s*[\"']?-\d+)", override):
        return "; a number below 0 cannot be a name on the command line; a card may have it, in quotes"
    entry = re.match(r"\+*([\w.]+)=\{\s*[\"'](\w+)[\"']\s*:", override)
    if entry is None:
        return _in_quotes(override)
    return f"; names in braces have no quotes, and one that is a number is given as in +{entry[1]}.{entry[2]}=VALUE"


def _in_quotes(override: str) -> str:
    """Say how to quote a value of signs that Hydra's grammar reads as its own, or knows none of."""
    plain = re.fullmatch(r"\+*[\w.]+=([^\s\[{('\"`$\\][^'\"`$\\]*)", override)
    if plain is None:
        return ""
    quoted = f"{override[: plain.start(1)]}'{plain[1]}'"
    return f'; such signs stand in quotes within quotes, as in "{quoted}"'


def _beyond_ascii(override: str) -> str:
    """Say why a command line is not understood that is not of ASCII letters alone: Hydra's grammar knows no others."""
    key, _, value = override.partition("=")
    if not key.isascii():
        return f"{override}: names beyond ASCII cannot be given on the command line; a card may have them"
    if value.startswith(("{", "[")):
        return (
            f"{override}: letters beyond ASCII need quotes, as in ['…'] or {{text: '…'}}; keys may have them in a card"
        )
    return f"{override}: letters beyond ASCII need quotes within quotes, as in \"{key}='{value}'\""


def _whole_section(complaint: str, schema: type[Config]) -> str | None:
    """Say what to write where a section of settings is given as one value; None for other errors.

    >>> _whole_section("Error merging override distill.shares=soft 60", Config)
    "distill.shares=soft 60: takes values by name, in braces, as in 'distill.shares={hard: VALUE}'"
    """
    override = re.match(
        r"(?:Error merging override |Ambiguous value for argument ')\+*(([\w.]+)=[^{][^\n]*?)'?(?:\n|$)", complaint
    )
    if override is None:
        return None
    return _by_name(override[1], override[2], schema)


def _by_name(override: str, key: str, schema: type[Config]) -> str | None:
    """Say how to give the section of a key, which the override gives otherwise; None where the key is of no section."""
    section = _section(re.sub(r"\[.*?\]", "", key).split("."), schema)
    if not isinstance(section, dict) and not is_dataclass(section):
        return None
    name = next(iter(_names(section)), "NAME")
    added = "+" if section_of(key, schema) else ""
    return f"{override}: takes values by name, in braces, as in '{added}{key}={{{name}: VALUE}}'"


def _unknown_key(full_key: str, schema: type[Config], task: Task | None) -> str:
    *parents, name = re.sub(r"\[.*?\]", "", full_key).split(".")
    if task is not None and (roles := roles_of(".".join(parents), task)) and name not in roles:
        return unknown(full_key, roles)
    section = _section(parents, schema)
    if section == {}:
        entry = next((f".{each}=VALUE" for each in _names(_section([*parents, name], schema))), "")
        way = f"+{full_key}{entry}"
        return f"{full_key}: is no setting yet; what has a name of yours is added with a + before it, as in {way}"
    if not (names := _names(section)):
        return f"{full_key}: unknown setting"
    return unknown(".".join([*parents, name]), names)


def _task_of(error: OmegaConfBaseException) -> Task | None:
    """Return the task of the settings in which an error came up; None where it is unknown."""
    root = error.parent_node._get_root() if error.parent_node is not None else None
    name = OmegaConf.select(root, "task", default=None) if root is not None else None
    return task_or_first(str(name)) if name in TASKS else None


def _section(keys: Sequence[str], schema: type[Config]) -> object:
    """Return the section of the settings at these keys, with its defaults; None where there is none."""
    section: object = schema()
    for place, key in enumerate(keys):
        of_entry = sections(schema).get(".".join(keys[:place]))
        section = getattr(section, key, None) if of_entry is None else of_entry()
    return section


def _names(section: object) -> list[str]:
    """Return the names of the settings that a section has by default; empty where it is no section."""
    if isinstance(section, dict):
        return list(section)
    return [field.name for field in fields(section)] if is_dataclass(section) else []
