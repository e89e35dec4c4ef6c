"""Read the command line of ``python -m distill.gate``: two models, and by what one is judged beside the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from omegaconf import MISSING

from distill.base.setting_rules import INNER_FRACTION, allowed, one_of
from distill.config.command_line import settings_and_json
from distill.inference.formats import FORMATS


@dataclass
class GateConfig:
    """Two models, and by what one is judged."""

    new: str = MISSING
    """Folder of the run, or of the exported model, that is to take the other's place."""
    old: str = MISSING
    """Folder of the run, or of the exported model, that is in use."""
    slices: str = ""
    """Parts of the rows that may not be worse either, with a comma between them: as `evaluate.slices` of a run."""
    tolerance: float | None = field(
        default=None, metadata=allowed(((lambda value: value is None or 0 <= value <= 100), "a number from 0 to 100"))
    )
    """Points by which the headline may be lower; without it, it may not be significantly lower."""
    metric: str | None = None
    """The headline; without it, the one that leads the old run."""
    level: float = field(default=0.05, metadata=allowed(INNER_FRACTION))
    """Chance of holding up a model that is worse nowhere, over all tests together."""
    format: str = field(default="auto", metadata=allowed(one_of(*FORMATS)))
    """The form of an exported model that is asked."""


def read(arguments: Sequence[str], usage: str) -> tuple[GateConfig, bool]:
    """Return the settings, and whether JSON is printed.

    Raises:
        ConfigError: a flag or setting is unknown, missing, or makes no sense.
    """
    return settings_and_json(GateConfig, arguments, usage)


def listed(slices: str) -> list[str]:
    """Return slices that stand with commas between them, each once, with or without the brackets of a list.

    >>> listed("[genre, length]"), listed("")
    (['genre', 'length'], [])
    """
    parts = (part.strip() for part in slices.strip().removeprefix("[").removesuffix("]").split(","))
    return list(dict.fromkeys(part for part in parts if part))
