"""Settings of the stage that compares models."""

import re
from dataclasses import dataclass, field

from omegaconf import MISSING

from distill.base.setting_rules import INNER_FRACTION, Rule, allowed, at_least, setting
from distill.baselines import BASELINES
from distill.export import EXPORTERS

_BASELINES: Rule = (
    lambda value: len(set(value)) == len(value) and set(value) <= set(BASELINES),
    f"any of {', '.join(BASELINES)}, each once, or []",
)
_TAKEN = ("train", "validation", "test", "unlabelled")
"""Names of splits that other data cannot have."""
_ALSO: Rule = (
    lambda value: all(
        re.fullmatch(r"[A-Za-z0-9][\w-]*", name) and name not in _TAKEN and bool(path) for name, path in value.items()
    ),
    f"{{NAME: PATH}} with names of letters, digits, _ and - that are none of {', '.join(_TAKEN)}",
)
_SLICES: Rule = (
    lambda value: len(set(value)) == len(value) and all(each.strip() and each != "contains:" for each in value),
    "columns of the data, length and contains:WORD, each once, or []",
)


_NOT_BESIDE = ("teacher", "student", "control", "without_unlabelled", "first", *BASELINES, *EXPORTERS)
"""Names that a model of another run cannot have, since a model of the run itself may."""
_BESIDE: Rule = (
    lambda value: all(re.fullmatch(r"[A-Za-z][\w-]*", name) and name not in _NOT_BESIDE for name in value),
    f"names of letters, digits, _ and - that are none of {', '.join(_NOT_BESIDE)}",
)


@dataclass
class BesideConfig:
    """A finished model of another run."""

    model: str = MISSING
    """Its folder, or its id on the hub."""
    labels: list[str] = field(default_factory=list)
    """Names of its labels, in the order of its outputs, where its config.json does not name them."""


@dataclass
class EvaluateConfig:
    """How models are compared."""

    confidence: float = field(default=0.95, metadata=allowed(INNER_FRACTION))
    """Confidence level of the paired-bootstrap interval of the gain over the control."""
    resamples: int = field(default=1000, metadata=allowed(at_least(100)))
    """Resamples of the bootstrap."""
    points: float | None = setting(
        1.0,
        ((lambda value: value is None or 0 < value <= 100), "null, or a number above 0 up to 100"),
        "Percentage points of the task's first metric that validation and test are to tell: the report warns of a "
        "split that is so small that its 95 % interval is wider to either side. None: it does not.",
    )
    latency_samples: int = field(default=50, metadata=allowed(at_least(0)))
    """Texts timed one by one; 0 measures no latency."""
    baselines: list[str] = field(default_factory=lambda: ["tfidf"], metadata=allowed(_BASELINES))
    """Models without a transformer that the student has to beat, of tasks that give a text or a pair of texts labels or
    a score: tfidf is TF-IDF of words and characters with a linear model. Trained on train's labels; none: []."""
    also: dict[str, str] = field(default_factory=dict, metadata=allowed(_ALSO))
    """Name to labelled file of another domain, +evaluate.also.NAME=PATH, with the columns and labels of the data: every
    model is scored on each as on test. Of a folder with several splits test is read, else validation."""
    beside: dict[str, BesideConfig] = field(default_factory=dict, metadata=allowed(_BESIDE))
    """Name to a finished model of another run, +evaluate.beside.NAME.model=FOLDER, that is scored on the same rows as
    the run's own. A label that it has not learnt it never gives."""
    slices: list[str] = field(default_factory=list, metadata=allowed(_SLICES))
    """Parts of test (else validation) on which every model is scored by itself, for the report alone: the name of a
    column of the data that plays no role (a slice for each of its values), length (thirds by characters), or
    contains:WORD; column:length is a column of that name."""
