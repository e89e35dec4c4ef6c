"""Settings whose entries have names of the user's own, such as ``more_teachers``, and how a command line adds one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from distill.config.schema import Config
from distill.errors import ConfigError

_ADDED = re.compile(r"\+{1,2}(\w[\w-]*(?:\.\w[\w-]*)+)=", re.ASCII)
_NO_NAME = re.compile(r"\d.*|-.*|(?i:null|true|false|nan|inf)")
"""What is no name within braces of Hydra's grammar: it reads a number there, or another value."""


def sections(schema: type[Config] = Config) -> dict[str, type | None]:
    """Map the dotted key of each such setting to the dataclass of its entries, or to none where these are values.

    >>> sections()["more_teachers"].__name__, sections()["data.columns"]
    ('TeacherConfig', None)
    """
    return dict(_sections(schema))


def _sections(schema: type, path: str = "") -> Iterator[tuple[str, type | None]]:
    for entry in fields(schema):
        inner: Any = entry.default_factory
        if inner is dict:
            yield (
                f"{path}{entry.name}",
                next((each for each in get_args(entry.type) if isinstance(each, type) and is_dataclass(each)), None),
            )
        elif isinstance(inner, type) and is_dataclass(inner):
            yield from _sections(inner, f"{path}{entry.name}.")


def section_of(key: str, schema: type[Config] = Config) -> str | None:
    """Return the setting of named entries that a dotted key is one of, or lies in; none where there is none.

    >>> section_of("evaluate.beside.old.model"), section_of("evaluate.beside"), section_of("seed")
    ('evaluate.beside', 'evaluate.beside', None)
    """
    return next((section for section in sections(schema) if f"{key}.".startswith(f"{section}.")), None)


def spelled_out(arguments: Sequence[str], schema: type[Config] = Config) -> list[str]:
    """Return a command line on which each entry is made before it is added to, and may be one of a card.

    Hydra puts an empty mapping where an entry is to be, which a section of settings refuses, and refuses a ``+`` before
    a name that a card has given.

    Raises:
        ConfigError: a command line cannot make an entry of such a name.

    >>> spelled_out(["+evaluate.beside.old.model=FOLDER", "+data.labels.0=no"])
    ['+evaluate.beside={old: {}}', '++evaluate.beside.old.model=FOLDER', '++data.labels.0=no']
    """
    spelled: list[str] = []
    for argument in arguments:
        added = _ADDED.match(argument)
        section = section_of(added[1], schema) if added else None
        if added is None or section in (None, added[1]) or not _is_readable(argument):
            spelled.append(argument)
            continue
        entry = added[1].removeprefix(f"{section}.").partition(".")[0]
        if sections(schema)[section] is not None:
            if _NO_NAME.fullmatch(entry):
                raise ConfigError(
                    f"{argument}: {entry} cannot be a name here; one begins with a letter, as in m{entry}"
                )
            made = f"+{section}={{{entry}: {{}}}}"
            spelled += [] if made in (*spelled, *arguments) else [made]
        spelled.append(f"++{argument.lstrip('+')}")
    return spelled


def make_entry(settings: DictConfig, key: str) -> None:
    """Make the entry that a dotted key lies in, with its defaults, where the settings have none of its name yet."""
    section = section_of(key)
    if section not in (None, key) and sections()[section] is not None:
        entry = key.removeprefix(f"{section}.").partition(".")[0]
        OmegaConf.update(settings, str(section), {entry: {}}, merge=True, force_add=True)


def _is_readable(argument: str) -> bool:
    """Tell whether Hydra's grammar takes an override; what it says of one that it does not is about what was typed."""
    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        return False
    return True
