"""Settings of ``python -m distill.select``: which model says which texts of a file to have labelled next."""

from dataclasses import dataclass, field

from omegaconf import MISSING

from distill.base.setting_rules import Rule, allowed, at_least
from distill.selection.names import METHODS
from distill.tasks import TASKS

_METHOD: Rule = (lambda value: value is None or value in METHODS), f"null or one of {', '.join(METHODS)}"
_TASK: Rule = (lambda value: value is None or value in TASKS), f"null or one of {', '.join(TASKS)}"
_SEED: Rule = (lambda value: 0 <= value < 2**32), "a whole number from 0 to 4294967295"


@dataclass
class SelectConfig:
    """Which model says which texts of a file to have labelled next."""

    model: str = MISSING
    """A run, what it exported, the model of a stage, or any other Hugging Face folder; it is opened by PyTorch."""
    input: str = MISSING
    """A file of texts, of any kind that training reads."""
    output: str = MISSING
    """A file of JSON lines, CSV, TSV, JSON or Parquet that gets the chosen rows, in the order of their choice."""
    count: int = field(default=100, metadata=allowed(at_least(1)))
    """Texts that are chosen."""
    method: str | None = field(default=None, metadata=allowed(_METHOD))
    """badge (unsure and unlike each other), coreset (unlike each other and what is labelled), margin or entropy (unsure
    alone), random; none: badge, or coreset for scores."""
    labelled: str | None = None
    """A file of texts that have labels already: they are left out, and coreset keeps away from them."""
    columns: dict[str, str] = field(default_factory=dict)
    """Input of the task to the name of its column, such as columns.text=sentence."""
    seed: int = field(default=42, metadata=allowed(_SEED))
    """Of whatever is drawn."""
    pool: int = field(default=100_000, metadata=allowed(at_least(1)))
    """Texts among which is chosen, drawn with the seed where the file has more."""
    drop_bad: bool = False
    """Whether rows that cannot be used are left out, instead of refused."""
    batch_size: int = field(default=32, metadata=allowed(at_least(1)))
    """Texts that are read at once."""
    task: str | None = field(default=None, metadata=allowed(_TASK))
    """What the model predicts, for a folder that does not say."""
    max_length: int | None = field(default=None, metadata=allowed(at_least(1)))
    """Tokens of a text, for a folder that does not say."""
