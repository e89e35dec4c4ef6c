"""Read the command line of ``python -m distill.compare``: runs by their folders, and what is made of them."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields

from distill.config.command_line import settings_of
from distill.errors import ConfigError

FORMATS = ("csv", "json", "markdown")


@dataclass
class CompareConfig:
    """What is made of a comparison."""

    page: str | None = None
    """File of the page; none: `comparison.html` here, and no page where something else is printed."""
    examples: int = 50
    """Examples that two runs answer differently, as many as the page shows at most."""
    slices: str = ""
    """Parts of the rows that two runs are compared on, with a comma between them: as `evaluate.slices` of a run."""


def read(arguments: Sequence[str], usage: str) -> tuple[list[str], str | None, CompareConfig]:
    """Return the places of runs, the format that is printed instead of the table or none, and the other settings.

    Raises:
        ConfigError: a flag or setting is unknown, or there are no places.
    """
    flags = [argument.removeprefix("--") for argument in arguments if argument.startswith("--")]
    if unknown := [flag for flag in flags if flag not in FORMATS]:
        raise ConfigError(f"--{unknown[0]}: there are {', '.join(f'--{name}' for name in FORMATS)}\n\n{usage}")
    if len(flags) > 1:
        raise ConfigError(f"{' '.join(f'--{flag}' for flag in flags)}: one of them can be printed\n\n{usage}")
    rest = [argument for argument in arguments if not argument.startswith("--")]
    names = tuple(f"{each.name}=" for each in fields(CompareConfig))
    places = [argument for argument in rest if not argument.startswith(names)]
    if unknown := [place for place in places if _is_setting(place)]:
        known = ", ".join(each.name for each in fields(CompareConfig))
        raise ConfigError(f"{unknown[0]}: neither a folder nor a setting; there are {known}\n\n{usage}")
    if not places:
        raise ConfigError(f"give the folders of runs\n\n{usage}")
    config = settings_of(CompareConfig, [argument for argument in rest if argument.startswith(names)], usage)
    if config.examples < 0:
        raise ConfigError(f"examples={config.examples}: allowed is a whole number from 0 up")
    return places, flags[0] if flags else None, config


def _is_setting(argument: str) -> bool:
    """Return whether an argument has the form NAME=VALUE and is neither a folder nor a pattern of some.

    >>> _is_setting("output=page.html"), _is_setting("lr=0.1*"), _is_setting("runs/lr=0.1")
    (True, False, False)
    """
    name, sign, _ = argument.partition("=")
    return bool(sign) and name.isidentifier() and not (glob.has_magic(argument) or os.path.exists(argument))
