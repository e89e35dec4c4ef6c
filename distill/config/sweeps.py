"""Tell what a sweep sweeps over: the settings whose values its jobs' folders and titles carry."""

import json
import os
import re
from collections.abc import Mapping, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser

VARIABLE = "DISTILL_SWEPT"
"""The variable in which jobs find the keys, in whatever process a launcher runs them."""
_LONGEST_VALUE, _LONGEST = 24, 80
"""Characters of a value, and of all, in a folder's name."""


def keys(arguments: Sequence[str], of_sweeper: Mapping[str, object]) -> list[str]:
    """Return the dotted keys with several values, in the order of the command line.

    Args:
        arguments: of the sweep.
        of_sweeper: what ``hydra.sweeper.params`` sweeps over besides.
    """
    overrides = OverridesParser.create().parse_overrides(overrides=list(arguments))
    several = [override.key_or_group for override in overrides if override.is_sweep_override()]
    return list(dict.fromkeys([*several, *of_sweeper]))


def announce(swept: Sequence[str]) -> None:
    """Let all jobs that are started from here know what is swept over."""
    os.environ[VARIABLE] = json.dumps(list(swept))


def announced() -> bool:
    """Tell whether this process is one of a sweep."""
    return VARIABLE in os.environ


def forget() -> None:
    """Undo ``announce``."""
    os.environ.pop(VARIABLE, None)


def values(overrides: Sequence[str]) -> dict[str, str]:
    """Return the swept settings of a job with their values; none where there is no sweep.

    Args:
        overrides: the job's own, such as ``distill.temperature=2``.
    """
    swept = json.loads(os.environ.get(VARIABLE, "[]"))
    pairs = (override.lstrip("+").partition("=")[::2] for override in overrides)
    given = {key.partition("@")[0]: value for key, value in pairs}
    return {key: given[key] for key in (name.partition("@")[0] for name in swept) if key in given}


def folder_part(name: str, overrides: Sequence[str]) -> str:
    """Return what a job's folder says of its values, behind the run's name; neither may need quotes in a setting."""
    parts = ""
    for key, value in values(overrides).items():
        if value != name:
            text = re.sub(r"[^A-Za-z0-9.]+", "-", value).strip("-")[:_LONGEST_VALUE].rstrip("-")
            parts += f"_{key.partition('.')[2] or key}-{text}"
    return parts[:_LONGEST]
