"""Settings of ``python -m distill.explain``: which answers of which models are taken apart, and how exactly."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from omegaconf import MISSING

from distill.base.setting_rules import INNER_FRACTION, allowed, at_least, one_of
from distill.config.command_line import refuse_values, settings_of
from distill.errors import ConfigError

_SETTING = re.compile(r"\w+(\.\w+)*=")
_AFTER = "a text that begins like that follows after --"


@dataclass
class ExplainConfig:
    """Which answers are taken apart, and how exactly."""

    model: str = MISSING
    """The folder of a run, or of any other finished model."""
    input: str | None = None
    """A file of examples."""
    differences: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Examples of the run's own on which teacher and student part; 20, where nothing else is given."""
    models: str = ""
    """Models of the run, with commas; without any, its teachers and its student."""
    columns: dict[str, str] = field(default_factory=dict)
    """Input of the task, or label, to the name of its column in the file, such as columns.text=sentence."""
    baseline: str = field(default="mask", metadata=allowed(one_of("mask", "pad")))
    """The tokens of a text that says nothing."""
    steps: int = field(default=32, metadata=allowed(at_least(2)))
    """Steps from the baseline to the text, of the first try."""
    most_steps: int = field(default=1024, metadata=allowed(at_least(2)))
    """Steps at most: they are doubled while the error is too large."""
    tolerance: float = field(default=0.02, metadata=allowed(INNER_FRACTION))
    """The error of completeness that is good enough, as a share of the difference."""
    page: str | None = None
    """File of the page; none: `explanation.html` here, and no page where JSON is printed."""
    task: str | None = None
    """What the model predicts, for a folder that does not say."""
    max_length: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Tokens of a text, for a folder that does not say."""


_NAMES = {each.name for each in fields(ExplainConfig)}


def read(arguments: Sequence[str], usage: str) -> tuple[ExplainConfig, list[str], bool]:
    """Return the settings, the texts, and whether JSON is printed.

    Args:
        arguments: of the command line; what is neither a setting nor a flag is a text, and so is all after ``--``.
        usage: is shown with whatever is wrong.

    Raises:
        ConfigError: a flag or setting is unknown, or missing, or they do not fit each other.
    """
    place = arguments.index("--") if "--" in arguments else len(arguments)
    given, after = arguments[:place], list(arguments[place + 1 :])
    flags = [each for each in given if each.startswith("--")]
    if unknown := [flag for flag in flags if flag != "--json"]:
        raise ConfigError(f"{unknown[0]}: there is --json; {_AFTER}\n\n{usage}")
    settings = [each for each in given if _SETTING.match(each)]
    if unknown := [each for each in settings if each.partition("=")[0].partition(".")[0] not in _NAMES]:
        raise ConfigError(f"{unknown[0]}: there is no such setting; {_AFTER}\n\n{usage}")
    texts = [each for each in given if each not in (*settings, *flags)] + after
    config = settings_of(ExplainConfig, settings, usage)
    refuse_values(config)
    said = {
        "texts": bool(texts),
        "input=FILE": config.input is not None,
        "differences=N": config.differences is not None,
    }
    if sum(said.values()) > 1:
        raise ConfigError(f"{' and '.join(name for name, there in said.items() if there)}: give one of them")
    if config.steps > config.most_steps:
        raise ConfigError(f"most_steps={config.most_steps}: allowed is a whole number from steps={config.steps} up")
    return config, texts, bool(flags)
