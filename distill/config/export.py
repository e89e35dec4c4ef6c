"""Settings of the stage that exports the student."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distill.base.setting_rules import FILLED, NOT_NEGATIVE, Rule, allowed, at_least, one_of
from distill.export import EXPORTERS, FEWEST_ROWS, INT8, ROOT, exporter, missing_package, possible
from distill.tasks import TASKS, EncodingSpec, task
from distill.tasks.setup import TaskSetup

if TYPE_CHECKING:
    from distill.config.schema import Config


def _each_once(names: list[str]) -> bool:
    return len(set(names)) == len(names) and set(names) <= set(EXPORTERS)


_FORMATS: Rule = (
    lambda value: value is None or (bool(value) and _each_once(value)),
    f"null, or one or more of {', '.join(EXPORTERS)}, each once",
)
_REQUIRED: Rule = (_each_once, f"any of {', '.join(EXPORTERS)}, each once")


@dataclass
class ToleranceConfig:
    """How much worse than the student a format may be on validation, or it is left out of the bundle."""

    fp32: float = field(default=0.0, metadata=allowed(NOT_NEGATIVE))
    """Percentage points of the task's first metric that a format in 32 bits may lose (of a metric without an upper end:
    percent). Where its logits are the student's up to rounding, a decision that differs was a tie, and is no loss."""
    int8: float = field(default=1.0, metadata=allowed(NOT_NEGATIVE))
    """The same of a format in 8 bits."""
    label: float = field(default=5.0, metadata=allowed(NOT_NEGATIVE))
    """Points of recall that a label may lose, where the paired interval of the loss says that it is no chance."""


@dataclass
class ExportConfig:
    """What the student is exported as, and what the exported folder says of itself."""

    formats: list[str] | None = field(default=None, metadata=allowed(_FORMATS))
    """Formats of the export; each is written, opened again, scored, timed, and compared with the student. null: all
    that the task can have. huggingface belongs to every export."""
    require: list[str] = field(default_factory=list, metadata=allowed(_REQUIRED))
    """Formats without which the run ends with an error; others that are not as good as the student are left out."""
    tolerance: ToleranceConfig = field(default_factory=ToleranceConfig)
    int8: str = field(default=INT8[0], metadata=allowed(one_of(*INT8)))
    """How a model in 8 bits rounds what flows through it. static: by ranges that rows of train gave, so that an answer
    does not depend on the batch. dynamic: by those of the batch; answers then change with it, and the certificate says
    how many."""
    calibration_rows: int = field(default=200, metadata=allowed(at_least(FEWEST_ROWS)))
    """Rows of train, drawn by the seed, from which a static model in 8 bits learns its ranges; all where train has
    fewer."""
    calibrate: bool = False
    """Divide the logits of what is exported, in the weights of its head, by the temperature that makes its
    probabilities reliable on validation. No decision changes; of tasks that give classes or labels probabilities."""
    license: str = field(default="unknown", metadata=allowed(FILLED))
    """Licence of the student in the model card, as the hub names it; the data's licence may bind it."""


def export_problems(config: "Config") -> Iterator[str]:
    """Name each format that the task cannot have, that is not made, or that this installation cannot write."""
    export = config.export
    if config.task not in TASKS or not set(export.formats or ()) | set(export.require) <= set(EXPORTERS):
        return  # a problem of its own
    setup = TaskSetup(config.task, task(config.task), EncodingSpec())
    have = possible(setup)
    for key, names in (("formats", export.formats or []), ("require", export.require)):
        for name in (name for name in names if name not in have):
            yield f"export.{key}={names}: {name}: {exporter(name).refuses(setup)}; allowed is {', '.join(have)}"
    made = have if export.formats is None else export.formats
    if made and ROOT not in made:
        yield f"export.formats={made}: the others are asked with the tokenizer of {ROOT}, which belongs to every export"
    if lacking := [name for name in export.require if name in have and name not in made]:
        yield f"export.require={export.require}: {lacking[0]} is not among export.formats={made}"
    if "export" in config.stages:
        yield from _missing_packages(made)


def _missing_packages(formats: list[str]) -> Iterator[str]:
    """Name the first package that is not installed, with the format that needs it."""
    reasons = filter(None, map(missing_package, formats))
    if (reason := next(reasons, None)) is not None:
        yield f"export.formats={formats}: {reason}, and export.formats=[{ROOT}] does without"
