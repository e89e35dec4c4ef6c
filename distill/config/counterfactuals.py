"""Settings of ``python -m distill.counterfactuals``: which models are asked about which pairs of texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from omegaconf import MISSING

from distill.base.setting_rules import allowed, at_least
from distill.config.command_line import settings_and_json


@dataclass
class CounterfactualsConfig:
    """Which models are asked about which pairs of texts."""

    model: str = MISSING
    """The folder of a run, or of any other finished model."""
    templates: str | None = None
    """A file of templates; without one, that which comes along."""
    models: str = ""
    """Models of the run, with commas; without any, its teachers, its student and its control."""
    label: str | None = None
    """The label whose probability is compared; none: the last of two, each of several."""
    page: str | None = None
    """File of the page; none: `counterfactuals.html` here, and no page where JSON is printed."""
    seed: int = field(default=0, metadata=allowed(at_least(0)))
    """Of the draws of intervals."""
    task: str | None = None
    """What the model predicts, for a folder that does not say."""
    max_length: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Tokens of a text, for a folder that does not say."""


def read(arguments: Sequence[str], usage: str) -> tuple[CounterfactualsConfig, bool]:
    """Return the settings, and whether JSON is printed.

    Raises:
        ConfigError: a flag or setting is unknown, missing, or makes no sense.
    """
    return settings_and_json(CounterfactualsConfig, arguments, usage, "there are --json and --example")
