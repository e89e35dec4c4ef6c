"""Read the command line of ``python -m distill.refresh``: a finished run, new data, and settings of the run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from distill.base.setting_rules import INNER_FRACTION, Rule, allowed, unknown
from distill.config.command_line import refuse_values
from distill.config.named_entries import make_entry
from distill.config.schema import Config
from distill.errors import ConfigError

_SECTION = "refresh."
_AS_THEY_STAND = ("run", "data.path", "refresh.corrections")
"""Settings that are files, whose names need not be of Hydra's grammar."""


def _is_replay(value: float) -> bool:
    return math.isfinite(value) and (0 <= value <= 1 or (value > 1 and float(value).is_integer()))


_REPLAY: Rule = _is_replay, "a share from 0 to 1, or a whole number of rows above 1"
_TOLERANCE: Rule = (lambda value: value is None or 0 <= value <= 100), "a number from 0 to 100"


@dataclass
class RefreshSettings:
    """How a run goes on with new data."""

    replay: float = field(default=0.5, metadata=allowed(_REPLAY))
    """Old rows of train that are learnt beside the new ones: a share, or a number from 2 up; drawn with the seed."""
    corrections: str | None = None
    """File of right labels for old rows, by id: columns id and label."""
    rename: dict[str, str] = field(default_factory=dict)
    """Old name of a label to its new one."""
    new_labels: list[str] = field(default_factory=list)
    """Labels of the new data that are none of the old ones under another name."""
    remove: list[str] = field(default_factory=list)
    """Labels of the run that are no longer wanted: old rows of them are left out."""
    older: bool = False
    """Whether `run` may be another run than the one that was promoted last."""
    tolerance: float | None = field(default=None, metadata=allowed(_TOLERANCE))
    """Points by which the headline may be lower; without it, it may not be significantly lower."""
    level: float = field(default=0.05, metadata=allowed(INNER_FRACTION))
    """Chance of holding up a model that is worse nowhere, over all tests together."""


@dataclass
class Command:
    """What a command line asks for.

    Attributes:
        run: folder of the finished run.
        settings: those of refresh itself.
        overrides: settings of the run, each with its value.
    """

    run: str
    settings: RefreshSettings
    overrides: list[tuple[str, Any]]


def read(arguments: Sequence[str], usage: str) -> Command:
    """Return what a command line asks for.

    Raises:
        ConfigError: a setting is unknown, missing, or makes no sense.
    """
    given = dict(_parsed(argument, usage) for argument in arguments)
    run = given.pop("run", None)
    if missing := [f"{key}=..." for key, value in (("run", run), ("data.path", given.get("data.path"))) if not value]:
        raise ConfigError(f"give {' and '.join(missing)}\n\n{usage}")
    own = {key.removeprefix(_SECTION): value for key, value in given.items() if key.startswith(_SECTION)}
    settings = _settings(own)
    return Command(str(run), settings, [(key, value) for key, value in given.items() if not key.startswith(_SECTION)])


def with_overrides(config: Config, overrides: Sequence[tuple[str, Any]]) -> Config:
    """Return the settings of a run with some of another value.

    Raises:
        OmegaConfBaseException: one is unknown, or of another type.
    """
    node = OmegaConf.structured(config)
    for key, value in overrides:
        make_entry(node, key)
        OmegaConf.update(node, key, value, merge=not isinstance(value, dict))
    return cast(Config, OmegaConf.to_object(node))


def _parsed(argument: str, usage: str) -> tuple[str, Any]:
    key, sign, value = argument.partition("=")
    if not sign:
        raise ConfigError(f"{argument}: give it as NAME=VALUE\n\n{usage}")
    if key in _AS_THEY_STAND:
        return key, value
    try:
        override: Override = OverridesParser.create().parse_override(argument)
    except HydraException as error:
        raise ConfigError(f"{argument}: cannot be read, {str(error).splitlines()[0]}\n\n{usage}") from error
    name = override.key_or_group
    if override.is_delete() or override.is_sweep_override():
        raise ConfigError(f"{argument}: a setting gets one value here")
    if name in ("teacher", "student", "experiment", "labeller", "hydra") or name.startswith("hydra."):
        raise ConfigError(f"{argument}: cards and Hydra's settings are those of the run; give single settings")
    return name, override.value()


def _settings(given: dict[str, Any]) -> RefreshSettings:
    names = [each.name for each in fields(RefreshSettings)]
    for key in given:
        if key.partition(".")[0] not in names:
            raise ConfigError(unknown(f"{_SECTION}{key}", names))
    try:
        node = OmegaConf.structured(RefreshSettings)
        for key, value in given.items():
            OmegaConf.update(node, key, value)
        settings = cast(RefreshSettings, OmegaConf.to_object(node))
    except OmegaConfBaseException as error:
        raise ConfigError(f"{_SECTION}{error.full_key or ''}: {str(error).splitlines()[0]}") from error
    try:
        refuse_values(settings)
    except ConfigError as error:
        raise ConfigError("\n".join(f"{_SECTION}{line}" for line in str(error).splitlines())) from error
    return settings
