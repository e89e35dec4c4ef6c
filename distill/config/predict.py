"""Settings of ``python -m distill.predict``: which model answers what, and where its answers go."""

from dataclasses import dataclass, field

from omegaconf import MISSING

from distill.base.setting_rules import PROBABILITY, Rule, allowed, at_least, one_of
from distill.data.formats import ENDINGS
from distill.data.sinks import KINDS
from distill.inference.formats import AUTO, FORMATS

ANSWER, REFUSE = "answer", "refuse"
"""What becomes of rows that cannot be used."""


def _none_or_one_of(*names: str) -> Rule:
    return (lambda value: value is None or value in names), f"one of {', '.join(names)}"


@dataclass
class PredictConfig:
    """Which model answers what, and where its answers go."""

    model: str = MISSING
    """A folder that a run exported, or any other that prediction reads."""
    input: str = MISSING
    """A file of a kind that training reads; `-` is standard input."""
    output: str = MISSING
    """A file that gets a line for each row of the input; `-` is standard output."""
    input_format: str | None = field(
        default=None, metadata=allowed(_none_or_one_of(*(ending.removeprefix(".") for ending in ENDINGS)))
    )
    """What the input is, where its name does not say."""
    output_format: str | None = field(default=None, metadata=allowed(_none_or_one_of(*KINDS)))
    """What is written, where the name of the output does not say."""
    columns: dict[str, str] = field(default_factory=dict)
    """Input of the task to the name of its column, such as columns.text=sentence."""
    on_bad: str = field(default=ANSWER, metadata=allowed(one_of(ANSWER, REFUSE)))
    """Whether a row that cannot be used has its error for an answer, or ends the command."""
    top_k: str | None = None
    """How many labels to add with their probabilities, the likeliest first: a number, or `all`."""
    threshold: float | None = field(default=None, metadata=allowed(PROBABILITY))
    """The probability above which a label is given, where a text may have several; none: as the folder says."""
    batch_size: int = field(default=32, metadata=allowed(at_least(1)))
    """Texts that are read at once."""
    format: str = field(default=AUTO, metadata=allowed(one_of(*FORMATS)))
    """The form in which the model is opened; `auto` takes the quickest that its certificate allows here."""
    task: str | None = None
    """What the model predicts, for a folder that does not say."""
    max_length: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Tokens of a text, for a folder that does not say."""
