"""Settings of what the student has to be, which the report judges."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from distill.base.setting_rules import NOT_NEGATIVE, POSITIVE, Rule, allowed

if TYPE_CHECKING:
    from distill.config.schema import Config


def _or_none(rule: Rule) -> Rule:
    holds, words = rule
    return (lambda value: value is None or holds(value)), f"null, or {words}"


@dataclass
class TargetConfig:
    """What the student, or a form that it is exported in, has to reach; the report says whether one does."""

    max_loss: float | None = field(default=None, metadata=allowed(_or_none(NOT_NEGATIVE)))
    """Percentage points of the leading metric that it may be below the teacher (of a metric without an upper end:
    percent of the teacher's). The paired interval decides; where it doesn't, the report says how many rows it takes."""
    latency_ms: float | None = field(default=None, metadata=allowed(_or_none(POSITIVE)))
    """Milliseconds that the median text may take, read alone."""
    size_mb: float | None = field(default=None, metadata=allowed(_or_none(POSITIVE)))
    """Megabytes (of 1,000,000 bytes) that its weights may have."""

    @property
    def limits(self) -> dict[str, float]:
        """Return the targets that are set."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def target_problems(config: "Config") -> Iterator[str]:
    """Name a target that nothing measures."""
    if config.target.latency_ms is not None and config.evaluate.latency_samples == 0:
        yield (
            f"target.latency_ms={config.target.latency_ms}: nothing is timed with evaluate.latency_samples=0; "
            "allowed is null, or latency_samples from 1 up"
        )
