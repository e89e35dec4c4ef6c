"""Settings of ``python -m distill.serve``: what is served, where, and within which limits."""

from dataclasses import dataclass, field

from omegaconf import MISSING

from distill.base.setting_rules import PROBABILITY, Rule, allowed, at_least, one_of
from distill.inference.formats import AUTO, FORMATS
from distill.serving.limits import Limits
from distill.tasks import TASKS

_PORTS: Rule = (lambda value: 0 <= value <= 65_535), "a whole number from 0 (any that is free) to 65535"
_TASK: Rule = (lambda value: value is None or value in TASKS), f"null or one of {', '.join(TASKS)}"


@dataclass
class ServeConfig(Limits):
    """What is served, where, and within which limits."""

    model: str = MISSING
    """A folder that a run exported, or any other that prediction reads."""
    host: str = "127.0.0.1"
    """Address that is listened at: `127.0.0.1` is this machine alone, `0.0.0.0` every network it is in."""
    port: int = field(default=8000, metadata=allowed(_PORTS))
    """Port that is listened at; 0 takes any that is free."""
    format: str = field(default=AUTO, metadata=allowed(one_of(*FORMATS)))
    """The form in which the model is opened; `auto` takes the quickest that its certificate allows here."""
    task: str | None = field(default=None, metadata=allowed(_TASK))
    """What the model predicts, for a folder that does not say."""
    max_length: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Tokens of a text, for a folder that does not say."""
    threshold: float | None = field(default=None, metadata=allowed(PROBABILITY))
    """The probability above which a label is given, where a text may have several; none: as the folder says."""
    threads: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Threads of the CPU that read the model, at most one for each core; none: so many, but one for the requests."""
