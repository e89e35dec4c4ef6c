"""Settings of ``python -m distill.dashboard``: for which runs a dashboard is made, and where it goes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from distill.base.setting_rules import Rule, allowed, one_of
from distill.config.command_line import refuse_values, settings_of
from distill.config.tracking import PROJECT
from distill.errors import ConfigError

_PROJECT: Rule = (lambda value: value is None or PROJECT[0](value)), PROJECT[1]


@dataclass
class DashboardConfig:
    """Where the dashboard of some runs goes."""

    project: str | None = field(default=None, metadata=allowed(_PROJECT))
    """Project on W&B; none: that of the first run."""
    entity: str | None = None
    """User or team on W&B; none: that of the first run, or whoever is logged in."""
    mode: str = field(default="auto", metadata=allowed(one_of("auto", "online", "offline")))
    """online saves the dashboard on W&B, offline writes its specs; auto: online when logged in and reachable."""
    output: str = "dashboard"
    """Folder that takes the specs."""


def read(arguments: Sequence[str], usage: str) -> tuple[list[str], DashboardConfig]:
    """Return the places of runs of a command line, and its settings.

    Raises:
        ConfigError: a setting is unknown or makes no sense, or there are no places.
    """
    names = tuple(f"{name}=" for name in DashboardConfig.__dataclass_fields__)
    places = [argument for argument in arguments if not argument.startswith((*names, "--"))]
    if flags := [argument for argument in arguments if argument.startswith("--")]:
        raise ConfigError(f"{flags[0]}: there is no such flag\n\n{usage}")
    if not places:
        raise ConfigError(f"give the folders of runs\n\n{usage}")
    config = settings_of(DashboardConfig, [argument for argument in arguments if argument.startswith(names)], usage)
    refuse_values(config)
    return places, config
